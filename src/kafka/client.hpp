/// What producer and consumer share: creating a librdkafka client, draining its events on loop 0, its log lines and its
/// end. Everything here lives on loop 0.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "kafka/connection_watch.hpp"
#include "kafka/handles.hpp"
#include "kafka/log_throttle.hpp"
#include "kafka/properties.hpp"
#include "loop/event_fd.hpp"
#include "loop/loop.hpp"
#include "observability/log.hpp"

namespace sidecar::kafka {

/// Creates a client that reports through events only: `events` (RD_KAFKA_EVENT_...) and its errors, statistics and
/// logs. `overrides` win over `properties`. `topic_opaque` is what rd_kafka_topic_opaque returns for its topics. Throws
/// std::runtime_error with librdkafka's words, never with a secret's value.
[[nodiscard]] ClientHandle make_client(rd_kafka_type_t type, const Properties& properties, const Properties& overrides,
                                       int events, void* topic_opaque = nullptr);

/// Creates a client for blocking calls: no events, no log queue. Throws as make_client does.
[[nodiscard]] ClientHandle make_blocking_client(rd_kafka_type_t type, const Properties& properties);

/// Hides what a property holds when its name says that it is a secret.
[[nodiscard]] bool is_secret_property(std::string_view name);

/// Wakes loop 0 when a queue gets its first event and drains it until it is empty.
class EventPump {
 public:
  using OnEvent = std::function<void(rd_kafka_event_t& event)>;

  /// `on_event` runs on loop 0, for one event at a time. It must not destroy the pump; it may stop it.
  EventPump(asio::io_context& loop0, QueueHandle queue, OnEvent on_event);
  ~EventPump();
  EventPump(const EventPump&) = delete;
  EventPump& operator=(const EventPump&) = delete;

  /// Drains now. Also counts as a poll for `max.poll.interval.ms`.
  void drain();
  /// No event comes after this. The queue is let go.
  void stop();
  [[nodiscard]] rd_kafka_queue_t* queue() const { return queue_.get(); }

 private:
  QueueHandle queue_;
  OnEvent on_event_;
  EventFd wake_;
  bool draining_ = false;
};

/// Log lines, errors and statistics of one client: rate limited per kind, and watched for connections.
class ClientVoice {
 public:
  /// `watch` is told about connections; it may be shared by a client and its successor.
  ClientVoice(observability::Logger logger, std::shared_ptr<ConnectionWatch> watch)
      : logger_(std::move(logger)), watch_(std::move(watch)) {}

  /// Handles LOG, ERROR and STATS events; false for any other.
  bool handle(rd_kafka_event_t& event);
  /// Tells about lines that were dropped. Call about once a second.
  void tick();
  /// Asks the client once more whether any broker has answered it yet; true from then on. Does not wait.
  bool had_first_answer(rd_kafka_t* client);

  /// What this client says about connections counts no more: another has taken its place.
  void forget_watch() { watch_ = std::make_shared<ConnectionWatch>(); }

 private:
  void on_log(rd_kafka_event_t& event);
  void on_error(rd_kafka_event_t& event);

  observability::Logger logger_;
  LogThrottle throttle_{2};  // a broker that is away speaks in three kinds of line, many times a second
  std::shared_ptr<ConnectionWatch> watch_;
  bool answered_ = false;
};

/// Destroys clients on threads of their own, because rd_kafka_destroy waits for librdkafka's threads.
class Reaper {
 public:
  Reaper();
  /// Waits for the threads, at most 5 s, then leaves them to the end of the process.
  ~Reaper();
  Reaper(const Reaper&) = delete;
  Reaper& operator=(const Reaper&) = delete;

  /// Every message, queue and topic handle of `client` must be gone. The consumer must be closed; if it is not, it is
  /// left as it is and the group finds out by its session timeout.
  void take(ClientHandle client);
  [[nodiscard]] bool idle() const;
  /// Waits until everything taken is destroyed, at most `limit`; false when something is left.
  Task<bool> wait(std::chrono::milliseconds limit);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace sidecar::kafka
