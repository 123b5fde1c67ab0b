#include "base/json_writer.hpp"

#include <array>
#include <charconv>

#include "base/utf8.hpp"

namespace sidecar {
namespace {

constexpr char hex[] = "0123456789abcdef";

/// 0: copied as it is; 1: escaped or checked.
constexpr auto needs_care = [] {
  std::array<bool, 256> table{};
  for (unsigned c = 0; c < 256; ++c) table[c] = c < 0x20 || c >= 0x80 || c == '"' || c == '\\';
  return table;
}();

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out.reserve(out.size() + text.size() + 2);
  out += '"';
  std::size_t plain = 0;
  std::size_t i = 0;
  const auto flush = [&](std::size_t end) { out.append(text, plain, end - plain); };
  while (i < text.size()) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (!needs_care[c]) {
      ++i;
      continue;
    }
    if (c >= 0x80) {
      const Utf8Step step = next_utf8(text, i);
      if (!step.valid) {
        flush(i);
        out += "\xEF\xBF\xBD";
        plain = i + step.length;
      }
      i += step.length;
      continue;
    }
    flush(i);
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        out += "\\u00";
        out += hex[c >> 4];
        out += hex[c & 15];
    }
    plain = ++i;
  }
  flush(text.size());
  out += '"';
}

void append_json_number(std::string& out, std::int64_t number) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

}  // namespace sidecar
