#include "kafka/turn_queue.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <string>

namespace sidecar::kafka {
namespace {

using namespace std::chrono_literals;

/// A waiter that notes when it has its turn and keeps it until told otherwise.
struct Waiter {
  Waiter(asio::io_context& loop, std::string name, std::string& log)
      : signal(std::make_shared<Signal>(loop.get_executor())) {
    asio::co_spawn(loop, wait(signal, std::move(name), log), asio::detached);
  }
  static Task<> wait(std::shared_ptr<Signal> signal, std::string name, std::string& log) {
    if (co_await signal->wait_until(std::chrono::steady_clock::now() + 5s)) log += name;
  }
  std::shared_ptr<Signal> signal;
};

class TurnQueueTest : public testing::Test {
 protected:
  void settle() {
    loop.restart();
    loop.poll();
  }
  asio::io_context loop{1};
  std::string log;
  TurnQueue turns;
};

TEST_F(TurnQueueTest, ServesOneAfterTheOtherInTheOrderTheyCame) {
  Waiter a(loop, "a", log);
  Waiter b(loop, "b", log);
  Waiter c(loop, "c", log);
  settle();
  turns.join(a.signal);
  turns.join(b.signal);
  turns.join(c.signal);
  settle();
  EXPECT_EQ(log, "a") << "one has the turn";
  turns.freed();
  settle();
  EXPECT_EQ(log, "a") << "and keeps it, however much room there is";
  turns.leave(a.signal);
  settle();
  EXPECT_EQ(log, "ab");
  turns.leave(b.signal);
  settle();
  EXPECT_EQ(log, "abc");
}

TEST_F(TurnQueueTest, WhoFoundNoRoomIsCalledAgainOnlyWhenThereMayBeSome) {
  Waiter a(loop, "a", log);
  settle();
  turns.join(a.signal);
  settle();
  a.signal->reset();
  turns.retry(a.signal);
  asio::co_spawn(loop, Waiter::wait(a.signal, "2", log), asio::detached);
  settle();
  EXPECT_EQ(log, "a");
  turns.freed();
  settle();
  EXPECT_EQ(log, "a2");
}

TEST_F(TurnQueueTest, RoomThatCameUpWhileAWaiterWasTryingCounts) {
  Waiter a(loop, "a", log);
  settle();
  turns.join(a.signal);
  settle();
  turns.freed();
  a.signal->reset();
  asio::co_spawn(loop, Waiter::wait(a.signal, "2", log), asio::detached);
  turns.retry(a.signal);
  settle();
  EXPECT_EQ(log, "a2");
}

TEST_F(TurnQueueTest, AWaiterThatGivesUpDoesNotHoldTheOthersUp) {
  Waiter a(loop, "a", log);
  Waiter b(loop, "b", log);
  Waiter c(loop, "c", log);
  settle();
  turns.join(a.signal);
  turns.join(b.signal);
  turns.join(c.signal);
  turns.leave(b.signal);
  turns.leave(a.signal);
  settle();
  EXPECT_EQ(log, "ac");
  turns.leave(c.signal);
  EXPECT_TRUE(turns.empty());
}

}  // namespace
}  // namespace sidecar::kafka
