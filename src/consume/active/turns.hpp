/// First come, first served: who may work now.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <utility>

#include "kafka/signal.hpp"
#include "loop/loop.hpp"

namespace sidecar::consume::active {

/// Thread: loop 0, the end of a turn included.
class Turns {
  struct State {
    LoopExecutor executor;
    std::size_t free;
    std::deque<std::shared_ptr<kafka::Signal>> waiting;
  };

 public:
  /// `at_once`: how many may have their turn at the same time.
  Turns(const LoopExecutor& executor, std::size_t at_once) : state_(std::make_shared<State>(executor, at_once)) {}

  /// Ends with its destruction, also after the queue.
  class Turn {
   public:
    Turn() = default;
    explicit Turn(std::shared_ptr<State> state) : state_(std::move(state)) {}
    ~Turn() { end(); }
    Turn(Turn&& other) noexcept = default;
    Turn& operator=(Turn&& other) noexcept {
      end();
      state_ = std::move(other.state_);
      return *this;
    }

   private:
    void end() {
      if (!state_) return;
      const auto state = std::move(state_);
      if (state->waiting.empty()) {
        ++state->free;
        return;
      }
      // The turn goes over to the next one.
      const auto next = std::move(state->waiting.front());
      state->waiting.pop_front();
      next->raise();
    }

    std::shared_ptr<State> state_;
  };

  /// Waits until everybody who came before has had, or has, the turn.
  Task<Turn> take() {
    const auto state = state_;
    if (state->free > 0) {
      --state->free;
      co_return Turn(state);
    }
    const auto signal = std::make_shared<kafka::Signal>(state->executor);
    state->waiting.push_back(signal);
    while (!co_await signal->wait_until(SteadyTimer::time_point::max())) {
    }
    co_return Turn(state);
  }

 private:
  std::shared_ptr<State> state_;
};

}  // namespace sidecar::consume::active
