#include "kafka/group_consumer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "kafka/mock_cluster.hpp"
#include "kafka/mock_harness.hpp"
#include "kafka/producer.hpp"

namespace sidecar::kafka {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr int err_unknown_topic = 3;
constexpr int err_coordinator_load_in_progress = 14;
constexpr int err_coordinator_not_available = 15;
constexpr int err_not_coordinator = 16;
constexpr int err_topic_authorization = 29;
constexpr int err_illegal_generation = 22;
constexpr int err_unknown_member = 25;
constexpr int err_rebalance_in_progress = 27;
constexpr int err_fenced_instance = 82;

Properties properties(const MockCluster& cluster, const std::string& group, const Properties& more = {}) {
  Properties result{{"bootstrap.servers", cluster.bootstrap_servers()},
                    {"group.id", group},
                    {"auto.offset.reset", "earliest"},
                    {"isolation.level", "read_uncommitted"},
                    {"partition.assignment.strategy", "range"},
                    {"session.timeout.ms", "2000"},
                    {"heartbeat.interval.ms", "100"},
                    {"fetch.wait.max.ms", "10"},
                    {"fetch.queue.backoff.ms", "10"},
                    {"queued.max.messages.kbytes", "1000"},
                    {"queued.min.messages", "10000"},
                    {"fetch.error.backoff.ms", "50"},
                    {"reconnect.backoff.ms", "20"},
                    {"reconnect.backoff.max.ms", "50"}};
  for (const auto& [name, value] : more) result.insert_or_assign(name, value);
  if (const auto protocol = result.find("group.protocol"); protocol != result.end() && protocol->second == "consumer") {
    for (const auto* name : {"partition.assignment.strategy", "session.timeout.ms", "heartbeat.interval.ms"})
      result.erase(name);
  }
  return result;
}

/// A member that takes records only when the test says so, and notes what it is told.
class Member : public GroupListener {
 public:
  Member(TestLoop& loop, Properties all, std::int64_t prefetch_bytes_max = 64 << 20, observability::Logger logger = {})
      : loop_(loop),
        consumer(loop.context(),
                 {.properties = std::move(all), .topics = {"t"}, .prefetch_bytes_max = prefetch_bytes_max}, *this,
                 std::move(logger)) {
    consumer.start();
  }
  ~Member() override { loop_.run(consumer.close()); }
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;

  void on_assigned(std::span<const AssignedPartition> partitions) override {
    for (const auto& partition : partitions) {
      EXPECT_TRUE(generations.insert(partition.generation).second) << "a generation is never used again";
      EXPECT_TRUE(owned.emplace(partition.slot, partition.partition).second) << "a slot is used once at a time";
    }
  }
  void on_revoked(std::span<const std::uint32_t> slots, bool lost) override {
    (lost ? losses : revocations) += static_cast<int>(slots.size());
    for (const auto slot : slots) {
      std::vector<Record> none;
      EXPECT_EQ(consumer.take(slot, 10, none), 0U) << "nothing more can be taken";
      if (!lost && hold_revoke) {
        held.push_back(slot);
        continue;
      }
      forget(slot, lost);
    }
  }
  void on_records() override { ++wakes; }
  void on_read_error(std::string_view error) override { errors.emplace_back(error); }

  /// Finishes what is left of a revoked partition: commits what was read and lets it go.
  void forget(std::uint32_t slot, bool lost) {
    const auto partition = owned.at(slot);
    owned.erase(slot);
    if (lost) return;
    const auto read = positions.find(partition);
    if (read == positions.end() || !commit_on_revoke) {
      consumer.release(slot);
      return;
    }
    consumer.commit({{partition, read->second}}, [this, slot](const CommitResult& result) {
      if (result.outcome != CommitOutcome::committed) ++refused_on_revoke;
      consumer.release(slot);
    });
  }

