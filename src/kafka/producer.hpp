/// The producer of the process: requests, dead letters and (later) topic audit go through one librdkafka instance.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kafka/properties.hpp"
#include "loop/loop.hpp"
#include "observability/log.hpp"

namespace sidecar::kafka {

struct HeaderView {
  std::string_view name;
  std::optional<std::string_view> value;  ///< Nothing: a null value, which Kafka allows.
};

/// One record to write. Nothing is copied: keys, values and headers (the array and what it points to) must live until
/// the send's slots are all settled, which the `owner` of the send guarantees.
struct ProduceRecord {
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;  ///< Nothing: a tombstone.
  /// A view into one array per request, so that a record costs no allocation of its own; same lifetime as the values.
  std::span<const HeaderView> headers;
  std::optional<std::int32_t> partition;  ///< Nothing: murmur2 of the key as Java does, sticky-random without a key.
  std::int64_t timestamp_ms = 0;          ///< 0 or below: now.
};

/// What became of one record. The three are never mixed up.
enum class Outcome : std::uint8_t {
  written,  ///< In the log (of all in-sync replicas with acks=all); partition and offset are known. The offset is -1
            ///< in one rare case: a retry that the broker recognised as a duplicate without remembering where it is.
  not_written,  ///< Certainly not in the log.
  unknown,      ///< Sent, but nobody said what became of it; also: no report before the deadline.
};

/// What a send is for.
enum class Purpose : std::uint8_t {
  request,      ///< max.request.size holds, and records of one partition keep their order.
  dead_letter,  ///< The topic alone limits the size, and every letter is tried; their order among each other is not promised.
};

struct Delivery {
  Outcome outcome = Outcome::unknown;
  std::int32_t partition = -1;
  std::int64_t offset = -1;
  /// 40101, 40301, 50002 or 50003 (0 when written) as in the produce answer.
  std::int32_t error_code = 0;
  std::string error;              ///< librdkafka's words; for unknown outcomes the text says so.
  bool refused_for_size = false;  ///< MSG_SIZE_TOO_LARGE: of the broker, or of our own max.request.size.
};

struct ProducerSettings {
  Properties properties;                       ///< Translated: librdkafka names and values.
  std::int64_t record_bytes_max = 1048576;     ///< max.request.size, enforced here before a record is handed over.
  std::chrono::milliseconds block_max{60000};  ///< max.block.ms: longest wait for room in the queue.
  std::chrono::milliseconds request_timeout{125000};  ///< Slots open after this are `unknown`.
};

/// Thread: constructed, stopped and destroyed on loop 0, which also drains the delivery reports. `send` may be awaited
/// on any loop and resumes on the caller's loop; crossing costs one post per send, none per record.
class Producer {
 public:
  /// Throws std::runtime_error with librdkafka's words when the configuration cannot work. Does not wait for a broker.
  Producer(asio::io_context& loop0, ProducerSettings settings, observability::Logger logger);
  ~Producer();
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  /// Writes `records` to `topic` in order and returns one Delivery per record, in the same order, when all are settled
  /// or the deadline has passed. `owner` keeps alive what the records point to; it is released after the last report,
  /// even when that comes after the deadline. Records refused together with their batch (NOT_PERSISTED) were sent again
  /// one by one before this returns; but not when a later record of the same request is in their partition already, because
  /// they would land behind it: they are then `not_written`, and their text says so. Dead letters are sent again always.
  Task<std::vector<Delivery>> send(std::string topic, std::vector<ProduceRecord> records,
                                   std::shared_ptr<const void> owner, Purpose purpose = Purpose::request);

  /// Records handed over and not yet settled.
  [[nodiscard]] std::size_t records_in_flight() const;
  /// True while at least one broker connection is up, or was less than `grace` ago (readiness, decisions 4.12).
  [[nodiscard]] bool connected(std::chrono::milliseconds grace = std::chrono::seconds(10)) const;

  /// Waits for what is in flight, at most `limit`, then gives up on the rest. Loop 0.
  Task<> stop(std::chrono::milliseconds limit);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace sidecar::kafka
