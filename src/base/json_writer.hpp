/// Writing JSON text (RFC 8259) into a growing string.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sidecar {

/// Appends `text` as a JSON string, quotes included. Bytes that are not UTF-8 become U+FFFD, one for each maximal
/// subpart (Unicode 15, 3.9), so the output is always valid JSON.
void append_json_string(std::string& out, std::string_view text);
/// Appends the decimal text of `number`.
void append_json_number(std::string& out, std::int64_t number);
void append_json_unsigned(std::string& out, std::uint64_t number);
/// Appends the shortest text that reads back as `number`, always with a point or an exponent. What JSON has no number
/// for becomes a string: "NaN", "Infinity", "-Infinity".
void append_json_real(std::string& out, float number);
void append_json_real(std::string& out, double number);
/// `json`, which has been checked, without the white space between its tokens; everything else stays as it is written.
void append_compact_json(std::string& out, std::string_view json);

}  // namespace sidecar
