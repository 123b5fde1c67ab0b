#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <optional>
#include <sstream>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "config/value.hpp"

namespace sidecar::config {
namespace {

constexpr std::size_t file_bytes_max = 16 << 20;
constexpr std::size_t values_max = 1'000'000;  // aliases can multiply a small file

struct TooLarge {};

/// Builds the tree from the events of the parser, which know the exact places.
class Builder final : public YAML::EventHandler {
 public:
  Builder(const Origin& at, bool own_places, std::vector<Problem>& problems)
      : at_(at), own_places_(own_places), problems_(problems) {}

  Value take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ == 2)
      problems_.push_back({node(Value::Kind::null, mark).origin, "a second YAML document starts here"});
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { add(node(Value::Kind::null, mark), anchor); }
  void OnAlias(const YAML::Mark&, YAML::anchor_t anchor) override {
    // An alias inside the node it names is not finished yet, and therefore not found.
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) return add(Value{}, 0);
    values_ += count(found->second);
    add(found->second, 0);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    auto value = node(Value::Kind::text, mark);
    value.text = text;
    const bool plain = tag == "?";
    if (plain && (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL")) {
      value.kind = Value::Kind::null;
      value.text.clear();
    }
    add(std::move(value), anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open_.push_back({node(Value::Kind::list, mark), anchor, std::nullopt});
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open_.push_back({node(Value::Kind::map, mark), anchor, std::nullopt});
  }
  void OnMapEnd() override {
    merge(open_.back().value);
    close();
  }

 private:
  struct Open {
    Value value;
    YAML::anchor_t anchor;
    std::optional<Value> key;  // of a map: read, its value not yet
  };

  Value node(Value::Kind kind, const YAML::Mark& mark) const {
    Value value;
    value.kind = kind;
    value.origin = own_places_ ? Origin{at_.source, mark.line + 1, mark.column + 1} : at_;
    return value;
  }

  static std::size_t count(const Value& value) {
    std::size_t sum = 1;
    for (const auto& item : value.items) sum += count(item);
    for (const auto& entry : value.entries) sum += count(entry.value);
    return sum;
  }

  void close() {
    auto done = std::move(open_.back());
    open_.pop_back();
    add(std::move(done.value), done.anchor);
  }

  void add(Value value, YAML::anchor_t anchor) {
    if (++values_ > values_max) throw TooLarge{};
    if (anchor != 0) anchors_[anchor] = value;
    if (open_.empty()) {
      root_ = std::move(value);
      return;
    }
    auto& parent = open_.back();
    if (parent.value.kind == Value::Kind::list) {
      parent.value.items.push_back(std::move(value));
    } else if (!parent.key) {
      parent.key = std::move(value);
    } else {
      add_entry(parent.value, std::move(*parent.key), std::move(value));
      parent.key.reset();
    }
  }

  void add_entry(Value& map, Value key, Value value) {
    if (key.kind != Value::Kind::text) {
      problems_.push_back({key.origin, "a key must be a text"});
      return;
    }
    const auto twin = std::ranges::find(map.entries, key.text, &Entry::key);
    if (twin != map.entries.end()) {
      problems_.push_back(
          {key.origin, fmt::format("{} stands here a second time (first in line {})", key.text, twin->origin.line)});
      return;
    }
    // The parser notices a missing value only at the next thing it reads, which may be lines below.
    if (value.kind == Value::Kind::null) value.origin = key.origin;
    map.entries.push_back({std::move(key.text), key.origin, std::move(value)});
  }

  /// YAML 1.1 merge key: entries of the named map(s) fill what the map itself lacks.
  void merge(Value& map) {
    const auto found = std::ranges::find(map.entries, "<<", &Entry::key);
    if (found == map.entries.end()) return;
    const Value from = std::move(found->value);
    map.entries.erase(found);
    const auto fill = [&map](const Value& other) {
      for (const auto& entry : other.entries)
        if (map.find(entry.key) == nullptr) map.entries.push_back(entry);
    };
    fill(from);
    for (const auto& item : from.items) fill(item);
  }

  const Origin& at_;
  bool own_places_;
  std::vector<Problem>& problems_;
  Value root_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Value> anchors_;
  std::size_t values_ = 0;
  int documents_ = 0;
};

}  // namespace

Value Value::of_text(std::string text, Origin origin) {
  Value value;
  value.kind = Kind::text;
  value.text = std::move(text);
  value.origin = std::move(origin);
  return value;
}

const Value* Value::find(std::string_view key) const {
  const auto found = std::ranges::find(entries, key, &Entry::key);
  return found == entries.end() ? nullptr : &found->value;
}

Value parse_yaml(const std::string& text, const Origin& at, bool own_places, std::vector<Problem>& problems) {
  Value broken;
  broken.origin = at;
  broken.broken = true;
  if (text.size() > file_bytes_max) {
    problems.push_back({at, "is larger than 16 MiB"});
    return broken;
  }
  try {
    std::istringstream in(text);
    YAML::Parser parser(in);
    Builder builder(at, own_places, problems);
    while (parser.HandleNextDocument(builder)) {
    }
    auto root = builder.take();
    if (root.origin.source.empty()) root.origin = at;  // an empty document has no node
    return root;
  } catch (const YAML::Exception& why) {
    const auto place = own_places ? Origin{at.source, why.mark.line + 1, why.mark.column + 1} : at;
    problems.push_back({place, fmt::format("is not valid YAML: {}", why.msg)});
  } catch (const TooLarge&) {
    problems.push_back({at, "holds more than a million values"});
  }
  return broken;
}

std::optional<bool> parse_bool(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, bool>, 8> words{{{"true", true},
                                                                           {"yes", true},
                                                                           {"on", true},
                                                                           {"y", true},
                                                                           {"false", false},
                                                                           {"no", false},
                                                                           {"off", false},
                                                                           {"n", false}}};
  const auto same = [text](const auto& word) {
    return std::ranges::equal(word.first, text,
                              [](char a, char b) { return a == std::tolower(static_cast<unsigned char>(b)); });
  };
  const auto* found = std::ranges::find_if(words, same);
  return found == words.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace sidecar::config
