/// Protobuf binary to JSON text (protobuf documentation, "Encoding" and "ProtoJSON Format").
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "formats/decode_limits.hpp"
#include "formats/protobuf/schema.hpp"

namespace sidecar::formats::protobuf {

/// Appends the JSON text of the message that `bytes` hold: the indexes of its type (formats/frame.hpp), then the
/// message.
///
/// Fields stand in the order of their numbers under their lowerCamel names. Fields without presence that are not there
/// show their default, `[]` or `{}`; those with presence (messages, members of a oneof, `optional`, all of proto2)
/// are left out. 64-bit integers, `bytes` (base64) and numbers that are not finite are strings, enums the names of
/// their values or, for an unknown one, its number; well-known types have their own form, also inside an Any. Of a
/// field that stands twice the last counts; messages are merged; map keys replaced. Lists may be packed or not,
/// whatever the schema says. Unknown fields, extensions, and fields of another wire type are skipped; missing required
/// fields are nothing special; bad UTF-8 in strings becomes U+FFFD.
///
/// Error: one line with the path inside the value and no part of it (`orders[2].amount: cut off`); `out` is as before.
/// Errors are: indexes of no message, bytes that are no message, a Timestamp, Duration or FieldMask that JSON has no
/// text for, an Any of a type that is not in the schema and its imports, and the limits.
[[nodiscard]] std::expected<void, std::string> decode_append(const Schema& schema, std::string_view bytes,
                                                             const DecodeLimits& limits, std::string& out);

}  // namespace sidecar::formats::protobuf
