/// Base64 (RFC 4648 section 4, the alphabet with `+` and `/`).
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

namespace sidecar {

/// Decodes `text` in place and returns the number of bytes, which stand at its front; the rest is spoilt.
/// Strict about the alphabet: white space, line breaks and the URL-safe `-` and `_` are refused. Padding is either
/// complete or absent. Bits behind the last byte need not be zero (`ab` decodes as `aQ` does), as in Java's decoder and
/// as RFC 4648 (3.5) allows. On failure the reason is a static text, and `text` may be spoilt.
[[nodiscard]] std::expected<std::size_t, std::string_view> base64_decode_in_place(char* text, std::size_t size);

/// Appends the padded base64 of `bytes` to `out`.
void append_base64(std::string& out, std::string_view bytes);

}  // namespace sidecar
