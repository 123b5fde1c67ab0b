/// JSON text to protobuf binary (protobuf documentation, "ProtoJSON Format" and "Encoding").
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_document.hpp"
#include "formats/protobuf/schema.hpp"

namespace sidecar::formats::protobuf {

/// Nesting of messages, which is what the readers of Google's libraries accept. JSON inside a Struct takes three of
/// them for each of its levels.
inline constexpr std::size_t message_depth_max = 100;

/// Members are named as in JSON (lowerCamel, or `json_name`) or as in the .proto file. null stands for a field that is
/// not there, except for a Value and a NullValue. Integers may be numbers or strings and be written as 5, 5.0 or 5e0;
/// `float` and `double` numbers, strings of one, or "NaN", "Infinity" and "-Infinity"; enums the name of a value or any
/// number; `bytes` base64 of either alphabet, padded or not; well-known types have their JSON form, also inside an Any.
/// Refused are: unknown members, a field that stands twice, two members of one oneof, null inside an array or a map, a
/// required field that is missing, and numbers that the type cannot hold exactly (rounding of `float` and `double`
/// aside).
///
/// Fields are written in the order of their numbers and defaults of fields without presence are not, as Google's
/// libraries do; entries of maps in the order of the text, of equal keys all (a reader takes the last).
///
/// Thread: one at a time (it keeps scratch space between calls).
class Encoder {
 public:
  /// Appends the indexes of the schema's first message (formats/frame.hpp), then the message that `json` is, one value
  /// that has been checked (base/json_reader). Error: one line with the path inside the value and no part of it
  /// (`orders[2].amount: expected int32, got string`); `out` is as before.
  [[nodiscard]] std::expected<void, std::string> append(const Schema& schema, std::string_view json, std::string& out);

 private:
  class Walk;
  /// A member of an object that is a field.
  struct Member {
    std::uint32_t field = 0;     ///< Position in the message's fields.
    std::uint32_t position = 0;  ///< Of its value, in the document.
  };

  JsonDocument document_;
  std::vector<Member> members_;  ///< Of the objects that are open, outer ones first.
  std::string scratch_;
};

}  // namespace sidecar::formats::protobuf
