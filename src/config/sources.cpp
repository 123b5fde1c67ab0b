#include "config/sources.hpp"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "config/crypt.hpp"

namespace sidecar::config {
namespace {

Value broken_at(const Origin& origin) {
  Value value;
  value.origin = origin;
  value.broken = true;
  return value;
}

/// The body of the first placeholder at or after `from`: the text up to the next `}`, which nothing can escape.
struct Found {
  std::size_t begin;  ///< Of `${`.
  std::size_t end;    ///< Behind `}`.
};
std::optional<Found> find_placeholder(std::string_view text, std::size_t from) {
  const auto begin = text.find("${", from);
  if (begin == std::string_view::npos) return std::nullopt;
  const auto close = text.find('}', begin);
  if (close == std::string_view::npos || close == begin + 2) return std::nullopt;
  return Found{begin, close + 1};
}

}  // namespace

std::string environment_name(std::string_view key) {
  std::string name(key);
  for (auto& c : name) {
    const auto byte = static_cast<unsigned char>(c);
    c = std::isalnum(byte) != 0 && byte < 0x80 ? static_cast<char>(std::toupper(byte)) : '_';
  }
  return name;
}

Sources::Sources(Surroundings surroundings) : surroundings_(std::move(surroundings)) {
  for (const auto* name : {"injection_order", "INJECTION_ORDER"}) {
    const auto order = surroundings_.environment(name);
    if (!order || order->empty()) continue;
    if (*order == "0" || *order == "1" || *order == "2")
      order_ = order->front() - '0';
    else
      problems.push_back({{fmt::format("environment {}", name)}, "must be 0, 1 or 2"});
    break;
  }
  if (const auto path = find_file("config")) {
    const auto config = parse_file(*path);
    if (const auto* flag = config.find("allowDefaultValueEmpty"); flag != nullptr)
      empty_default_is_text_ = parse_bool(flag->text).value_or(false);
    if (const auto* list = config.find("exclusionConfigFileList"); list != nullptr)
      for (const auto& item : list->items) not_substituted_.push_back(item.text);
  }
  if (const auto path = find_file("values")) values_ = parse_file(*path);
  if (values_.kind != Value::Kind::map && values_.kind != Value::Kind::null)
    problems.push_back({values_.origin, "values must be a map of keys"});
}

std::optional<std::filesystem::path> Sources::find_file(std::string_view name) const {
  for (auto dir = surroundings_.dirs.rbegin(); dir != surroundings_.dirs.rend(); ++dir) {
    for (const auto* extension : {".yml", ".yaml", ".json"}) {
      auto path = *dir / (std::string(name) + extension);
      std::error_code ignored;
      if (std::filesystem::is_regular_file(path, ignored)) return path;
    }
  }
  return std::nullopt;
}

Value Sources::parse_file(const std::filesystem::path& path) {
  const Origin at{path.string()};
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) {  // not `text`: an empty file sets its failbit
    problems.push_back({at, "cannot be read"});
    return broken_at(at);
  }
  return parse_yaml(std::move(text).str(), at, true, problems);
}

std::optional<Value> Sources::read_file(std::string_view name) {
  const auto path = find_file(name);
  if (!path) return std::nullopt;
  auto tree = parse_file(*path);
  if (std::ranges::find(not_substituted_, name) != not_substituted_.end()) return tree;
  return substitute(std::move(tree));
}

std::optional<Value> Sources::find_set(const std::string& key, const std::string& upper) {
  for (auto pair = surroundings_.set.rbegin(); pair != surroundings_.set.rend(); ++pair) {
    if (pair->first != key && pair->first != upper) continue;
    used_.insert(pair->first);
    return Value::of_text(pair->second, {"--set"});
  }
  return std::nullopt;
}

std::optional<Value> Sources::find_environment(const std::string& upper) const {
  auto text = surroundings_.environment(upper);
  if (!text) return std::nullopt;
  return Value::of_text(std::move(*text), {fmt::format("environment {}", upper)});
}

std::optional<Value> Sources::find_values(const std::string& key) {
  const auto* raw = values_.find(key);
  if (raw == nullptr) return std::nullopt;
  used_.insert(key);
  if (const auto done = ready_.find(key); done != ready_.end()) return done->second;
  if (std::ranges::find(open_, key) != open_.end()) {
    problems.push_back(
        {raw->origin, fmt::format("{}: refers to itself ({} -> {})", key, fmt::join(open_, " -> "), key)});
    return broken_at(raw->origin);
  }
  open_.push_back(key);
  auto value = substitute(*raw);
  open_.pop_back();
  return ready_.emplace(key, std::move(value)).first->second;
}

std::optional<Value> Sources::find(const std::string& key) {
  const auto upper = environment_name(key);
  // Asked for is used, whichever source wins.
  used_.insert(key);
  used_.insert(upper);
  auto found = find_set(key, upper);
  const auto from_values = [&] {
    auto value = find_values(key);
    if (!value && upper != key) value = find_values(upper);
    return value;
  };
  if (!found && order_ == 2) found = find_environment(upper);
  if (!found) found = from_values();
  if (!found && order_ == 1) found = find_environment(upper);
  if (!found && key == "HOSTNAME") {
    found = find_environment(upper);
    if (!found) found = Value::of_text(surroundings_.host_name, {"host name"});
  }
  if (found && found->kind == Value::Kind::text) return decrypted(std::move(*found));
  return found;
}

