/// Loops and waiting for the tests against the mock cluster.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <chrono>
#include <exception>
#include <functional>
#include <optional>
#include <thread>
#include <utility>

#include "loop/loop.hpp"

namespace sidecar::kafka {

using namespace std::chrono_literals;

/// Loop 0 on the thread of the test: it runs while the test waits for something.
class TestLoop {
 public:
  asio::io_context& context() { return loop_; }

  /// Runs the loop until the condition holds; false when it never did.
  bool run_until(const std::function<bool()>& condition, std::chrono::milliseconds limit = 15s) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!condition()) {
      if (std::chrono::steady_clock::now() >= end) return false;
      loop_.restart();
      loop_.run_for(5ms);
    }
    return true;
  }
  void run_for(std::chrono::milliseconds time) {
    loop_.restart();
    loop_.run_for(time);
  }

  /// Runs a coroutine on this loop to its end and returns what it returned.
  template <class T>
  T run(Task<T> task) {
    std::optional<T> result;
    std::exception_ptr failure;
    bool done = false;
    asio::co_spawn(loop_, std::move(task), [&](std::exception_ptr error, T value) {
      failure = error;
      result.emplace(std::move(value));
      done = true;
    });
    if (!run_until([&] { return done; }, 60s)) throw std::runtime_error("the coroutine did not end");
    if (failure) std::rethrow_exception(failure);
    return std::move(*result);
  }
  void run(Task<> task) {
    std::exception_ptr failure;
    bool done = false;
    asio::co_spawn(loop_, std::move(task), [&](std::exception_ptr error) {
      failure = error;
      done = true;
    });
    if (!run_until([&] { return done; }, 60s)) throw std::runtime_error("the coroutine did not end");
    if (failure) std::rethrow_exception(failure);
  }

 private:
  asio::io_context loop_{1};
};

/// Another loop, on a thread of its own.
class ThreadLoop {
 public:
  ThreadLoop() : thread_([this] { loop_.run(); }) {}
  ~ThreadLoop() {
    work_.reset();
    thread_.join();
  }
  ThreadLoop(const ThreadLoop&) = delete;
  ThreadLoop& operator=(const ThreadLoop&) = delete;
  asio::io_context& context() { return loop_; }

 private:
  asio::io_context loop_{1};
  asio::executor_work_guard<LoopExecutor> work_{loop_.get_executor()};
  std::thread thread_;
};

}  // namespace sidecar::kafka
