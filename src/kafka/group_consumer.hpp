/// A member of a consumer group that keeps polling whatever its owner does, hands out raw records per partition, and
/// leaves every decision (what to read, when to release a revoked partition, what to commit) to its listener.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/types.hpp"
#include "kafka/producer.hpp"
#include "kafka/properties.hpp"
#include "loop/loop.hpp"
#include "observability/log.hpp"

struct rd_kafka_message_s;

namespace sidecar::kafka {

/// The bytes of one consumed record, as librdkafka holds them. Move-only; frees them. May be empty (simulation).
class RawRecord {
 public:
  RawRecord() = default;
  explicit RawRecord(rd_kafka_message_s* message) : message_(message) {}

  [[nodiscard]] std::optional<std::string_view> key() const;
  [[nodiscard]] std::optional<std::string_view> value() const;
  /// In record order, duplicates kept. Appends to `out`; views live as long as this object.
  void headers(std::vector<HeaderView>& out) const;
  explicit operator bool() const { return message_ != nullptr; }

 private:
  struct Free {
    void operator()(rd_kafka_message_s* message) const noexcept;
  };
  std::unique_ptr<rd_kafka_message_s, Free> message_;
};

/// One record on its way. `slot` is the small index of its partition inside its consumer, see AssignedPartition.
struct Record {
  std::uint32_t slot = 0;
  Offset offset{0};
  std::int64_t timestamp_ms = 0;
  std::size_t bytes = 0;  ///< Key, value and headers, for bounds.
  RawRecord raw;
};

/// A partition that this member owns now. A slot number is used again only after its partition was released; the
/// generation is never used again.
struct AssignedPartition {
  TopicPartition partition;
  std::uint32_t slot = 0;
  std::uint64_t generation = 0;
};

struct CommitEntry {
  TopicPartition partition;
  CommittedOffset offset{0};
  std::string metadata{};  ///< Any text of the committer's; empty: none.
};
enum class CommitOutcome : std::uint8_t {
  committed,
  not_a_member,  ///< Fenced, unknown member, wrong generation: somebody else owns the partitions now.
  failed,        ///< Anything else; may succeed later.
};
struct CommitResult {
  CommitOutcome outcome = CommitOutcome::failed;
  std::string error;  ///< Empty when committed.
};

/// Asks where in a partition something is.
struct OffsetQuestion {
  enum class Where : std::uint8_t { first, end, at_timestamp };
  TopicPartition partition;
  Where where = Where::first;
  std::int64_t timestamp_ms = 0;  ///< For at_timestamp: the first record that is not older.
};
/// One offset per question, in the same order; nothing where no record is at or after the timestamp. Or why not.
using OffsetAnswers = std::expected<std::vector<std::optional<Offset>>, std::string>;
/// The partitions that have a committed offset. Or why not.
using CommittedAnswers = std::expected<std::vector<CommitEntry>, std::string>;
using TopicAnswers = std::expected<std::vector<std::string>, std::string>;

/// For SeekTarget: wherever the partition begins by then.
inline constexpr Offset log_start{-2};
/// Where a partition goes on.
struct SeekTarget {
  std::uint32_t slot = 0;
  Offset offset{0};
};

/// Told about the life of the member. All calls come on loop 0, never from inside a call of the consumer's own methods.
class GroupListener {
 public:
  virtual ~GroupListener() = default;
  virtual void on_assigned(std::span<const AssignedPartition> partitions) = 0;
  /// The partitions go away. Nothing more can be taken from them. With `lost` false the consumer holds the rebalance up
  /// until GroupConsumer::release was called for each (commits are still accepted meanwhile; bound the wait). With
  /// `lost` true they already belong to somebody else: commit nothing. A partition that is lost while its release is
  /// awaited is told a second time, with `lost` true. After a loss no release is needed.
  virtual void on_revoked(std::span<const std::uint32_t> slots, bool lost) = 0;
  /// Records wait in at least one partition that was empty before.
  virtual void on_records() = 0;
  /// Reading failed (not authorised, offset out of range with `none`, fenced, ...). The consumer goes on by itself.
  virtual void on_read_error(std::string_view error) = 0;
};

struct GroupConsumerSettings {
  Properties properties;  ///< Translated: librdkafka names and values.
  std::vector<std::string> topics;  ///< To subscribe to on start. A name that starts with ^ is a pattern.
  std::int64_t prefetch_bytes_max = 64 << 20;  ///< kafka-consumer.prefetchMaxBytes, over all partitions.
  bool auto_commit = false;  ///< Commit what was stored, every auto.commit.interval.ms and when a partition goes.
  bool unknown_topics_are_errors = true;  ///< Tell the listener about topics and partitions that do not exist.
  /// A commit that librdkafka holds back while the coordinator is away must not hold its owner up for ever.
  std::chrono::milliseconds commit_time_max{30000};
};

/// Thread: everything on loop 0. Uses events (rebalance, commit, error, log) from the consumer queue, and one
/// un-forwarded queue per partition; polls at least once a second, so `max.poll.interval.ms` never expires because of
/// its owner.
class GroupConsumer {
 public:
  /// Throws std::runtime_error with librdkafka's words when the configuration cannot work. Does not wait for a broker.
  GroupConsumer(asio::io_context& loop0, GroupConsumerSettings settings, GroupListener& listener,
                observability::Logger logger);
  ~GroupConsumer();
  GroupConsumer(const GroupConsumer&) = delete;
  GroupConsumer& operator=(const GroupConsumer&) = delete;

