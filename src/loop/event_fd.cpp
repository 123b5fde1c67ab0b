#include "loop/event_fd.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <system_error>

namespace sidecar {

struct EventFd::State : std::enable_shared_from_this<EventFd::State> {
  State(asio::io_context& loop, int fd, std::function<void()> on_signal)
      : descriptor(loop.get_executor(), fd), signalled(std::move(on_signal)) {}

  void wait() {
    descriptor.async_wait(asio::posix::descriptor_base::wait_read,
                          [self = shared_from_this()](const boost::system::error_code& error) {
                            // Closed while this call was on its way: its owner is gone.
                            if (error || !self->descriptor.is_open()) return;
                            std::uint64_t count = 0;
                            // Read before the work, so that a signal during the work is not swallowed.
                            [[maybe_unused]] const auto got = ::read(self->descriptor.native_handle(), &count, sizeof count);
                            self->signalled();
                            if (self->descriptor.is_open()) self->wait();
                          });
  }

  asio::posix::basic_stream_descriptor<LoopExecutor> descriptor;
  std::function<void()> signalled;
};

EventFd::EventFd(asio::io_context& loop, std::function<void()> on_signal) {
  const int fd = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  state_ = std::make_shared<State>(loop, fd, std::move(on_signal));
  state_->wait();
}

EventFd::~EventFd() {
  boost::system::error_code ignored;
  state_->descriptor.close(ignored);
}

void EventFd::signal() noexcept {
  const std::uint64_t one = 1;
  // A full counter means a signal is pending already.
  [[maybe_unused]] const auto sent = ::write(state_->descriptor.native_handle(), &one, sizeof one);
}

int EventFd::fd() const { return state_->descriptor.native_handle(); }

}  // namespace sidecar
