/// The reactive consumer of the process: the engine, plugged into Kafka, the backend, the dead letters and the clock.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "consume/reactive/engine.hpp"
#include "consume/reactive/settings.hpp"
#include "deadletter/letter.hpp"
#include "http/backend_client.hpp"
#include "kafka/group_consumer.hpp"
#include "loop/loop.hpp"
#include "observability/log.hpp"

namespace sidecar::consume::reactive {

/// What has to answer before the first record is delivered (and, when it is a page, for readiness).
struct BackendGate {
  http::BackendClient* health_page = nullptr;  ///< Null: an accepted connection at the backend is enough.
  std::string path;
  std::string address;                         ///< For the log and readiness.
  std::chrono::milliseconds timeout{2000};
};

/// Thread: loop 0. Life: start, then drain, then (once the dead letters in flight are settled) close.
class ReactiveConsumer {
 public:
  /// `letters` may be null while dead letters are off, `schemas` where no format takes a schema. Throws std::runtime_error when Kafka's configuration cannot work.
  ReactiveConsumer(asio::io_context& loop0, ReactiveSettings settings, kafka::GroupConsumerSettings consumer,
                   http::BackendClient& backend, BackendGate gate, deadletter::Sink* letters, formats::Schemas* schemas,
                   const observability::Logger& logger);
  ~ReactiveConsumer();
  ReactiveConsumer(const ReactiveConsumer&) = delete;
  ReactiveConsumer& operator=(const ReactiveConsumer&) = delete;

  /// Waits for the backend, then joins the group and delivers. Returns at once.
  void start();
  /// Takes no more records and lets the batch in flight settle, at most shutdownDrainMs.
  Task<> drain();
  /// Leaves the group and frees the client. After `drain`.
  Task<> close();

  /// Nothing when healthy, else why not: the gate is closed, or the engine's reason.
  [[nodiscard]] std::optional<std::string> unhealthy() const;
  /// False while no broker connection was up for 10 s. True before the gate opens.
  [[nodiscard]] bool connected() const;
  /// Asks the gate again: nothing when the backend answers.
  Task<std::optional<std::string>> check_backend();

 private:
  class Impl;
  asio::io_context& loop_;
  std::shared_ptr<Impl> impl_;
};

}  // namespace sidecar::consume::reactive
