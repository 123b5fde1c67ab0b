#include "produce/schema_resolver.hpp"

#include <utility>

namespace sidecar::produce {
namespace {

using registry::Answer;
using registry::Failure;
using registry::SubjectStrategy;

registry::SchemaType type_of(formats::Format format) {
  switch (format) {
    case formats::Format::jsonschema:
      return registry::SchemaType::json;
    case formats::Format::protobuf:
      return registry::SchemaType::protobuf;
    default:
      return registry::SchemaType::avro;
  }
}

std::unexpected<Failure> unusable(std::string text) {
  return std::unexpected(Failure{.kind = Failure::Kind::unusable, .text = std::move(text)});
}

}  // namespace

SchemaResolver::SchemaResolver(registry::Registry& registry, const registry::RegistrySettings& settings,
                               formats::Schemas& schemas, observability::Logger logger)
    : registry_(registry), settings_(settings), schemas_(schemas), log_(std::move(logger)) {}

SubjectStrategy SchemaResolver::strategy(Side side) const {
  return side == Side::key ? settings_.key_subjects : settings_.value_subjects;
}

/// The subject of the question, or what the strategy makes of the schema's name.
Task<Answer<std::string>> SchemaResolver::subject(const SchemaQuestion& question) const {
  if (question.subject) co_return *question.subject;
  const bool is_key = question.side == Side::key;
  const auto how = strategy(question.side);
  if (how == SubjectStrategy::topic_name) co_return registry::subject_of(how, question.topic, is_key, "");

  formats::Schemas::Known named = std::unexpected(std::string());
  if (question.id) {
    const auto schema = co_await registry_.by_id(*question.id);
    if (!schema) co_return std::unexpected(schema.error());
    named = schemas_.compile(*schema);
  } else if (question.text) {
    const registry::Document document{.type = type_of(question.format), .text = *question.text, .imports = {}};
    named = formats::CompiledSchema::compile(0, document);
  } else {
    co_return unusable("the subject name strategy needs the name in a schema: give a schema id or text, or a subject");
  }
  if (!named) co_return unusable(std::move(named.error()));
  const auto name = (*named)->record_name();
  if (name.empty()) co_return unusable("the subject name strategy needs a name, and the schema has none");
  co_return registry::subject_of(how, question.topic, is_key, name);
}

Task<Answer<registry::Schema>> SchemaResolver::ask(const SchemaQuestion& question, std::string subject) const {
  if (question.id) co_return co_await registry_.by_id_under(std::move(subject), *question.id);
  if (question.version) co_return co_await registry_.by_version(std::move(subject), *question.version);
  if (question.text) co_return co_await registry_.of_text(std::move(subject), type_of(question.format), *question.text);
  co_return co_await registry_.latest(std::move(subject), question.refresh);
}

Task<Result<SchemaAnswer>> SchemaResolver::resolve(SchemaQuestion question) const {
  const auto failed = [&](std::string_view why) {
    log_.warn("schema cannot be resolved",
              {{"topic", question.topic}, {"side", name_of(question.side)}, {"reason", why}});
    return std::unexpected(Error::of(ErrorCode::failed_to_get_schema, {name_of(question.side), why}));
  };
  auto under = co_await subject(question);
  if (!under) co_return failed(under.error().text);
  const auto schema = co_await ask(question, std::move(*under));
  if (!schema) co_return failed(schema.error().text);
  auto compiled = schemas_.compile(*schema);
  if (!compiled) co_return failed("schema " + std::to_string(schema->id) + ": " + compiled.error());
  const bool latest = !question.id && !question.version && !question.text;
  co_return SchemaAnswer{.schema = std::move(*compiled), .latest = latest};
}

}  // namespace sidecar::produce
