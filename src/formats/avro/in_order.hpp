/// The quick way from JSON text to Avro binary, for values as most writers write them.
#pragma once

#include <string>
#include <string_view>

#include "formats/avro/schema.hpp"

namespace sidecar::formats::avro {

/// Appends the binary of `json` in one pass over the text, as long as every record has all its fields and nothing else,
/// under their names and in the order of the schema, and the first branch of a union that the kind of a value allows is
/// the one. False, with `out` as before, for any other value, good or bad: Encoder takes those. What is written is what
/// Encoder writes. Time grows with the text. Precondition: `json` is one JSON value (base/json_reader). Thread: any.
[[nodiscard]] bool append_in_order(const Node& record, std::string_view json, std::string& out);

}  // namespace sidecar::formats::avro
