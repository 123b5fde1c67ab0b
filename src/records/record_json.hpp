/// Records as clients see them, whichever consumer hands them out: SidecarConsumerRecord.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/types.hpp"
#include "formats/format.hpp"
#include "kafka/group_consumer.hpp"

namespace sidecar::records {

/// Thread: one at a time (it keeps scratch space between calls).
class RecordJson {
 public:
  RecordJson(formats::Format key_format, formats::Format value_format, std::size_t json_depth_max)
      : key_format_(key_format), value_format_(value_format), json_depth_max_(json_depth_max) {}

  /// Appends `{"topic":..,"key":..,"value":..,"headers":{..},"partition":..,"offset":..,"timestamp":..}`; null keys and
  /// values are left out, of headers with one name the last wins, a null header value becomes an empty text, and
  /// X-Correlation-Id is always there: one that is made is put into `correlation_id`, unless an id is there already,
  /// which is used again. On error the text says why, without the value, and nothing was appended.
  std::expected<void, std::string> append(const TopicPartition& partition, const kafka::Record& record,
                                          std::string& body, std::string& correlation_id);
  /// The same for a record that cannot be decoded: key and value in base64, `"undecodable":true` and the reason as
  /// `"error"`.
  void append_raw(const TopicPartition& partition, const kafka::Record& record, std::string_view why, std::string& body,
                  std::string& correlation_id);

 private:
  void append_rest(const TopicPartition& partition, const kafka::Record& record, std::string& body,
                   std::string& correlation_id);

  formats::Format key_format_;
  formats::Format value_format_;
  std::size_t json_depth_max_;
  std::vector<kafka::HeaderView> headers_;
};

}  // namespace sidecar::records
