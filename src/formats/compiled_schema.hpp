/// A schema of the registry, ready for use: JSON to record bytes and back.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "formats/avro/decode.hpp"
#include "formats/avro/encode.hpp"
#include "formats/avro/schema.hpp"
#include "formats/format.hpp"
#include "formats/jsonschema/schema.hpp"
#include "formats/jsonschema/validate.hpp"
#include "formats/protobuf/encode.hpp"
#include "formats/protobuf/schema.hpp"
#include "registry/registry.hpp"

namespace sidecar::formats {

/// Immutable, so any thread may use it.
class CompiledSchema {
 public:
  /// Error: one line about what in the schema's text, or in one that it refers to, cannot be used.
  [[nodiscard]] static std::expected<std::shared_ptr<const CompiledSchema>, std::string> compile(
      std::uint32_t id, const registry::Document& document);

  /// In the registry.
  [[nodiscard]] std::uint32_t id() const { return id_; }
  [[nodiscard]] Format format() const;
  /// What the subject name strategies RecordName and TopicRecordName call it: the full name of an Avro type, the title
  /// of a JSON Schema, the full name of the first message of a .proto file; empty when it has none.
  [[nodiscard]] std::string_view record_name() const { return record_name_; }

 private:
  friend class SchemaEncoder;
  friend class SchemaDecoder;
  using Parsed = std::variant<avro::Schema, jsonschema::Schema, protobuf::Schema>;

  CompiledSchema(std::uint32_t id, Parsed parsed, std::string record_name);

  std::uint32_t id_;
  Parsed parsed_;
  std::string record_name_;
};

using CompiledSchemaPtr = std::shared_ptr<const CompiledSchema>;

/// Produce direction. Thread: one at a time (it keeps scratch space between calls).
class SchemaEncoder {
 public:
  /// Appends the record bytes, frame included, of the JSON value `json`, which has been checked (base/json_reader).
  /// Error: one line with the place inside the value and no part of it; `out` is as before.
  [[nodiscard]] std::expected<void, std::string> append(const CompiledSchema& schema, std::string_view json,
                                                        std::string& out);

 private:
  avro::Encoder avro_;
  jsonschema::Validator validator_;
  protobuf::Encoder protobuf_;
};

struct SchemaDecodeSettings {
  avro::Unions unions = avro::Unions::wrapped;
  std::size_t json_depth_max = 64;
  bool validate = false;  ///< JSON Schema: check what was read against the schema.
};

/// Consume direction. Thread: one at a time.
class SchemaDecoder {
 public:
  explicit SchemaDecoder(SchemaDecodeSettings settings) : settings_(settings) {}

  /// Appends the JSON value of `bytes`, which begin behind the id of the frame. Error: one line with the place inside
  /// the value and no part of it; `out` is as before.
  [[nodiscard]] std::expected<void, std::string> append(const CompiledSchema& schema, std::string_view bytes,
                                                        std::string& out);

 private:
  SchemaDecodeSettings settings_;
  jsonschema::Validator validator_;
};

}  // namespace sidecar::formats
