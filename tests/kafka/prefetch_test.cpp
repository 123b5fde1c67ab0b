#include "kafka/prefetch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sidecar::kafka {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(BalancePrefetch, LeavesEverythingAloneWithinTheBound) {
  const std::vector<PartitionLoad> loads{{.slot = 0, .bytes = 500}, {.slot = 1, .bytes = 500}};
  const auto change = balance_prefetch(loads, 1000);
  EXPECT_THAT(change.pause, IsEmpty());
  EXPECT_THAT(change.resume, IsEmpty());
}

TEST(BalancePrefetch, PausesTheFullestUntilTheRestFits) {
  const std::vector<PartitionLoad> loads{
      {.slot = 0, .bytes = 300}, {.slot = 1, .bytes = 900}, {.slot = 2, .bytes = 600}};
  EXPECT_THAT(balance_prefetch(loads, 1799).pause, ElementsAre(1));
  EXPECT_THAT(balance_prefetch(loads, 500).pause, ElementsAre(1, 2));
  EXPECT_THAT(balance_prefetch(loads, 0).pause, ElementsAre(1, 2, 0));
}

TEST(BalancePrefetch, LeavesWhatItsOwnerCouldNotTakeYet) {
  const std::vector<PartitionLoad> loads{
      {.slot = 0, .bytes = 900, .offered = false}, {.slot = 1, .bytes = 500}, {.slot = 2, .bytes = 600}};
  EXPECT_THAT(balance_prefetch(loads, 1500).pause, ElementsAre(2));
  EXPECT_THAT(balance_prefetch(loads, 900).pause, ElementsAre(2, 1));
  EXPECT_THAT(balance_prefetch(loads, 0).pause, ElementsAre(2, 1));
}

TEST(BalancePrefetch, ResumesTheOnePausedForLongestWhenAFullQueueFits) {
  const std::vector<PartitionLoad> loads{{.slot = 0, .bytes = 1'000'000},
                                         {.slot = 1, .bytes = 0, .paused = true, .paused_for = 1s},
                                         {.slot = 2, .bytes = 0, .paused = true, .paused_for = 2s}};
  EXPECT_THAT(balance_prefetch(loads, 2'249'999).resume, IsEmpty());
  EXPECT_THAT(balance_prefetch(loads, 2'250'000).resume, ElementsAre(2));
  EXPECT_THAT(balance_prefetch(loads, 3'500'000).resume, ElementsAre(2, 1));
}

TEST(BalancePrefetch, ResumesAfterAWhileEvenIfTheOthersStayFull) {
  const std::vector<PartitionLoad> loads{{.slot = 0, .bytes = 1'250'000},
                                         {.slot = 1, .bytes = 0, .paused = true, .paused_for = 10s}};
  const auto change = balance_prefetch(loads, 1'250'000);
  EXPECT_THAT(change.resume, ElementsAre(1));
  EXPECT_THAT(change.pause, IsEmpty());
}

}  // namespace
}  // namespace sidecar::kafka
