#include "kafka/producer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/detached.hpp>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "kafka/mock_cluster.hpp"
#include "kafka/mock_harness.hpp"

namespace sidecar::kafka {
namespace {

using testing::HasSubstr;
using Deliveries = std::vector<Delivery>;

constexpr int err_msg_size_too_large = 10;
constexpr int err_request_timed_out = 7;
constexpr int err_not_leader = 6;
constexpr int err_invalid_record = 87;
constexpr int err_topic_authorization = 29;
constexpr int err_out_of_order_sequence = 45;

/// The bytes of one request, as the HTTP side would own them.
struct Body {
  explicit Body(int count, const std::string& prefix, std::size_t value_bytes = 0) {
    for (int i = 0; i < count; ++i) {
      keys.push_back(prefix + std::to_string(i));
      values.push_back("v-" + keys.back() + std::string(value_bytes, '.'));
    }
  }
  std::vector<ProduceRecord> records(std::optional<std::int32_t> partition = {}) const {
    std::vector<ProduceRecord> all;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      all.push_back({.key = keys[i], .value = values[i], .headers = {}, .partition = partition});
    }
    return all;
  }
  std::vector<std::string> keys;
  std::vector<std::string> values;
};

ProducerSettings settings(const MockCluster& cluster, const Properties& more = {}) {
  ProducerSettings result;
  result.properties = {{"bootstrap.servers", cluster.bootstrap_servers()},
                       {"enable.idempotence", "true"},
                       {"linger.ms", "0"},
                       {"partitioner", "murmur2_random"},
                       {"retry.backoff.ms", "20"},
                       {"retry.backoff.max.ms", "50"},
                       {"reconnect.backoff.ms", "20"},
                       {"reconnect.backoff.max.ms", "50"}};
  for (const auto& [name, value] : more) result.properties.insert_or_assign(name, value);
  return result;
}

Task<Deliveries> send(Producer& producer, std::string topic, std::shared_ptr<const Body> body,
                      std::optional<std::int32_t> partition = {}, Purpose purpose = Purpose::request) {
  co_return co_await producer.send(std::move(topic), body->records(partition), body, purpose);
}

int count(const Deliveries& deliveries, Outcome outcome) {
  return static_cast<int>(std::ranges::count(deliveries, outcome, &Delivery::outcome));
}

class ProducerTest : public testing::Test {
 protected:
  /// Connections, metadata and the producer id take their time at the start; what is measured afterwards should not.
  void warm_up(Producer& producer) {
    for (int i = 0; i < 10; ++i) {
      const auto deliveries = loop.run(send(producer, "t", std::make_shared<const Body>(1, "first")));
      if (deliveries[0].outcome == Outcome::written) return;
    }
    FAIL() << "no record was written";
  }
  static std::size_t records_named(const MockCluster& cluster, char prefix) {
    const auto stored = cluster.read("t");
    return static_cast<std::size_t>(
        std::ranges::count_if(stored, [prefix](const StoredRecord& record) { return record.key->front() == prefix; }));
  }

