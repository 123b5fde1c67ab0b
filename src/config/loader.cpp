#include "config/loader.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace sidecar::config {
namespace {

/// The value at a dotted path. A key may itself hold dots (`jwt.clockSkewInSeconds` written flat), so every split
/// counts.
const Value* at_path(const Value& map, std::string_view path) {
  if (const auto* found = map.find(path); found != nullptr) return found;
  for (auto dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.', dot + 1)) {
    const auto* inner = map.find(path.substr(0, dot));
    if (inner == nullptr || inner->kind != Value::Kind::map) continue;
    if (const auto* found = at_path(*inner, path.substr(dot + 1)); found != nullptr) return found;
  }
  return nullptr;
}

Origin built_in_file(const FileSchema& file) {
  return {fmt::format("{} {}.yml", built_in, file.name())};
}

/// What may be said about a key that nobody knows.
std::string suggestion(std::string_view near) {
  return near.empty() ? "" : fmt::format("; did you mean {}?", near);
}

std::string joined(const Value& list) {
  std::string text;
  for (const auto& item : list.items) text += (text.empty() ? "" : ",") + item.text;
  return text;
}

/// Writes a map of properties flat: nested maps with dots, lists with commas.
void flatten(const Value& map, const std::string& prefix, PropertyMap& out) {
  for (const auto& entry : map.entries) {
    const auto name = prefix + entry.key;
    const auto& value = entry.value;
    switch (value.kind) {
      case Value::Kind::map:
        flatten(value, name + ".", out);
        break;
      case Value::Kind::list:
        out[name] = {joined(value), value.origin, value.secret};
        break;
      case Value::Kind::text:
        out[name] = {value.text, value.origin, value.secret};
        break;
      case Value::Kind::null:
        out[name] = {std::nullopt, value.origin, false, value.broken};
        break;
    }
  }
}

std::vector<Problem> tidied(std::vector<Problem> problems) {
  sort_by_place(problems);
  const auto same = [](const Problem& a, const Problem& b) { return a.origin == b.origin && a.text == b.text; };
  problems.erase(std::ranges::unique(problems, same).begin(), problems.end());
  return problems;
}

}  // namespace

void Loader::read(const FileSchema& file) {
  files_.push_back(file.name());
  auto tree = sources_.read_file(file.name());
  if (!file.older_name().empty()) {
    files_.push_back(file.older_name());
    if (!tree) tree = sources_.read_file(file.older_name());
  }
  if (tree && tree->kind != Value::Kind::map) {
    if (tree->kind != Value::Kind::null) problem_at(tree->origin, "must be a map of keys");
    tree.reset();
  }
  if (tree) check_keys(file, *tree, "");
  const auto* map = tree ? &*tree : nullptr;
  for (const auto& key : file.keys()) {
    if (key.properties) {
      read_properties(file, key, *key.properties, map);
      continue;
    }
    const auto full = fmt::format("{}.{}", file.name(), key.name);
    known_.push_back(full);
    auto value = value_of(file, key, map);
    if (key.expands) value = sources_.expand(std::move(value));
    if (value.broken) {
      failed_.insert(full);
    } else if (auto wrong = key.assign(value); !wrong.empty()) {
      if (value.secret) wrong = "does not take this value";  // the words would show it
      problem_at(value.origin, fmt::format("{} {}", full, wrong));
      failed_.insert(full);
    }
    keep(full, std::move(value), key.fallback, key.without_effect);
  }
}

Value Loader::value_of(const FileSchema& file, const Key& key, const Value* tree) {
  if (auto found = sources_.find(fmt::format("{}.{}", file.name(), key.name))) return std::move(*found);
  if (!file.older_name().empty())
    if (auto found = sources_.find(fmt::format("{}.{}", file.older_name(), key.name))) return std::move(*found);
  if (tree != nullptr)
    if (const auto* found = at_path(*tree, key.path); found != nullptr) return *found;
  return sources_.fallback(fmt::format("{}.{}", file.name(), key.name), key.fallback, built_in_file(file));
}

