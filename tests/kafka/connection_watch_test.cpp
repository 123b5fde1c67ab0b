#include "kafka/connection_watch.hpp"

#include <gtest/gtest.h>

#include <string>

namespace sidecar::kafka {
namespace {

using namespace std::chrono_literals;

std::string statistics(const std::string& first, const std::string& second, const std::string& group = "up") {
  return R"({ "name": "c", "client_id": "c", "brokers":{ "b:1/1": { "name":"b:1/1", "state":")" + first +
         R"(", "stateage":1} , "b:2/2": { "name":"b:2/2", "state":")" + second +
         R"(", "stateage":1} }, "topics":{ } , "cgrp": { "state": ")" + group + R"(" } })";
}

TEST(ConnectionWatch, SeesABrokerThatIsUp) {
  EXPECT_TRUE(ConnectionWatch::any_broker_up(statistics("DOWN", "UP")));
  EXPECT_TRUE(ConnectionWatch::any_broker_up(statistics("REAUTH", "DOWN")));
  EXPECT_FALSE(ConnectionWatch::any_broker_up(statistics("DOWN", "AUTH_REQ")));
  EXPECT_FALSE(ConnectionWatch::any_broker_up(statistics("INIT", "CONNECT", R"(UP", "x":"y)")))
      << "the group's state is not a connection";
  EXPECT_FALSE(ConnectionWatch::any_broker_up(""));
}

TEST(ConnectionWatch, IsNotConnectedBeforeTheFirstConnection) {
  ConnectionWatch watch;
  const ConnectionWatch::TimePoint start{100s};
  EXPECT_FALSE(watch.connected(start, 10s));
  watch.on_all_brokers_down(start);
  EXPECT_FALSE(watch.connected(start, 10s)) << "going down without having been up is no grace";
  watch.on_proof(start);
  EXPECT_TRUE(watch.connected(start + 1h, 0s));
}

TEST(ConnectionWatch, KeepsTheGraceAfterTheLastConnectionWentDown) {
  ConnectionWatch watch;
  const ConnectionWatch::TimePoint start{100s};
  watch.on_proof(start);
  watch.on_all_brokers_down(start + 1s);
  watch.on_statistics(statistics("DOWN", "DOWN"), start + 5s);
  EXPECT_TRUE(watch.connected(start + 10s, 10s));
  EXPECT_FALSE(watch.connected(start + 11s, 10s)) << "counted from when it went down, not from the last look";
  watch.on_statistics(statistics("DOWN", "UP"), start + 12s);
  EXPECT_TRUE(watch.connected(start + 12s, 10s));
}

}  // namespace
}  // namespace sidecar::kafka