  TestLoop loop;
};

TEST_F(ProducerTest, WritesEveryRecordOnceInOrderPerPartitionFromTwoLoops) {
  MockCluster cluster(2);
  cluster.create_topic("t", 4);
  Producer producer(loop.context(), settings(cluster), {});
  ThreadLoop other;
  constexpr int sends = 50;
  constexpr int per_send = 100;
  std::atomic<int> written = 0;
  std::atomic<int> finished = 0;
  const auto one_after_the_other = [&](std::string prefix) -> Task<> {
    for (int i = 0; i < sends; ++i) {
      const auto body = std::make_shared<const Body>(per_send, prefix + std::to_string(i) + "-");
      written += count(co_await send(producer, "t", body), Outcome::written);
    }
    ++finished;
  };
  asio::co_spawn(loop.context(), one_after_the_other("a"), asio::detached);
  asio::co_spawn(other.context(), one_after_the_other("b"), asio::detached);
  ASSERT_TRUE(loop.run_until([&] { return finished == 2; }));
  EXPECT_EQ(written, 2 * sends * per_send);
  EXPECT_EQ(producer.records_in_flight(), 0U);

  const auto records = cluster.read("t");
  ASSERT_EQ(records.size(), 2U * sends * per_send);
  std::set<std::string> keys;
  // Per partition, each loop's records stand in the order they were sent.
  std::map<std::pair<std::int32_t, char>, std::pair<int, int>> last;
  for (const auto& record : records) {
    ASSERT_TRUE(keys.insert(*record.key).second) << "twice: " << *record.key;
    EXPECT_EQ(*record.value, "v-" + *record.key);
    const auto dash = record.key->find('-');
    const std::pair position{std::stoi(record.key->substr(1, dash - 1)), std::stoi(record.key->substr(dash + 1))};
    auto& before = last.try_emplace({record.partition, record.key->front()}, -1, -1).first->second;
    EXPECT_LT(before, position);
    before = position;
  }
  loop.run(producer.stop(5s));
}

TEST_F(ProducerTest, ReportsWhereEachRecordIsAndKeepsItsFields) {
  MockCluster cluster;
  cluster.create_topic("t", 4);
  Producer producer(loop.context(), settings(cluster), {});
  const std::array<HeaderView, 3> headers{HeaderView{"h1", "one"}, HeaderView{"null", std::nullopt},
                                          HeaderView{"", ""}};
  std::vector<ProduceRecord> records(4);
  records[0] = {.key = "kafka", .value = "x", .headers = headers, .partition = {}, .timestamp_ms = 1700000000000};
  records[1] = {.key = std::nullopt, .value = "", .headers = {}, .partition = 2};
  records[2] = {.key = "", .value = std::nullopt, .headers = {}, .partition = 3};
  records[3] = {.key = "k", .value = "v", .headers = {}, .partition = 4};
  const auto deliveries = loop.run(producer.send("t", records, nullptr));
  ASSERT_EQ(deliveries.size(), 4U);
  EXPECT_EQ(deliveries[0].outcome, Outcome::written);
  EXPECT_EQ(deliveries[1].outcome, Outcome::written);
  EXPECT_EQ(deliveries[1].partition, 2);
  EXPECT_EQ(deliveries[2].outcome, Outcome::written);
  EXPECT_EQ(deliveries[3].outcome, Outcome::not_written) << "there is no partition 4";
  EXPECT_EQ(deliveries[3].error_code, 50003);
  EXPECT_EQ(deliveries[3].error, "Local: Unknown partition");

  const auto stored = cluster.read("t");
  ASSERT_EQ(stored.size(), 3U);
  const auto find = [&stored](const Delivery& delivery) {
    return *std::ranges::find_if(stored, [&delivery](const StoredRecord& r) {
      return r.partition == delivery.partition && r.offset == delivery.offset;
    });
  };
  const auto first = find(deliveries[0]);
  EXPECT_EQ(first.key, "kafka");
  EXPECT_EQ(first.timestamp_ms, 1700000000000);
  ASSERT_EQ(first.headers.size(), 3U);
  EXPECT_EQ(first.headers[0], std::pair(std::string("h1"), std::optional<std::string>("one")));
  EXPECT_EQ(first.headers[1], std::pair(std::string("null"), std::optional<std::string>()));
  EXPECT_EQ(first.headers[2], std::pair(std::string(), std::optional<std::string>("")));
  EXPECT_EQ(find(deliveries[1]).key, std::nullopt);
  EXPECT_EQ(find(deliveries[1]).value, "");
  EXPECT_EQ(find(deliveries[2]).key, "");
  EXPECT_EQ(find(deliveries[2]).value, std::nullopt) << "a tombstone";
}

TEST_F(ProducerTest, ErrorsThatPassAreTriedAgainBeneathTheSend) {
  MockCluster cluster;
  cluster.create_topic("t", 1);
  cluster.push_errors(MockRequest::produce, {err_not_leader, err_request_timed_out, err_not_leader});
  Producer producer(loop.context(), settings(cluster), {});
  const auto deliveries = loop.run(send(producer, "t", std::make_shared<const Body>(20, "k")));
  EXPECT_EQ(count(deliveries, Outcome::written), 20);
  EXPECT_EQ(cluster.read("t").size(), 20U);
}

TEST_F(ProducerTest, RecordsRefusedWithTheirBatchAreSentAgainOneByOne) {
  for (const int error : {err_invalid_record, err_msg_size_too_large}) {
    MockCluster cluster;
    cluster.create_topic("t", 1);
    cluster.push_errors(MockRequest::produce, {error});
    Producer producer(loop.context(), settings(cluster, {{"linger.ms", "50"}}), {});
    const auto deliveries = loop.run(send(producer, "t", std::make_shared<const Body>(30, "k")));
    EXPECT_EQ(count(deliveries, Outcome::written), 30) << error;
    const auto stored = cluster.read("t");
    ASSERT_EQ(stored.size(), 30U) << error;
    for (std::size_t i = 0; i < stored.size(); ++i) EXPECT_EQ(stored[i].offset, deliveries[i].offset) << "in order";
    EXPECT_EQ(producer.records_in_flight(), 0U);
  }
}

TEST_F(ProducerTest, OnlyTheRecordThatIsRefusedAloneFails) {
  MockCluster cluster;
  cluster.create_topic("t", 1);
  // The batch, then the first record alone.
  cluster.push_errors(MockRequest::produce, {err_msg_size_too_large, err_msg_size_too_large});
  Producer producer(loop.context(), settings(cluster, {{"linger.ms", "50"}}), {});
  const auto deliveries = loop.run(send(producer, "t", std::make_shared<const Body>(3, "k")));
  EXPECT_EQ(count(deliveries, Outcome::written), 2);
  EXPECT_EQ(deliveries[0].outcome, Outcome::not_written);
  EXPECT_EQ(deliveries[0].error_code, 50002);
  EXPECT_TRUE(deliveries[0].refused_for_size);
  EXPECT_EQ(cluster.read("t").size(), 2U);
}

TEST_F(ProducerTest, ARefusedBatchIsNotSentAgainBehindLaterRecordsOfItsRequest) {
  // A request in two batches: the first is refused, the second is written. What was refused would land behind it.
  MockCluster cluster;
  cluster.create_topic("t", 1);
  cluster.push_errors(MockRequest::produce, {err_invalid_record});
  Producer producer(loop.context(),
                    settings(cluster, {{"linger.ms", "50"}, {"batch.num.messages", "5"}, {"max.in.flight", "1"}}), {});
  const auto deliveries = loop.run(send(producer, "t", std::make_shared<const Body>(10, "k")));
  EXPECT_EQ(count(deliveries, Outcome::written), 5);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(deliveries[i].outcome, Outcome::not_written) << i;
    EXPECT_NE(deliveries[i].error.find("not sent again"), std::string::npos) << deliveries[i].error;
    EXPECT_EQ(deliveries[5 + i].outcome, Outcome::written) << i;
  }
  EXPECT_EQ(cluster.read("t").size(), 5U);
  EXPECT_EQ(producer.records_in_flight(), 0U);
}

