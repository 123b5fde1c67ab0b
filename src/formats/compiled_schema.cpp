#include "formats/compiled_schema.hpp"

#include <utility>

#include "base/json_writer.hpp"
#include "formats/frame.hpp"

namespace sidecar::formats {
namespace {

using Compiled = std::expected<std::shared_ptr<const CompiledSchema>, std::string>;

}  // namespace

CompiledSchema::CompiledSchema(std::uint32_t id, Parsed parsed, std::string record_name)
    : id_(id), parsed_(std::move(parsed)), record_name_(std::move(record_name)) {}

Compiled CompiledSchema::compile(std::uint32_t id, const registry::Document& document) {
  const auto finished = [id](auto schema, std::string record_name) -> Compiled {
    if (!schema) return std::unexpected(std::move(schema.error()));
    return std::shared_ptr<const CompiledSchema>(
        new CompiledSchema(id, std::move(*schema), std::move(record_name)));
  };
  switch (document.type) {
    case registry::SchemaType::avro: {
      auto schema = avro::parse_schema(document.text, document.imports);
      std::string name = schema && schema->root().is_named() ? schema->root().name : std::string();
      return finished(std::move(schema), std::move(name));
    }
    case registry::SchemaType::json: {
      auto schema = jsonschema::parse_schema(document.text, document.imports);
      std::string name(schema ? schema->title() : "");
      return finished(std::move(schema), std::move(name));
    }
    case registry::SchemaType::protobuf:
      break;
  }
  return std::unexpected("the schema is " + std::string(registry::type_name(document.type)) +
                         ", which is not available in this version");
}

Format CompiledSchema::format() const {
  return std::holds_alternative<avro::Schema>(parsed_) ? Format::avro : Format::jsonschema;
}

std::expected<void, std::string> SchemaEncoder::append(const CompiledSchema& schema, std::string_view json,
                                                       std::string& out) {
  const std::size_t before = out.size();
  append_frame(out, schema.id_);
  const auto encode = [&]() -> std::expected<void, std::string> {
    if (const auto* avro = std::get_if<avro::Schema>(&schema.parsed_)) return avro_.append(*avro, json, out);
    auto valid = validator_.check(std::get<jsonschema::Schema>(schema.parsed_), json);
    if (valid) append_compact_json(out, json);
    return valid;
  };
  auto done = encode();
  if (!done) out.resize(before);
  return done;
}

std::expected<void, std::string> SchemaDecoder::append(const CompiledSchema& schema, std::string_view bytes,
                                                       std::string& out) {
  if (const auto* avro = std::get_if<avro::Schema>(&schema.parsed_)) {
    const avro::DecodeLimits limits{.depth_max = settings_.json_depth_max};
    return avro::decode_append(*avro, bytes, settings_.unions, limits, out);
  }
  const std::size_t before = out.size();
  auto done = decode_append(Format::json, bytes, settings_.json_depth_max, out);
  if (done && settings_.validate) done = validator_.check(std::get<jsonschema::Schema>(schema.parsed_), bytes);
  if (!done) out.resize(before);
  return done;
}

}  // namespace sidecar::formats
