#include "records/record_json.hpp"

#include <algorithm>
#include <optional>

#include "base/base64.hpp"
#include "base/ids.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "base/tracing.hpp"

namespace sidecar::records {
namespace {

/// Where writers that put no frame in front of the bytes name the schema.
constexpr std::string_view key_schema_header = "__key_schema_id";
constexpr std::string_view value_schema_header = "__value_schema_id";

void append_topic(const TopicPartition& partition, std::string& body) {
  body += "{\"topic\":";
  append_json_string(body, partition.topic);
}

void append_name(std::string_view name, std::string& body) {
  body += ",\"";
  body += name;
  body += "\":";
}

void append_base64_side(std::string_view name, std::optional<std::string_view> bytes, std::string& body) {
  if (!bytes) return;
  append_name(name, body);
  body += '"';
  append_base64(body, *bytes);
  body += '"';
}

}  // namespace

std::expected<void, formats::NotDecoded> RecordJson::append(const TopicPartition& partition,
                                                            const kafka::Record& record, std::string& body,
                                                            std::string& correlation_id) {
  const std::size_t before = body.size();
  headers_.clear();
  record.raw.headers(headers_);
  append_topic(partition, body);
  auto done = append_side("key", record.raw.key(), key_, key_schema_header, body);
  if (done) done = append_value(partition, record, body);
  if (!done) {
    body.resize(before);
    return done;
  }
  append_rest(partition, record, body, correlation_id);
  body += '}';
  return {};
}

std::expected<void, formats::NotDecoded> RecordJson::append_value(const TopicPartition& partition,
                                                                  const kafka::Record& record, std::string& body) {
  const auto value = record.raw.value();
  auto done = append_side("value", value, value_, value_schema_header, body);
  if (!done || value_schemas_.empty() || !value || value_.format() != formats::Format::json) return done;
  const auto schema = value_schemas_.find(partition.topic);
  if (schema == value_schemas_.end()) return {};
  auto valid = validator_.check(*schema->second, *value);
  if (!valid) return std::unexpected(formats::NotDecoded{.why = "value: " + valid.error(), .missing_schema = {}});
  return {};
}

std::expected<void, formats::NotDecoded> RecordJson::append_side(std::string_view name,
                                                                 std::optional<std::string_view> bytes,
                                                                 formats::Decoder& decoder, std::string_view id_header,
                                                                 std::string& body) {
  if (!bytes) return {};
  append_name(name, body);
  std::optional<std::string_view> id;
  if (formats::takes_schema(decoder.format())) {
    const auto found = std::ranges::find(headers_, id_header, &kafka::HeaderView::name);
    if (found != headers_.end()) id = found->value;
  }
  auto done = decoder.append(*bytes, id, body);
  if (!done) done.error().why.insert(0, std::string(name) + ": ");
  return done;
}

void RecordJson::append_raw(const TopicPartition& partition, const kafka::Record& record, std::string_view why,
                            std::string& body, std::string& correlation_id) {
  headers_.clear();
  record.raw.headers(headers_);
  append_topic(partition, body);
  append_base64_side("key", record.raw.key(), body);
  append_base64_side("value", record.raw.value(), body);
  append_rest(partition, record, body, correlation_id);
  body += ",\"undecodable\":true,\"error\":";
  append_json_string(body, why);
  body += '}';
}

void RecordJson::append_rest(const TopicPartition& partition, const kafka::Record& record, std::string& body,
                             std::string& correlation_id) {
  body += ",\"headers\":{";
  bool correlated = false;
  bool first = true;
  const auto member = [&](std::string_view name, std::string_view value) {
    if (!first) body += ',';
    first = false;
    append_json_string(body, name);
    body += ':';
    append_json_string(body, value);
  };
  for (auto header = headers_.begin(); header != headers_.end(); ++header) {
    const bool again =
        std::any_of(header + 1, headers_.end(), [&](const auto& later) { return later.name == header->name; });
    if (again) continue;
    correlated = correlated || equal_any_case(header->name, correlation_header);
    member(header->name, header->value.value_or(std::string_view()));
  }
  if (!correlated) {
    if (correlation_id.empty()) correlation_id = make_id();
    member(correlation_header, correlation_id);
  }
  body += "},\"partition\":";
  append_json_number(body, partition.partition);
  body += ",\"offset\":";
  append_json_number(body, record.offset.value);
  body += ",\"timestamp\":";
  append_json_number(body, record.timestamp_ms);
}

}  // namespace sidecar::records
