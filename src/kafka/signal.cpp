#include "kafka/signal.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>

namespace sidecar::kafka {

void Signal::wake() {
  raised_ = true;
  if (waiting_ != nullptr) waiting_->cancel();
}

void Signal::raise() {
  if (!wanted()) return;
  if (executor_.running_in_this_thread()) {
    wake();
  } else {
    asio::post(executor_, [self = shared_from_this()] { self->wake(); });
  }
}

Task<bool> Signal::wait_until(std::chrono::steady_clock::time_point deadline) {
  const auto self = shared_from_this();
  if (raised_) co_return true;
  SteadyTimer timer(executor_, deadline);
  struct Registration {
    Signal& signal;
    ~Registration() { signal.waiting_ = nullptr; }
  };
  const Registration registration{*this};
  waiting_ = &timer;
  boost::system::error_code ignored;
  // Cancelled from outside, the next wait throws (asio's default for coroutines) and unwinds the caller.
  while (!raised_ && std::chrono::steady_clock::now() < deadline) {
    co_await timer.async_wait(asio::redirect_error(use_task, ignored));
  }
  co_return raised_;
}

}  // namespace sidecar::kafka