TEST_F(ProducerTest, DeadLettersAreAllTriedAlone) {
  MockCluster cluster;
  cluster.create_topic("t", 1);
  cluster.push_errors(MockRequest::produce, {err_msg_size_too_large});
  Producer producer(loop.context(),
                    settings(cluster, {{"linger.ms", "50"}, {"batch.num.messages", "5"}, {"max.in.flight", "1"}}), {});
  const auto deliveries = loop.run(send(producer, "t", std::make_shared<const Body>(10, "k"), {}, Purpose::dead_letter));
  EXPECT_EQ(count(deliveries, Outcome::written), 10);
  EXPECT_EQ(cluster.read("t").size(), 10U);
}

TEST_F(ProducerTest, OtherRefusalsAreNotTriedAlone) {
  MockCluster cluster;
  cluster.create_topic("t", 1);
  cluster.push_errors(MockRequest::produce, {err_topic_authorization});
  Producer producer(loop.context(), settings(cluster), {});
  const auto deliveries = loop.run(send(producer, "t", std::make_shared<const Body>(5, "k")));
  EXPECT_EQ(count(deliveries, Outcome::not_written), 5);
  EXPECT_EQ(deliveries[0].error_code, 40301);
}

TEST_F(ProducerTest, RecordsAboveTheLimitAreRefusedHereUnlessTheSizeIsTheTopicsMatter) {
  MockCluster cluster;
  cluster.create_topic("t", 1);
  auto limited = settings(cluster, {{"message.max.bytes", "1000000000"}});
  limited.record_bytes_max = 1000;
  Producer producer(loop.context(), limited, {});
  const std::string fits(1000 - 61 - 21 - 1 - 2 - 1, 'x');
  const std::string too_large = fits + 'x';
  std::vector<ProduceRecord> records(2);
  records[0].value = too_large;
  records[1].value = fits;
  auto deliveries = loop.run(producer.send("t", records, nullptr));
  EXPECT_EQ(deliveries[0].outcome, Outcome::not_written);
  EXPECT_EQ(deliveries[0].error_code, 50002);
  EXPECT_TRUE(deliveries[0].refused_for_size);
  EXPECT_THAT(deliveries[0].error, HasSubstr("max.request.size"));
  EXPECT_EQ(deliveries[1].outcome, Outcome::written) << "a bad record does not stop its neighbour";
  deliveries = loop.run(producer.send("t", records, nullptr, Purpose::dead_letter));
  EXPECT_EQ(count(deliveries, Outcome::written), 2);
}

