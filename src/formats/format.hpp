/// The six formats of keys and values, and the codecs of those that take no schema.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace sidecar::formats {

/// The ordinals are part of the contract: requests may carry them.
enum class Format : std::uint8_t { binary, json, avro, jsonschema, protobuf, string };

/// Lower-case name, as in configuration files.
[[nodiscard]] std::string_view name_of(Format format);
/// Any-case name; nothing when unknown.
[[nodiscard]] std::optional<Format> parse_format(std::string_view name);
/// By ordinal 0 to 5; nothing when out of range.
[[nodiscard]] std::optional<Format> format_of_ordinal(std::int64_t ordinal);
[[nodiscard]] bool takes_schema(Format format);

/// Produce direction of the formats that take no schema (the others: compiled_schema.hpp). `json` is one valid JSON
/// value (already checked by base/json_reader), other than null, inside a mutable buffer: `binary` and `string` are
/// decoded in place, `json` is left as it is, so nothing is copied. Returns the record bytes, a view into the same
/// memory, or why not ("not a string", "not base64 ...") without the value.
[[nodiscard]] std::expected<std::string_view, std::string> encode_in_place(Format format, char* json, std::size_t size);

/// Consume direction of the same: appends the JSON value of `bytes` to `out`. On error `out` is as before and the text
/// says why, without the value. `string` replaces bad UTF-8; `json` is validated strictly and copied as it is.
[[nodiscard]] std::expected<void, std::string> decode_append(Format format, std::string_view bytes,
                                                             std::size_t json_depth_max, std::string& out);

}  // namespace sidecar::formats
