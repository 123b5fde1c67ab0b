#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "formats/jsonschema/compiled.hpp"

namespace sidecar::formats::jsonschema {
namespace {

void append_text(const JsonDocument& document, std::uint32_t position, std::string& out) {
  std::string text;
  // A lone surrogate stays as it is written.
  if (!document.append_string(position, text)) text = document.text(document[position]);
  out += std::to_string(text.size());
  out += ':';
  out += text;
}

}  // namespace

// Nested no deeper than the text, which its reader has bounded.
void append_canonical(const JsonDocument& document, std::uint32_t position, std::string& out) {
  const JsonNode& node = document[position];
  switch (node.kind) {
    case JsonKind::number:
      out += 'n';
      append_canonical(to_decimal(document.text(node)), out);
      return;
    case JsonKind::string:
      out += 's';
      append_text(document, position, out);
      return;
    case JsonKind::array: {
      out += '[';
      std::uint32_t at = position + 1;
      for (std::uint32_t i = 0; i < node.count; ++i, at = document[at].next) {
        append_canonical(document, at, out);
        out += ',';
      }
      out += ']';
      return;
    }
    case JsonKind::object: {
      std::vector<std::pair<std::string, std::uint32_t>> members;
      std::uint32_t at = position + 1;
      for (std::uint32_t i = 0; i < node.count; ++i, at = document[at + 1].next) {
        std::string name;
        append_text(document, at, name);
        members.emplace_back(std::move(name), at + 1);
      }
      std::ranges::sort(members);  // of equal names the later one is behind
      out += '{';
      for (std::size_t i = 0; i < members.size(); ++i) {
        if (i + 1 < members.size() && members[i + 1].first == members[i].first) continue;
        out += members[i].first;
        append_canonical(document, members[i].second, out);
        out += ',';
      }
      out += '}';
      return;
    }
    default:
      out += document.text(node);
  }
}

}  // namespace sidecar::formats::jsonschema
