/// Looks into a Kafka cluster from outside the product's own paths: for the demo, tests and benchmarks.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/types.hpp"

namespace sidecar::kafka {

/// One record as an independent reader finds it.
struct StoredRecord {
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::int64_t timestamp_ms = 0;
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
};

/// A client of its own for each call, without TLS or SASL. Thread: any, but never a loop: the calls block. All throw
/// std::runtime_error.
class Inspector {
 public:
  explicit Inspector(std::string bootstrap_servers) : bootstrap_(std::move(bootstrap_servers)) {}

  /// Everything that is in the topic now, per partition in offset order. Waits at most `limit`.
  [[nodiscard]] std::vector<StoredRecord> read(const std::string& topic,
                                               std::chrono::milliseconds limit = std::chrono::seconds(10)) const;
  /// The committed offset of a group for one partition, nothing when there is none. Waits at most `limit`.
  [[nodiscard]] std::optional<CommittedOffset> committed(const std::string& group, const TopicPartition& partition,
                                                         std::chrono::milliseconds limit = std::chrono::seconds(10)) const;
  /// Creates the topic with the broker's default replication; one that exists already is left as it is.
  void create_topic(const std::string& topic, int partitions, std::chrono::milliseconds limit = std::chrono::seconds(10)) const;

 private:
  std::string bootstrap_;
};

/// librdkafka's version, `2.15.1`.
[[nodiscard]] std::string library_version();

}  // namespace sidecar::kafka
