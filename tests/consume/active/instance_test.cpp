/// One instance against the mock cluster: what is told apart from a real broker only by timing or by the protocol.
#include "consume/active/instance.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <regex>
#include <string>
#include <vector>

#include "kafka/mock_cluster.hpp"
#include "kafka/mock_harness.hpp"
#include "kafka/producer.hpp"

namespace sidecar::consume::active {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

class InstanceTest : public testing::Test {
 protected:
  InstanceTest() { cluster.create_topic("t", 2); }
  ~InstanceTest() override {
    for (const auto& instance : made) loop.run(instance->close());
  }

  InstanceSettings settings(const std::string& strategy = "range") {
    InstanceSettings own;
    own.consumer.properties = {{"bootstrap.servers", cluster.bootstrap_servers()},
                               {"group.id", "g"},
                               {"auto.offset.reset", "earliest"},
                               {"isolation.level", "read_uncommitted"},
                               {"partition.assignment.strategy", strategy},
                               {"session.timeout.ms", "2000"},
                               {"heartbeat.interval.ms", "100"},
                               {"fetch.wait.max.ms", "10"},
                               {"auto.commit.interval.ms", "50"}};
    own.consumer.unknown_topics_are_errors = false;
    own.formats.key = formats::Format::string;
    own.formats.value = formats::Format::string;
    own.read_max = 10s;
    own.api_timeout = 2s;
    return own;
  }
  std::shared_ptr<Instance> make(InstanceSettings own) {
    const InstanceName name{"g", "i" + std::to_string(made.size())};
    made.push_back(std::make_shared<Instance>(loop.context(), name, std::move(own), nullptr, reads, observability::Logger()));
    return made.back();
  }

  void fill(const std::vector<std::string>& values, std::int32_t partition = 0) {
    kafka::ProducerSettings producing;
    producing.properties = {{"bootstrap.servers", cluster.bootstrap_servers()}};
    kafka::Producer producer(loop.context(), producing, {});
    std::vector<kafka::ProduceRecord> records;
    for (const auto& value : values) {
      auto& record = records.emplace_back();
      record.value = value;
      record.partition = partition;
    }
    const auto deliveries = loop.run(producer.send("t", std::move(records), nullptr));
    for (const auto& delivery : deliveries) ASSERT_EQ(delivery.outcome, kafka::Outcome::written) << delivery.error;
    loop.run(producer.stop(1s));
  }

  /// The values of one read, in order. An answer is delivered unless `delivered` says no.
  std::vector<std::string> read(Instance& instance, ReadQuery query = {}, bool delivered = true) {
    auto answer = loop.run(instance.read(query));
    EXPECT_TRUE(answer) << answer.error().description;
    if (!answer) return {};
    if (answer->delivered) answer->delivered(delivered);
    return values_in(answer->body);
  }
  static std::vector<std::string> values_in(const std::string& body) {
    static const std::regex value("\"value\":\"([^\"]*)\"");
    std::vector<std::string> values;
    for (auto at = std::sregex_iterator(body.begin(), body.end(), value); at != std::sregex_iterator(); ++at)
      values.push_back((*at)[1]);
    return values;
  }
  /// Reads until there are so many.
  std::vector<std::string> read_until(Instance& instance, std::size_t count, ReadQuery query = {}) {
    std::vector<std::string> values;
    const auto end = std::chrono::steady_clock::now() + 15s;
    while (values.size() < count && std::chrono::steady_clock::now() < end) {
      for (auto& each : read(instance, query)) values.push_back(std::move(each));
    }
    return values;
  }
  void subscribe(Instance& instance) {
    SubscribeRequest request;
    request.topics = {"t"};
    const auto done = loop.run(instance.subscribe(request));
    EXPECT_TRUE(done) << done.error().description;
  }
  void assign(Instance& instance, std::vector<TopicPartition> partitions) {
    const auto done = loop.run(instance.assign(std::move(partitions)));
    EXPECT_TRUE(done) << done.error().description;
  }
  void seek(Instance& instance, std::int32_t partition, std::int64_t offset) {
    SeekRequest request;
    request.offsets.push_back({{"t", partition}, Offset{offset}});
    const auto done = loop.run(instance.seek(request));
    EXPECT_TRUE(done) << done.error().description;
  }
  std::optional<CommittedOffset> committed(std::int32_t partition) { return cluster.committed("g", {"t", partition}); }

