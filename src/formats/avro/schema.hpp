/// Avro schemas, read from their JSON text (Apache Avro 1.12 specification, "Schema Declaration").
#pragma once

#include <boost/json/value.hpp>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

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
  std::optional<boost::json::value> default_value;
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

/// Reads `text`. The named types of `references` are known in it; each of those may use the ones before it.
/// Attributes without a meaning here (`doc`, `order`, `logicalType`, ...) are ignored. Defaults are kept, not checked:
/// they are checked when a record needs one. Errors, in one line with the place inside the schema: not JSON, too deep,
/// unknown type, illegal or repeated name, a union in a union or with two alike branches, a record that has no end.
[[nodiscard]] std::expected<Schema, std::string> parse_schema(std::string_view text,
                                                              std::span<const std::string> references = {});

}  // namespace sidecar::formats::avro
