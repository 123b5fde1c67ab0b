/// `kafka-consumer.yml` as the active consumer uses it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "kafka/group_consumer.hpp"
#include "records/record_json.hpp"

namespace sidecar::consume::active {

/// What a read does with a record that cannot be decoded.
enum class UndecodablePolicy : std::uint8_t {
  error,  ///< ERR12205 until the client seeks past it.
  raw,    ///< Returns it as it is, in base64.
};

struct ActiveSettings {
  /// Of every instance; `topics` is not used, group.id and others are replaced.
  kafka::GroupConsumerSettings consumer;
  records::RecordFormats formats;
  UndecodablePolicy undecodable_policy = UndecodablePolicy::error;
  std::size_t request_bytes_max = 102400;              ///< requestMaxBytes: keys and values in one answer.
  std::int64_t fetch_bytes_min = -1;                   ///< fetchMinBytes: what a read waits for; below 1: any record.
  std::chrono::milliseconds request_timeout{1000};     ///< requestTimeoutMs: longest read.
  std::chrono::milliseconds instance_timeout{300000};  ///< instanceTimeoutMs: an idle instance is closed after.
  std::chrono::milliseconds api_timeout{60000};        ///< default.api.timeout.ms: calls that ask the cluster.
  std::size_t instances_max = 100;
  std::size_t reads_max = 50;    ///< maxConsumerThreads: reads that wait at the same time.
  std::string server_id = "id";  ///< serverId: part of generated names.
  std::size_t json_depth_max = 64;
};

}  // namespace sidecar::consume::active
