#include "consume/reactive/simulated_world.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace sidecar::consume::reactive::test {
namespace {

constexpr std::chrono::milliseconds revoke_drain{3000};
/// The registry does not give it while a partition is hindered by that.
constexpr std::uint32_t withheld_schema = 9;

}  // namespace

SimulatedWorld::SimulatedWorld(std::uint64_t seed) : rng_(seed) {
  settings_.group_id = "sim";
  settings_.dispatch = chance(50) ? Dispatch::partition : Dispatch::batch;
  settings_.batches_in_flight_max = 1 + random(5);
  settings_.batch_records_max = 1 + random(20);
  settings_.request_bytes_max = 500 + random(3000);
  settings_.fetch_max_wait = Time(chance(30) ? 0 : 50);
  settings_.batch_rollback_threshold = static_cast<std::uint32_t>(std::vector<int>{0, 30, 60, 100}[random(4)]);
  settings_.batch_rollback_min_records = 1 + static_cast<std::uint32_t>(random(10));
  settings_.max_retries = static_cast<std::uint32_t>(random(4));
  settings_.dead_letter_enabled = chance(85);
  settings_.undecodable_policy = settings_.dead_letter_enabled
                                     ? std::vector{UndecodablePolicy::deadletter, UndecodablePolicy::deadletter,
                                                   UndecodablePolicy::stop, UndecodablePolicy::skip}[random(4)]
                                     : std::vector{UndecodablePolicy::stop, UndecodablePolicy::skip}[random(2)];

  const unsigned schema_percent = chance(50) ? 0 : 60;
  const bool by_partition = settings_.dispatch == Dispatch::partition;
  report_.worlds_by_partition = by_partition ? 1 : 0;
  const std::size_t count = 1 + random(by_partition ? 12 : 5);
  for (std::size_t i = 0; i < count; ++i) {
    Partition partition;
    partition.name = {i % 2 == 0 ? "orders" : "carts", static_cast<std::int32_t>(i / 2)};
    partition.log.resize(50 + random(150));
    for (auto& record : partition.log) {
      record.undecodable = chance(3);
      record.schema = chance(schema_percent) ? 1 + static_cast<std::uint32_t>(random(3)) : 0;
      record.rejected = chance(8);
      record.bytes = chance(3) ? settings_.request_bytes_max + random(1000) : 20 + random(200);
    }
    report_.records += partition.log.size();
    partitions_.push_back(std::move(partition));
  }
}

SimulatedWorld::~SimulatedWorld() = default;

void SimulatedWorld::require(bool held, const std::string& promise) const {
  if (!held) throw Violation(promise + " (at " + std::to_string(time_.count()) + " ms)");
}