TEST_F(ProducerTest, AnUnknownTopicIsWaitedForOnceForTheWholeRequest) {
  MockCluster cluster;
  cluster.set_topic_error("missing", 3);
  Producer producer(loop.context(), settings(cluster, {{"topic.metadata.propagation.max.ms", "500"}}), {});
  const auto start = std::chrono::steady_clock::now();
  const auto deliveries = loop.run(send(producer, "missing", std::make_shared<const Body>(50, "k")));
  EXPECT_LT(std::chrono::steady_clock::now() - start, 4s);
  EXPECT_EQ(count(deliveries, Outcome::not_written), 50);
  EXPECT_EQ(deliveries[49].error_code, 50003);
}

TEST_F(ProducerTest, AFullQueueIsWaitedForAndNobodyIsOvertaken) {
  MockCluster cluster;
  cluster.create_topic("t", 1);
  cluster.set_rtt(1, 20ms);
  Producer producer(loop.context(), settings(cluster, {{"queue.buffering.max.messages", "50"}}), {});
  ThreadLoop other;
  std::atomic<int> written = 0;
  std::atomic<int> finished = 0;
  const auto big = [&](std::string prefix) -> Task<> {
    written += count(co_await send(producer, "t", std::make_shared<const Body>(400, prefix)), Outcome::written);
    ++finished;
  };
  asio::co_spawn(loop.context(), big("a"), asio::detached);
  asio::co_spawn(other.context(), big("b"), asio::detached);
  asio::co_spawn(loop.context(), big("c"), asio::detached);
  ASSERT_TRUE(loop.run_until([&] { return finished == 3; }, 30s));
  EXPECT_EQ(written, 1200);
  EXPECT_EQ(cluster.read("t").size(), 1200U);
}

