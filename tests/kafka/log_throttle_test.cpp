#include "kafka/log_throttle.hpp"

#include <gtest/gtest.h>

#include <string>

namespace sidecar::kafka {
namespace {

using namespace std::chrono_literals;

TEST(LogThrottle, DropsAndCountsWhatIsAboveTheLimit) {
  LogThrottle throttle(2, 10s);
  const LogThrottle::TimePoint start{};
  EXPECT_EQ(throttle.pass("FAIL", start), 0U);
  EXPECT_EQ(throttle.pass("FAIL", start + 1s), 0U);
  EXPECT_EQ(throttle.pass("FAIL", start + 2s), std::nullopt);
  EXPECT_EQ(throttle.pass("FAIL", start + 9s), std::nullopt);
  EXPECT_EQ(throttle.pass("FAIL", start + 10s), 2U) << "the first line of the next window tells how many were dropped";
  EXPECT_EQ(throttle.pass("FAIL", start + 11s), 0U);
}

TEST(LogThrottle, OneKindDoesNotSilenceAnother) {
  LogThrottle throttle(1, 10s);
  const LogThrottle::TimePoint start{};
  EXPECT_TRUE(throttle.pass("FAIL", start));
  EXPECT_FALSE(throttle.pass("FAIL", start));
  EXPECT_TRUE(throttle.pass("FATAL", start));
}

TEST(LogThrottle, TellsOnceAboutLinesThatNoOtherFollowed) {
  LogThrottle throttle(1, 10s);
  const LogThrottle::TimePoint start{};
  EXPECT_TRUE(throttle.pass("FAIL", start));
  EXPECT_FALSE(throttle.pass("FAIL", start));
  EXPECT_TRUE(throttle.ended(start + 9s).empty()) << "the window is still open";
  const auto told = throttle.ended(start + 10s);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].first, "FAIL");
  EXPECT_EQ(told[0].second, 1U);
  EXPECT_TRUE(throttle.ended(start + 30s).empty());
}

TEST(LogThrottle, KeepsABoundedNumberOfKinds) {
  LogThrottle throttle(1, 10s);
  const LogThrottle::TimePoint start{};
  int passed = 0;
  for (int i = 0; i < 1000; ++i) {
    if (throttle.pass("kind" + std::to_string(i), start)) ++passed;
  }
  EXPECT_EQ(passed, 257) << "256 kinds, and one that all others share";
}

}  // namespace
}  // namespace sidecar::kafka