  std::size_t take_all(std::size_t records_max = 100) {
    std::size_t count = 0;
    for (const auto& [slot, partition] : owned) {
      std::vector<Record> records;
      count += consumer.take(slot, records_max, records);
      for (const auto& record : records) {
        values.emplace_back(record.raw.value().value_or(""));
        seen[partition].push_back(record.offset.value);
        positions.insert_or_assign(partition, committed_after(record.offset));
      }
    }
    return count;
  }
  CommitResult commit(std::vector<CommitEntry> entries) {
    std::optional<CommitResult> result;
    consumer.commit(std::move(entries), [&result](CommitResult r) { result = std::move(r); });
    EXPECT_FALSE(result) << "never from inside the call";
    EXPECT_TRUE(loop_.run_until([&result] { return result.has_value(); }));
    return result.value_or(CommitResult{});
  }
  CommitResult commit_positions() {
    std::vector<CommitEntry> entries;
    for (const auto& [slot, partition] : owned) {
      if (const auto read = positions.find(partition); read != positions.end())
        entries.push_back({partition, read->second});
    }
    return commit(std::move(entries));
  }

 private:
  TestLoop& loop_;

 public:
  std::map<std::uint32_t, TopicPartition> owned;
  std::map<TopicPartition, CommittedOffset> positions;
  std::map<TopicPartition, std::vector<std::int64_t>> seen;
  std::vector<std::string> values;
  std::vector<std::string> errors;
  std::vector<std::uint32_t> held;
  std::set<std::uint64_t> generations;
  int revocations = 0;
  int losses = 0;
  int refused_on_revoke = 0;
  int wakes = 0;
  bool hold_revoke = false;
  bool commit_on_revoke = true;
  GroupConsumer consumer;  // last: its calls use the others
};

class GroupConsumerTest : public testing::Test {
 protected:
  void fill(MockCluster& cluster, int count, std::size_t bytes = 0, const std::string& prefix = "v") {
    ProducerSettings settings;
    settings.properties = {{"bootstrap.servers", cluster.bootstrap_servers()}, {"partitioner", "murmur2_random"}};
    Producer producer(loop.context(), settings, {});
    std::vector<std::string> texts;
    for (int i = 0; i < count; ++i) texts.push_back(prefix + std::to_string(i) + std::string(bytes, '.'));
    std::vector<ProduceRecord> records;
    for (int i = 0; i < count; ++i) {
      auto& record = records.emplace_back();
      record.value = texts[static_cast<std::size_t>(i)];
      record.partition = i % partitions;
    }
    const auto deliveries = loop.run(producer.send("t", std::move(records), nullptr));
    for (const auto& delivery : deliveries) ASSERT_EQ(delivery.outcome, Outcome::written) << delivery.error;
    loop.run(producer.stop(1s));
  }
  bool take_until(Member& member, std::size_t count) {
    return loop.run_until([&] {
      member.take_all();
      return member.values.size() >= count;
    });
  }
  static void expect_no_gap_no_repeat(const Member& member) {
    for (const auto& [partition, offsets] : member.seen) {
      for (std::size_t i = 0; i < offsets.size(); ++i) {
        ASSERT_EQ(offsets[i], static_cast<std::int64_t>(i)) << "partition " << partition.partition;
      }
    }
  }