TEST_F(ProducerTest, AFullQueueThatStaysFullFailsWhatDidNotFit) {
  MockCluster cluster;
  cluster.create_topic("t", 1);
  auto limited = settings(cluster, {{"queue.buffering.max.messages", "10"}});
  limited.block_max = 300ms;
  Producer producer(loop.context(), limited, {});
  warm_up(producer);
  // The answer takes longer than anybody may wait for room.
  cluster.push_errors(1, MockRequest::produce, {{0, 1500ms}});
  const auto deliveries = loop.run(send(producer, "t", std::make_shared<const Body>(15, "k")));
  EXPECT_EQ(count(deliveries, Outcome::written), 10);
  EXPECT_EQ(count(deliveries, Outcome::not_written), 5);
  EXPECT_EQ(deliveries[14].error_code, 50003);
  EXPECT_THAT(deliveries[14].error, HasSubstr("Queue full"));
  EXPECT_EQ(cluster.read("t").size(), 11U);
}

TEST_F(ProducerTest, PastTheDeadlineOpenRecordsAreUnknownAndTheirMemoryStaysUntilTheReport) {
  MockCluster cluster;
  cluster.create_topic("t", 1);
  auto hasty = settings(cluster);
  hasty.request_timeout = 800ms;
  Producer producer(loop.context(), hasty, {});
  warm_up(producer);
  cluster.push_errors(1, MockRequest::produce, {{0, 3000ms}});
  auto body = std::make_shared<const Body>(3, "k");
  const std::weak_ptr<const Body> alive = body;
  const auto deliveries = loop.run(send(producer, "t", std::move(body)));
  EXPECT_EQ(count(deliveries, Outcome::unknown), 3);
  EXPECT_EQ(deliveries[0].error_code, 50003);
  EXPECT_THAT(deliveries[0].error, HasSubstr("Outcome unknown"));
  EXPECT_FALSE(alive.expired()) << "librdkafka still reads it";
  EXPECT_EQ(producer.records_in_flight(), 3U);
  ASSERT_TRUE(loop.run_until([&] { return alive.expired(); })) << "freed with the last report";
  EXPECT_EQ(records_named(cluster, 'k'), 3U);
}

TEST_F(ProducerTest, WithoutABrokerRecordsThatWereNeverSentAreNotWritten) {
  MockCluster cluster;
  cluster.create_topic("t", 1);
  Producer producer(loop.context(), settings(cluster, {{"delivery.timeout.ms", "1000"}}), {});
  warm_up(producer);
  cluster.set_broker_up(1, false);
  loop.run_for(100ms);
  const auto deliveries = loop.run(send(producer, "t", std::make_shared<const Body>(3, "k")));
  EXPECT_EQ(count(deliveries, Outcome::not_written), 3);
  EXPECT_EQ(deliveries[0].error_code, 50003);
  cluster.set_broker_up(1, true);
  EXPECT_EQ(count(loop.run(send(producer, "t", std::make_shared<const Body>(1, "last"))), Outcome::written), 1);
  EXPECT_EQ(cluster.read("t").size(), 2U);
}

TEST_F(ProducerTest, WithoutABrokerRecordsThatWereSentAreUnknown) {
  MockCluster cluster;
  cluster.create_topic("t", 1);
  Producer producer(loop.context(), settings(cluster, {{"delivery.timeout.ms", "1000"}}), {});
  warm_up(producer);
  cluster.push_errors(1, MockRequest::produce, {{0, 5000ms}});  // written, but the answer is late
  std::optional<Deliveries> result;
  asio::co_spawn(loop.context(), send(producer, "t", std::make_shared<const Body>(3, "k")),
                 [&](std::exception_ptr, Deliveries deliveries) { result = std::move(deliveries); });
  loop.run_for(300ms);
  cluster.set_broker_up(1, false);
  ASSERT_TRUE(loop.run_until([&] { return result.has_value(); }));
  EXPECT_EQ(count(*result, Outcome::unknown), 3);
  EXPECT_THAT((*result)[0].error, HasSubstr("outcome unknown"));
}