SimulationReport SimulatedWorld::run(std::uint64_t fault_steps) {
  start_sidecar();
  at(Time(1), [this] { produce_some(); });
  at(Time(5), [this] { world_event(); });
  while (report_.steps < fault_steps && step()) {
  }
  faults_ = false;
  backend_up_ = true;
  hinder_one_partition();
  const auto calm_from = report_.steps;
  while (!std::ranges::all_of(partitions_, [this](const Partition& p) { return done(p); })) {
    require(report_.steps - calm_from < 200'000 && step(), "progress after the last fault");
  }
  for (const auto& p : partitions_) {
    for (std::size_t o = 0; o < p.log.size(); ++o) {
      const auto& r = p.log[o];
      const bool skipped = r.undecodable && settings_.undecodable_policy == UndecodablePolicy::skip;
      const bool removed = static_cast<std::int64_t>(o) < p.first;
      const bool discarded = r.refused && !settings_.dead_letter_enabled;
      require(r.accepted || r.dead_letter || r.by_other || skipped || removed || discarded, "no record is lost");
    }
    require(p.duplicates <= p.interruptions * settings_.batch_records_max,
            "duplicates stay within one batch per interruption: " + std::to_string(p.duplicates) + " after " +
                std::to_string(p.interruptions));
    report_.duplicates += p.duplicates;
  }
  const auto delivered_at = time_;
  at(Time(60'000), [] {});  // A read error is forgotten with time only.
  while (engine_->unhealthy()) {
    require(time_ - delivered_at < Time(60'000) && step(), "healthy again once everything is delivered");
  }
  // A clean stop at the end.
  bool stopped = false;
  engine_->drain(Time(1000), [&stopped] { stopped = true; });
  while (!stopped) require(step(), "drain ends");
  engine_.reset();
  return report_;
}

bool SimulatedWorld::done(const Partition& partition) const {
  return std::max(partition.committed, partition.first) >= static_cast<std::int64_t>(partition.log.size());
}

/// A partition whose schema does not come must not hold the others up; neither must one that always fails, or whose
/// answers do not come, where each has its own lane. (Answers that do not come take the place of a POST, so there must be
/// room for one more.)
void SimulatedWorld::hinder_one_partition() {
  if (partitions_.size() < 2) return;
  std::vector<Hindrance> possible{Hindrance::lacks_schema};
  if (settings_.dispatch == Dispatch::partition) {
    possible.push_back(Hindrance::fails);
    if (settings_.batches_in_flight_max > 1) possible.push_back(Hindrance::hangs);
  }
  hindrance_ = possible[random(possible.size())];
  hindered_ = random(partitions_.size());
  if (hindrance_ == Hindrance::lacks_schema) {
    for (auto& record : partitions_[hindered_].log) record.schema = withheld_schema;
  }
  const auto from = report_.steps;
  const auto others_done = [this] {
    for (std::size_t i = 0; i < partitions_.size(); ++i) {
      if (i != hindered_ && !done(partitions_[i])) return false;
    }
    return true;
  };
  while (!others_done()) {
    require(report_.steps - from < 200'000 && step(), "one partition that fails or hangs does not hold the others");
  }
  hindrance_ = Hindrance::none;
  for (auto& come : std::exchange(hanging_, {})) in_process(Time(1), std::move(come));
}

bool SimulatedWorld::step() {
  if (events_.empty()) return false;
  Event event = events_.top();
  events_.pop();
  time_ = event.at;
  ++report_.steps;
  event.run();
  for (const auto& p : partitions_) {
    require(p.owner != Owner::us_leaving || time_ - p.held_since <= revoke_drain + Time(1),
            "a revoked partition is released in time");
  }
  return true;
}

void SimulatedWorld::at(Time delay, std::function<void()> run) { events_.push({time_ + delay, order_++, std::move(run)}); }

void SimulatedWorld::in_process(Time delay, std::function<void()> run) {
  at(delay, [this, life = life_, run = std::move(run)] {
    if (life == life_) run();
  });
}

// --- the process and its group ------------------------------------------------------------------------------------------

void SimulatedWorld::start_sidecar() {
  engine_ = std::make_unique<Engine>(settings_, revoke_drain, World{*this, *this, *this, *this, *this}, observability::Logger());
  in_process(Time(random(20)), [this] { engine_->start(); });
  std::vector<std::size_t> all(partitions_.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
  in_process(Time(random(50)), [this, all] { assign(all); });
}

void SimulatedWorld::crash() {
  ++report_.crashes;
  schemas_.clear();
  ++life_;
  engine_.reset();
  timers_.clear();
  in_flight_.clear();
  for (auto& p : partitions_) {
    if (p.owner == Owner::us || p.owner == Owner::us_leaving || p.owner == Owner::us_unheard) {
      p.owner = Owner::nobody;
      ++p.interruptions;
    }
  }
  start_sidecar();
}

void SimulatedWorld::assign(std::vector<std::size_t> wanted) {
  std::vector<kafka::AssignedPartition> fresh;
  for (const auto index : wanted) {
    auto& p = partitions_[index];
    if (p.owner != Owner::nobody) continue;
    p.owner = Owner::us;
    p.slot = static_cast<std::uint32_t>(index);
    p.generation = ++next_generation_;
    p.position = std::max(p.committed, p.first);
    fresh.push_back({p.name, p.slot, p.generation});
  }
  if (fresh.empty()) return;
  engine_->on_assigned(fresh);
  in_process(Time(random(10)), [this] { engine_->on_records(); });
}

void SimulatedWorld::rebalance() {
  ++report_.rebalances;
  const bool lost = chance(30);
  const bool all = chance(60);
  std::vector<std::uint32_t> slots;
  for (auto& p : partitions_) {
    if (p.owner != Owner::us || !(all || chance(50))) continue;
    slots.push_back(p.slot);
    ++p.interruptions;
    p.owner = lost ? Owner::other : Owner::us_leaving;
    p.held_since = time_;
  }
  if (!slots.empty()) engine_->on_revoked(slots, lost);
  if (!lost) return;
  for (const auto slot : slots) {
    if (chance(50)) other_works(slot);
    come_back(slot);
  }
}

void SimulatedWorld::come_back(std::uint32_t slot) {
  at(Time(random(500)), [this, slot] {
    auto& p = partitions_[slot];
    if (p.owner == Owner::other) p.owner = Owner::nobody;
    assign({slot});
  });
}

/// The group has given our partitions to another member, which works on them; we learn of it some time after we wake up.
void SimulatedWorld::stand_still() {
  std::vector<std::uint32_t> slots;
  for (auto& p : partitions_) {
    if (p.owner != Owner::us) continue;
    slots.push_back(p.slot);
    ++p.interruptions;
    p.owner = Owner::other;
    if (chance(50)) other_works(p.slot);
    p.owner = Owner::us_unheard;
  }
  in_process(Time(random(200)), [this, slots] {
    std::vector<std::uint32_t> lost;
    for (const auto slot : slots) {
      auto& p = partitions_[slot];
      if (p.owner != Owner::us_unheard) continue;
      p.owner = Owner::other;
      lost.push_back(slot);
    }
    if (!lost.empty()) engine_->on_revoked(lost, true);
    for (const auto slot : lost) come_back(slot);
  });
}

/// After a commit that was refused because we are no member: everything is lost and comes back.
void SimulatedWorld::lose_everything() {
  std::vector<std::uint32_t> slots;
  for (auto& p : partitions_) {
    if (p.owner != Owner::us && p.owner != Owner::us_leaving) continue;
    slots.push_back(p.slot);
    ++p.interruptions;
    p.owner = Owner::nobody;
  }
  if (!slots.empty()) engine_->on_revoked(slots, true);
  std::vector<std::size_t> again(slots.begin(), slots.end());
  in_process(Time(random(200)), [this, again] { assign(again); });
}

void SimulatedWorld::release(std::uint32_t slot) {
  auto& p = partition_of_slot(slot);
  require(p.owner == Owner::us_leaving, "release answers a revoke");
  p.owner = Owner::other;
  at(Time(random(50)), [this, slot] {
    if (chance(50)) other_works(slot);
    at(Time(random(300)), [this, slot] {
      auto& again = partitions_[slot];
      if (again.owner == Owner::other) again.owner = Owner::nobody;
      assign({slot});
    });
  });
}

/// Another member of the group delivers a few records and commits them.
void SimulatedWorld::other_works(std::size_t index) {
  auto& p = partitions_[index];
  if (p.owner != Owner::other) return;
  const auto until = std::min<std::int64_t>(p.committed + static_cast<std::int64_t>(random(10)), static_cast<std::int64_t>(p.visible));
  for (auto o = p.committed; o < until; ++o) p.log[static_cast<std::size_t>(o)].by_other = true;
  p.committed = std::max(p.committed, until);
  p.delivered = std::max(p.delivered, until - 1);
}

void SimulatedWorld::produce_some() {
  bool more = false;
  for (auto& p : partitions_) {
    const bool was_empty = p.position >= static_cast<std::int64_t>(p.visible);
    p.visible = std::min(p.log.size(), p.visible + random(12));
    more = more || p.visible < p.log.size();
    if (was_empty && p.owner == Owner::us) in_process(Time(random(3)), [this] { engine_->on_records(); });
  }
  if (more) at(Time(random(120)), [this] { produce_some(); });
}

void SimulatedWorld::world_event() {
  if (!faults_) return;
  switch (random(12)) {
    case 0: crash(); break;
    case 1:
    case 2:
    case 3: rebalance(); break;
    case 4:
    case 5: backend_up_ = !backend_up_; break;
    case 6: engine_->on_read_error("simulated"); break;
    case 7: stand_still(); break;
    case 8: false_alarm_ = true; break;
    default: break;
  }
  at(Time(random(2000)), [this] { world_event(); });
}

SimulatedWorld::Partition& SimulatedWorld::partition_of_slot(std::uint32_t slot) { return partitions_.at(slot); }

SimulatedWorld::Partition& SimulatedWorld::find(const TopicPartition& name) {
  return *std::ranges::find(partitions_, name, &Partition::name);
}

// --- RecordSource -------------------------------------------------------------------------------------------------------

std::size_t SimulatedWorld::take(std::uint32_t slot, std::size_t records_max, std::vector<kafka::Record>& out) {
  auto& p = partition_of_slot(slot);
  require(p.owner == Owner::us || p.owner == Owner::us_unheard, "nothing is taken from a partition that is not ours");
  require(records_max > 0, "a full batch takes nothing");
  std::size_t taken = 0;
  while (taken < records_max && p.position < static_cast<std::int64_t>(p.visible) && !fault(2)) {
    kafka::Record record;
    record.slot = slot;
    record.offset = Offset{p.position};
    record.bytes = p.log[static_cast<std::size_t>(p.position)].bytes;
    out.push_back(std::move(record));
    ++p.position;
    ++taken;
  }
  if (has_records(slot)) in_process(Time(5), [this] { engine_->on_records(); });
  return taken;
}

bool SimulatedWorld::has_records(std::uint32_t slot) const {
  const auto& p = partitions_.at(slot);
  return (p.owner == Owner::us || p.owner == Owner::us_unheard) && p.position < static_cast<std::int64_t>(p.visible);
}

bool SimulatedWorld::membership_in_doubt() const {
  const bool put_out = std::ranges::any_of(partitions_, [](const auto& p) { return p.owner == Owner::us_unheard; });
  return put_out || false_alarm_;
}

void SimulatedWorld::commit(std::vector<kafka::CommitEntry> entries, std::function<void(kafka::CommitResult)> done) {
  std::vector<std::uint64_t> generations;
  for (const auto& entry : entries) {
    const auto& p = find(entry.partition);
    generations.push_back(p.generation);
    if (p.owner == Owner::us_unheard) continue;  // It will be refused.
    require(p.owner == Owner::us || p.owner == Owner::us_leaving, "no commit for a partition that is not ours");
    require(entry.offset.value >= p.committed, "a commit never moves back");
    for (auto o = p.committed; o < entry.offset.value; ++o) {
      const auto& r = p.log[static_cast<std::size_t>(o)];
      const bool skipped = r.undecodable && settings_.undecodable_policy == UndecodablePolicy::skip;
      const bool discarded = r.refused && !settings_.dead_letter_enabled;
      require(r.accepted || r.dead_letter || r.by_other || skipped || discarded || o < p.first,
              "no commit above an unsettled record: " + p.name.topic + "-" + std::to_string(p.name.partition) + "@" +
                  std::to_string(o));
    }
  }
  in_process(Time(1 + random(fault(5) ? 5000 : 20)), [this, entries = std::move(entries), generations, done = std::move(done)] {
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const auto& p = find(entries[i].partition);
      const bool ours = (p.owner == Owner::us || p.owner == Owner::us_leaving) && p.generation == generations[i];
      if (!ours) {
        done({kafka::CommitOutcome::not_a_member, "simulated"});
        return;
      }
    }
    if (fault(3)) {
      done({kafka::CommitOutcome::failed, "simulated"});
      return;
    }
    if (fault(2)) {
      in_process(Time(random(100)), [this] { lose_everything(); });
      done({kafka::CommitOutcome::not_a_member, "simulated"});
      return;
    }
    for (const auto& entry : entries) find(entry.partition).committed = entry.offset.value;
    false_alarm_ = false;
    if (fault(1)) {  // Committed, but nobody heard of it.
      done({kafka::CommitOutcome::failed, "answer lost"});
      return;
    }
    done({kafka::CommitOutcome::committed, ""});
  });
}

void SimulatedWorld::first_offset(const TopicPartition& name, std::function<void(std::optional<Offset>)> done) {
  in_process(Time(1 + random(30)), [this, name, done = std::move(done)] {
    if (fault(20)) {
      done(std::nullopt);
      return;
    }
    auto& p = find(name);
    // Sooner or later an operator deletes the records up to the bad one.
    if (chance(40) && p.owner == Owner::us) {
      auto bad = std::max(p.first, p.committed);
      while (bad < p.position && !p.log[static_cast<std::size_t>(bad)].undecodable) ++bad;
      const bool all_before_settled = bad == std::max(p.first, p.committed);
      if (bad < p.position && all_before_settled) p.first = bad + 1;
    }
    done(Offset{p.first});
  });
}

// --- RecordCodec --------------------------------------------------------------------------------------------------------

std::expected<void, formats::NotDecoded> SimulatedWorld::append(const TopicPartition& partition,
                                                                const kafka::Record& record, std::string& body,
                                                                std::string& correlation_id) {
  const auto& r = find(partition).log[static_cast<std::size_t>(record.offset.value)];
  body += "half of it";
  if (r.schema != 0 && !schemas_.contains(r.schema))
    return std::unexpected(formats::NotDecoded{"waits", formats::SchemaKey(r.schema)});
  if (r.undecodable) return std::unexpected(formats::NotDecoded{"simulated", std::nullopt});
  body.resize(body.size() - std::string_view("half of it").size());
  if (correlation_id.empty()) correlation_id = "c" + std::to_string(random(1'000'000));
  body += partition.topic + "-" + std::to_string(partition.partition) + "@" + std::to_string(record.offset.value) + "/" +
          correlation_id;
  // Caches are bounded.
  if (r.schema != 0 && fault(2)) schemas_.erase(r.schema);
  return {};
}

void SimulatedWorld::fetch(const formats::SchemaKey& schema, std::function<void(std::optional<std::string>)> done) {
  ++report_.schema_waits;
  const auto id = std::get<std::uint32_t>(schema);
  in_process(Time(1 + random(400)), [this, id, done = std::move(done)] {
    if (fault(30) || (id == withheld_schema && hindrance_ == Hindrance::lacks_schema)) {
      done("simulated outage");
      return;
    }
    schemas_.insert(id);
    done(std::nullopt);
  });
}

// --- Backend ------------------------------------------------------------------------------------------------------------

/// The backend works on the batch: from here on its records count as delivered, whatever becomes of the answer.
BackendOutcome SimulatedWorld::process(const Batch& batch) {
  BackendResults answer;
  for (const auto i : batch.posted) {
    const auto offset = batch.records[i].record.offset.value;
    auto& p = find(*batch.records[i].partition);
    auto& r = p.log[static_cast<std::size_t>(offset)];
    for (auto o = std::max(p.delivered + 1, p.first); o < offset; ++o) {
      const auto& below = p.log[static_cast<std::size_t>(o)];
      require(below.undecodable || below.by_other, "no record is skipped or overtaken: " + p.name.topic + "-" +
                                                       std::to_string(p.name.partition) + "@" + std::to_string(o));
    }
    p.delivered = std::max(p.delivered, offset);
    if (!r.batch.empty() && r.batch != batch.id) ++p.duplicates;
    r.batch = batch.id;
    RecordResult result;
    result.processed = !r.rejected && !fault(2);
    (result.processed ? r.accepted : r.refused) = true;
    answer.results.push_back(std::move(result));
  }
  return answer;
}

void SimulatedWorld::post(std::shared_ptr<const Batch> batch,
                          std::function<void(BackendOutcome, std::string, std::uint32_t)> done) {
  ++report_.posts;
  require(!batch->posted.empty(), "an empty batch is not posted");
  require(batch->records.size() <= settings_.batch_records_max, "batch_records_max holds");
  require(batch->bytes <= settings_.request_bytes_max || batch->records.size() == 1, "an oversize record travels alone");
  auto [seen, fresh] = seen_.try_emplace(batch->id, 0, batch->body);
  require(seen->second.second == batch->body, "the same batch has the same bytes");
  require(batch->attempt == seen->second.first + 1, "attempts count up by one");
  seen->second.first = batch->attempt;
  std::vector<std::pair<TopicPartition, std::uint64_t>> flying;
  std::map<TopicPartition, std::int64_t> last;
  for (const auto i : batch->posted) {
    const auto& r = batch->records[i];
    const auto& p = partition_of_slot(r.record.slot);
    require(p.generation == r.generation && (p.owner == Owner::us || p.owner == Owner::us_leaving || p.owner == Owner::us_unheard),
            "only records of our own partitions are posted");
    const auto [found, first] = last.try_emplace(p.name, r.record.offset.value);
    require(first || found->second < r.record.offset.value, "offsets ascend inside a batch");
    found->second = r.record.offset.value;
    if (first) {
      require(!in_flight_.contains({p.name, p.generation}), "one batch in flight per lane");
      flying.emplace_back(p.name, p.generation);
    }
  }
  for (const auto& f : flying) in_flight_.insert(f);
  require(settings_.dispatch == Dispatch::batch || flying.size() == 1, "a batch is of one partition");
  // A POST of a partition that was taken away meanwhile does not count: nobody waits for its answer.
  const auto awaited = static_cast<std::uint64_t>(std::ranges::count_if(in_flight_, [this](const auto& f) {
    const auto& p = find(f.first);
    return p.generation == f.second && (p.owner == Owner::us || p.owner == Owner::us_leaving);
  }));
  require(settings_.dispatch == Dispatch::batch || awaited <= settings_.batches_in_flight_max, "maxBatchesInFlight holds");
  if (settings_.dispatch == Dispatch::partition) report_.posts_out_most = std::max(report_.posts_out_most, awaited);

  const bool hangs = hindrance_ == Hindrance::hangs && last.contains(partitions_[hindered_].name);
  const Time work(fault(5) ? random(20'000) : random(80));
  auto come = [this, batch, flying, done = std::move(done)] {
    for (const auto& f : flying) in_flight_.erase(in_flight_.find(f));
    answer(*batch, done);
  };
  if (hangs) {
    hanging_.emplace_back(std::move(come));
  } else {
    in_process(work, std::move(come));
  }
}

void SimulatedWorld::answer(const Batch& batch, const std::function<void(BackendOutcome, std::string, std::uint32_t)>& done) {
  if (!backend_up_) {
    done(BackendFailure::cannot_connect, "simulated", 1);
    return;
  }
  if (hindrance_ == Hindrance::fails && *batch.records.front().partition == partitions_[hindered_].name) {
    constexpr std::array failures{BackendFailure::connection_lost, BackendFailure::malformed, BackendFailure::timed_out};
    if (chance(50)) {
      done(BackendStatus{500}, "this partition fails", 1);
    } else {
      done(failures[random(failures.size())], "this partition fails", 1);
    }
    return;
  }
  switch (faults_ ? random(30) : 29) {
    case 0: done(BackendStatus{503}, "simulated", 1); return;
    case 1: done(BackendFailure::connection_lost, "simulated", 1); return;
    case 2: done(BackendFailure::malformed, "simulated", 1); return;
    case 3:
      process(batch);
      done(BackendFailure::timed_out, "answer lost", 1);
      return;
    case 4:
      process(batch);
      done(BackendStatus{500}, "after the work", 1);
      return;
    default: done(process(batch), "", 1);
  }
}

void SimulatedWorld::probe(std::function<void(bool)> done) {
  in_process(Time(random(20)), [this, done = std::move(done)] { done(backend_up_); });
}

// --- LetterSink ---------------------------------------------------------------------------------------------------------

void SimulatedWorld::write(std::vector<deadletter::Letter> letters, std::shared_ptr<const void> owner,
                           std::function<void(std::vector<bool>)> done) {
  require(settings_.dead_letter_enabled, "no dead letter while they are off");
  for (const auto& letter : letters) {
    const auto& p = find(letter.origin);
    require(p.owner == Owner::us || p.owner == Owner::us_leaving, "no dead letter for a partition that is not ours");
  }
  in_process(Time(1 + random(fault(5) ? 3000 : 30)), [this, letters = std::move(letters), owner, done = std::move(done)] {
    std::vector<bool> written;
    for (const auto& letter : letters) {
      const bool ok = !fault(10);
      if (ok) find(letter.origin).log[static_cast<std::size_t>(letter.record->offset.value)].dead_letter = true;
      written.push_back(ok && !fault(3));
    }
    done(std::move(written));
  });
}

// --- Timers -------------------------------------------------------------------------------------------------------------

std::chrono::steady_clock::time_point SimulatedWorld::now() const { return std::chrono::steady_clock::time_point(time_); }

Timers::Id SimulatedWorld::after(std::chrono::milliseconds delay, std::function<void()> then) {
  const Id id = ++next_timer_;
  timers_[id] = true;
  in_process(delay, [this, id, then = std::move(then)] {
    if (timers_.erase(id) != 0) then();
  });
  return id;
}

void SimulatedWorld::cancel(Id id) { timers_.erase(id); }

}  // namespace sidecar::consume::reactive::test
