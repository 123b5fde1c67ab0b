/// JSON text to Avro binary (Apache Avro 1.12 specification, "Binary encoding").
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_document.hpp"
#include "formats/avro/schema.hpp"

namespace sidecar::formats::avro {

/// Defaults can make much of little text.
inline constexpr std::size_t encoded_bytes_max = std::size_t{64} << 20U;

/// A value of a union may stand there wrapped, `{"long":5}`, or as it is. An object with one member whose name is that
/// of a branch (of a named type: the full name, or the short one or an alias where only one branch has it) is taken as
/// wrapped; anything else goes to the first branch that it fits, in the order of the schema.
///
/// Members of a record may stand in any order, of equal ones the last counts, those that are no field are skipped; a
/// field that is not there may stand under one of its aliases, else its default is written. `bytes` and `fixed` are
/// strings with one character (U+0000 to U+00FF) for each byte; `float` and `double` also take the strings "NaN",
/// "Infinity", "-Infinity", "INF" and "-INF"; a whole number may be written as 5, 5.0 or 5e0; logical types are written
/// as the type under them. Arrays and maps are one block. A schema that is `bytes` itself has no length in front, as
/// Confluent's serializers write it.
///
/// Time grows with the text: where the branches of unions would be tried too often for its size, the value is refused.
/// Recursion goes as deep as the text is nested.
///
/// Thread: one at a time (it keeps scratch space between calls).
class Encoder {
 public:
  /// Appends the binary of `json`, one value that has been checked (base/json_reader). Error: one line with the path
  /// inside the value and no part of it (`orders[2].amount: expected long, got string`); `out` is as before.
  [[nodiscard]] std::expected<void, std::string> append(const Schema& schema, std::string_view json, std::string& out);
  /// The same for a type inside a schema, never the quick way (in_order.hpp); `bytes` have their length in front then.
  [[nodiscard]] std::expected<void, std::string> append(const Node& node, std::string_view json, std::string& out);

 private:
  class Walk;

  JsonDocument document_;
  std::vector<std::uint64_t> places_;
  std::string scratch_;
};

}  // namespace sidecar::formats::avro