TEST_F(ProducerTest, AFatalErrorRenewsTheClientAndTheNextSendIsWritten) {
  MockCluster cluster;
  cluster.create_topic("t", 1);
  std::string log;
  const observability::Logger logger(
      observability::open_log({.format = observability::LogFormat::text, .service_id = {}}, log), "kafka");
  Producer producer(loop.context(), settings(cluster), logger);
  warm_up(producer);
  // The oldest batch in flight out of sequence: idempotence is lost, librdkafka gives up for good.
  cluster.push_errors(MockRequest::produce, {err_out_of_order_sequence});
  const auto broken = loop.run(send(producer, "t", std::make_shared<const Body>(1, "k")));
  EXPECT_EQ(count(broken, Outcome::written), 0);
  EXPECT_EQ(broken[0].error_code, 50003);
  // Nobody has to stumble over the broken client for it to be renewed.
  const std::string line = "Producer renewed";
  ASSERT_TRUE(loop.run_until([&] { return log.find(line) != std::string::npos; })) << log;
  const auto after = loop.run(send(producer, "t", std::make_shared<const Body>(5, "l")));
  EXPECT_EQ(count(after, Outcome::written), 5) << after[0].error;
  EXPECT_EQ(producer.records_in_flight(), 0U);
  EXPECT_EQ(cluster.read("t").size(), 6U);
  EXPECT_EQ(log.find(line, log.find(line) + 1), std::string::npos) << "one line";
}

TEST_F(ProducerTest, ACallerThatGoesAwayLeavesNothingBehind) {
  MockCluster cluster;
  cluster.create_topic("t", 1);
  Producer producer(loop.context(), settings(cluster), {});
  warm_up(producer);
  cluster.push_errors(1, MockRequest::produce, {{0, 300ms}});
  auto body = std::make_shared<const Body>(10, "k");
  const std::weak_ptr<const Body> alive = body;
  asio::cancellation_signal cancel;
  bool ended = false;
  bool cancelled = false;
  asio::co_spawn(loop.context(), send(producer, "t", std::move(body)),
                 asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr error, const Deliveries&) {
                   ended = true;
                   cancelled = error != nullptr;
                 }));
  loop.run_for(50ms);
  cancel.emit(asio::cancellation_type::terminal);
  ASSERT_TRUE(loop.run_until([&] { return ended; }));
  EXPECT_TRUE(cancelled);
  EXPECT_FALSE(alive.expired());
  ASSERT_TRUE(loop.run_until([&] { return alive.expired(); }));
  EXPECT_EQ(producer.records_in_flight(), 0U);
  EXPECT_EQ(cluster.read("t").size(), 11U) << "what was handed over is written";
}

TEST_F(ProducerTest, ACallerThatGoesAwayWhileItWaitsForRoomGivesItsPlaceUp) {
  MockCluster cluster;
  cluster.create_topic("t", 1);
  Producer producer(loop.context(), settings(cluster, {{"queue.buffering.max.messages", "10"}}), {});
  warm_up(producer);
  cluster.push_errors(1, MockRequest::produce, {{0, 300ms}});
  auto body = std::make_shared<const Body>(20, "k");
  const std::weak_ptr<const Body> alive = body;
  asio::cancellation_signal cancel;
  asio::co_spawn(loop.context(), send(producer, "t", std::move(body)),
                 asio::bind_cancellation_slot(cancel.slot(), [](std::exception_ptr, const Deliveries&) {}));
  loop.run_for(50ms);
  cancel.emit(asio::cancellation_type::terminal);
  const auto next = loop.run(send(producer, "t", std::make_shared<const Body>(5, "l")));
  EXPECT_EQ(count(next, Outcome::written), 5);
  EXPECT_TRUE(alive.expired());
  EXPECT_EQ(cluster.read("t").size(), 1U + 10 + 5);
}

