#include "records/record_json.hpp"

#include <algorithm>
#include <optional>

#include "base/ids.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "base/tracing.hpp"

namespace sidecar::records {
namespace {

/// `decode` is formats::decode_append for one side, or stands in for it.
template <class Decode>
std::expected<void, std::string> append_side(std::string_view name, std::optional<std::string_view> bytes,
                                             std::string& body, const Decode& decode) {
  if (!bytes) return {};
  body += ",\"";
  body += name;
  body += "\":";
  if (auto done = decode(*bytes); !done) return std::unexpected(std::string(name) + ": " + done.error());
  return {};
}

void append_topic(const TopicPartition& partition, std::string& body) {
  body += "{\"topic\":";
  append_json_string(body, partition.topic);
}

}  // namespace

std::expected<void, std::string> RecordJson::append(const TopicPartition& partition, const kafka::Record& record,
                                                    std::string& body, std::string& correlation_id) {
  const std::size_t before = body.size();
  append_topic(partition, body);
  const auto as = [&](formats::Format format) {
    return [&body, format, this](std::string_view bytes) {
      return formats::decode_append(format, bytes, json_depth_max_, body);
    };
  };
  auto done = append_side("key", record.raw.key(), body, as(key_format_));
  if (done) done = append_side("value", record.raw.value(), body, as(value_format_));
  if (!done) {
    body.resize(before);
    return done;
  }
  append_rest(partition, record, body, correlation_id);
  body += '}';
  return {};
}

void RecordJson::append_raw(const TopicPartition& partition, const kafka::Record& record, std::string_view why,
                            std::string& body, std::string& correlation_id) {
  append_topic(partition, body);
  const auto as_it_is = [&body, this](std::string_view bytes) {
    return formats::decode_append(formats::Format::binary, bytes, json_depth_max_, body);
  };
  (void)append_side("key", record.raw.key(), body, as_it_is);  // base64 takes any bytes
  (void)append_side("value", record.raw.value(), body, as_it_is);
  append_rest(partition, record, body, correlation_id);
  body += ",\"undecodable\":true,\"error\":";
  append_json_string(body, why);
  body += '}';
}

void RecordJson::append_rest(const TopicPartition& partition, const kafka::Record& record, std::string& body,
                             std::string& correlation_id) {
  body += ",\"headers\":{";
  headers_.clear();
  record.raw.headers(headers_);
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
