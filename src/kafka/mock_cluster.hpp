/// A Kafka cluster inside the process, in memory: librdkafka's mock. For the demo, tests and benchmarks; it proves
/// nothing about a real broker.
///
/// What to know about it:
/// - It keeps at most 5 MB or 100,000 batches per partition and silently drops the oldest. One thread serves all
/// brokers.
/// - Empty fetches wait for the whole `fetch.wait.max.ms`; consumers want 10 ms there.
/// - The sockets it accepts lack TCP_NODELAY, which shows as 40 ms on quiet connections. A program that cares defines
///   `accept()` itself, sets the option there, and is linked with -rdynamic (see `set_no_delay`).
/// - It knows no TLS, SASL, compression checks or disk, and ignores acks.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/types.hpp"
#include "kafka/inspector.hpp"
#include "kafka/properties.hpp"

namespace sidecar::kafka {

/// Requests that errors can be pushed for (Kafka's API keys, which are 16 bits wide).
enum class MockRequest : std::int16_t {  // NOLINT(performance-enum-size)
  produce = 0,
  fetch = 1,
  metadata = 3,
  offset_commit = 8,
  offset_fetch = 9,
  find_coordinator = 10,
  join_group = 11,
  heartbeat = 12,
  sync_group = 14,
  init_producer_id = 22,
  consumer_group_heartbeat = 68,
};

/// Thread: any, one at a time. Calls that read block.
class MockCluster {
 public:
  /// Starts `brokers` brokers (ids from 1) on free ports of 127.0.0.1. The group coordinator does not wait for further
  /// members before it assigns partitions. Throws std::runtime_error.
  explicit MockCluster(int brokers = 1);
  ~MockCluster();
  MockCluster(const MockCluster&) = delete;
  MockCluster& operator=(const MockCluster&) = delete;

  /// `127.0.0.1:40001,127.0.0.1:40002`.
  [[nodiscard]] std::string bootstrap_servers() const;
  /// Throws std::runtime_error. Topics that were not created are created by their first use, with four partitions.
  void create_topic(const std::string& topic, int partitions, int replication = 1);

  /// The next answers to `request`, from any broker, carry these errors (Kafka's numbers, 0 for none), one each.
  void push_errors(MockRequest request, const std::vector<int>& errors);
  /// The next answers of one broker carry these errors and come after these delays. The request takes effect before the
  /// delay, unless its error is not 0.
  void push_errors(int broker, MockRequest request,
                   const std::vector<std::pair<int, std::chrono::milliseconds>>& errors);
  void clear_errors(MockRequest request);
  /// Every use of the topic fails with this error in metadata, until it is set to 0.
  void set_topic_error(const std::string& topic, int error);
  void set_broker_up(int broker, bool up);
  void set_rtt(int broker, std::chrono::milliseconds rtt);
  void set_leader(const std::string& topic, std::int32_t partition, int broker);
  /// Which broker coordinates the group.
  void set_coordinator(const std::string& group, int broker);
  /// Session and heartbeat of groups with `group.protocol=consumer` (others send their own).
  void set_consumer_group_times(std::chrono::milliseconds session, std::chrono::milliseconds heartbeat);

  /// Everything that is in the topic now, per partition in offset order. Waits at most `limit`.
  [[nodiscard]] std::vector<StoredRecord> read(const std::string& topic,
                                               std::chrono::milliseconds limit = std::chrono::seconds(10)) const;
  /// The committed offset of a group for one partition, nothing when there is none. Waits at most `limit`.
  [[nodiscard]] std::optional<CommittedOffset> committed(
      const std::string& group, const TopicPartition& partition,
      std::chrono::milliseconds limit = std::chrono::seconds(10)) const;

 private:
  struct Handles;
  std::unique_ptr<Handles> handles_;
};

/// For the `accept()` that a program with a mock cluster defines: switches Nagle's algorithm off on a new socket.
void set_no_delay(int socket);

}  // namespace sidecar::kafka