  /// Joins the group if there are topics. Call once.
  void start();

  // What a member does whose client says at any time what it wants to read. Each returns librdkafka's words when it is
  // refused, else nothing.

  /// Replaces the subscription; the rebalance that follows is told to the listener. Not while partitions are assigned
  /// with `assign`.
  [[nodiscard]] std::string subscribe(std::vector<std::string> topics);
  /// Ends the subscription or the manual assignment. Partitions of a subscription are revoked as in a rebalance: wait
  /// until `settled` before anything else is subscribed or assigned. Those assigned by hand are gone at once.
  [[nodiscard]] std::string unsubscribe();
  /// Replaces the assignment, without group management and without a word to the listener; committing for the group
  /// remains possible. Partitions that stay go on where they were. All slots are new.
  [[nodiscard]] std::expected<std::vector<AssignedPartition>, std::string> assign(
      const std::vector<TopicPartition>& partitions);
  /// True when no partition is held and none is being revoked.
  [[nodiscard]] bool settled() const;
  /// Goes on at other offsets. An offset out of range ends in auto.offset.reset. Unknown slots are ignored.
  [[nodiscard]] std::string seek(const std::vector<SeekTarget>& targets);
  /// Why the partition is not read any more (`auto.offset.reset=none`); empty while it is.
  [[nodiscard]] std::string_view stopped(std::uint32_t slot) const;
  /// How far the automatic commit may go.
  [[nodiscard]] std::string store(const std::vector<CommitEntry>& entries);

  /// Moves up to `records_max` waiting records of one partition to the end of `out`, in offset order, without waiting.
  /// Returns how many. Zero for a slot that is not assigned.
  std::size_t take(std::uint32_t slot, std::size_t records_max, std::vector<Record>& out);
  /// True when `take` would (probably) return something.
  [[nodiscard]] bool has_records(std::uint32_t slot) const;
  /// Lets a revoked partition go, see GroupListener::on_revoked.
  void release(std::uint32_t slot);
  /// True when this process stood still for so long (suspended, starved) that the group may have put it out and nobody has told it
  /// yet. A commit that is accepted ends the doubt, and so does a new assignment.
  [[nodiscard]] bool membership_in_doubt() const;
  /// Commits; `done` is called once, on loop 0, later.
  void commit(std::vector<CommitEntry> entries, std::function<void(CommitResult)> done);
  /// The first offset the partition still holds (its low watermark, asked from the broker); nothing when that cannot be
  /// told within a few seconds. `done` is called once, on loop 0, later.
  void first_offset(const TopicPartition& partition, std::function<void(std::optional<Offset>)> done);
  /// One broker call each; `done` is called once, on loop 0, later, within `limit` or little more. No partition may stand
  /// there twice.
  void list_offsets(std::vector<OffsetQuestion> questions, std::chrono::milliseconds limit,
                    std::function<void(OffsetAnswers)> done);
  void committed(std::vector<TopicPartition> partitions, std::chrono::milliseconds limit,
                 std::function<void(CommittedAnswers)> done);
  /// Names of all topics.
  void all_topics(std::chrono::milliseconds limit, std::function<void(TopicAnswers)> done);
  /// Half the session timeout: the bound for draining on revoke (22.5 s for the `consumer` protocol).
  [[nodiscard]] std::chrono::milliseconds revoke_drain_max() const;
  [[nodiscard]] bool connected(std::chrono::milliseconds grace = std::chrono::seconds(10)) const;

  /// Leaves the group (a static member stays) and frees everything. Partitions still held are given up as they are:
  /// commit first. Every Record taken must have been destroyed before. No listener call comes after it was called.
  Task<> close();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace sidecar::kafka
