/// One librdkafka producer and what belongs to it. The Producer has one for everything, and now and then a second one
/// that sends each record in a batch of its own.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "kafka/client.hpp"
#include "kafka/handles.hpp"
#include "kafka/producer.hpp"

namespace sidecar::kafka {

/// Thread: lives on loop 0; `produce`, `topic` and `open` may be used on any.
class ProduceClient {
 public:
  struct Events {
    /// A delivery-report event, many reports in one.
    std::function<void(rd_kafka_event_t& event)> on_reports;
    /// The client cannot produce any more and must be replaced.
    std::function<void()> on_fatal;
  };

  /// Throws std::runtime_error when the configuration cannot work.
  ProduceClient(asio::io_context& loop0, const Properties& properties, const Properties& overrides,
                std::shared_ptr<ConnectionWatch> watch, const observability::Logger& logger, Events events);

  /// Nothing when the name cannot be a topic; ask rd_kafka_last_error then.
  [[nodiscard]] TopicHandle topic(const std::string& name) const;
  /// Hands one record over without copying its value. `opaque` comes back with the report. On an error there is none;
  /// _FATAL says that the client is of no more use.
  [[nodiscard]] rd_kafka_resp_err_t produce(rd_kafka_topic_t* topic, const ProduceRecord& record, void* opaque) const;

  /// Gives up on what waits, and with `in_flight` also on what was sent. The reports come as events.
  void purge(bool in_flight);
  void drain() { pump_->drain(); }
  /// Once a second.
  void tick() { voice_.tick(); }
  /// True from the first answer of any broker on.
  bool had_first_answer() { return voice_.had_first_answer(client_.get()); }
  void forget_watch() { voice_.forget_watch(); }
  /// librdkafka's words about what made it unusable.
  [[nodiscard]] std::string fatal_error() const;
  /// Stops the events and gives the client away. No record may be open, nobody else may use it.
  [[nodiscard]] ClientHandle release();

  /// Records handed over and not yet reported.
  std::atomic<std::int64_t> open{0};
  std::chrono::steady_clock::time_point last_used;  ///< Loop 0, kept by the owner.

 private:
  ClientVoice voice_;
  ClientHandle client_;
  std::unique_ptr<EventPump> pump_;  // last: its events use the others
};

}  // namespace sidecar::kafka
