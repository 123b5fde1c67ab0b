/// `kafka-consumer.yml` without its Kafka properties, as the reactive consumer uses it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "records/record_json.hpp"

namespace sidecar::consume::reactive {

/// How partitions are cut into lanes, see engine.hpp.
enum class Dispatch : std::uint8_t { batch, partition };
enum class UnprocessedPolicy : std::uint8_t { discard, retry };
enum class UndecodablePolicy : std::uint8_t { deadletter, stop, skip };
enum class OversizePolicy : std::uint8_t { omit, retry };

struct ReactiveSettings {
  std::vector<std::string> topics;
  std::string group_id;
  records::RecordFormats formats;
  bool dead_letter_enabled = true;
  std::string dead_letter_topic_ext = ".dlq";
  std::string backend_api_host = "https://localhost:8444";
  std::string backend_api_path = "/kafka/records";
  bool backend_connection_reset = false;
  std::chrono::milliseconds backend_timeout{300000};
  std::chrono::milliseconds wait_period{100};          ///< First back-off step.
  std::chrono::milliseconds retry_backoff_max{5000};
  Dispatch dispatch = Dispatch::batch;
  std::size_t batches_in_flight_max = 16;              ///< POSTs with the backend at once.
  std::size_t batch_records_max = 100;
  std::size_t request_bytes_max = 102400;              ///< requestMaxBytes; a larger record travels alone.
  std::chrono::milliseconds fetch_max_wait{50};
  std::uint32_t batch_rollback_threshold = 30;         ///< Percent, 0 to 100.
  std::uint32_t batch_rollback_min_records = 10;
  std::uint32_t max_retries = 3;
  std::chrono::milliseconds retry_delay{1000};
  UnprocessedPolicy unprocessed_policy = UnprocessedPolicy::discard;
  UndecodablePolicy undecodable_policy = UndecodablePolicy::deadletter;
  OversizePolicy dead_letter_oversize = OversizePolicy::omit;
  std::chrono::milliseconds shutdown_drain{20000};
  std::int64_t prefetch_bytes_max = 64 << 20;
  std::size_t json_depth_max = 64;
};

}  // namespace sidecar::consume::reactive
