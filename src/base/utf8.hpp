/// UTF-8 (RFC 3629).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sidecar {

/// One step over UTF-8 text: the bytes of one code point, or of one maximal ill-formed subpart.
struct Utf8Step {
  bool valid;
  std::uint8_t length;  ///< 1 to 4, never past the end of the text.
};
/// Precondition: at < text.size().
[[nodiscard]] Utf8Step next_utf8(std::string_view text, std::size_t at);

/// Behind the well-formed sequences of more than one byte that start at `p`: at the first ASCII byte, at the first byte
/// that starts no well-formed sequence, or at `end`. Precondition: p < end and *p is not ASCII.
[[nodiscard]] const char* past_non_ascii(const char* p, const char* end);

/// True when `text` is well-formed: no surrogates, no overlong forms, nothing above U+10FFFF.
[[nodiscard]] bool is_utf8(std::string_view text);

/// The longest prefix of `text` of at most `bytes_max` bytes that does not cut a code point.
[[nodiscard]] std::string_view utf8_prefix(std::string_view text, std::size_t bytes_max);

/// As utf8_prefix, with `?` for control characters: a name from outside in one line of an error text.
[[nodiscard]] std::string one_line_prefix(std::string_view text, std::size_t bytes_max);

}  // namespace sidecar
