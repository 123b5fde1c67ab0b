/// Avro schemas, read from their JSON text (Apache Avro 1.12 specification, "Schema Declaration").
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "formats/import.hpp"

namespace sidecar::formats::avro {

enum class Type : std::uint8_t {
  null,
  boolean,
  int32,
  int64,
  float32,
  float64,
  bytes,
  string,
  record,
  enumeration,
  fixed,
  array,
  map,
  alternatives  ///< A union.
};

struct Node;

struct Field {
  std::string name;
  std::vector<std::string> aliases;
  const Node* type = nullptr;  ///< Never null in a finished schema.
  /// The default in binary. Nothing: there is none, or it does not fit the type, and `default_problem` says why.
  std::optional<std::string> default_binary{};
  std::string default_problem{};
};

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};

/// One type of a schema. Which members count follows from `type`.
struct Node {
  Type type = Type::null;
  std::string name;  ///< record, enumeration, fixed: the full name. Others: the name of the type, as in a union.
  std::vector<std::string> aliases;   ///< Full names.
  std::vector<Field> fields;          ///< record
  std::vector<std::string> symbols;   ///< enumeration
  std::size_t size = 0;               ///< fixed: bytes
  const Node* items = nullptr;        ///< array; map: of its values
  std::vector<const Node*> branches;  ///< alternatives
  /// record: where fields stand by their names, and by aliases that are no other field's name; enumeration: symbols.
  std::unordered_map<std::string, std::uint32_t, TextHash, std::equal_to<>> index;
  bool complete = true;  ///< False for a record while its own fields are read.
  /// Fewest bytes that a value takes. Zero: any number of them fits into no bytes, which a reader must bound itself.
  std::size_t bytes_min = 0;

  [[nodiscard]] bool is_named() const {
    return type == Type::record || type == Type::enumeration || type == Type::fixed;
  }
};

/// Immutable, so any thread may use it. Recursive types point back into it; it owns every node.
class Schema {
 public:
  struct Nodes;
  explicit Schema(std::unique_ptr<Nodes> nodes);
  ~Schema();
  Schema(Schema&&) noexcept;
  Schema& operator=(Schema&&) noexcept;

  [[nodiscard]] const Node& root() const;

 private:
  std::unique_ptr<Nodes> nodes_;
};

inline constexpr std::size_t schema_depth_max = 64;  ///< Nesting of the JSON text.
inline constexpr std::size_t fixed_bytes_max = 1U << 30U;
inline constexpr std::size_t defaults_bytes_max = 1U << 20U;  ///< Of all defaults of a schema together, in binary.

/// Reads `text`. The named types of `imports` are known in it; each of those may use the ones before it. Attributes
/// without a meaning here (`doc`, `order`, `logicalType`, ...) are ignored. A default that does not fit its type is no
/// error before a record needs it; one of a union may fit any of its branches. Errors, in one line with the place
/// inside the schema: not JSON, too deep, unknown type, illegal or repeated name, a union in a union or with two alike
/// branches, a record that has no end, defaults that are too large.
[[nodiscard]] std::expected<Schema, std::string> parse_schema(std::string_view text,
                                                              std::span<const Import> imports = {});

}  // namespace sidecar::formats::avro
