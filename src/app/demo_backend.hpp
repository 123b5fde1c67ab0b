/// The sample backend of the demo: one POST route that takes batches and rejects orders with a negative total.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "http/server.hpp"
#include "loop/loop.hpp"
#include "observability/log.hpp"

namespace sidecar::app {

/// Plain HTTP on loopback, on a free port.
[[nodiscard]] http::ServerSettings demo_listener();

struct DemoRecord {
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  bool rejected = false;
};

struct DemoDelivery {
  std::string batch_id;
  std::vector<DemoRecord> records;

  [[nodiscard]] std::size_t rejected() const;
};

/// Thread: construct, start and stop on the loop's thread; the counts may be read from any thread.
class DemoBackend {
 public:
  DemoBackend(asio::io_context& loop, observability::Logger logger);

  void start() { server_.start(); }
  [[nodiscard]] std::uint16_t port() const { return server_.port(); }
  Task<> stop() { return server_.stop(std::chrono::milliseconds(500)); }

  /// Called on the loop after each batch.
  std::function<void(const DemoDelivery&)> on_delivery;
  /// Asked on the loop before each answer: how long the work on this batch takes. None: no time at all.
  std::function<std::chrono::milliseconds(const DemoDelivery&)> work;

  /// Every batch answered so far, in the order of the answers.
  [[nodiscard]] std::vector<DemoDelivery> deliveries() const;

 private:
  [[nodiscard]] http::Router routes();
  Task<http::Response> take_batch(http::Request& request);

  asio::io_context& loop_;
  mutable std::mutex mutex_;
  std::vector<DemoDelivery> deliveries_;  ///< Guarded by mutex_.
  http::HttpServer server_;
};

}  // namespace sidecar::app
