#include "base/json_document.hpp"

#include "base/json_scan.hpp"

namespace sidecar {

// The text is known to be JSON, so what may come next is known as well: no token is looked at twice.
void JsonDocument::read(std::string_view text) {
  text_ = text;
  nodes_.clear();
  open_.clear();
  const char* const chars = text.data();
  std::size_t at = 0;
  const auto skip_spaces = [&] {
    while (chars[at] == ' ' || chars[at] == '\n' || chars[at] == '\r' || chars[at] == '\t') ++at;
  };
  const auto add = [&](JsonKind kind) -> JsonNode& {
    JsonNode& node = nodes_.emplace_back();
    node.at = static_cast<std::uint32_t>(at);
    node.next = static_cast<std::uint32_t>(nodes_.size());
    node.kind = kind;
    return node;
  };
  const auto add_string = [&] {
    ++at;
    JsonNode& node = add(JsonKind::string);
    at = string_end(text, at, node.has_escapes);
    node.size = static_cast<std::uint32_t>(at++) - node.at;
  };
  // Before the next member or item: the name, if there is one.
  const auto enter = [&] {
    JsonNode& container = nodes_[open_.back()];
    ++container.count;
    if (container.kind == JsonKind::array) return;
    skip_spaces();
    add_string();
    skip_spaces();
    ++at;  // the colon
  };

  for (;;) {
    skip_spaces();
    const char c = chars[at];
    if (c == '"') {
      add_string();
    } else if (c == '{' || c == '[') {
      open_.push_back(static_cast<std::uint32_t>(nodes_.size()));
      add(c == '{' ? JsonKind::object : JsonKind::array);
      ++at;
      skip_spaces();
      if (chars[at] != '}' && chars[at] != ']') {
        enter();
        continue;
      }
    } else {
      JsonNode& node = add(kind_of(c));
      while (at < text.size() && !token_ends[static_cast<unsigned char>(chars[at])]) ++at;
      node.size = static_cast<std::uint32_t>(at) - node.at;
    }
    // Behind a value: the next one, or the ends of containers.
    for (;;) {
      if (open_.empty()) return;
      skip_spaces();
      if (chars[at++] == ',') break;
      JsonNode& container = nodes_[open_.back()];
      container.size = static_cast<std::uint32_t>(at) - container.at;
      container.next = static_cast<std::uint32_t>(nodes_.size());
      open_.pop_back();
    }
    enter();
  }
}

bool JsonDocument::append_string(std::uint32_t position, std::string& out) const {
  const JsonNode& node = nodes_[position];
  const std::size_t before = out.size();
  out += text(node);
  if (!node.has_escapes) return true;
  const auto size = unescape_in_place(out.data() + before, node.size);
  out.resize(before + size.value_or(0));
  return size.has_value();
}

std::optional<std::uint32_t> JsonDocument::find(std::uint32_t object, std::string_view name) const {
  std::optional<std::uint32_t> found;
  std::uint32_t at = object + 1;
  for (std::uint32_t i = 0; i < nodes_[object].count; ++i) {
    if (string(at).equals(name)) found = at + 1;
    at = nodes_[at + 1].next;
  }
  return found;
}

}  // namespace sidecar
