/// The schema registry of the demo: subjects, versions and ids in memory, over the paths of a real one. It takes any
/// text, and checks no compatibility.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "http/server.hpp"
#include "loop/loop.hpp"
#include "observability/log.hpp"

namespace sidecar::app {

/// Thread: construct, start and stop on the loop's thread; the others from any thread.
class DemoRegistry {
 public:
  DemoRegistry(asio::io_context& loop, observability::Logger logger);

  void start() { server_.start(); }
  [[nodiscard]] std::uint16_t port() const { return server_.port(); }
  Task<> stop() { return server_.stop(std::chrono::milliseconds(500)); }

  /// The id of `text` under `subject`, as a client that registers it gets it.
  std::uint32_t enroll(const std::string& subject, const std::string& text);
  /// While it is not up, every request is answered with 503.
  void set_up(bool up) { up_ = up; }
  /// Requests so far, those that found it down included.
  [[nodiscard]] std::size_t requests() const { return requests_; }

 private:
  struct Version {
    std::uint32_t id = 0;
    int number = 0;  ///< Within the subject.
  };

  [[nodiscard]] http::Router routes();
  [[nodiscard]] http::Response schema(std::string_view id) const;
  [[nodiscard]] http::Response version(const std::string& subject, std::string_view number) const;
  [[nodiscard]] http::Response look_up(const std::string& subject, const http::Request& request) const;

  std::atomic<bool> up_{true};
  std::atomic<std::size_t> requests_{0};
  mutable std::mutex mutex_;
  std::vector<std::string> texts_;  ///< Ids are positions, from 1. Guarded by mutex_, as the next.
  std::map<std::string, std::vector<Version>> subjects_;
  http::HttpServer server_;
};

}  // namespace sidecar::app
