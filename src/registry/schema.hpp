/// Schemas as a registry keeps them, and how asking for one can fail.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sidecar::registry {

enum class SchemaType : std::uint8_t { avro, json, protobuf };

/// `AVRO`, `JSON` or `PROTOBUF`, as the registry writes it.
[[nodiscard]] constexpr const char* type_name(SchemaType type) {
  switch (type) {
    case SchemaType::avro:
      return "AVRO";
    case SchemaType::json:
      return "JSON";
    case SchemaType::protobuf:
      return "PROTOBUF";
  }
  std::unreachable();
}

/// How a schema names another one.
struct Reference {
  std::string name;  ///< As the schema's text uses it: a full name (Avro), the text of a `$ref` (JSON), an import path.
  std::string subject;
  std::int32_t version = 0;

  friend auto operator<=>(const Reference&, const Reference&) = default;
};

/// A schema that another one refers to, under the name that it uses.
struct Import {
  std::string name;
  std::string text;

  friend bool operator==(const Import&, const Import&) = default;
};

/// The text of a schema with everything that it refers to, directly or not: each name once, each may use those before
/// it. When two schemas use one name for different subjects or versions, the first that is met counts (depth first, in
/// the order of the lists), as in Confluent's clients.
struct Document {
  SchemaType type = SchemaType::avro;
  std::string text;
  std::vector<Import> imports{};
  std::vector<Reference> references{};  ///< As the schema itself lists them.

  friend bool operator==(const Document&, const Document&) = default;
};

/// The 16 bytes of a schema's GUID, in the order of its text.
using Guid = std::array<std::uint8_t, 16>;

struct Schema {
  std::uint32_t id = 0;  ///< 0 when it was asked for by its GUID and the registry does not say.
  std::shared_ptr<const Document>
      document;           ///< Never null in an answer. The same object again while the id is in the cache.
  std::string subject{};  ///< Under which it was found; empty for ids and GUIDs.
  std::optional<std::int32_t> version{};  ///< Of the subject, when the registry said it.
};

struct Failure {
  enum class Kind : std::uint8_t {
    /// No registry could be asked, or what came back is not an answer of one: not connected, too slow, 5xx, 401, 403, a
    /// redirect, too large, no JSON. The same question may be answered later.
    unavailable,
    not_found,  ///< The registry says that it has no such schema, version or subject.
    refused,    ///< The registry does not accept what was asked (409 incompatible, 422 invalid); `text` has its reason.
    unusable    ///< The schema exists, but what it refers to is missing, goes in a circle, is too deep, too many, too
                ///< large.
  };
  Kind kind = Kind::unavailable;
  std::string text;  ///< One line for logs and callers; never credentials.
};

template <class T>
using Answer = std::expected<T, Failure>;

}  // namespace sidecar::registry
