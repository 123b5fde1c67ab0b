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

Told check_without(DemoWithout without, const std::string& scenario = {}) {
  std::ostringstream out;
  std::ostringstream err;
  DemoOptions options;
  options.check = true;
  options.scenario = scenario;
  options.without = without;
  options.log_level = observability::Level::off;
  options.step_limit = without == DemoWithout::nothing ? std::chrono::seconds(60) : std::chrono::seconds(8);
  // Readiness waits 10 s before it says that the brokers are gone.
  if (without == DemoWithout::recovery) options.step_limit = std::chrono::seconds(14);
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

TEST(DemoCheck, SlowBackendFailsWithoutLanes) {
  const auto told = check_without(DemoWithout::lanes, "slow-backend");
  EXPECT_EQ(told.code, 1) << told.text;
  EXPECT_NE(told.text.find("MISSING: partitions 1 to 3 do not wait"), std::string::npos) << told.text;
}

TEST(DemoCheck, PoisonFailsWithoutDeadLetters) {
  const auto told = check_without(DemoWithout::dead_letters, "poison");
  EXPECT_EQ(told.code, 1) << told.text;
  EXPECT_NE(told.text.find("MISSING: every"), std::string::npos) << told.text;
}

TEST(DemoCheck, RebalanceFailsWithoutOneGroup) {
  const auto told = check_without(DemoWithout::one_group, "rebalance");
  EXPECT_EQ(told.code, 1) << told.text;
  EXPECT_NE(told.text.find("MISSING: "), std::string::npos) << told.text;
}

TEST(DemoCheck, PullFailsWithoutCommits) {
  const auto told = check_without(DemoWithout::commit, "pull");
  EXPECT_EQ(told.code, 1) << told.text;
  EXPECT_NE(told.text.find("MISSING: the offsets behind every record are committed"), std::string::npos) << told.text;
}

TEST(DemoCheck, BrokerDownFailsWithoutRecovery) {
  const auto told = check_without(DemoWithout::recovery, "broker-down");
  EXPECT_EQ(told.code, 1) << told.text;
  EXPECT_NE(told.text.find("MISSING: the waiting request is answered"), std::string::npos) << told.text;
}

TEST(DemoCheck, SchemasFailsWithoutRecovery) {
  const auto told = check_without(DemoWithout::recovery, "schemas");
  EXPECT_EQ(told.code, 1) << told.text;
  EXPECT_NE(told.text.find("MISSING: an outage of the registry costs no record"), std::string::npos) << told.text;
}

TEST(DemoOptions, AnUnknownScenarioIsAUsageError) {
  const auto told = check_without(DemoWithout::nothing, "earthquake");
  EXPECT_EQ(told.code, 2);
  EXPECT_NE(told.text.find("slow-backend, poison, rebalance, pull, schemas, broker-down"), std::string::npos) << told.text;
}

TEST(DemoOptions, BrokersOfARealKafkaAreNotTakenDown) {
  std::ostringstream out;
  std::ostringstream err;
  DemoOptions options;
  options.scenario = "broker-down";
  options.kafka = "localhost:9092";
  EXPECT_EQ(demo(options, out, err), 2);
  EXPECT_NE(err.str().find("leave --kafka out"), std::string::npos) << err.str();
}

}  // namespace
}  // namespace sidecar::app
