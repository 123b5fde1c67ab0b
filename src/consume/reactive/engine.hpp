/// The reactive consumer's engine: gathers records into batches, has them posted, settles them, and commits. It speaks to
/// the world only through the small interfaces below, so that a simulator can play the world.
///
/// The rules it keeps, whatever the world does:
///  - an offset is committed only when every record below it was accepted or is a dead letter that the broker acknowledged;
///  - a batch that must be tried again is the same batch: same records, same bytes, same id, attempt one higher;
///  - a lane is a set of partitions with at most one batch in flight, so order per partition is kept: one lane for all
///    (`dispatch: batch`) or one per partition (`dispatch: partition`);
///  - lanes take turns at the POSTs that may be out at once; a lane that waits before it tries again holds none of them;
///  - a record whose schema the registry does not give now waits, and holds its own partition up and no other;
///  - for a partition that is no longer ours nothing is committed and no dead letter is written; a process that stood still
///    may not know yet, so it asks the group first;
///  - at most one gathered batch waits behind a lane's batch in flight, and over all lanes only as many as there may be
///    POSTs; a lane whose batch fails gathers nothing more, so memory is bounded.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <expected>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/types.hpp"
#include "consume/reactive/decide.hpp"
#include "consume/reactive/settings.hpp"
#include "deadletter/letter.hpp"
#include "formats/not_decoded.hpp"
#include "kafka/group_consumer.hpp"
#include "observability/log.hpp"

namespace sidecar::consume::reactive {

/// Records in: kafka::GroupConsumer, or the simulator.
class RecordSource {
 public:
  virtual ~RecordSource() = default;
  /// See kafka::GroupConsumer::take, has_records, release, membership_in_doubt, commit.
  virtual std::size_t take(std::uint32_t slot, std::size_t records_max, std::vector<kafka::Record>& out) = 0;
  [[nodiscard]] virtual bool has_records(std::uint32_t slot) const = 0;
  virtual void release(std::uint32_t slot) = 0;
  [[nodiscard]] virtual bool membership_in_doubt() const = 0;
  virtual void commit(std::vector<kafka::CommitEntry> entries, std::function<void(kafka::CommitResult)> done) = 0;
  /// The first offset the partition still holds; nothing when it cannot be told now. `done` is called once, later.
  virtual void first_offset(const TopicPartition& partition, std::function<void(std::optional<Offset>)> done) = 0;
};

/// One record as JSON.
class RecordCodec {
 public:
  virtual ~RecordCodec() = default;
  /// Appends the record's object to `body`. On error what was appended does not count.
  /// `correlation_id` receives the id that was made for a record without one; an id that is there already is used again.
  virtual std::expected<void, formats::NotDecoded> append(const TopicPartition& partition, const kafka::Record& record,
                                                          std::string& body, std::string& correlation_id) = 0;
  /// Gets the schema that `append` missed. `done` is called once, later: with nothing when `append` can tell now what
  /// becomes of the record, otherwise with why the registry does not answer.
  virtual void fetch(const formats::SchemaKey& schema, std::function<void(std::optional<std::string>)> done) = 0;
};

struct BatchRecord {
  kafka::Record record;
  std::shared_ptr<const TopicPartition> partition;  ///< Never null; outlives the assignment.
  std::uint64_t generation = 0;
  std::string correlation_id;       ///< Made by the codec for a record without one.
  std::string undecodable;          ///< Why it is not in the body; empty: it is.
  std::size_t body_at = 0;          ///< Where its object stands in the body, while it is there.
  std::size_t body_size = 0;
  bool gone = false;                ///< Its partition was taken away: neither dead letter nor commit.
};

/// The unit of truth: records, their raw bytes, and the body made from them once.
struct Batch {
  std::string id;                   ///< X-Batch-Id
  std::uint32_t attempt = 0;        ///< X-Batch-Attempt of the last POST, from 1.
  std::uint32_t rollbacks = 0;      ///< Times the threshold sent it back.
  std::vector<BatchRecord> records;
  std::vector<std::uint32_t> posted;  ///< Indexes into `records` of those in the body, in body order.
  std::string body;                 ///< A JSON array.
  std::size_t bytes = 0;            ///< Of the records, for requestMaxBytes.
};

/// Delivers batches.
class Backend {
 public:
  virtual ~Backend() = default;
  /// Posts the body. `done` is called once, later, with the outcome, words for the log, and how many POSTs it took; until
  /// then body and posted records stay as they are.
  virtual void post(std::shared_ptr<const Batch> batch,
                    std::function<void(BackendOutcome, std::string detail, std::uint32_t attempts)> done) = 0;
  /// True when a connection is accepted. `done` is called once, later.
  virtual void probe(std::function<void(bool)> done) = 0;
};

/// Dead letters out, in callback form.
class LetterSink {
 public:
  virtual ~LetterSink() = default;
  virtual void write(std::vector<deadletter::Letter> letters, std::shared_ptr<const void> owner,
                     std::function<void(std::vector<bool>)> done) = 0;
};

/// Time.
class Timers {
 public:
  using Id = std::uint64_t;
  virtual ~Timers() = default;
  [[nodiscard]] virtual std::chrono::steady_clock::time_point now() const = 0;
  /// Calls `then` once after `delay`, never from inside this call.
  virtual Id after(std::chrono::milliseconds delay, std::function<void()> then) = 0;
  virtual void cancel(Id id) = 0;
};

struct World {
  RecordSource& source;
  RecordCodec& codec;
  Backend& backend;
  LetterSink& letters;
  Timers& timers;
};

struct EngineCounters {
  std::uint64_t batches_settled = 0;
  std::uint64_t records_settled = 0;   ///< Accepted, dead-lettered, discarded or skipped, and committed.
  std::uint64_t posts = 0;
  std::uint64_t rollbacks = 0;
  std::uint64_t dead_letters = 0;
  std::uint64_t discarded = 0;         ///< unprocessedPolicy: discard
  std::uint64_t skipped = 0;           ///< undecodablePolicy: skip
  std::uint64_t given_up = 0;          ///< Records whose partition went away before they were settled.
};

/// Thread: loop 0, everything. Lifetime: callbacks handed to the world hold a weak link, so late answers find nobody.
class Engine final : public kafka::GroupListener {
 public:
  /// `revoke_drain_max`: longest time a revoked partition may be held up.
  Engine(ReactiveSettings settings, std::chrono::milliseconds revoke_drain_max, World world, observability::Logger logger);
  ~Engine() override;

