#include "produce/schema_side.hpp"

#include <algorithm>
#include <utility>

#include "base/json_reader.hpp"

namespace sidecar::produce {
namespace {

using MaybeError = std::optional<Error>;

const SideOptions& options_of(const Envelope& envelope, Side side) {
  return side == Side::key ? envelope.key : envelope.value;
}

Slice value_of(const EnvelopeRecord& record, Side side) {
  return side == Side::key ? record.key : record.value;
}

MaybeError check_side(Side side, const SideOptions& options, formats::Format format) {
  const auto name = name_of(side);
  if (!formats::takes_schema(format)) {
    // The caller has mixed up the formats.
    if (options.schema_id) return Error::of(ErrorCode::format_with_schema_id, {name});
    if (options.schema_version) return Error::of(ErrorCode::format_with_schema_version, {name});
    if (options.subject) return Error::of(ErrorCode::format_with_subject, {name});
    if (options.schema_text) return Error::of(ErrorCode::raw_schema_without_format, {name});
    return std::nullopt;
  }
  if (options.schema_id && options.schema_version) return Error::of(ErrorCode::version_with_schema_id, {name});
  if (options.schema_id && options.schema_text) return Error::of(ErrorCode::schema_with_schema_id, {name});
  if (options.schema_version && options.schema_text) return Error::of(ErrorCode::schema_with_schema_version, {name});
  return std::nullopt;
}

/// The text of a checked string, escapes resolved in place.
Result<std::optional<std::string>> text_of(Slice string, PaddedBuffer& body, Side side, std::string_view member) {
  if (!string) return std::nullopt;
  char* const start = body.data() + string.at;
  const auto size = unescape_in_place(start, string.size);
  if (!size) {
    return std::unexpected(
        Error::of(ErrorCode::validator_schema,
                  {"/" + std::string(name_of(side)) + std::string(member) + ": a lone surrogate has no UTF-8 form"}));
  }
  return std::string(start, *size);
}

Result<SchemaSide> encode_all(Side side, const Envelope& envelope, const PaddedBuffer& body,
                              formats::CompiledSchemaPtr schema) {
  SchemaSide out;
  out.ends.reserve(envelope.records.size());
  formats::SchemaEncoder encoder;
  for (std::size_t i = 0; i < envelope.records.size(); ++i) {
    if (const Slice json = value_of(envelope.records[i], side)) {
      if (const auto encoded = encoder.append(*schema, json.in(body), out.bytes); !encoded) {
        return std::unexpected(
            Error::of(ErrorCode::serialize_exception,
                      {formats::name_of(schema->format()),
                       "record " + std::to_string(i) + ", " + std::string(name_of(side)) + ": " + encoded.error()}));
      }
    }
    out.ends.push_back(out.bytes.size());
  }
  out.schema = std::move(schema);
  return out;
}

}  // namespace

std::string_view name_of(Side side) {
  return side == Side::key ? "key" : "value";
}

MaybeError check_formats(const Envelope& envelope, formats::Format key, formats::Format value) {
  const auto& unknown_key = envelope.key.unknown_format;
  const auto& unknown_value = envelope.value.unknown_format;
  if (!unknown_key.empty() || !unknown_value.empty()) {
    return Error::of(ErrorCode::invalid_embedded_format,
                     {unknown_key.empty() ? formats::name_of(key) : unknown_key,
                      unknown_value.empty() ? formats::name_of(value) : unknown_value});
  }
  if (auto error = check_side(Side::key, envelope.key, key)) return error;
  return check_side(Side::value, envelope.value, value);
}

Task<Result<SchemaSide>> encode_side(Side side, formats::Format format, const Envelope& envelope, PaddedBuffer& body,
                                     std::string topic, const ResolveSchema& resolve) {
  const auto has_value = [side](const EnvelopeRecord& record) { return static_cast<bool>(value_of(record, side)); };
  if (std::ranges::none_of(envelope.records, has_value)) co_return SchemaSide{};
  const SideOptions& options = options_of(envelope, side);
  SchemaQuestion question{.side = side,
                          .topic = std::move(topic),
                          .format = format,
                          .id = options.schema_id,
                          .version = options.schema_version,
                          .text = {},
                          .subject = {}};
  auto text = text_of(options.schema_text, body, side, "Schema");
  if (!text) co_return std::unexpected(std::move(text.error()));
  question.text = std::move(*text);
  auto subject = text_of(options.subject, body, side, "SchemaSubject");
  if (!subject) co_return std::unexpected(std::move(subject.error()));
  question.subject = std::move(*subject);

  auto answer = co_await resolve(question);
  if (!answer) co_return std::unexpected(std::move(answer.error()));
  auto encoded = encode_all(side, envelope, body, answer->schema);
  if (encoded || !answer->latest) co_return encoded;

  question.refresh = true;
  const auto newest = co_await resolve(std::move(question));
  if (!newest || newest->schema->id() == answer->schema->id()) co_return encoded;
  co_return encode_all(side, envelope, body, newest->schema);
}

}  // namespace sidecar::produce
