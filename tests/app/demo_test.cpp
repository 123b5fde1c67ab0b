/// The demo's own check must be able to fail: each part of the tour is taken away in turn.
#include "app/demo.hpp"

#include <gtest/gtest.h>

#include <sstream>
#include <string>

namespace sidecar::app {
namespace {

struct Told {
  int code;
  std::string text;
};

Told check_without(DemoWithout without) {
  std::ostringstream out;
  std::ostringstream err;
  DemoOptions options;
  options.check = true;
  options.without = without;
  options.log_level = observability::Level::off;
  options.step_limit = without == DemoWithout::nothing ? std::chrono::seconds(60) : std::chrono::seconds(8);
  const int code = demo(options, out, err);
  return {code, out.str() + err.str()};
}

TEST(DemoCheck, SeesEveryStep) {
  const auto told = check_without(DemoWithout::nothing);
  EXPECT_EQ(told.code, 0) << told.text;
  EXPECT_NE(told.text.find("every step was seen"), std::string::npos) << told.text;
}

TEST(DemoCheck, FailsWithoutProducer) {
  const auto told = check_without(DemoWithout::producer);
  EXPECT_EQ(told.code, 1) << told.text;
  EXPECT_NE(told.text.find("MISSING: every order has an offset"), std::string::npos) << told.text;
}

TEST(DemoCheck, FailsWithoutDeadLetters) {
  const auto told = check_without(DemoWithout::dead_letters);
  EXPECT_EQ(told.code, 1) << told.text;
  EXPECT_NE(told.text.find("MISSING: every rejected order is a dead letter"), std::string::npos) << told.text;
}

TEST(DemoCheck, FailsWithoutCommits) {
  const auto told = check_without(DemoWithout::commit);
  EXPECT_EQ(told.code, 1) << told.text;
  EXPECT_NE(told.text.find("MISSING: the offsets behind every order are committed"), std::string::npos) << told.text;
}

}  // namespace
}  // namespace sidecar::app
