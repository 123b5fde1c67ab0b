#include "consume/reactive/record_json.hpp"

#include <algorithm>

#include "base/ids.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "base/tracing.hpp"

namespace sidecar::consume::reactive {
namespace {


}  // namespace

std::expected<void, std::string> RecordJson::append(const TopicPartition& partition, const kafka::Record& record,
                                                    std::string& body, std::string& correlation_id) {
  const std::size_t before = body.size();
  body += "{\"topic\":";
  append_json_string(body, partition.topic);
  const auto side = [&](std::string_view name, formats::Format format, std::optional<std::string_view> bytes) {
    std::expected<void, std::string> done;
    if (!bytes) return done;
    body += ",\"";
    body += name;
    body += "\":";
    done = formats::decode_append(format, *bytes, json_depth_max_, body);
    if (!done) {
      body.resize(before);
      done = std::unexpected(std::string(name) + ": " + done.error());
    }
    return done;
  };
  if (auto done = side("key", key_format_, record.raw.key()); !done) return done;
  if (auto done = side("value", value_format_, record.raw.value()); !done) return done;

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
    const bool again = std::any_of(header + 1, headers_.end(), [&](const auto& later) { return later.name == header->name; });
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
  body += '}';
  return {};
}

}  // namespace sidecar::consume::reactive