  TestLoop loop;
  int partitions = 4;
};

/// The same rules hold for the eager protocol, the cooperative one and the broker's own (KIP-848).
class GroupConsumerProtocols : public GroupConsumerTest, public testing::WithParamInterface<const char*> {
 protected:
  Properties with_protocol(const MockCluster& cluster, const std::string& group, Properties more = {}) {
    const std::string name = GetParam();
    more.insert_or_assign(name == "consumer" ? "group.protocol" : "partition.assignment.strategy", name);
    return properties(cluster, group, more);
  }
  /// With the classic protocols the mock coordinator answers REBALANCE_IN_PROGRESS while members join, which may be
  /// when partitions are revoked. A real one accepts commits of the old generation then.
  static bool may_commit_in_revoke() { return std::string(GetParam()) == "consumer"; }
};

TEST_P(GroupConsumerProtocols, ReadsInOrderCommitsAndTheNextMemberGoesOnThere) {
  MockCluster cluster;
  cluster.create_topic("t", partitions);
  cluster.set_consumer_group_times(6s, 100ms);
  fill(cluster, 400);
  {
    Member member(loop, with_protocol(cluster, "g"));
    ASSERT_TRUE(take_until(member, 400));
    EXPECT_EQ(member.values.size(), 400U);
    EXPECT_EQ(member.owned.size(), 4U);
    EXPECT_GT(member.wakes, 0);
    expect_no_gap_no_repeat(member);
    const auto result = member.commit_positions();
    EXPECT_EQ(result.outcome, CommitOutcome::committed) << result.error;
    EXPECT_TRUE(result.error.empty());
    EXPECT_EQ(member.commit({}).outcome, CommitOutcome::committed) << "nothing to commit";
    EXPECT_TRUE(member.errors.empty()) << member.errors.front();
  }
  EXPECT_EQ(cluster.committed("g", {"t", 0}), CommittedOffset{100});
  fill(cluster, 40, 0, "w");
  Member next(loop, with_protocol(cluster, "g"));
  ASSERT_TRUE(take_until(next, 40));
  loop.run_for(100ms);
  EXPECT_EQ(next.take_all(), 0U);
  EXPECT_EQ(next.values.size(), 40U);
  EXPECT_EQ(next.values.front().front(), 'w');
}

TEST_P(GroupConsumerProtocols, MembersComeAndGoAndNothingIsLostOrReadTwice) {
  MockCluster cluster;
  cluster.create_topic("t", partitions);
  cluster.set_consumer_group_times(6s, 100ms);
  fill(cluster, 2000);
  Member first(loop, with_protocol(cluster, "g"));
  ASSERT_TRUE(take_until(first, 500));
  EXPECT_EQ(first.commit_positions().outcome, CommitOutcome::committed);
  std::vector<std::string> values;
  int refused = 0;
  {
    Member second(loop, with_protocol(cluster, "g"));
    ASSERT_TRUE(loop.run_until([&] {
      if (may_commit_in_revoke()) first.take_all(5);
      second.take_all(5);
      return first.owned.size() == 2 && second.owned.size() == 2;
    })) << first.owned.size()
        << " and " << second.owned.size();
    EXPECT_GE(first.revocations, 2);
    fill(cluster, 400, 0, "w");
    ASSERT_TRUE(loop.run_until([&] {
      first.take_all(50);
      second.take_all(50);
      return second.values.size() >= 100;
    }));
    // Members commit before one of them leaves.
    EXPECT_EQ(first.commit_positions().outcome, CommitOutcome::committed);
    EXPECT_EQ(second.commit_positions().outcome, CommitOutcome::committed);
    second.owned.clear();
    values = second.values;
    refused += second.refused_on_revoke;
  }
  const auto distinct = [&] {
    std::set<std::string> all(values.begin(), values.end());
    all.insert(first.values.begin(), first.values.end());
    return all.size();
  };
  ASSERT_TRUE(loop.run_until([&] {
    if (may_commit_in_revoke() || first.owned.size() == 4) first.take_all();
    return distinct() >= 2400;
  })) << "lost: "
      << 2400 - distinct();
  EXPECT_EQ(first.owned.size(), 4U);
  EXPECT_EQ(values.size() + first.values.size(), 2400U)
      << "all was committed before it was let go, so nothing came twice";
  EXPECT_EQ(first.losses, 0);
  if (may_commit_in_revoke()) {
    EXPECT_EQ(refused + first.refused_on_revoke, 0);
  }
}

TEST_P(GroupConsumerProtocols, ARevokedPartitionStaysUntilItsOwnerReleasesIt) {
  MockCluster cluster;
  cluster.create_topic("t", partitions);
  cluster.set_consumer_group_times(6s, 100ms);
  fill(cluster, 40);
  Member first(loop, with_protocol(cluster, "g"));
  ASSERT_TRUE(take_until(first, 40));
  EXPECT_EQ(first.commit_positions().outcome, CommitOutcome::committed);
  first.hold_revoke = true;
  Member second(loop, with_protocol(cluster, "g"));
  ASSERT_TRUE(loop.run_until([&] { return !first.held.empty(); }));
  loop.run_for(500ms);
  for (const auto slot : first.held) {
    const auto partition = first.owned.at(slot);
    for (const auto& [other, owned] : second.owned) EXPECT_NE(owned, partition) << "held by the first member";
    const auto result = first.commit({{partition, first.positions.at(partition)}});
    if (may_commit_in_revoke() || result.outcome == CommitOutcome::committed) {
      EXPECT_EQ(result.outcome, CommitOutcome::committed) << result.error;
    } else {
      EXPECT_EQ(result.outcome, CommitOutcome::failed) << "still a member";
      EXPECT_THAT(result.error, HasSubstr("REBALANCE_IN_PROGRESS"));
    }
  }
  first.hold_revoke = false;
  for (const auto slot : std::exchange(first.held, {})) first.forget(slot, false);
  ASSERT_TRUE(loop.run_until([&] { return first.owned.size() == 2 && second.owned.size() == 2; }));
  loop.run_for(200ms);
  EXPECT_EQ(second.take_all(), 0U) << "all was read and committed by the first";
}

INSTANTIATE_TEST_SUITE_P(All, GroupConsumerProtocols, testing::Values("range", "cooperative-sticky", "consumer"),
                         [](const auto& row) {
                           std::string name = row.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

TEST_F(GroupConsumerTest, AMemberThatReadsNothingIsNotPutOut) {
  MockCluster cluster;
  cluster.create_topic("t", partitions);
  fill(cluster, 400);
  Member member(loop, properties(cluster, "g", {{"max.poll.interval.ms", "1500"}, {"session.timeout.ms", "1500"}}));
  ASSERT_TRUE(loop.run_until([&] { return member.owned.size() == 4; }));
  loop.run_for(4500ms);
  EXPECT_EQ(member.revocations + member.losses, 0);
  EXPECT_TRUE(member.errors.empty()) << member.errors.front();
  ASSERT_TRUE(take_until(member, 400));
  expect_no_gap_no_repeat(member);
  EXPECT_EQ(member.commit_positions().outcome, CommitOutcome::committed);
}

TEST_F(GroupConsumerTest, TakesAtMostWhatWasAskedForAndKnowsWhetherMoreWaits) {
  MockCluster cluster;
  cluster.create_topic("t", partitions = 1);
  fill(cluster, 10);
  Member member(loop, properties(cluster, "g"));
  ASSERT_TRUE(loop.run_until([&] { return !member.owned.empty(); }));
  const auto slot = member.owned.begin()->first;
  std::vector<Record> records;
  ASSERT_TRUE(
      loop.run_until([&] { return member.consumer.has_records(slot) && member.consumer.take(slot, 3, records) > 0; }));
  EXPECT_EQ(records.size(), 3U);
  EXPECT_TRUE(member.consumer.has_records(slot));
  EXPECT_EQ(member.consumer.take(slot, 100, records), 7U);
  ASSERT_EQ(records.size(), 10U);
  EXPECT_EQ(records[9].offset, Offset{9});
  EXPECT_EQ(records[9].slot, slot);
  EXPECT_EQ(records[9].bytes, 2U);
  EXPECT_GT(records[9].timestamp_ms, 0);
  EXPECT_FALSE(member.consumer.has_records(slot));
  EXPECT_EQ(member.consumer.take(slot, 100, records), 0U);
  EXPECT_EQ(member.consumer.take(slot + 77, 100, records), 0U) << "no such slot";
  const int wakes = member.wakes;
  fill(cluster, 1);
  ASSERT_TRUE(loop.run_until([&] { return member.wakes > wakes; })) << "a bell for the partition that was empty";
}

TEST_F(GroupConsumerTest, RecordsKeepNullsEmptyValuesAndHeaders) {
  MockCluster cluster;
  cluster.create_topic("t", 1);
  ProducerSettings settings;
  settings.properties = {{"bootstrap.servers", cluster.bootstrap_servers()}};
  Producer producer(loop.context(), settings, {});
  const std::vector<HeaderView> headers{{"a", "1"}, {"a", "2"}, {"n", std::nullopt}};
  std::vector<ProduceRecord> sent(2);
  sent[0] = {.key = "k", .value = "", .headers = headers, .partition = 0, .timestamp_ms = 1700000000000};
  sent[1] = {.key = std::nullopt, .value = std::nullopt, .headers = {}, .partition = 0};
  loop.run(producer.send("t", sent, nullptr));
  Member member(loop, properties(cluster, "g"));
  std::vector<Record> records;
  ASSERT_TRUE(loop.run_until([&] {
    if (!member.owned.empty()) member.consumer.take(member.owned.begin()->first, 10, records);
    return records.size() == 2;
  }));
  EXPECT_EQ(records[0].raw.key(), "k");
  EXPECT_EQ(records[0].raw.value(), "");
  EXPECT_EQ(records[0].timestamp_ms, 1700000000000);
  EXPECT_EQ(records[0].bytes, 1U + 0 + 2 + 2 + 1);
  std::vector<HeaderView> read;
  records[0].raw.headers(read);
  ASSERT_EQ(read.size(), 3U);
  EXPECT_EQ(read[1].name, "a");
  EXPECT_EQ(read[1].value, "2");
  EXPECT_EQ(read[2].value, std::nullopt);
  EXPECT_EQ(records[1].raw.key(), std::nullopt);
  EXPECT_EQ(records[1].raw.value(), std::nullopt);
  EXPECT_FALSE(RawRecord());
  EXPECT_EQ(RawRecord().key(), std::nullopt);
  records.clear();
}

TEST_F(GroupConsumerTest, ErrorsOfReadingAreToldAndReadingGoesOn) {
  MockCluster cluster;
  cluster.create_topic("t", partitions);
  cluster.push_errors(MockRequest::fetch, {err_topic_authorization});
  fill(cluster, 40);
  Member member(loop, properties(cluster, "g"));
  ASSERT_TRUE(take_until(member, 40));
  ASSERT_TRUE(loop.run_until([&] { return !member.errors.empty(); }));
  EXPECT_THAT(member.errors.front(), HasSubstr("TOPIC_AUTHORIZATION_FAILED"));
  expect_no_gap_no_repeat(member);
}

TEST_F(GroupConsumerTest, ACoordinatorThatIsNotThereYetIsNoErrorOfReading) {
  for (const int error : {err_not_coordinator, err_coordinator_load_in_progress, err_coordinator_not_available}) {
    MockCluster cluster;
    cluster.create_topic("t", partitions);
    cluster.push_errors(MockRequest::offset_fetch, {error});
    fill(cluster, 40);
    Member member(loop, properties(cluster, "g"));
    EXPECT_TRUE(take_until(member, 40)) << error;
    loop.run_for(100ms);
    EXPECT_THAT(member.errors, IsEmpty()) << error;
    expect_no_gap_no_repeat(member);
  }
}

TEST_F(GroupConsumerTest, CommitErrorsThatPassAreFailedAndTheLossOfMembershipIsNotAMember) {
  MockCluster cluster;
  cluster.create_topic("t", partitions);
  fill(cluster, 40);
  Member member(loop, properties(cluster, "g"));
  ASSERT_TRUE(take_until(member, 40));

  cluster.push_errors(MockRequest::offset_commit, {err_rebalance_in_progress});
  auto result = member.commit_positions();
  EXPECT_EQ(result.outcome, CommitOutcome::failed) << "the member is still in the group";
  EXPECT_THAT(result.error, HasSubstr("REBALANCE_IN_PROGRESS"));
  EXPECT_EQ(member.commit_positions().outcome, CommitOutcome::committed);

  for (const int error : {err_illegal_generation, err_unknown_member}) {
    const int losses = member.losses;
    cluster.push_errors(MockRequest::offset_commit, {error});
    EXPECT_EQ(member.commit_positions().outcome, CommitOutcome::not_a_member) << error;
    ASSERT_TRUE(loop.run_until([&] { return member.losses == losses + 4; })) << error;
    ASSERT_TRUE(loop.run_until([&] { return member.owned.size() == 4; })) << "joins again by itself";
  }
  loop.run_for(100ms);
  member.take_all();
  EXPECT_EQ(member.values.size(), 40U) << "what was committed is not read again";
}

TEST_F(GroupConsumerTest, AFencedMemberSaysSoOnceAndJoinsAgainAfterTheSessionTimeout) {
  MockCluster cluster;
  cluster.create_topic("t", partitions);
  fill(cluster, 40);
  std::string log;
  const observability::Logger logger(
      observability::open_log({.format = observability::LogFormat::text, .service_id = {}}, log), "kafka");
  Member member(loop, properties(cluster, "g", {{"session.timeout.ms", "1200"}, {"group.instance.id", "one"}}),
                64 << 20, logger);
  ASSERT_TRUE(take_until(member, 40));
  EXPECT_EQ(member.commit_positions().outcome, CommitOutcome::committed);
  // A batch that its owner still works on while the member is thrown out.
  fill(cluster, 4);
  std::vector<Record> in_work;
  const auto slot = member.owned.begin()->first;
  ASSERT_TRUE(loop.run_until([&] { return member.consumer.take(slot, 10, in_work) > 0; }));

  const auto start = std::chrono::steady_clock::now();
  cluster.push_errors(MockRequest::heartbeat, {err_fenced_instance});
  ASSERT_TRUE(loop.run_until([&] { return member.losses == 4; }));
  EXPECT_EQ(member.commit({{{"t", 0}, CommittedOffset{1}}}).outcome, CommitOutcome::not_a_member);
  ASSERT_TRUE(loop.run_until([&] { return !member.errors.empty(); }));
  EXPECT_THAT(member.errors.back(), HasSubstr("FENCED_INSTANCE_ID"));
  ASSERT_TRUE(loop.run_until([&] { return member.owned.size() == 4; })) << "joins again";
  EXPECT_GE(std::chrono::steady_clock::now() - start, 1200ms);
  EXPECT_EQ(in_work.front().raw.value()->front(), 'v') << "the old records are still readable";
  in_work.clear();
  ASSERT_TRUE(take_until(member, 44));
  const std::string line = "Another member has this group.instance.id";
  EXPECT_NE(log.find(line), std::string::npos) << log;
  EXPECT_EQ(log.find(line, log.find(line) + 1), std::string::npos) << "one line";
}

TEST_F(GroupConsumerTest, PrefetchIsBoundedAndPausingNeitherSkipsNorRepeats) {
  MockCluster cluster;
  cluster.create_topic("t", partitions);
  fill(cluster, 4000, 1000);
  std::string log;
  const observability::Logger logger(
      observability::open_log({.format = observability::LogFormat::text, .service_id = {}}, log), "kafka");
  Member member(loop, properties(cluster, "g"), 2'000'000, logger);
  // Some were read before anything is paused, so that the position differs from the start.
  ASSERT_TRUE(loop.run_until([&] {
    member.take_all(1);
    return member.seen.size() == 4;
  }));
  ASSERT_TRUE(loop.run_until([&] { return log.find("partitions paused") != std::string::npos; }, 5s)) << log;
  ASSERT_TRUE(loop.run_until(
      [&] {
        member.take_all(50);
        return member.values.size() >= 4000;
      },
      30s))
      << member.values.size();
  loop.run_for(100ms);
  EXPECT_EQ(member.take_all(), 0U);
  EXPECT_EQ(member.values.size(), 4000U);
  expect_no_gap_no_repeat(member);
}

TEST_F(GroupConsumerTest, WithoutAResetRuleReadingWaitsForACommittedOffset) {
  MockCluster cluster;
  cluster.create_topic("t", partitions);
  fill(cluster, 40);
  Member member(loop, properties(cluster, "g", {{"auto.offset.reset", "error"}}));
  ASSERT_TRUE(loop.run_until([&] {
    member.take_all();
    return !member.errors.empty();
  }));
  EXPECT_THAT(member.errors.front(), HasSubstr("AUTO_OFFSET_RESET"));
  EXPECT_TRUE(member.values.empty());
  // An operator sets the group's offsets; nothing needs a restart.
  std::vector<CommitEntry> entries;
  for (int i = 0; i < partitions; ++i) entries.push_back({{"t", i}, CommittedOffset{5}});
  ASSERT_EQ(member.commit(entries).outcome, CommitOutcome::committed);
  ASSERT_TRUE(take_until(member, 20));
  EXPECT_EQ(member.values.size(), 20U);
}

TEST_F(GroupConsumerTest, ATopicThatIsCreatedLaterIsFoundSoon) {
  MockCluster cluster;
  cluster.create_topic("t", partitions);
  cluster.set_topic_error("t", err_unknown_topic);
  Member member(loop, properties(cluster, "g"));
  ASSERT_TRUE(loop.run_until([&] { return !member.errors.empty(); }));
  EXPECT_THAT(member.errors.front(), HasSubstr("UNKNOWN_TOPIC"));
  loop.run_for(500ms);
  cluster.set_topic_error("t", 0);
  ASSERT_TRUE(loop.run_until([&] { return member.owned.size() == 4; }, 15s));
}

TEST_F(GroupConsumerTest, CloseEndsWithTheClusterGone) {
  auto cluster = std::make_unique<MockCluster>();
  cluster->create_topic("t", partitions);
  fill(*cluster, 40);
  auto member = std::make_unique<Member>(loop, properties(*cluster, "g"));
  ASSERT_TRUE(take_until(*member, 40));
  cluster->set_broker_up(1, false);
  std::optional<CommitResult> open;
  member->consumer.commit({{{"t", 0}, CommittedOffset{1}}}, [&open](CommitResult result) { open = std::move(result); });
  loop.run_for(50ms);
  const auto start = std::chrono::steady_clock::now();
  loop.run(member->consumer.close());
  EXPECT_LT(std::chrono::steady_clock::now() - start, 7s);
  ASSERT_TRUE(loop.run_until([&] { return open.has_value(); })) << "a commit that was open is answered";
  EXPECT_EQ(open->outcome, CommitOutcome::failed);
  EXPECT_EQ(member->losses, 0) << "no listener call after close";
}

TEST_F(GroupConsumerTest, CloseWhileARevokeIsHeldUpDoesNotHang) {
  MockCluster cluster;
  cluster.create_topic("t", partitions);
  auto first = std::make_unique<Member>(loop, properties(cluster, "g"));
  ASSERT_TRUE(loop.run_until([&] { return first->owned.size() == 4; }));
  first->hold_revoke = true;
  Member second(loop, properties(cluster, "g"));
  ASSERT_TRUE(loop.run_until([&] { return !first->held.empty(); }));
  const auto start = std::chrono::steady_clock::now();
  first.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - start, 3s);
  ASSERT_TRUE(loop.run_until([&] { return second.owned.size() == 4; })) << "the group was left";
}

TEST_F(GroupConsumerTest, KnowsItsBoundsAndItsConnection) {
  MockCluster cluster;
  cluster.create_topic("t", partitions);
  Member classic(loop, properties(cluster, "g", {{"statistics.interval.ms", "200"}}));
  EXPECT_EQ(classic.consumer.revoke_drain_max(), 1s);
  ASSERT_TRUE(loop.run_until([&] { return classic.consumer.connected(); }, 2s));
  Member modern(loop, properties(cluster, "h", {{"group.protocol", "consumer"}}));
  EXPECT_EQ(modern.consumer.revoke_drain_max(), 22500ms);
  cluster.set_broker_up(1, false);
  ASSERT_TRUE(loop.run_until([&] { return !classic.consumer.connected(0ms); }, 5s));
  EXPECT_TRUE(classic.consumer.connected()) << "the grace";
  cluster.set_broker_up(1, true);
  ASSERT_TRUE(loop.run_until([&] { return classic.consumer.connected(0ms); }, 5s));
}

TEST_F(GroupConsumerTest, AConfigurationThatCannotWorkThrows) {
  MockCluster cluster;
  struct Silent : GroupListener {
    void on_assigned(std::span<const AssignedPartition> /*partitions*/) override {}
    void on_revoked(std::span<const std::uint32_t> /*slots*/, bool /*lost*/) override {}
    void on_records() override {}
    void on_read_error(std::string_view /*error*/) override {}
  } silent;
  EXPECT_THROW(
      GroupConsumer(loop.context(), {.properties = properties(cluster, "g", {{"nonsense", "1"}}), .topics = {"t"}},
                    silent, {}),
      std::runtime_error);
  // Never started, never closed: nothing hangs.
  const GroupConsumer idle(loop.context(), {.properties = properties(cluster, "g"), .topics = {"t"}}, silent, {});
}

}  // namespace
}  // namespace sidecar::kafka