void Loader::read_properties(const FileSchema& file, const Key& key, const PropertiesSpec& spec, const Value* tree) {
  auto& target = *key.property_target;
  const auto* own = tree != nullptr ? at_path(*tree, key.path) : nullptr;
  const auto whole = sources_.find(fmt::format("{}.{}", file.name(), key.name));
  if (whole) own = &*whole;
  if (own != nullptr && own->kind == Value::Kind::map) {
    // Taken whole: a plaintext file stays plaintext although the built-in map is not.
    flatten(*own, "", target);
  } else {
    if (own != nullptr && own->kind != Value::Kind::null)
      problem_at(own->origin, fmt::format("{} must be a map", key.path));
    for (const auto& each : spec.defaults) {
      auto value = sources_.find(fmt::format("{}.{}", file.name(), each.placeholder));
      if (value && value->kind == Value::Kind::text)
        target[each.name] = {value->text, value->origin, value->secret};
      else if (value)
        target[each.name] = {value->kind == Value::Kind::list ? std::optional(joined(*value)) : std::nullopt,
                             value->origin, false, value->broken};
      else {
        const auto fallback =
            sources_.fallback(fmt::format("{}.{}", file.name(), each.placeholder), each.fallback, built_in_file(file));
        target[each.name] = {fallback.kind == Value::Kind::text ? std::optional(fallback.text) : std::nullopt,
                             fallback.origin, false};
      }
    }
  }
  for (const auto& each : spec.defaults) known_.push_back(fmt::format("{}.{}", file.name(), each.placeholder));
  for (const auto& name : spec.names) {
    const auto full = fmt::format("{}.{}", file.name(), name);
    known_.push_back(full);
    const auto found = sources_.find(full);
    if (!found) continue;
    Value one;
    one.kind = Value::Kind::map;
    one.entries.push_back({name, found->origin, *found});
    flatten(one, "", target);
  }
  // Unknown names stand in the map like the others: whoever translates it warns about them.
  for (const auto& [name, property] : target) {
    auto value = Value::of_text(property.text.value_or(""), property.origin);
    if (!property.text) value.kind = Value::Kind::null;
    value.secret = property.secret;
    if (property.broken) failed_.insert(fmt::format("{}.{}", file.name(), name));
    const auto described = std::ranges::find(spec.defaults, name, &PropertiesSpec::Default::name);
    keep(fmt::format("{}.{}", file.name(), name), std::move(value),
         described == spec.defaults.end() ? std::nullopt : described->fallback, key.without_effect);
  }
}

void Loader::check_keys(const FileSchema& file, const Value& map, const std::string& prefix) {
  std::vector<std::string> paths;
  for (const auto& key : file.keys()) paths.push_back(key.path);
  for (const auto& entry : map.entries) {
    const auto path = prefix + entry.key;
    if (std::ranges::find(paths, path) != paths.end()) continue;
    const bool leads_on =
        std::ranges::any_of(paths, [&](const std::string& each) { return each.starts_with(path + "."); });
    if (leads_on && entry.value.kind == Value::Kind::map)
      check_keys(file, entry.value, path + ".");
    else if (!leads_on || entry.value.kind != Value::Kind::null)
      warning_at(entry.origin, fmt::format("{} is not known and ignored{}", path, suggestion(nearest(path, paths))));
  }
}

void Loader::keep(std::string key, Value value, const std::optional<std::string>& fallback, bool without_effect) {
  const bool is_default = value.kind == Value::Kind::null
                              ? !fallback
                              : value.kind == Value::Kind::text && value.text == fallback.value_or("");
  const bool changed = !is_built_in(value.origin) && !is_default;
  effective_.push_back({std::move(key), std::move(value), without_effect, changed});
}

bool Loader::changed(std::string_view key) const {
  const auto found = std::ranges::find(effective_, key, &Effective::key);
  return found != effective_.end() && found->changed;
}

const Value* Loader::value(std::string_view key) const {
  const auto found = std::ranges::find(effective_, key, &Effective::key);
  return found == effective_.end() ? nullptr : &found->value;
}

const Origin& Loader::origin(std::string_view key) const {
  static const Origin nowhere{std::string(built_in)};
  const auto* found = value(key);
  return found == nullptr ? nowhere : found->origin;
}

void Loader::problem(std::string_view key, std::string text) {
  if (!failed_.contains(key)) problem_at(origin(key), fmt::format("{} {}", key, text));
}
void Loader::warning(std::string_view key, std::string text) {
  if (!failed_.contains(key)) warning_at(origin(key), fmt::format("{} {}", key, text));
}

void Loader::finish() {
  for (const auto& [key, value] : sources_.unused()) {
    const auto near = nearest(key, known_);
    if (near == key)
      warning_at(value.origin, fmt::format("{} is not used: no file refers to it", key));
    else if (near.empty() && value.kind == Value::Kind::map && std::ranges::find(files_, key) != files_.end())
      warning_at(value.origin,
                 fmt::format("{0} is not known and ignored; keys are written flat here: {0}.NAME: value", key));
    else
      warning_at(value.origin, fmt::format("{} is not known and ignored{}", key, suggestion(near)));
  }
  for (const auto& dir : sources_.dirs()) {
    std::error_code ignored;
    for (const auto& file : std::filesystem::directory_iterator(dir, ignored)) {
      const auto extension = file.path().extension();
      if (extension != ".yml" && extension != ".yaml" && extension != ".json") continue;
      const auto stem = file.path().stem().string();
      if (std::ranges::find(files_, stem) != files_.end()) continue;
      const auto near = nearest(stem, files_);
      if (!near.empty())
        warning_at({file.path().string()}, fmt::format("is not read; did you mean {}{}?", near, extension.string()));
    }
  }
}

std::vector<Problem> Loader::problems() const {
  return tidied(sources_.problems);
}
std::vector<Problem> Loader::warnings() const {
  return tidied(sources_.warnings);
}

}  // namespace sidecar::config
