/// Steps over checked JSON text (json_reader.hpp), sixteen bytes at a time.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "base/json_reader.hpp"
#include "base/simd.hpp"

namespace sidecar {

/// Of the value that begins with this character.
constexpr JsonKind kind_of(char first) {
  switch (first) {
    case '{':
      return JsonKind::object;
    case '[':
      return JsonKind::array;
    case '"':
      return JsonKind::string;
    case 'n':
      return JsonKind::null;
    case 't':
    case 'f':
      return JsonKind::boolean;
    default:
      return JsonKind::number;
  }
}

/// What may stand behind a number or a literal, by the byte.
inline constexpr auto token_ends = [] {
  std::array<bool, 256> ends{};
  for (const char c : {',', ']', '}', ' ', '\n', '\r', '\t'}) ends[static_cast<unsigned char>(c)] = true;
  return ends;
}();

/// Where the string whose text begins at `at` ends: the position of its closing quote. Sets `has_escapes` when it meets
/// a backslash.
inline std::size_t string_end(std::string_view text, std::size_t at, bool& has_escapes) {
  const char* const chars = text.data();
  for (;;) {
    while (at + simd::width <= text.size()) {
      const simd::Mask found = simd::equal_to(chars + at, '"') | simd::equal_to(chars + at, '\\');
      if (found != 0) {
        at += simd::first_bit(found);
        break;
      }
      at += simd::width;
    }
    while (chars[at] != '"' && chars[at] != '\\') ++at;
    if (chars[at] == '"') return at;
    has_escapes = true;
    at += 2;
  }
}

/// The first quote or white space from `at` on; the size of the text when there is none.
inline std::size_t quote_or_space(std::string_view text, std::size_t at) {
  constexpr simd::Mask all = (simd::Mask{1} << simd::width) - 1;
  while (at + simd::width <= text.size()) {
    const char* const p = text.data() + at;
    const simd::Mask found = simd::equal_to(p, '"') | (~simd::non_spaces(p) & all);
    if (found != 0) return at + simd::first_bit(found);
    at += simd::width;
  }
  while (at < text.size() && std::string_view("\" \n\r\t").find(text[at]) == std::string_view::npos) ++at;
  return at;
}

}  // namespace sidecar
