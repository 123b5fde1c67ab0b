/// Protobuf schemas: .proto files read at run time, as tables for reading and writing messages of theirs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "formats/import.hpp"

namespace sidecar::formats::protobuf {

/// The type of a field, or of its elements. The order is that of `kind_name`.
enum class Kind : std::uint8_t {
  boolean,
  int32,
  int64,
  uint32,
  uint64,
  sint32,
  sint64,
  fixed32,
  fixed64,
  sfixed32,
  sfixed64,
  float32,
  float64,
  string,
  bytes,
  enumeration,
  message,
  group
};
/// As a .proto file writes it.
[[nodiscard]] std::string_view kind_name(Kind kind);

/// How a value is marked on the wire (protobuf documentation, "Encoding").
enum class WireType : std::uint8_t { varint = 0, fixed64 = 1, length = 2, group_begin = 3, group_end = 4, fixed32 = 5 };
/// Of one value, not of a packed list.
[[nodiscard]] WireType wire_type(Kind kind);

struct Enumeration {
  struct Value {
    std::string name;
    std::int32_t number = 0;
  };
  std::string full_name;
  std::vector<Value> by_name;    ///< Sorted.
  std::vector<Value> by_number;  ///< Sorted; of aliases the first.
  bool null_value = false;       ///< google.protobuf.NullValue, whose only value is null in JSON.

  [[nodiscard]] const Value* find(std::string_view name) const;
  [[nodiscard]] const Value* find(std::int32_t number) const;
};

struct Message;

enum class Shape : std::uint8_t { singular, repeated, map };

struct Field {
  std::string name;
  std::string json_name;
  std::string key;     ///< `"json_name":`
  std::string absent;  ///< JSON text, key included, of the field when it is not there; empty: it is left out.
  std::int32_t number = 0;
  Kind kind = Kind::int32;
  Shape shape = Shape::singular;
  bool required = false;
  bool packed = false;    ///< Written as one packed list.
  bool presence = false;  ///< Singular: whether it is set can be told even if it is the default.
  std::int32_t oneof = -1;
  const Message* message = nullptr;          ///< Kinds message and group. Map: of an entry, with `key` and `value`.
  const Enumeration* enumeration = nullptr;  ///< Kind enumeration.
};

/// Messages of google/protobuf/*.proto that have a JSON form of their own.
enum class WellKnown : std::uint8_t {
  none,
  any,
  duration,
  field_mask,
  timestamp,
  value,
  /// Shown as the value of their only field: Struct, ListValue and the wrappers.
  transparent
};

struct Message {
  std::string full_name;
  WellKnown well_known = WellKnown::none;
  std::vector<Field> fields;  ///< In the order of their numbers.
  /// Positions in `fields` by JSON name and by original name.
  std::unordered_map<std::string_view, std::uint32_t> names;
  std::vector<const Message*> nested;  ///< As message indexes count them.
  bool has_oneofs = false;
  bool has_required = false;
};

/// Immutable, so any thread may use it. It owns all that it points to.
class Schema {
 public:
  struct Nodes;
  explicit Schema(std::unique_ptr<const Nodes> nodes);
  ~Schema();
  Schema(Schema&&) noexcept;
  Schema& operator=(Schema&&) noexcept;

  /// Full name of the first message of the file.
  [[nodiscard]] std::string_view first_message() const;
  [[nodiscard]] const Message& first() const;
  /// By message indexes (formats/frame.hpp). Null: there is none.
  [[nodiscard]] const Message* at(std::span<const std::int32_t> indexes) const;
  /// By full name, of the file and of all that it imports, directly or not. Null: there is none.
  [[nodiscard]] const Message* find(std::string_view full_name) const;

 private:
  std::unique_ptr<const Nodes> nodes_;
};

inline constexpr std::size_t schema_bytes_max = 1U << 20U;  ///< Of all texts together.
inline constexpr std::size_t imports_max = 256;
inline constexpr std::size_t full_name_bytes_max = 512;  ///< Of all that has a name.

/// Reads `text`: the source of a .proto file (proto2 or proto3), or the base64 of a serialized FileDescriptorProto.
/// Imports are looked for among google/protobuf/*.proto, which are built in, then in `imports`, which are texts of
/// either kind (of two with one name the first counts), then among the files of common_files.hpp. Services, extensions,
/// options other than `packed`, `allow_alias` and `json_name`, and what is reserved say nothing about JSON or bytes and
/// are dropped unread. In the indexes of nested messages the entry types of map fields do not count when the text is
/// source, as Java's clients count, and do when it is base64, as those clients count that register it so. Error: one
/// line with the place (`protobuf schema: 3:14: Expected ";".`): not a .proto file, unknown types, an import that is
/// not there, no message, and the limits.
[[nodiscard]] std::expected<Schema, std::string> parse_schema(std::string_view text,
                                                              std::span<const Import> imports = {});

}  // namespace sidecar::formats::protobuf
