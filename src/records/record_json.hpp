/// Records as clients see them, whichever consumer hands them out: SidecarConsumerRecord.
#pragma once

#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/types.hpp"
#include "formats/decoder.hpp"
#include "formats/format.hpp"
#include "formats/jsonschema/schema.hpp"
#include "formats/jsonschema/validate.hpp"
#include "formats/not_decoded.hpp"
#include "kafka/group_consumer.hpp"

namespace sidecar::records {

/// How a consumer reads keys and values.
struct RecordFormats {
  formats::Format key = formats::Format::jsonschema;
  formats::Format value = formats::Format::jsonschema;
  formats::SchemaDecodeSettings schema;
  /// By topic: what its values in the format json are checked against.
  std::map<std::string, std::shared_ptr<const formats::jsonschema::Schema>, std::less<>> value_schemas;
};

/// Thread: one at a time (it keeps scratch space between calls).
class RecordJson {
 public:
  /// `schemas` is not owned; null only where no format takes a schema.
  RecordJson(RecordFormats formats, formats::Schemas* schemas)
      : key_(formats.key, formats.schema, schemas),
        value_(formats.value, formats.schema, schemas),
        value_schemas_(std::move(formats.value_schemas)) {}

  /// Appends `{"topic":..,"key":..,"value":..,"headers":{..},"partition":..,"offset":..,"timestamp":..}`; null keys and
  /// values are left out, of headers with one name the last wins, a null header value becomes an empty text, and
  /// X-Correlation-Id is always there: one that is made is put into `correlation_id`, unless an id is there already,
  /// which is used again. On error nothing was appended.
  std::expected<void, formats::NotDecoded> append(const TopicPartition& partition, const kafka::Record& record,
                                                  std::string& body, std::string& correlation_id);
  /// The same for a record that cannot be decoded: key and value in base64, `"undecodable":true` and the reason as
  /// `"error"`.
  void append_raw(const TopicPartition& partition, const kafka::Record& record, std::string_view why, std::string& body,
                  std::string& correlation_id);

 private:
  std::expected<void, formats::NotDecoded> append_value(const TopicPartition& partition, const kafka::Record& record,
                                                        std::string& body);
  std::expected<void, formats::NotDecoded> append_side(std::string_view name, std::optional<std::string_view> bytes,
                                                       formats::Decoder& decoder, std::string_view id_header,
                                                       std::string& body);
  void append_rest(const TopicPartition& partition, const kafka::Record& record, std::string& body,
                   std::string& correlation_id);

  formats::Decoder key_;
  formats::Decoder value_;
  decltype(RecordFormats::value_schemas) value_schemas_;
  formats::jsonschema::Validator validator_;
  std::vector<kafka::HeaderView> headers_;
};

}  // namespace sidecar::records
