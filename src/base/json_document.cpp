#include "base/json_document.hpp"

#include "base/json_scan.hpp"

namespace sidecar {
namespace {

bool ends_token(char c) {
  return c == ',' || c == ']' || c == '}' || c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

JsonKind kind_of(char first) {
  switch (first) {
    case 'n':
      return JsonKind::null;
    case 't':
    case 'f':
      return JsonKind::boolean;
    default:
      return JsonKind::number;
  }
}

}  // namespace

void JsonDocument::read(std::string_view text) {
  text_ = text;
  nodes_.clear();
  open_.clear();
  const auto size = static_cast<std::uint32_t>(text.size());
  std::uint32_t at = 0;
  // The name of a member counts as the value that follows it does not.
  bool name_next = false;
  while (at < size) {
    const char c = text[at];
    if (c == ' ' || c == '\n' || c == '\r' || c == '\t') {
      ++at;
      continue;
    }
    if (c == ':') {
      name_next = false;
      ++at;
      continue;
    }
    if (c == ',') {
      name_next = nodes_[open_.back()].kind == JsonKind::object;
      ++at;
      continue;
    }
    if (c == ']' || c == '}') {
      JsonNode& container = nodes_[open_.back()];
      ++at;
      container.size = at - container.at;
      container.next = static_cast<std::uint32_t>(nodes_.size());
      open_.pop_back();
      name_next = false;
      continue;
    }
    const auto position = static_cast<std::uint32_t>(nodes_.size());
    if (!open_.empty() && !name_next) ++nodes_[open_.back()].count;
    JsonNode& node = nodes_.emplace_back(JsonNode{.at = at, .next = position + 1});
    if (c == '"') {
      node.kind = JsonKind::string;
      node.at = ++at;
      at = static_cast<std::uint32_t>(string_end(text, at, node.has_escapes));
      node.size = at - node.at;
      ++at;
    } else if (c == '{' || c == '[') {
      node.kind = c == '{' ? JsonKind::object : JsonKind::array;
      open_.push_back(position);
      name_next = c == '{';
      ++at;
    } else {
      node.kind = kind_of(c);
      while (at < size && !ends_token(text[at])) ++at;
      node.size = at - node.at;
    }
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
