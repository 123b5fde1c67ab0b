/// Records as the backend sees them: SidecarConsumerRecord.
#pragma once

#include <vector>

#include "consume/reactive/engine.hpp"
#include "formats/format.hpp"

namespace sidecar::consume::reactive {

/// Thread: loop 0 (it keeps scratch space between calls).
class RecordJson final : public RecordCodec {
 public:
  RecordJson(formats::Format key_format, formats::Format value_format, std::size_t json_depth_max)
      : key_format_(key_format), value_format_(value_format), json_depth_max_(json_depth_max) {}

  /// `{"topic":..,"key":..,"value":..,"headers":{..},"partition":..,"offset":..,"timestamp":..}`; null keys and values are left
  /// out, of headers with one name the last wins, a null header value becomes an empty text, and X-Correlation-Id is always there.
  std::expected<void, std::string> append(const TopicPartition& partition, const kafka::Record& record, std::string& body,
                                          std::string& correlation_id) override;

 private:
  formats::Format key_format_;
  formats::Format value_format_;
  std::size_t json_depth_max_;
  std::vector<kafka::HeaderView> headers_;
};

}  // namespace sidecar::consume::reactive
