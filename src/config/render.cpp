#include "config/render.hpp"

#include <algorithm>
#include <ostream>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/json_writer.hpp"

namespace sidecar::config {
namespace {

std::vector<std::string> split_path(const Key& key) {
  if (key.flat) return {key.path};
  std::vector<std::string> parts;
  std::string_view rest = key.path;
  for (auto dot = rest.find('.'); dot != std::string_view::npos; dot = rest.find('.')) {
    parts.emplace_back(rest.substr(0, dot));
    rest.remove_prefix(dot + 1);
  }
  parts.emplace_back(rest);
  return parts;
}

/// `${file.key:default}` as a YAML scalar.
std::string placeholder(std::string_view file, std::string_view key, const std::optional<std::string>& fallback) {
  auto text = fmt::format("${{{}.{}:{}}}", file, key, fallback.value_or(""));
  const bool plain = text.find(": ") == std::string::npos && text.find(" #") == std::string::npos;
  return plain ? text : fmt::format("'{}'", text);
}

bool plain_scalar(std::string_view text) {
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return false;
  constexpr std::string_view first = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/.";
  constexpr std::string_view others = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-:+@";
  if (text.front() == '-') text.remove_prefix(1);  // a negative number
  return !text.empty() && first.find(text.front()) != std::string_view::npos &&
         text.find_first_not_of(others) == std::string_view::npos && text.back() != ':';
}

void append_shown(std::string& out, const Value& value, std::string_view key, bool inside) {
  if (value.kind != Value::Kind::null && (value.secret || is_secret_key(key))) {
    append_json_string(out, Secret::masked);
    return;
  }
  bool first = true;
  switch (value.kind) {
    case Value::Kind::null:
      out += "null";
      return;
    case Value::Kind::text: {
      const auto text = without_credentials(value.text);
      if (!inside && plain_scalar(text))
        out += text;
      else
        append_json_string(out, text);
      return;
    }
    case Value::Kind::list:
      out += '[';
      for (const auto& item : value.items) {
        if (!std::exchange(first, false)) out += ", ";
        append_shown(out, item, key, true);
      }
      out += ']';
      return;
    case Value::Kind::map:
      out += '{';
      for (const auto& entry : value.entries) {
        if (!std::exchange(first, false)) out += ", ";
        append_json_string(out, entry.key);
        out += ": ";
        append_shown(out, entry.value, entry.key, true);
      }
      out += '}';
      return;
  }
}

std::string place(const Origin& origin) {
  return origin.line > 0 ? fmt::format("{}:{}", origin.source, origin.line) : origin.source;
}

/// A cell of a Markdown table.
std::string cell(std::string text) {
  for (auto at = text.find('|'); at != std::string::npos; at = text.find('|', at + 2)) text.insert(at, 1, '\\');
  return text;
}

std::string shown_default(const std::optional<std::string>& fallback, const std::string& note) {
  if (!note.empty()) return note;
  if (!fallback || fallback->empty()) return "empty";
  return fmt::format("`{}`", *fallback);
}

}  // namespace

std::string default_file(const FileSchema& file) {
  std::string out = fmt::format(
      "# {0}.yml: {1}\n# The built-in defaults. Every key can be set in values.yml as {0}.NAME, the name in its "
      "placeholder.\n",
      file.name(), file.meaning());
  std::vector<std::string> open;  // maps whose lines were written
  for (const auto& key : file.keys()) {
    auto parts = split_path(key);
    const auto leaf = std::move(parts.back());
    parts.pop_back();
    if (parts != open) {
      const auto same = static_cast<std::size_t>(std::ranges::mismatch(parts, open).in1 - parts.begin());
      for (auto depth = same; depth < parts.size(); ++depth)
        out += fmt::format("\n{:{}}{}:\n", "", 2 * depth, parts[depth]);
      open = parts;
    }
    const auto indent = std::string(2 * open.size(), ' ');
    auto comment = key.meaning;
    if (key.without_effect)
      comment += comment.empty() ? "Without effect in this version." : " Without effect in this version.";
    if (!comment.empty()) out += fmt::format("\n{}# {}\n", indent, comment);
    if (!key.properties) {
      out += fmt::format("{}{}: {}\n", indent, leaf, placeholder(file.name(), key.name, key.fallback));
      continue;
    }
    out += fmt::format("{}{}:\n", indent, leaf);
    for (const auto& each : key.properties->defaults) {
      if (!each.meaning.empty()) out += fmt::format("{}  # {}\n", indent, each.meaning);
      out += fmt::format("{}  {}: {}\n", indent, each.name, placeholder(file.name(), each.placeholder, each.fallback));
    }
  }
  return out;
}

void show(std::ostream& out, std::span<const Effective> values) {
  for (const auto& each : values) {
    if (each.without_effect && !each.changed) continue;
    std::string line = each.key + ": ";
    append_shown(line, each.value, each.key, false);
    out << line << "  # " << place(each.value.origin) << (each.without_effect ? ", without effect\n" : "\n");
  }
}

void write_chapter(std::ostream& out, const FileSchema& file) {
  out << fmt::format("## {}.yml\n\n{}\n\n", file.name(), file.meaning());
  if (!file.older_name().empty())
    out << fmt::format("Read from `{}.yml` where that older name is used.\n\n", file.older_name());
  std::string without_effect;
  const Key* properties = nullptr;
  const PropertiesSpec* spec = nullptr;
  out << "| Key in values.yml | Value | Default | Meaning |\n|---|---|---|---|\n";
  for (const auto& key : file.keys()) {
    if (key.properties) {
      properties = &key;
      spec = &*key.properties;
      continue;
    }
    if (key.without_effect) {
      without_effect += fmt::format("{}`{}`", without_effect.empty() ? "" : ", ", key.name);
      continue;
    }
    out << fmt::format("| `{}.{}` | {} | {} | {} |\n", file.name(), key.name, cell(key.type),
                       cell(shown_default(key.fallback, key.fallback_note)), cell(key.meaning));
  }
  if (!without_effect.empty()) out << "\nAccepted without effect in this version: " << without_effect << ".\n";
  if (spec != nullptr) {
    out << fmt::format("\n`{}`: {} Built in:\n\n| Property | Key in values.yml | Default | Note |\n|---|---|---|---|\n",
                       properties->path, properties->meaning);
    for (const auto& each : spec->defaults)
      out << fmt::format("| `{}` | `{}.{}` | {} | {} |\n", each.name, file.name(), each.placeholder,
                         each.fallback ? fmt::format("`{}`", *each.fallback) : "left out", cell(each.meaning));
  }
  out << "\n";
}

}  // namespace sidecar::config