TEST_F(ProducerTest, StopWaitsForWhatIsInFlight) {
  MockCluster cluster;
  cluster.create_topic("t", 1);
  cluster.set_rtt(1, 100ms);
  Producer producer(loop.context(), settings(cluster), {});
  std::optional<Deliveries> result;
  asio::co_spawn(loop.context(), send(producer, "t", std::make_shared<const Body>(10, "k")),
                 [&](std::exception_ptr, Deliveries deliveries) { result = std::move(deliveries); });
  loop.run_for(10ms);
  loop.run(producer.stop(5s));
  loop.run_for(10ms);
  ASSERT_TRUE(result);
  EXPECT_EQ(count(*result, Outcome::written), 10);
  const auto late = loop.run(send(producer, "t", std::make_shared<const Body>(1, "late")));
  EXPECT_EQ(late[0].outcome, Outcome::not_written);
  EXPECT_EQ(late[0].error_code, 50003);
}

TEST_F(ProducerTest, StopGivesUpAtItsLimitAndSettlesTruthfully) {
  MockCluster cluster;
  cluster.create_topic("t", 1);
  Producer producer(loop.context(), settings(cluster), {});
  warm_up(producer);
  cluster.push_errors(1, MockRequest::produce, {{0, 20000ms}});
  std::optional<Deliveries> sent;
  asio::co_spawn(loop.context(), send(producer, "t", std::make_shared<const Body>(10, "k")),
                 [&](std::exception_ptr, Deliveries deliveries) { sent = std::move(deliveries); });
  loop.run_for(100ms);
  cluster.set_topic_error("missing", 3);
  std::optional<Deliveries> queued;
  asio::co_spawn(loop.context(), send(producer, "missing", std::make_shared<const Body>(4, "m")),
                 [&](std::exception_ptr, Deliveries deliveries) { queued = std::move(deliveries); });
  loop.run_for(10ms);
  const auto start = std::chrono::steady_clock::now();
  loop.run(producer.stop(200ms));
  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
  ASSERT_TRUE(loop.run_until([&] { return sent && queued; }));
  EXPECT_EQ(count(*sent, Outcome::unknown), 10) << "sent, not answered";
  EXPECT_EQ(count(*queued, Outcome::not_written), 4) << "never sent";
  EXPECT_EQ(producer.records_in_flight(), 0U);
}

TEST_F(ProducerTest, KnowsWhetherABrokerIsConnected) {
  MockCluster cluster;
  Producer producer(loop.context(), settings(cluster, {{"statistics.interval.ms", "200"}}), {});
  ASSERT_TRUE(loop.run_until([&] { return producer.connected(); }, 2s)) << "without a single record";
  cluster.set_broker_up(1, false);
  ASSERT_TRUE(loop.run_until([&] { return !producer.connected(0ms); }, 5s));
  EXPECT_TRUE(producer.connected()) << "the grace";
  cluster.set_broker_up(1, true);
  ASSERT_TRUE(loop.run_until([&] { return producer.connected(0ms); }, 5s));
}

TEST_F(ProducerTest, AConfigurationThatCannotWorkThrowsWithoutShowingSecrets) {
  MockCluster cluster;
  EXPECT_THROW(Producer(loop.context(), settings(cluster, {{"no.such.property", "x"}}), {}), std::runtime_error);
  EXPECT_THROW(Producer(loop.context(), settings(cluster, {{"acks", "1"}}), {}), std::runtime_error);
  try {
    Producer(loop.context(), settings(cluster, {{"no.such.password", "hunter2"}}), {});
    FAIL();
  } catch (const std::runtime_error& e) {
    EXPECT_THAT(e.what(), HasSubstr("no.such.password"));
    EXPECT_THAT(e.what(), testing::Not(HasSubstr("hunter2")));
  }
}

}  // namespace
}  // namespace sidecar::kafka
