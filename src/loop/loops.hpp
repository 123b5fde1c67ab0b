/// The loops of the process, and their heartbeats.
#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "loop/loop.hpp"

namespace sidecar {

/// How many CPUs this process may use: the smaller of its affinity mask and its cgroup's CPU quota (rounded down, at
/// least 1).
[[nodiscard]] unsigned usable_cpus();

/// Loop 0 runs on the thread that calls `run` and owns every Kafka handle; the others carry HTTP connections only.
class Loops {
 public:
  /// `count` from 1.
  explicit Loops(unsigned count);
  ~Loops();
  Loops(const Loops&) = delete;
  Loops& operator=(const Loops&) = delete;

  [[nodiscard]] asio::io_context& first();
  [[nodiscard]] std::vector<asio::io_context*> all();

  /// Runs until `stop`; returns when every thread has ended. What a handler on loop 0 throws comes out here.
  void run();
  /// From any thread, once or more.
  void stop();

  /// True when every loop has shown a sign of life within `limit`. From any thread.
  [[nodiscard]] bool beating(std::chrono::milliseconds limit = std::chrono::seconds(5)) const;

 private:
  struct Loop;
  std::vector<std::unique_ptr<Loop>> loops_;
};

}  // namespace sidecar
