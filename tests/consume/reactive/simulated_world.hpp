/// A seeded world around the reactive engine: broker, group, backend, dead-letter topic and time, with every fault the
/// engine has to live with, and a judge that watches each call.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "consume/reactive/engine.hpp"

namespace sidecar::consume::reactive::test {

/// A promise was broken; the text says which.
struct Violation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct SimulationReport {
  std::uint64_t steps = 0;
  std::uint64_t posts = 0;
  std::uint64_t crashes = 0;
  std::uint64_t rebalances = 0;
  std::uint64_t records = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t schema_waits = 0;         ///< Answers of the registry that a record waited for.
  std::uint64_t worlds_by_partition = 0;  ///< With `dispatch: partition`.
  std::uint64_t posts_out_most = 0;       ///< Most POSTs that were with the backend at once.
};

class SimulatedWorld final : RecordSource, RecordCodec, Backend, LetterSink, Timers {
 public:
  explicit SimulatedWorld(std::uint64_t seed);
  ~SimulatedWorld() override;

  /// Runs `fault_steps` events with faults; then, where each partition has its own lane, without other faults but with one
  /// partition that the backend does not settle, until the others are done; then until everything is committed. Throws
  /// Violation.
  SimulationReport run(std::uint64_t fault_steps);

 private:
  using Time = std::chrono::milliseconds;
  enum class Hindrance : std::uint8_t { none, fails, hangs, lacks_schema };
  /// `us_unheard`: put out of the group while the process stood still, and nobody has told it.
  enum class Owner : std::uint8_t { nobody, us, us_leaving, us_unheard, other };

  struct LogRecord {
    bool undecodable = false;
    std::uint32_t schema = 0;    ///< 0: needs none.
    bool rejected = false;       ///< The backend never accepts it.
    std::size_t bytes = 0;
    bool accepted = false;       ///< The backend said processed: true.
    bool refused = false;        ///< The backend said processed: false.
    bool dead_letter = false;    ///< Acknowledged in the dead-letter topic.
    bool by_other = false;       ///< Settled by the other member of the group.
    std::string batch;           ///< Id under which it was delivered last.
  };
  struct Partition {
    TopicPartition name;
    std::vector<LogRecord> log;
    std::size_t visible = 0;      ///< Produced so far.
    std::int64_t first = 0;       ///< Low watermark.
    std::int64_t committed = 0;
    Owner owner = Owner::nobody;
    std::uint32_t slot = 0;
    std::uint64_t generation = 0;
    std::int64_t position = 0;
    std::int64_t delivered = -1;  ///< Highest offset any delivery has shown to the backend.
    std::uint64_t duplicates = 0;
    std::uint64_t interruptions = 0;  ///< Crashes and rebalances that hit it.
    Time held_since{0};
  };
  struct Event {
    Time at;
    std::uint64_t order;
    std::function<void()> run;
    bool operator<(const Event& other) const { return std::tie(at, order) > std::tie(other.at, other.order); }
  };

  // The engine's side.
  std::size_t take(std::uint32_t slot, std::size_t records_max, std::vector<kafka::Record>& out) override;
  [[nodiscard]] bool has_records(std::uint32_t slot) const override;
  void release(std::uint32_t slot) override;
  [[nodiscard]] bool membership_in_doubt() const override;
  void commit(std::vector<kafka::CommitEntry> entries, std::function<void(kafka::CommitResult)> done) override;
  void first_offset(const TopicPartition& partition, std::function<void(std::optional<Offset>)> done) override;
  std::expected<void, formats::NotDecoded> append(const TopicPartition& partition, const kafka::Record& record,
                                                  std::string& body, std::string& correlation_id) override;
  void fetch(const formats::SchemaKey& schema, std::function<void(std::optional<std::string>)> done) override;
  void post(std::shared_ptr<const Batch> batch,
            std::function<void(BackendOutcome, std::string, std::uint32_t)> done) override;
  void probe(std::function<void(bool)> done) override;
  void write(std::vector<deadletter::Letter> letters, std::shared_ptr<const void> owner,
             std::function<void(std::vector<bool>)> done) override;
  [[nodiscard]] std::chrono::steady_clock::time_point now() const override;
  Id after(std::chrono::milliseconds delay, std::function<void()> then) override;
  void cancel(Id id) override;

  // The world's side.
  void at(Time delay, std::function<void()> run);       ///< Survives a crash of the sidecar.
  void in_process(Time delay, std::function<void()> run);  ///< Dies with it.
  bool step();
  void start_sidecar();
  void crash();
  void rebalance();
  void stand_still();
  void come_back(std::uint32_t slot);
  void assign(std::vector<std::size_t> partitions);
  void lose_everything();
  void other_works(std::size_t index);
  void produce_some();
  void world_event();
  BackendOutcome process(const Batch& batch);
  void answer(const Batch& batch, const std::function<void(BackendOutcome, std::string, std::uint32_t)>& done);
  [[nodiscard]] bool done(const Partition& partition) const;
  void hinder_one_partition();
  Partition& partition_of_slot(std::uint32_t slot);
  Partition& find(const TopicPartition& name);
  std::uint64_t random(std::uint64_t below) { return rng_() % below; }
  bool chance(unsigned percent) { return random(100) < percent; }
  bool fault(unsigned percent) { return faults_ && chance(percent); }
  void require(bool held, const std::string& promise) const;

  std::mt19937_64 rng_;
  ReactiveSettings settings_;
  std::vector<Partition> partitions_;
  std::priority_queue<Event> events_;
  Time time_{0};
  std::uint64_t order_ = 0;
  std::uint64_t life_ = 0;  ///< Of the sidecar process; goes up with each crash.
  std::map<Id, bool> timers_;
  Id next_timer_ = 0;
  std::uint64_t next_generation_ = 0;
  bool faults_ = true;
  bool backend_up_ = true;
  std::set<std::uint32_t> schemas_;  ///< What the process knows; it forgets some when it likes.
  bool false_alarm_ = false;  ///< The process stood still for a while, and the group did not mind.
  Hindrance hindrance_ = Hindrance::none;  ///< What befalls `hindered_`.
  std::size_t hindered_ = 0;
  std::vector<std::function<void()>> hanging_;  ///< Answers that come when the hindrance is over.
  std::unique_ptr<Engine> engine_;
  /// Batches on their way to the backend: (partition, generation) in flight.
  std::multiset<std::pair<TopicPartition, std::uint64_t>> in_flight_;
  std::map<std::string, std::pair<std::uint32_t, std::string>> seen_;  ///< Batch id to last attempt and body.
  SimulationReport report_;
};

}  // namespace sidecar::consume::reactive::test
