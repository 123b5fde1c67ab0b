#include "formats/compiled_schema.hpp"

#include <array>
#include <utility>

#include "base/json_writer.hpp"
#include "formats/frame.hpp"
#include "formats/protobuf/decode.hpp"

namespace sidecar::formats {
namespace {

/// One function for each type of a variant.
template <class... Case>
struct Cases : Case... {
  using Case::operator()...;
};

using Compiled = std::expected<std::shared_ptr<const CompiledSchema>, std::string>;

}  // namespace

CompiledSchema::CompiledSchema(std::uint32_t id, Parsed parsed, std::string record_name)
    : id_(id), parsed_(std::move(parsed)), record_name_(std::move(record_name)) {}

Compiled CompiledSchema::compile(std::uint32_t id, const registry::Document& document) {
  const auto finished = [id](auto schema, std::string record_name) -> Compiled {
    if (!schema) return std::unexpected(std::move(schema.error()));
    return std::shared_ptr<const CompiledSchema>(new CompiledSchema(id, std::move(*schema), std::move(record_name)));
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
    case registry::SchemaType::protobuf: {
      auto schema = protobuf::parse_schema(document.text, document.imports);
      std::string name(schema ? schema->first_message() : "");
      return finished(std::move(schema), std::move(name));
    }
  }
  std::unreachable();
}

Format CompiledSchema::format() const {
  constexpr std::array<Format, std::variant_size_v<Parsed>> formats{Format::avro, Format::jsonschema, Format::protobuf};
  return formats[parsed_.index()];
}

std::expected<void, std::string> SchemaEncoder::append(const CompiledSchema& schema, std::string_view json,
                                                       std::string& out) {
  const std::size_t before = out.size();
  append_frame(out, schema.id_);
  auto done = std::visit(Cases{[&](const avro::Schema& avro) { return avro_.append(avro, json, out); },
                               [&](const jsonschema::Schema& rules) {
                                 auto valid = validator_.check(rules, json);
                                 if (valid) append_compact_json(out, json);
                                 return valid;
                               },
                               [&](const protobuf::Schema& messages) { return protobuf_.append(messages, json, out); }},
                         schema.parsed_);
  if (!done) out.resize(before);
  return done;
}

std::expected<void, std::string> SchemaDecoder::append(const CompiledSchema& schema, std::string_view bytes,
                                                       std::string& out) {
  const DecodeLimits limits{.depth_max = settings_.json_depth_max};
  return std::visit(
      Cases{[&](const avro::Schema& avro) { return avro::decode_append(avro, bytes, settings_.unions, limits, out); },
            [&](const jsonschema::Schema& rules) {
              const std::size_t before = out.size();
              auto done = decode_append(Format::json, bytes, settings_.json_depth_max, out);
              if (done && settings_.validate) done = validator_.check(rules, bytes);
              if (!done) out.resize(before);
              return done;
            },
            [&](const protobuf::Schema& messages) { return protobuf::decode_append(messages, bytes, limits, out); }},
      schema.parsed_);
}

}  // namespace sidecar::formats