Value Sources::decrypted(Value scalar) {
  if (!is_encrypted(scalar.text)) return scalar;
  auto password = surroundings_.environment("light_4j_config_password");
  if (!password) password = surroundings_.environment("LIGHT_4J_CONFIG_PASSWORD");
  if (!password) {
    problems.push_back({scalar.origin, "an encrypted value needs the environment variable light_4j_config_password"});
    return broken_at(scalar.origin);
  }
  auto plain = decrypt(scalar.text, *password);
  if (!plain) {
    problems.push_back({scalar.origin, plain.error()});
    return broken_at(scalar.origin);
  }
  scalar.text = std::move(*plain);
  scalar.secret = true;
  return scalar;
}

/// `key`, `key:default`, `key:`, `key:?text`, `key:$`.
Value Sources::placeholder(std::string_view body, const Origin& origin) {
  const auto colon = body.find(':');
  const std::string key(body.substr(0, colon));
  if (auto found = find(key)) return std::move(*found);
  if (colon == std::string_view::npos) {
    problems.push_back(
        {origin, fmt::format("${{{0}}}: nobody gives this value: set {0} in values.yml or {1} in the environment", key,
                             environment_name(key))});
    return broken_at(origin);
  }
  const auto fallback = body.substr(colon + 1);
  if (fallback.starts_with('?')) {
    const auto text = fallback.substr(1);
    problems.push_back({origin, fmt::format("{}: {}", key, text.empty() ? "a value is needed" : text)});
    return broken_at(origin);
  }
  if (fallback == "$") return Value::of_text(fmt::format("${{{}}}", key), origin);
  if (!fallback.empty() || empty_default_is_text_) return Value::of_text(std::string(fallback), origin);
  Value nothing;
  nothing.origin = origin;
  return nothing;
}

Value Sources::substitute_text(const Value& scalar) {
  const std::string_view text = scalar.text;
  auto found = find_placeholder(text, 0);
  if (!found) return decrypted(scalar);
  if (found->begin == 0 && found->end == text.size())
    return placeholder(text.substr(2, text.size() - 3), scalar.origin);

  // Inside other text the result is always text; nothing else of it is interpreted again.
  auto joined = Value::of_text("", scalar.origin);
  std::size_t at = 0;
  for (; found; found = find_placeholder(text, at)) {
    const auto value = placeholder(text.substr(found->begin + 2, found->end - found->begin - 3), scalar.origin);
    if (value.kind == Value::Kind::list || value.kind == Value::Kind::map) {
      problems.push_back({scalar.origin, fmt::format("{}: a list or map cannot stand inside a text",
                                                     text.substr(found->begin, found->end - found->begin))});
      joined.broken = true;
    }
    joined.broken |= value.broken;
    joined.secret |= value.secret;
    // The place that a person would change: the one of the last value that came from elsewhere.
    if (!is_built_in(value.origin) && is_built_in(joined.origin)) joined.origin = value.origin;
    joined.text += text.substr(at, found->begin - at);
    joined.text += value.text;
    at = found->end;
  }
  joined.text += text.substr(at);
  return joined.broken ? broken_at(joined.origin) : decrypted(std::move(joined));
}

Value Sources::substitute(Value tree) {
  switch (tree.kind) {
    case Value::Kind::null:
      return tree;
    case Value::Kind::text:
      return substitute_text(tree);
    case Value::Kind::list:
      for (auto& item : tree.items) item = substitute(std::move(item));
      return tree;
    case Value::Kind::map:
      for (auto& entry : tree.entries) {
        if (entry.key.find("${") != std::string::npos) {
          const auto key = substitute_text(Value::of_text(entry.key, entry.origin));
          if (key.kind == Value::Kind::text)
            entry.key = key.text;
          else if (!key.broken)
            problems.push_back({entry.origin, fmt::format("{}: a key must be a text", entry.key)});
        }
        entry.value = substitute(std::move(entry.value));
      }
      return tree;
  }
  return tree;
}

Value Sources::expand(Value value) {
  if (value.kind != Value::Kind::text) return value;
  const auto first = value.text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return value;
  const char sign = value.text[first];
  // Only what starts like a list or a map is one: a plain text may hold colons and dashes.
  if (sign != '[' && sign != '{' && value.text.compare(first, 2, "- ") != 0) return value;
  auto tree = parse_yaml(value.text, value.origin, false, problems);
  tree.secret = value.secret;
  return tree;
}

Value Sources::fallback(const std::string& key, const std::optional<std::string>& usual, const Origin& file) const {
  const auto own = surroundings_.defaults.find(key);
  if (own != surroundings_.defaults.end())
    return Value::of_text(own->second, {fmt::format("{}, {}", file.source, surroundings_.defaults_name)});
  if (usual) return Value::of_text(*usual, file);
  Value nothing;
  nothing.origin = file;
  return nothing;
}

std::vector<std::pair<std::string, Value>> Sources::unused() const {
  std::vector<std::pair<std::string, Value>> result;
  const auto add = [&](const std::string& key, Value value) {
    if (!used_.contains(key)) result.emplace_back(key, std::move(value));
  };
  for (const auto& entry : values_.entries) {
    auto value = entry.value;
    value.origin = entry.origin;
    add(entry.key, std::move(value));
  }
  for (const auto& [key, text] : surroundings_.set) add(key, Value::of_text(text, {"--set"}));
  return result;
}

}  // namespace sidecar::config
