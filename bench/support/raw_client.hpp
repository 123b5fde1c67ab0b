/// Plain librdkafka, for the baselines and for filling topics.
#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kafka/handles.hpp"
#include "support/payload.hpp"

namespace sidecar::bench {

/// `name=value`, as on the command line.
using Assignments = std::vector<std::string>;

/// Throws std::runtime_error with librdkafka's words. `opaque` comes back in callbacks.
[[nodiscard]] kafka::ClientHandle make_raw_client(rd_kafka_type_t type, const std::string& bootstrap,
                                                  const Assignments& properties,
                                                  void (*report)(rd_kafka_t*, const rd_kafka_message_t*, void*) = nullptr,
                                                  void* opaque = nullptr);

/// Writes records of one topic and counts what became of them.
class RawProducer {
 public:
  RawProducer(const std::string& bootstrap, const std::string& topic, const Assignments& properties);

  /// Waits for reports while `window` records or more are in flight, then hands one over, which is not copied unless
  /// `copy`. `partition` -1: by the key. Throws std::runtime_error when it is refused.
  void send(std::string_view key, std::string_view value, std::size_t window, bool copy = false,
            std::int32_t partition = RD_KAFKA_PARTITION_UA);
  /// Takes the reports that are there, waiting for the first at most that long.
  void poll(int wait_ms);
  /// Waits until nothing is in flight. Throws std::runtime_error after `limit_ms`, or when a record failed.
  void drain(int limit_ms);

  [[nodiscard]] std::uint64_t acknowledged() const { return acknowledged_; }
  [[nodiscard]] std::uint64_t failed() const { return failed_; }
  [[nodiscard]] std::size_t in_flight() const { return in_flight_; }
  [[nodiscard]] const std::string& last_error() const { return last_error_; }

 private:
  static void report(rd_kafka_t*, const rd_kafka_message_t* message, void* self);

  std::uint64_t acknowledged_ = 0;
  std::uint64_t failed_ = 0;
  std::size_t in_flight_ = 0;
  std::string last_error_;
  kafka::ClientHandle client_;
  kafka::TopicHandle topic_;
};

/// Fills partitions 0 to `partitions` - 1 with `records_each` records of `value_bytes` in batches of `batch_records`.
void fill_topic(const std::string& bootstrap, const std::string& topic, std::int32_t partitions,
                std::size_t records_each, std::size_t value_bytes, std::size_t batch_records);

}  // namespace sidecar::bench
