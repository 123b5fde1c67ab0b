/// One consumer instance: what a client has made over HTTP, subscribes or assigns, reads, seeks and commits.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/types.hpp"
#include "consume/active/requests.hpp"
#include "consume/active/settings.hpp"
#include "consume/active/turns.hpp"
#include "kafka/group_consumer.hpp"
#include "kafka/signal.hpp"
#include "loop/loop.hpp"
#include "observability/log.hpp"
#include "records/record_json.hpp"

namespace sidecar::consume::active {

/// Where an instance is found.
struct InstanceName {
  std::string group;
  std::string instance;
  auto operator<=>(const InstanceName&) const = default;
};
[[nodiscard]] Error not_found(const InstanceName& name);

/// What is one instance's own.
struct InstanceSettings {
  kafka::GroupConsumerSettings consumer;
  records::RecordFormats formats;
  UndecodablePolicy undecodable_policy = UndecodablePolicy::error;
  std::size_t bytes_max = 102400;
  std::int64_t bytes_min = -1;
  std::chrono::milliseconds read_max{1000};
  std::chrono::milliseconds api_timeout{60000};
};

/// Operations take turns, first come, first served; a read keeps its turn until its answer is with the client, so that
/// what a client does not get comes again with the next read. The group member polls by itself meanwhile, so nobody has
/// to read in time.
///
/// Positions: a record counts as returned when its answer was sent. Only such records are committed. At most one record
/// is held back between reads because it did not fit.
///
/// A record that cannot be decoded holds its own partition up until the client seeks past it: the next read fails and
/// names it; reads after that return what other partitions have, and in between, or when they have nothing, fail again.
/// One whose schema is not here yet holds its partition up as well, until the registry has answered: a read that finds
/// nothing else waits for that, and fails when the registry cannot be reached.
///
/// Thread: loop 0. Held by shared_ptr; an operation keeps its instance.
class Instance final : public std::enable_shared_from_this<Instance>, private kafka::GroupListener {
 public:
  using Clock = std::chrono::steady_clock;

  /// `reads` and `schemas` are shared by all instances; `schemas` is not owned, and null only where no format takes a
  /// schema. Throws std::runtime_error with librdkafka's words when the configuration
  /// cannot work.
  Instance(asio::io_context& loop0, InstanceName name, InstanceSettings settings, formats::Schemas* schemas,
           Turns reads, observability::Logger logger);

  [[nodiscard]] const InstanceName& name() const { return name_; }

  struct ReadAnswer {
    std::string body = "[]";
    /// To be called once, on loop 0, with whether the client got the answer. Empty when that does not matter.
    std::function<void(bool)> delivered;
  };
  /// ERR12204 for a format that is not the instance's; ERR12205 when nothing is subscribed or assigned, for a record
  /// that cannot be decoded, and when Kafka refuses; ERR12200 when the instance ends meanwhile.
  Task<Result<ReadAnswer>> read(ReadQuery query);

  /// ERR30005 while partitions are assigned by hand. ERR11004 for a pattern that is not understood.
  Task<Result<void>> subscribe(SubscribeRequest request);
  /// Ends subscription and manual assignment.
  Task<Result<void>> unsubscribe();
  /// ERR30005 while subscribed.
  Task<Result<void>> assign(std::vector<TopicPartition> partitions);
  /// The subscribed topics, those that a pattern matches now included.
  Task<Result<std::vector<std::string>>> subscription();
  [[nodiscard]] std::vector<TopicPartition> assignment() const;

  enum class End : std::uint8_t { first, last };
  /// ERR30006, and nothing has moved, when a partition is not assigned or its offset cannot be found out.
  Task<Result<void>> seek(SeekRequest request);
  /// No partitions: all that are assigned.
  Task<Result<void>> seek_end(std::vector<TopicPartition> partitions, End end);

  /// Nothing: what was returned. ERR12207 when the broker refuses, or when returned records went to another member
  /// before they were committed. With `async` the answer does not wait for the broker.
  Task<Result<void>> commit(std::optional<std::vector<kafka::CommitEntry>> entries, bool async);
  /// What the group has committed, for those partitions that have something. ERR12207.
  Task<Result<std::vector<kafka::CommitEntry>>> committed(std::vector<TopicPartition> partitions);

