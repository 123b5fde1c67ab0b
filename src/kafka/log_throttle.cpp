#include "kafka/log_throttle.hpp"

namespace sidecar::kafka {

std::optional<std::uint64_t> LogThrottle::pass(std::string_view kind, TimePoint now) {
  auto found = kinds_.find(kind);
  if (found == kinds_.end()) {
    const std::string_view name = kinds_.size() < kinds_max ? kind : std::string_view("other");
    found = kinds_.try_emplace(std::string(name), Kind{.window_start = now}).first;
  }
  auto& entry = found->second;
  if (now - entry.window_start >= window_) {
    entry.window_start = now;
    entry.passed = 0;
  }
  if (entry.passed >= lines_max_) {
    ++entry.dropped;
    return std::nullopt;
  }
  ++entry.passed;
  return std::exchange(entry.dropped, 0);
}

std::vector<std::pair<std::string, std::uint64_t>> LogThrottle::ended(TimePoint now) {
  std::vector<std::pair<std::string, std::uint64_t>> told;
  for (auto& [name, entry] : kinds_) {
    if (entry.dropped > 0 && now - entry.window_start >= window_)
      told.emplace_back(name, std::exchange(entry.dropped, 0));
  }
  return told;
}

}  // namespace sidecar::kafka
