#include "consume/active/turns.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <map>
#include <vector>

namespace sidecar::consume::active {
namespace {

class Line : public testing::Test {
 protected:
  void enter(int who) {
    const auto task = [](Line& line, int number) -> Task<> {
      auto turn = co_await line.turns.take();
      line.order.push_back(number);
      line.inside.emplace(number, std::move(turn));
    };
    asio::co_spawn(loop, task(*this, who), asio::detached);
    run();
  }
  void leave(int who) {
    inside.erase(who);
    run();
  }
  void run() {
    loop.restart();
    loop.run_for(std::chrono::milliseconds(5));
  }

  asio::io_context loop{1};
  Turns turns{loop.get_executor(), 2};
  std::vector<int> order;
  std::map<int, Turns::Turn> inside;
};

TEST_F(Line, FirstComeFirstServedAndNoMoreThanThereArePlaces) {
  for (int who = 1; who <= 5; ++who) enter(who);
  EXPECT_THAT(order, testing::ElementsAre(1, 2));
  leave(2);
  EXPECT_THAT(order, testing::ElementsAre(1, 2, 3));
  leave(1);
  leave(3);
  EXPECT_THAT(order, testing::ElementsAre(1, 2, 3, 4, 5));
  inside.clear();
  enter(6);
  enter(7);
  EXPECT_EQ(inside.size(), 2U) << "places come back";
}

TEST_F(Line, NobodyOvertakesSomeoneWhoIsJustGettingTheTurn) {
  enter(1);
  enter(2);
  enter(3);
  // The turn goes over to 3, who has not run yet, when 4 comes.
  inside.erase(1);
  enter(4);
  EXPECT_THAT(order, testing::ElementsAre(1, 2, 3));
}

}  // namespace
}  // namespace sidecar::consume::active
