/// A bounded map that forgets what was not used for longest.
#pragma once

#include <chrono>
#include <cstddef>
#include <iterator>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

namespace sidecar::registry {

/// Entries may have an age at which they count as gone. Thread-safe; no call waits for anything but another such call.
template <class Key, class Value>
class Cache {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// Holds at most `entries_max` entries, and at most `bytes_max` bytes as `put` counts them.
  Cache(std::size_t entries_max, std::size_t bytes_max) : entries_max_(entries_max), bytes_max_(bytes_max) {}

  [[nodiscard]] std::optional<Value> find(const Key& key, Time now) {
    const std::lock_guard lock(mutex_);
    const auto at = index_.find(key);
    if (at == index_.end()) return std::nullopt;
    if (at->second->end <= now) {
      remove(at);
      return std::nullopt;
    }
    entries_.splice(entries_.begin(), entries_, at->second);
    return at->second->value;
  }

  /// Replaces what was there. Gone at `end`. An entry of more than `bytes_max` is not kept.
  void put(const Key& key, Value value, std::size_t bytes, Time end = Time::max()) {
    const std::lock_guard lock(mutex_);
    if (const auto at = index_.find(key); at != index_.end()) remove(at);
    if (bytes > bytes_max_) return;
    const auto entry = entries_.insert(entries_.begin(), Entry{std::move(value), bytes, end, {}});
    entry->place = index_.emplace(key, entry).first;
    bytes_ += bytes;
    while (entries_.size() > entries_max_ || bytes_ > bytes_max_) remove(entries_.back().place);
  }

  /// Removes the entries for which `is_stale(key, value)` is true.
  template <class Predicate>
  void erase_if(Predicate is_stale) {
    const std::lock_guard lock(mutex_);
    for (auto at = index_.begin(); at != index_.end();) {
      const auto next = std::next(at);
      if (is_stale(at->first, at->second->value)) remove(at);
      at = next;
    }
  }

  [[nodiscard]] std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return entries_.size();
  }

 private:
  struct Entry;
  using Entries = std::list<Entry>;
  using Index = std::map<Key, typename Entries::iterator>;
  struct Entry {
    Value value;
    std::size_t bytes;
    Time end;
    typename Index::iterator place;
  };

  void remove(typename Index::iterator at) {
    bytes_ -= at->second->bytes;
    entries_.erase(at->second);
    index_.erase(at);
  }

  const std::size_t entries_max_;
  const std::size_t bytes_max_;
  mutable std::mutex mutex_;  // guards what follows
  Entries entries_;           // the one used last is first
  Index index_;
  std::size_t bytes_ = 0;
};

}  // namespace sidecar::registry
