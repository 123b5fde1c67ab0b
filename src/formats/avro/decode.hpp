/// Avro binary to JSON text (Apache Avro 1.12 specification, "Binary encoding" and "JSON encoding").
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "formats/avro/schema.hpp"
#include "formats/decode_limits.hpp"

namespace sidecar::formats::avro {

/// How a value of a union is shown when it is not null.
enum class Unions : std::uint8_t {
  wrapped,  ///< `{"long":5}`, as the Avro JSON encoding says; named types by their full name.
  plain     ///< `5` (`useNoWrappingAvro`).
};

/// Appends the JSON text of the one value that `bytes` hold, as their writer's schema says. `bytes` and `fixed` become
/// strings with one character (U+0000 to U+00FF) for each byte; numbers that are not finite become the strings "NaN",
/// "Infinity" and "-Infinity"; logical types are shown as the type under them; bad UTF-8 in strings becomes U+FFFD. A
/// schema that is `bytes` itself takes all of `bytes`, which then have no length in front, as Confluent's serializers
/// write it. Error: one line with the path inside the value and no part of it (`orders[2].amount: cut off`); `out` is
/// as before. Errors are: cut off, bytes left over, a number, branch, symbol or length that cannot be, and the limits.
[[nodiscard]] std::expected<void, std::string> decode_append(const Schema& schema, std::string_view bytes,
                                                             Unions unions, const DecodeLimits& limits,
                                                             std::string& out);

}  // namespace sidecar::formats::avro
