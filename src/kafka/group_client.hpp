/// One librdkafka consumer as a member of its group: the calls GroupConsumer makes on it, each with its rules.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/types.hpp"
#include "kafka/client.hpp"
#include "kafka/group_consumer.hpp"
#include "kafka/handles.hpp"

namespace sidecar::kafka {

/// Records handed out and not yet destroyed: their client must outlive them.
struct RecordsOut {
  std::atomic<std::int64_t> count{0};
};

/// Rung by librdkafka's threads when an empty partition queue gets something.
struct Bell {
  std::atomic<bool> ready{false};
  EventFd* wake = nullptr;
};

struct PartitionStart {
  TopicPartition partition;
  std::optional<Offset> at;  ///< Nothing: the committed offset, else auto.offset.reset.
};

enum class AutoCommit : std::uint8_t { off, on };

/// Thread: loop 0.
class GroupClient {
 public:
  /// Everything but logs, plain errors and statistics comes through `on_event`.
  GroupClient(asio::io_context& loop0, const Properties& properties, AutoCommit auto_commit,
              std::shared_ptr<ConnectionWatch> watch, const observability::Logger& logger,
              std::function<void(rd_kafka_event_t&)> on_event);

  [[nodiscard]] std::string subscribe(const std::vector<std::string>& topics);
  /// A revocation follows as an event if there was an assignment.
  [[nodiscard]] std::string unsubscribe();
  /// The queue of one partition, no longer forwarded to the consumer's: must happen before `assign`, or the first
  /// records arrive on the wrong queue. `bell` must outlive the queue.
  [[nodiscard]] QueueHandle partition_queue(const TopicPartition& partition, Bell& bell);
  /// Lets a partition queue go; the bell is silent afterwards.
  static void drop(QueueHandle& queue);

  /// Both follow the group's rebalance protocol. Return librdkafka's words on failure, else nothing.
  [[nodiscard]] std::string assign(const rd_kafka_topic_partition_list_t& partitions);
  [[nodiscard]] std::string unassign(const rd_kafka_topic_partition_list_t& partitions);
  /// Without the group: replaces the whole assignment; an empty list ends it.
  [[nodiscard]] std::string assign_alone(const std::vector<PartitionStart>& partitions);
  /// Goes on at other offsets, at once: nothing that was fetched before is delivered any more. Refused for a partition
  /// that does not fetch yet, or no more, and then `restart` does it.
  [[nodiscard]] std::string seek(const std::vector<PartitionStart>& partitions);
  /// Starts some partitions anew. The eager protocol has no way to do that for one alone, so `others` are assigned
  /// again at their positions.
  [[nodiscard]] std::string restart(const std::vector<PartitionStart>& partitions,
                                    const std::vector<PartitionStart>& others);
  /// True while the group has taken everything away and waits for `unassign`.
  [[nodiscard]] bool assignment_lost() const;
  /// Pausing drops what was fetched ahead; both wait for librdkafka's main thread, some microseconds. Reading meanwhile
  /// would deliver records twice, hence on the same loop only.
  void pause(const std::vector<TopicPartition>& partitions, bool paused);

  /// The answer is an event OFFSET_COMMIT with this number as opaque. Returns librdkafka's words when it was refused.
  [[nodiscard]] std::string commit(const std::vector<CommitEntry>& entries, std::uint64_t number);

  /// Tells the automatic commit how far it may go.
  [[nodiscard]] std::string store(const std::vector<CommitEntry>& entries);

  /// The answer is an event LISTOFFSETS_RESULT with this number as opaque. It comes within the limit, whatever becomes
  /// of the broker. No partition may stand there twice.
  void list_offsets(const std::vector<OffsetQuestion>& questions, std::uint64_t number, std::chrono::milliseconds limit);

  // These two block: call them on another thread, with the client held by `records_out`. They give up early, within
  // some seconds, once `ended`.

  /// Names of all topics.
  [[nodiscard]] static TopicAnswers topics(rd_kafka_t& client, std::chrono::milliseconds limit,
                                           const std::atomic<bool>& ended);
  /// The group's committed offsets. (ListConsumerGroupOffsets of the admin API would not block, but librdkafka 2.15.1
  /// aborts the process when the coordinator goes away meanwhile.)
  [[nodiscard]] static CommittedAnswers committed(rd_kafka_t& client, const std::vector<TopicPartition>& partitions,
                                                  std::chrono::milliseconds limit, const std::atomic<bool>& ended);
  [[nodiscard]] rd_kafka_t& client() { return *client_; }

  /// Also counts as a poll for `max.poll.interval.ms`.
  void drain() {
    pump_->drain();
    if (closing_pump_) closing_pump_->drain();
  }
  /// Once a second.
  void tick() { voice_.tick(); }
  bool had_first_answer() { return voice_.had_first_answer(client_.get()); }
  /// First offset of the log and the one behind its last, as the last answers told; nothing before those.
  struct LogLimits {
    Offset begin;
    Offset end;
    bool operator==(const LogLimits&) const = default;
  };
  [[nodiscard]] std::optional<LogLimits> known_limits(const TopicPartition& partition) const;

  /// Why this client is no member any more and never will be again; nothing while it may be one.
  struct Fatal {
    rd_kafka_resp_err_t code;
    std::string text;
  };
  [[nodiscard]] std::optional<Fatal> fatal_error() const;

  /// The longest that librdkafka knows: when the call ends by time while the coordinator is away, librdkafka 2.15.1
  /// aborts the process as soon as the coordinator is back (`rd_kafka_admin_coord_request`). Release the client before.
  static constexpr std::chrono::milliseconds describe_limit = std::chrono::hours(1);
  /// Asks the coordinator who is in the group; waits for a coordinator that is away. The answer is an event
  /// DESCRIBECONSUMERGROUPS_RESULT, for `has_member`. One call at a time.
  void describe_group(const std::string& group);
  /// Whether the answer names a member with this group.instance.id; nothing when there was no answer.
  [[nodiscard]] static std::optional<bool> has_member(rd_kafka_event_t& answer, const std::string& instance);

  /// Starts leaving the group; drain until `closed`. The partition queues must be gone.
  void start_closing();
  [[nodiscard]] bool closed() const;
  /// No event comes after this.
  void stop();

  /// Records handed out. The client may be released when there are none.
  RecordsOut& records_out() { return *records_out_; }
  [[nodiscard]] ClientHandle release();

 private:
  [[nodiscard]] std::string_view protocol() const { return rd_kafka_rebalance_protocol(client_.get()); }
  [[nodiscard]] PartitionList commits(const std::vector<CommitEntry>& entries);

  ClientVoice voice_;
  std::unique_ptr<RecordsOut> records_out_ = std::make_unique<RecordsOut>();
  ClientHandle client_;
  std::function<void(rd_kafka_event_t&)> on_event_;
  std::unique_ptr<EventPump> pump_;  // last: its events use the others
  std::unique_ptr<EventPump> closing_pump_;
  asio::io_context& loop0_;
};

}  // namespace sidecar::kafka