  kafka::TestLoop loop;
  kafka::MockCluster cluster;
  Turns reads{loop.context().get_executor(), 50};
  std::vector<std::shared_ptr<Instance>> made;
};

/// Seeking has another way for each protocol.
class InstanceProtocols : public InstanceTest, public testing::WithParamInterface<const char*> {};

TEST_P(InstanceProtocols, ASeekMovesItsPartitionAloneAndLosesNothing) {
  fill({"a0", "a1", "a2"}, 0);
  fill({"b0", "b1", "b2"}, 1);
  const auto instance = make(settings(GetParam()));
  subscribe(*instance);
  EXPECT_EQ(read_until(*instance, 6).size(), 6U);
  seek(*instance, 0, 1);
  EXPECT_THAT(read_until(*instance, 2), ElementsAre("a1", "a2"));
  seek(*instance, 1, 2);
  seek(*instance, 0, 0);
  EXPECT_THAT(read_until(*instance, 4), testing::UnorderedElementsAre("a0", "a1", "a2", "b2"));
  fill({"b3"}, 1);
  EXPECT_THAT(read_until(*instance, 1), ElementsAre("b3"));
}

TEST_P(InstanceProtocols, ASeekBeforeTheFirstReadCounts) {
  fill({"a0", "a1", "a2"}, 0);
  fill({"b0"}, 1);
  const auto instance = make(settings(GetParam()));
  subscribe(*instance);
  seek(*instance, 0, 2);
  EXPECT_THAT(read_until(*instance, 2), testing::UnorderedElementsAre("a2", "b0"));
}

TEST_P(InstanceProtocols, WhatAClientDidNotGetComesAgain) {
  fill({"a0", "a1", "a2"}, 0);
  const auto instance = make(settings(GetParam()));
  subscribe(*instance);
  EXPECT_THAT(read(*instance, {.bytes_max = 4}, false), ElementsAre("a0", "a1"));
  const auto none = loop.run(instance->commit(std::nullopt, false));
  EXPECT_TRUE(none) << none.error().description;
  EXPECT_EQ(committed(0), std::nullopt) << "nobody got them";
  EXPECT_THAT(read_until(*instance, 3), ElementsAre("a0", "a1", "a2"));
  const auto done = loop.run(instance->commit(std::nullopt, false));
  EXPECT_TRUE(done) << done.error().description;
  EXPECT_EQ(committed(0), CommittedOffset{3});
}

INSTANTIATE_TEST_SUITE_P(Rows, InstanceProtocols, testing::Values("range", "cooperative-sticky"),
                         [](const auto& row) { return std::string(row.param) == "range" ? "eager" : "cooperative"; });

TEST_F(InstanceTest, AReadKeepsItsTurnUntilItsAnswerIsOut) {
  fill({"a0", "a1"}, 0);
  const auto instance = make(settings());
  assign(*instance, {{"t", 0}});
  auto first = loop.run(instance->read({.bytes_max = 2}));
  ASSERT_TRUE(first);
  EXPECT_THAT(values_in(first->body), ElementsAre("a0"));
  std::optional<std::string> second;
  const auto next = [&]() -> Task<> {
    auto answer = co_await instance->read({});
    second = answer ? answer->body : answer.error().description;
    if (answer && answer->delivered) answer->delivered(true);
  };
  asio::co_spawn(loop.context(), next, asio::detached);
  loop.run_for(100ms);
  EXPECT_FALSE(second) << "the first answer may still come back";
  EXPECT_FALSE(instance->idle_since());
  first->delivered(false);
  ASSERT_TRUE(loop.run_until([&] { return second.has_value(); }));
  EXPECT_THAT(values_in(*second), testing::Contains("a0")) << "and then it is the next one's";
  first->delivered = {};
  ASSERT_TRUE(loop.run_until([&] { return instance->idle_since().has_value(); }));
}

TEST_F(InstanceTest, TheRecordThatDidNotFitIsHeldBackAndNotFetchedAgain) {
  fill({"aaaa", "bbbb", "cccc"}, 0);
  const auto instance = make(settings());
  assign(*instance, {{"t", 0}});
  std::vector<std::string> values;
  for (int i = 0; i < 3; ++i) {
    const auto one = read(*instance, {.bytes_max = 7});
    ASSERT_EQ(one.size(), 1U);
    values.push_back(one.front());
  }
  EXPECT_THAT(values, ElementsAre("aaaa", "bbbb", "cccc"));
}

TEST_F(InstanceTest, TheHeldRecordStaysWithAPartitionThatStaysAssigned) {
  fill({"aaaa", "bbbb"}, 0);
  const auto instance = make(settings());
  assign(*instance, {{"t", 0}});
  EXPECT_THAT(read(*instance, {.bytes_max = 4}), ElementsAre("aaaa"));
  EXPECT_THAT(read(*instance, {.bytes_max = 4}, false), ElementsAre("bbbb"));
  assign(*instance, {{"t", 1}, {"t", 0}});
  EXPECT_THAT(read_until(*instance, 1), ElementsAre("bbbb"));
  assign(*instance, {{"t", 1}});
  assign(*instance, {{"t", 0}});
  EXPECT_THAT(read_until(*instance, 2), ElementsAre("aaaa", "bbbb")) << "nothing was committed";
}

TEST_F(InstanceTest, ClosingEndsEveryOperationWithAnAnswer) {
  const auto instance = make(settings());
  assign(*instance, {{"t", 0}});
  std::vector<ErrorCode> codes;
  const auto operation = [&](int what) -> Task<> {
    std::optional<Error> error;
    if (what < 2) {
      if (auto answer = co_await instance->read({}); !answer) error = answer.error();
    } else if (auto done = co_await instance->commit(std::nullopt, false); !done) {
      error = done.error();
    }
    codes.push_back(error ? error->code : ErrorCode::runtime_exception);
  };
  for (int what = 0; what < 3; ++what) asio::co_spawn(loop.context(), operation(what), asio::detached);
  loop.run_for(50ms);
  EXPECT_TRUE(codes.empty());
  loop.run(instance->close());
  ASSERT_TRUE(loop.run_until([&] { return codes.size() == 3; }));
  EXPECT_THAT(codes, testing::Each(ErrorCode::consumer_instance_not_found));
}

TEST_F(InstanceTest, StoppingAnswersAWaitingReadWithWhatThereIs) {
  auto own = settings();
  own.bytes_min = 100;
  const auto instance = make(own);
  fill({"a0"}, 0);
  assign(*instance, {{"t", 0}});
  std::optional<std::string> body;
  const auto task = [&]() -> Task<> {
    auto answer = co_await instance->read({});
    body = answer ? answer->body : "";
  };
  asio::co_spawn(loop.context(), task, asio::detached);
  loop.run_for(500ms);
  EXPECT_FALSE(body);
  instance->stop_waiting();
  ASSERT_TRUE(loop.run_until([&] { return body.has_value(); }, 2s));
  EXPECT_THAT(values_in(*body), ElementsAre("a0"));
}

TEST_F(InstanceTest, CommitsAndQuestionsEndInTheirTimeWhileTheBrokerIsAway) {
  fill({"a0"}, 0);
  auto own = settings();
  own.consumer.commit_time_max = 1s;
  own.api_timeout = 1s;
  const auto instance = make(own);
  assign(*instance, {{"t", 0}});
  EXPECT_THAT(read_until(*instance, 1), ElementsAre("a0"));
  cluster.set_broker_up(1, false);
  const auto began = std::chrono::steady_clock::now();
  const auto commit = loop.run(instance->commit(std::nullopt, false));
  ASSERT_FALSE(commit);
  EXPECT_EQ(commit.error().code, ErrorCode::failed_to_commit_offsets);
  const auto stored = loop.run(instance->committed({{"t", 0}}));
  ASSERT_FALSE(stored);
  EXPECT_EQ(stored.error().code, ErrorCode::failed_to_commit_offsets);
  const auto moved = loop.run(instance->seek_end({}, Instance::End::last));
  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error().code, ErrorCode::invalid_seek_request);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 8s);
  cluster.set_broker_up(1, true);
  // The record is still what was returned and not committed.
  ASSERT_TRUE(loop.run_until([&] { return loop.run(instance->commit(std::nullopt, false)).has_value(); }));
  EXPECT_EQ(committed(0), CommittedOffset{1});
}

TEST_F(InstanceTest, MetadataComesBackAndPartitionsWithoutACommitAreLeftOut) {
  const auto instance = make(settings());
  const auto done =
      loop.run(instance->commit(std::vector<kafka::CommitEntry>{{{"t", 1}, CommittedOffset{7}, "step-2"}}, false));
  ASSERT_TRUE(done) << done.error().description;
  const auto stored = loop.run(instance->committed({{"t", 0}, {"t", 1}}));
  ASSERT_TRUE(stored) << stored.error().description;
  ASSERT_EQ(stored->size(), 1U);
  EXPECT_EQ(stored->front().partition, (TopicPartition{"t", 1}));
  EXPECT_EQ(stored->front().offset, CommittedOffset{7});
  EXPECT_EQ(stored->front().metadata, "step-2");
}

}  // namespace
}  // namespace sidecar::consume::active