  /// Nothing while an operation is under way, else since when none was.
  [[nodiscard]] std::optional<Clock::time_point> idle_since() const;
  /// Waiting reads answer with what they have, and none waits any more.
  void stop_waiting();
  /// Ends every operation with ERR12200 and leaves the group.
  Task<> close();

 private:
  struct Partition {
    kafka::AssignedPartition assigned;
    std::optional<CommittedOffset> returned;   ///< Behind the last record that a client got.
    std::optional<CommittedOffset> committed;  ///< What was committed last.
  };
  struct Held {
    kafka::Record record;
    TopicPartition partition;
  };
  /// The record that its partition stands at: it cannot be decoded, or not yet.
  struct Stalled {
    Held held;
    std::string why;    ///< It cannot be; with `schema`: why the registry did not answer this read, if it did not.
    bool told = false;  ///< A read has failed because of it since the last one that returned records.
    std::optional<formats::SchemaKey> schema;  ///< What it waits for.
    bool asked = false;                        ///< The registry, which has not answered yet.
  };
  /// An operation under way.
  class Use;
  struct Reading;
  struct Span;

  void on_assigned(std::span<const kafka::AssignedPartition> partitions) override;
  void on_revoked(std::span<const std::uint32_t> slots, bool lost) override;
  void on_records() override { changed_->raise(); }
  void on_read_error(std::string_view error) override;

  [[nodiscard]] bool reads_something() const { return !topics_.empty() || alone_; }
  [[nodiscard]] bool is_read(const TopicPartition& partition) const;
  [[nodiscard]] Partition* find(const TopicPartition& partition);
  [[nodiscard]] Error failed_read(std::string_view what) const;
  [[nodiscard]] Error failed_commit(std::string_view why) const;

  void gather(Reading& reading);
  /// Asks the registry for what records wait for, all side by side.
  void fetch_schemas();
  Task<> fetch_schema(std::uint32_t slot, formats::SchemaKey schema);
  void add(Reading& reading, kafka::Record record, const TopicPartition& partition);
  /// Takes nothing back: records of this partition that wait here are forgotten.
  void forget(std::uint32_t slot);
  /// For a record that cannot be decoded; `again`: also one that was told already, or whose schema cannot be had now.
  [[nodiscard]] std::optional<Error> stalled_failure(bool again);
  [[nodiscard]] std::optional<Error> read_failure();
  void finish_read(const std::vector<Span>& spans, bool delivered);

  Task<Result<void>> leave_all();
  /// Waits until the group has given something, at most as long as a read.
  Task<> await_assignment();
  [[nodiscard]] Result<void> check_assigned(const std::vector<TopicPartition>& partitions);
  /// Moves all or, when a partition has gone meanwhile, none.
  Result<void> move(const std::vector<std::pair<TopicPartition, Offset>>& targets);
  Task<Result<std::vector<std::pair<TopicPartition, Offset>>>> find_offsets(
      std::vector<kafka::OffsetQuestion> questions);
  Result<void> after_commit(const std::vector<kafka::CommitEntry>& entries, const kafka::CommitResult& result);
  Result<void> tell_taken_away();

  asio::io_context& loop0_;
  const InstanceName name_;
  const InstanceSettings settings_;
  observability::Logger log_;
  formats::Schemas* const schemas_;
  records::RecordJson json_;
  Turns turns_;
  Turns reads_;
  const std::shared_ptr<kafka::Signal> changed_;  // something that whoever has the turn may wait for

  std::vector<std::string> topics_;  // the subscription: names, or one pattern
  bool by_pattern_ = false;
  bool alone_ = false;                             // partitions are assigned by hand
  std::map<std::uint32_t, Partition> partitions_;  // by slot
  std::uint32_t last_slot_ = 0;                    // where the last read ended
  std::optional<Held> held_;
  std::map<std::uint32_t, Stalled> stalled_;  // by slot
  std::string read_error_;
  std::set<TopicPartition> taken_away_;  // with returned records that were not committed

  std::size_t uses_ = 0;
  Clock::time_point last_use_ = Clock::now();
  bool stopping_ = false;
  bool ended_ = false;
  std::vector<kafka::Record> scratch_;
  kafka::GroupConsumer consumer_;  // last: its callbacks use the others
};

}  // namespace sidecar::consume::active
