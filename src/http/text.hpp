/// Small text rules of HTTP: percent-encoding, quality values, reason phrases.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sidecar::http {

/// Decodes `%XX` once. Nothing when a `%` is not followed by two hexadecimal digits.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);
/// True when every `%` is followed by two hexadecimal digits.
[[nodiscard]] bool is_percent_encoded(std::string_view text);

/// The weight that the Accept field value gives to a media type, in thousandths: the most specific range that matches
/// decides; 0 when none does. `explicit_range` tells whether the type stood there by name.
struct AcceptWeight {
  int thousandths = 0;
  bool explicit_range = false;
};
/// `type` in lower case, without parameters.
[[nodiscard]] AcceptWeight accept_weight(std::string_view accept, std::string_view type);

/// `Not Found` for 404; `Unknown` for a status without a name here.
[[nodiscard]] std::string_view reason_phrase(std::uint16_t status);

/// The type of a Content-Type value without its parameters: `application/json`.
[[nodiscard]] std::string_view media_type(std::string_view content_type);
/// `application/json` or `application/...+json`, any case, parameters allowed.
[[nodiscard]] bool is_json_type(std::string_view content_type);

}  // namespace sidecar::http