  /// The gate is open: records may be taken from now on.
  void start();
  /// Takes no more records, lets the batches in flight settle for at most `limit`, then calls `done` once. Batches that
  /// only wait to be posted again are given up at once.
  void drain(std::chrono::milliseconds limit, std::function<void()> done);

  /// Drops every record it holds; only destruction may follow.
  void abandon();

  void on_assigned(std::span<const kafka::AssignedPartition> partitions) override;
  void on_revoked(std::span<const std::uint32_t> slots, bool lost) override;
  void on_records() override;
  void on_read_error(std::string_view error) override;

  /// Nothing when healthy, else why not, in one line.
  [[nodiscard]] std::optional<std::string> unhealthy() const;
  [[nodiscard]] const EngineCounters& counters() const { return counters_; }

 private:
  struct Slot;
  struct Lane;

  [[nodiscard]] std::size_t lane_of(std::uint32_t slot) const;
  [[nodiscard]] bool may_post() const;
  [[nodiscard]] bool may_begin(const Lane& lane) const;
  void wait_turn(Lane& lane);
  void serve_turns();
  void gather(Lane& lane);
  void fill(Lane& lane);
  void wait_for_company(Lane& lane);
  void drop_gathered(Lane& lane);
  std::shared_ptr<Batch> take_gathered(Lane& lane);
  bool add(Lane& lane, Slot& slot, kafka::Record record);
  void launch(Lane& lane);
  void retry(Lane& lane);
  void stand_by(Lane& lane);
  void post(Lane& lane);
  void answered(Lane& lane, const BackendOutcome& outcome, const std::string& detail, std::uint32_t attempts);
  void post_again(Lane& lane, const PostAgain& again, std::string_view why);
  void probe(Lane& lane);
  void mark_unreachable(Lane& lane, bool unreachable);
  void backend_reached();
  void settle(Lane& lane, const Settle& settle, const BackendResults& answer);
  void write_letters(Lane& lane);
  void prove_membership(Lane& lane);
  void commit(Lane& lane);
  void send_commit(Lane& lane, std::vector<kafka::CommitEntry> entries, void (Engine::*then)(Lane&), void (Engine::*again)(Lane&));
  void commit_failed(Lane& lane, const kafka::CommitResult& result, void (Engine::*again)(Lane&));
  void finish(Lane& lane);
  void give_up(Lane& lane);
  void abandon_batch(Lane& lane);
  void go_on();
  void forget(Lane& lane, std::uint32_t slot);
  void stop_taking(Slot& leaving);
  static void rebuild(Batch& batch);
  void hold_back(Slot& slot);
  void await_schema(Slot& slot, const formats::SchemaKey& schema);
  [[nodiscard]] std::function<Slot*()> same_assignment(const Slot& slot);
  void release_if_settled(Lane& lane);
  void wait(Lane& lane, std::chrono::milliseconds pause, void (Engine::*then)(Lane&));
  std::chrono::milliseconds next_backoff(Lane& lane);
  void check_drained();
  [[nodiscard]] Slot* slot(std::uint32_t index);

  ReactiveSettings settings_;
  std::chrono::milliseconds revoke_drain_max_;
  World world_;
  observability::Logger log_;
  EngineCounters counters_;
  std::vector<std::unique_ptr<Slot>> slots_;  ///< By slot number; null: not assigned.
  /// Never shrinks: callbacks hold a lane and the step they belong to.
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::deque<Lane*> turns_;             ///< Lanes that want to post, the one that waited longest first.
  std::size_t posts_out_ = 0;           ///< POSTs whose answer is awaited.
  std::size_t batches_gathered_ = 0;    ///< Lanes with a batch in the making.
  std::size_t lanes_unreachable_ = 0;   ///< Lanes whose last POST found no backend at all.
  std::size_t held_slots_ = 0;  ///< Revoked partitions whose release the consumer waits for.
  bool started_ = false;
  bool draining_ = false;
  std::function<void()> drained_;
  Timers::Id drain_timer_ = 0;
  std::string read_error_;
  std::chrono::steady_clock::time_point read_error_at_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace sidecar::consume::reactive
