#include "config/schema.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace sidecar::config {
namespace {

constexpr std::int64_t milliseconds_max = std::numeric_limits<std::int32_t>::max();

std::string lower(std::string_view text) {
  std::string result(text);
  for (auto& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  std::string digits(text);
  std::erase(digits, '_');  // YAML 1.1 writes 1_000_000
  std::int64_t number = 0;
  const auto* end = digits.data() + digits.size();
  const auto [stop, why] = std::from_chars(digits.data(), end, number);
  if (why != std::errc{} || stop != end) return std::nullopt;
  return number;
}

std::string range_words(Range range) {
  const bool from = range.min != std::numeric_limits<std::int64_t>::min();
  const bool to = range.max != std::numeric_limits<std::int64_t>::max();
  if (from && to) return fmt::format("{} to {}", range.min, range.max);
  if (from) return fmt::format("{} or more", range.min);
  return to ? fmt::format("{} or less", range.max) : "any";
}

/// A value in a message: short, on one line.
std::string quoted(std::string_view text) {
  std::string shown(text.substr(0, 60));
  std::ranges::replace_if(shown, [](char c) { return std::iscntrl(static_cast<unsigned char>(c)) != 0; }, ' ');
  return fmt::format("'{}{}'", shown, text.size() > 60 ? "..." : "");
}

/// What a scalar key says about a value of another shape; empty when the value is a text.
std::string not_a_text(const Value& value) {
  switch (value.kind) {
    case Value::Kind::null:
      return "needs a value";
    case Value::Kind::text:
      return {};
    case Value::Kind::list:
      return "must be one value, not a list";
    case Value::Kind::map:
      return "must be one value, not a map";
  }
  return {};
}

}  // namespace

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> parts;
  while (true) {
    const auto comma = text.find(',');
    auto part = text.substr(0, comma);
    while (!part.empty() && std::isspace(static_cast<unsigned char>(part.front())) != 0) part.remove_prefix(1);
    while (!part.empty() && std::isspace(static_cast<unsigned char>(part.back())) != 0) part.remove_suffix(1);
    if (!part.empty()) parts.emplace_back(part);
    if (comma == std::string_view::npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

std::optional<std::vector<std::string>> texts_of(const Value& value) {
  if (value.kind == Value::Kind::null) return std::vector<std::string>{};
  if (value.kind == Value::Kind::text) return split_list(value.text);
  if (value.kind == Value::Kind::map) return std::nullopt;
  std::vector<std::string> texts;
  for (const auto& item : value.items) {
    if (item.kind == Value::Kind::null) continue;
    if (item.kind != Value::Kind::text) return std::nullopt;
    const auto trimmed = item.text.find_first_not_of(" \t") == std::string::npos ? std::string{} : item.text;
    if (!trimmed.empty()) texts.push_back(trimmed);
  }
  return texts;
}

bool is_secret_key(std::string_view key) {
  static constexpr std::array<std::string_view, 9> ends{"pass",  "password",    "secret",    "passphrase",      "pem",
                                                        "token", "jaas.config", "user.info", "ssl.keystore.key"};
  const auto name = lower(key);
  return std::ranges::any_of(ends, [&](std::string_view end) { return name.ends_with(end); });
}

std::string without_credentials(std::string text) {
  for (std::size_t at = text.find("://"); at != std::string::npos; at = text.find("://", at)) {
    at += 3;
    const auto end = std::min(text.find_first_of("/ ,", at), text.size());
    const auto sign = text.rfind('@', end);
    if (sign != std::string::npos && sign >= at && sign < end) text.replace(at, sign - at, Secret::masked);
  }
  return text;
}

bool FileSchema::has_effect() const {
  return std::ranges::any_of(keys_, [](const Key& key) { return !key.without_effect; });
}

Key& FileSchema::add(std::string path, std::string type, std::optional<std::string> fallback, std::string note,
                     std::string meaning) {
  Key key;
  key.name = path;
  key.path = std::move(path);
  key.type = std::move(type);
  if (fallback && !fallback->empty())
    key.fallback = std::move(fallback);  // `${key:}` is null, so an empty default is as well
  key.fallback_note = std::move(note);
  key.meaning = std::move(meaning);
  return keys_.emplace_back(std::move(key));
}

Key& FileSchema::flag(std::string path, bool& target, std::string meaning) {
  auto& key = add(std::move(path), "true or false", target ? "true" : "false", "", std::move(meaning));
  key.assign = [&target](const Value& value) -> std::string {
    if (auto wrong = not_a_text(value); !wrong.empty()) return wrong;
    const auto read = parse_bool(value.text);
    if (!read) return fmt::format("must be true or false, not {}", quoted(value.text));
    target = *read;
    return {};
  };
  return key;
}

Key& FileSchema::number(std::string path, std::string type, Range range, std::optional<std::string> fallback,
                        std::string note, std::string meaning, std::function<void(std::int64_t)> store) {
  const auto words = range_words(range);
  const bool open = !note.empty();
  auto& key = add(std::move(path), fmt::format("{}, {}", type, words), std::move(fallback), std::move(note),
                  std::move(meaning));
  key.assign = [range, words, type, open, store = std::move(store)](const Value& value) -> std::string {
    if (open && value.kind == Value::Kind::null) return {};
    if (auto wrong = not_a_text(value); !wrong.empty()) return wrong;
    const auto read = parse_integer(value.text);
    if (!read || *read < range.min || *read > range.max)
      return fmt::format("must be a {} ({}), not {}", type, words, quoted(value.text));
    store(*read);
    return {};
  };
  return key;
}

Key& FileSchema::milliseconds(std::string path, std::chrono::milliseconds& target, std::int64_t min,
                              std::string meaning) {
  return number(std::move(path), "number of ms", {min, milliseconds_max}, std::to_string(target.count()), "",
                std::move(meaning), [&target](std::int64_t value) { target = std::chrono::milliseconds(value); });
}

Key& FileSchema::milliseconds(std::string path, std::optional<std::chrono::milliseconds>& target, std::int64_t min,
                              std::string computed, std::string meaning) {
  return number(std::move(path), "number of ms", {min, milliseconds_max}, std::nullopt, std::move(computed),
                std::move(meaning), [&target](std::int64_t value) { target = std::chrono::milliseconds(value); });
}

Key& FileSchema::text(std::string path, std::string& target, std::string meaning) {
  auto& key = add(std::move(path), "text", target, "", std::move(meaning));
  key.assign = [&target](const Value& value) -> std::string {
    if (value.kind == Value::Kind::null) {
      target.clear();
      return {};
    }
    if (auto wrong = not_a_text(value); !wrong.empty()) return wrong;
    target = value.text;
    return {};
  };
  return key;
}

Key& FileSchema::text(std::string path, std::optional<std::string>& target, std::string computed, std::string meaning) {
  auto& key = add(std::move(path), "text", std::nullopt, std::move(computed), std::move(meaning));
  key.assign = [&target](const Value& value) -> std::string {
    if (value.kind == Value::Kind::null || (value.kind == Value::Kind::text && value.text.empty())) return {};
    if (auto wrong = not_a_text(value); !wrong.empty()) return wrong;
    target = value.text;
    return {};
  };
  return key;
}

Key& FileSchema::secret(std::string path, Secret& target, std::string meaning) {
  auto& key = add(std::move(path), "text, secret", target.reveal(), "", std::move(meaning));
  key.assign = [&target](const Value& value) -> std::string {
    if (value.kind == Value::Kind::list || value.kind == Value::Kind::map) return not_a_text(value);
    target = Secret(value.text);
    return {};
  };
  return key;
}

Key& FileSchema::list(std::string path, std::vector<std::string>& target, std::string meaning) {
  auto& key = add(std::move(path), "list, or names separated by commas", fmt::format("{}", fmt::join(target, ",")), "",
                  std::move(meaning));
  key.expands = true;
  key.assign = [&target](const Value& value) -> std::string {
    auto texts = texts_of(value);
    if (!texts) return "must be a list of texts";
    target = std::move(*texts);
    return {};
  };
  return key;
}

Key& FileSchema::words(std::string path, std::vector<std::string_view> names, std::optional<std::string> fallback,
                       std::string note, std::string meaning, std::function<void(std::size_t)> store) {
  const bool open = !note.empty();
  auto list = fmt::format("{}", fmt::join(names, ", "));
  auto& key =
      add(std::move(path), fmt::format("one of {}", list), std::move(fallback), std::move(note), std::move(meaning));
  key.assign = [names = std::move(names), list, open, store = std::move(store)](const Value& value) -> std::string {
    if (open && value.kind == Value::Kind::null) return {};
    if (auto wrong = not_a_text(value); !wrong.empty()) return wrong;
    const auto found = std::ranges::find(names, lower(value.text));
    if (found == names.end()) return fmt::format("must be one of {}, not {}", list, quoted(value.text));
    store(static_cast<std::size_t>(found - names.begin()));
    return {};
  };
  return key;
}

Key& FileSchema::any(std::string path, Value& target, std::optional<std::string> fallback, std::string type,
                     std::string meaning) {
  auto& key = add(std::move(path), std::move(type), std::move(fallback), "", std::move(meaning));
  key.expands = true;
  key.assign = [&target](const Value& value) -> std::string {
    target = value;
    return {};
  };
  return key;
}

Key& FileSchema::properties(std::string path, PropertyMap& target, PropertiesSpec spec, std::string meaning) {
  auto& key =
      add(std::move(path), "map of Kafka properties", std::nullopt, "see the table of properties", std::move(meaning));
  key.properties = std::move(spec);
  key.property_target = &target;
  return key;
}

Key& FileSchema::ignored(std::string path, std::optional<std::string> fallback, std::string meaning) {
  auto& key = add(std::move(path), "any", std::move(fallback), "", std::move(meaning));
  key.without_effect = true;
  key.assign = [](const Value&) { return std::string{}; };
  return key;
}

void FileSchema::ignored(std::initializer_list<std::pair<std::string_view, std::string_view>> paths_and_defaults) {
  for (const auto& [path, fallback] : paths_and_defaults)
    ignored(std::string(path), fallback.empty() ? std::nullopt : std::optional<std::string>(fallback), "");
}

}  // namespace sidecar::config
