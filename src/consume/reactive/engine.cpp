#include "consume/reactive/engine.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "base/ids.hpp"

namespace sidecar::consume::reactive {
namespace {

using std::chrono::milliseconds;

/// A read error that was not repeated for this long is taken as healed when no record shows it earlier.
constexpr auto read_error_lifetime = std::chrono::seconds(30);
constexpr milliseconds probe_interval{1000};
/// Commits are tried again this often before the engine calls itself unhealthy.
constexpr unsigned commit_retries_quiet = 3;

}  // namespace

/// One partition that is ours, or was and is being let go.
struct Engine::Slot {
  std::shared_ptr<const TopicPartition> partition;
  std::uint32_t index = 0;
  std::uint64_t generation = 0;
  std::size_t lane = 0;
  bool revoked = false;               ///< Nothing more is taken from it.
  bool held = false;                  ///< The consumer waits for our release.
  std::deque<kafka::Record> waiting;  ///< Taken, but not in a batch yet; bounded by batch_records_max.
  std::string stopped;                ///< Why the front record holds the partition (undecodablePolicy: stop).
  milliseconds stop_backoff{0};
  bool awaits_schema = false;         ///< The front record does.
  std::string registry_trouble;       ///< Why its schema does not come.
  milliseconds schema_backoff{0};

  [[nodiscard]] bool is_held_back() const { return awaits_schema || !stopped.empty(); }
};

/// Partitions that share one batch in flight.
struct Engine::Lane {
  /// `ready`: the batch is to be posted again and waits for the lane's turn.
  enum class Phase : std::uint8_t { idle, ready, posting, pausing, proving, letters, letters_pausing, committing, commit_pausing };

  std::vector<std::uint32_t> slots;
  std::size_t next = 0;  ///< Where the next round over `slots` begins, so that none is starved.

  std::shared_ptr<Batch> gathering;  ///< Null or not empty.
  bool full = false;
  bool ripe = false;  ///< fetchMaxWait has passed since its first record.
  Timers::Id ripe_timer = 0;

  std::shared_ptr<Batch> current;
  Phase phase = Phase::idle;
  bool waits_turn = false;   ///< It stands in turns_.
  bool unreachable = false;  ///< Its last POST found no backend at all.
  /// Goes up with every step of the current batch; an answer to an older step is ignored.
  std::uint64_t step = 0;
  Timers::Id timer = 0;
  milliseconds backoff{0};
  unsigned commit_failures = 0;
  std::vector<deadletter::Letter> letters;
  std::string unhealthy;
};

Engine::Engine(ReactiveSettings settings, milliseconds revoke_drain_max, World world, observability::Logger logger)
    : settings_(std::move(settings)), revoke_drain_max_(revoke_drain_max), world_(world), log_(std::move(logger)) {
  lanes_.push_back(std::make_unique<Lane>());
}

Engine::~Engine() {
  *alive_ = false;
  for (auto& lane : lanes_) {
    if (lane->timer != 0) world_.timers.cancel(lane->timer);
    if (lane->ripe_timer != 0) world_.timers.cancel(lane->ripe_timer);
  }
  if (drain_timer_ != 0) world_.timers.cancel(drain_timer_);
}

/// The cut. A slot number is used again only after its partition was let go, when its lane is idle.
std::size_t Engine::lane_of(std::uint32_t slot) const { return settings_.dispatch == Dispatch::partition ? slot : 0; }

Engine::Slot* Engine::slot(std::uint32_t index) { return index < slots_.size() ? slots_[index].get() : nullptr; }

void Engine::start() {
  started_ = true;
  for (auto& lane : lanes_) gather(*lane);
}

void Engine::drain(milliseconds limit, std::function<void()> done) {
  draining_ = true;
  drained_ = std::move(done);
  for (auto& lane : lanes_) {
    drop_gathered(*lane);
    // Waiting for a backend that does not take the batch is not settling: it comes again after the restart.
    if (lane->phase == Lane::Phase::pausing || lane->phase == Lane::Phase::ready) give_up(*lane);
  }
  drain_timer_ = world_.timers.after(limit, [this, alive = std::weak_ptr(alive_)] {
    if (alive.expired()) return;
    drain_timer_ = 0;
    for (auto& lane : lanes_) {
      if (lane->current) give_up(*lane);
    }
    check_drained();
  });
  check_drained();
}

void Engine::abandon() {
  draining_ = true;
  slots_.clear();
  for (auto& lane : lanes_) {
    ++lane->step;
    lane->letters.clear();
    drop_gathered(*lane);
    lane->current.reset();
  }
}

void Engine::check_drained() {
  if (!draining_ || !drained_) return;
  if (std::ranges::any_of(lanes_, [](const auto& lane) { return lane->current != nullptr; })) return;
  if (drain_timer_ != 0) world_.timers.cancel(std::exchange(drain_timer_, 0));
  // Not called from here: the caller may still be inside one of our own calls.
  world_.timers.after(milliseconds(0), std::exchange(drained_, nullptr));
}

// --- the life of partitions ---------------------------------------------------------------------------------------------

void Engine::on_assigned(std::span<const kafka::AssignedPartition> partitions) {
  for (const auto& assigned : partitions) {
    if (slots_.size() <= assigned.slot) slots_.resize(assigned.slot + 1);
    auto fresh = std::make_unique<Slot>();
    fresh->partition = std::make_shared<const TopicPartition>(assigned.partition);
    fresh->index = assigned.slot;
    fresh->generation = assigned.generation;
    fresh->lane = lane_of(assigned.slot);
    while (lanes_.size() <= fresh->lane) lanes_.push_back(std::make_unique<Lane>());
    lanes_[fresh->lane]->slots.push_back(assigned.slot);
    slots_[assigned.slot] = std::move(fresh);
    log_.info("partition assigned", {{"topic", assigned.partition.topic}, {"partition", assigned.partition.partition}});
  }
  for (auto& lane : lanes_) gather(*lane);
}

void Engine::on_revoked(std::span<const std::uint32_t> slots, bool lost) {
  // First nothing more is taken from any of them, then what is held of them is looked at.
  std::vector<std::pair<std::uint32_t, std::uint64_t>> leaving;
  for (const auto index : slots) {
    Slot* gone = slot(index);
    if (gone == nullptr) {
      if (!lost) world_.source.release(index);
      continue;
    }
    log_.info(lost ? "partition lost" : "partition revoked",
              {{"topic", gone->partition->topic}, {"partition", gone->partition->partition}});
    stop_taking(*gone);
    if (gone->held) --held_slots_;  // Lost while it was being let go.
    gone->held = !lost;
    if (gone->held) ++held_slots_;
    leaving.emplace_back(index, gone->generation);
  }
  if (lost) {
    for (const auto& [index, generation] : leaving) {
      forget(*lanes_[slots_[index]->lane], index);
      slots_[index].reset();
    }
    go_on();
    return;
  }
  for (auto& lane : lanes_) release_if_settled(*lane);
  std::erase_if(leaving, [this](const auto& held) { return slot(held.first) == nullptr; });
  if (leaving.empty()) return;
  // The batch in flight may still settle, but not for longer than the group can wait.
  const auto limit = std::min(settings_.shutdown_drain, revoke_drain_max_);
  world_.timers.after(limit, [this, alive = std::weak_ptr(alive_), leaving = std::move(leaving)] {
    if (alive.expired()) return;
    for (const auto& [index, generation] : leaving) {
      Slot* held = slot(index);
      if (held != nullptr && held->generation == generation) forget(*lanes_[held->lane], index);
    }
    go_on();
  });
}

/// Nothing more of this partition gets into a batch; what waited for the next one is dropped.
void Engine::stop_taking(Slot& leaving) {
  const auto index = leaving.index;
  Lane& lane = *lanes_[leaving.lane];
  leaving.revoked = true;
  leaving.stopped.clear();
  leaving.registry_trouble.clear();
  leaving.waiting.clear();
  std::erase(lane.slots, index);
  if (!lane.gathering) return;
  if (std::erase_if(lane.gathering->records, [index](const BatchRecord& r) { return r.record.slot == index; }) == 0) return;
  lane.full = false;
  lane.ripe = true;  // It was full, or its timer may be gone: what is left does not wait.
  if (lane.gathering->records.empty()) {
    drop_gathered(lane);
  } else {
    rebuild(*lane.gathering);
  }
}

void Engine::drop_gathered(Lane& lane) {
  if (lane.gathering) take_gathered(lane);
}

/// What the lane has gathered, and the lane begins anew.
std::shared_ptr<Batch> Engine::take_gathered(Lane& lane) {
  if (lane.ripe_timer != 0) world_.timers.cancel(std::exchange(lane.ripe_timer, 0));
  lane.full = lane.ripe = false;
  --batches_gathered_;
  return std::exchange(lane.gathering, nullptr);
}

/// Lets those revoked partitions go of which the current batch holds nothing (any more).
void Engine::release_if_settled(Lane& lane) {
  if (held_slots_ == 0) return;
  for (std::uint32_t index = 0; index < slots_.size(); ++index) {
    Slot* held = slot(index);
    if (held == nullptr || !held->held || lanes_[held->lane].get() != &lane) continue;
    const bool busy = lane.current && std::ranges::any_of(lane.current->records, [index](const BatchRecord& r) {
                        return r.record.slot == index && !r.gone;
                      });
    if (busy) continue;
    slots_[index].reset();
    --held_slots_;
    world_.source.release(index);
  }
}

/// The partition is not ours any more: its records in the current batch are neither committed nor dead-lettered. To be
/// called for all partitions that leave together before anything else is posted.
void Engine::forget(Lane& lane, std::uint32_t index) {
  if (!lane.current) return;
  bool any_left = false;
  for (auto& r : lane.current->records) {
    if (r.record.slot == index && !r.gone) {
      r.gone = true;
      ++counters_.given_up;
    }
    any_left = any_left || !r.gone;
  }
  if (!any_left) {
    abandon_batch(lane);
    return;
  }
  std::erase_if(lane.letters, [&lane](const deadletter::Letter& letter) {
    return std::ranges::any_of(lane.current->records,
                               [&letter](const BatchRecord& r) { return r.gone && &r.record == letter.record; });
  });
}

/// Drops the current batch unsettled: somebody gets its records again.
void Engine::give_up(Lane& lane) {
  abandon_batch(lane);
  go_on();
}

void Engine::abandon_batch(Lane& lane) {
  // Its answer matters to nobody any more, and may take long to come.
  if (lane.phase == Lane::Phase::posting) --posts_out_;
  ++lane.step;
  if (lane.timer != 0) world_.timers.cancel(std::exchange(lane.timer, 0));
  for (const auto& r : lane.current->records) counters_.given_up += r.gone ? 0 : 1;
  log_.info("batch given up", {{"batch", lane.current->id}, {"records", lane.current->records.size()}});
  lane.current.reset();
  lane.letters.clear();
  lane.phase = Lane::Phase::idle;
  lane.unhealthy.clear();  // The next batch tells anew.
  lane.backoff = milliseconds(0);
  mark_unreachable(lane, false);
}

/// After batches were given up: partitions that only waited for them leave, and their places are taken by others.
void Engine::go_on() {
  for (auto& lane : lanes_) release_if_settled(*lane);
  for (auto& lane : lanes_) gather(*lane);
  serve_turns();
  check_drained();
}

// --- gathering ----------------------------------------------------------------------------------------------------------

void Engine::on_records() {
  for (auto& lane : lanes_) gather(*lane);
}

/// A POST more may be with the backend. While it cannot be reached at all, only the lanes that found that out try it.
bool Engine::may_post() const {
  if (lanes_unreachable_ > 0) return false;
  return settings_.dispatch == Dispatch::batch || posts_out_ < settings_.batches_in_flight_max;
}

/// The lane may take records for a new batch: it could post it now, or its current one is about to be settled.
bool Engine::may_begin(const Lane& lane) const {
  switch (lane.phase) {
    case Lane::Phase::idle: return may_post();
    case Lane::Phase::posting:
    case Lane::Phase::proving:
    case Lane::Phase::letters:
    case Lane::Phase::committing: return batches_gathered_ < settings_.batches_in_flight_max;
    case Lane::Phase::ready:
    case Lane::Phase::pausing:
    case Lane::Phase::letters_pausing:
    case Lane::Phase::commit_pausing: return false;
  }
  return false;
}

void Engine::wait_turn(Lane& lane) {
  if (!std::exchange(lane.waits_turn, true)) turns_.push_back(&lane);
}

void Engine::serve_turns() {
  if (draining_) return;
  while (!turns_.empty() && may_post()) {
    Lane& lane = *turns_.front();
    turns_.pop_front();
    lane.waits_turn = false;
    if (lane.phase == Lane::Phase::ready) {
      post(lane);
    } else {
      gather(lane);
    }
  }
}

void Engine::gather(Lane& lane) {
  if (!started_ || draining_) return;
  for (;;) {
    if (!lane.gathering && !may_begin(lane)) {
      const auto has_records = [this](std::uint32_t index) {
        return !slots_[index]->waiting.empty() || world_.source.has_records(index);
      };
      if (lane.phase == Lane::Phase::idle && std::ranges::any_of(lane.slots, has_records)) wait_turn(lane);
      return;
    }
    fill(lane);
    if (!lane.gathering) return;
    if (!lane.full && !lane.ripe) {
      wait_for_company(lane);
      return;
    }
    if (lane.current) return;
    if (!may_post()) {
      wait_turn(lane);
      return;
    }
    launch(lane);
    // The next batch is gathered while this one is on its way: decoding and encoding overlap with the backend's work.
  }
}

/// fetchMaxWait, from the first record of the batch on.
void Engine::wait_for_company(Lane& lane) {
  if (lane.ripe_timer != 0) return;
  lane.ripe_timer = world_.timers.after(settings_.fetch_max_wait, [this, alive = std::weak_ptr(alive_), &lane] {
    if (alive.expired()) return;
    lane.ripe_timer = 0;
    lane.ripe = true;
    gather(lane);
  });
}

void Engine::fill(Lane& lane) {
  std::vector<kafka::Record> taken;
  for (std::size_t round = 0; round < lane.slots.size() && !lane.full; ++round) {
    Slot& from = *slots_[lane.slots[(lane.next + round) % lane.slots.size()]];
    while (!lane.full && !from.is_held_back()) {
      if (from.waiting.empty()) {
        const std::size_t held = lane.gathering ? lane.gathering->records.size() : 0;
        taken.clear();
        if (!world_.source.has_records(from.index)) break;
        if (world_.source.take(from.index, settings_.batch_records_max - held, taken) == 0) break;
        read_error_.clear();
        std::ranges::move(taken, std::back_inserter(from.waiting));
      }
      if (!add(lane, from, std::move(from.waiting.front()))) continue;
      from.waiting.pop_front();
    }
  }
  if (!lane.slots.empty()) lane.next = (lane.next + 1) % lane.slots.size();
}

/// Puts one record into the lane's next batch. False when it did not go in; it is then at the front of the slot again.
bool Engine::add(Lane& lane, Slot& from, kafka::Record record) {
  const auto put_back = [&from, &record] { from.waiting.front() = std::move(record); };
  if (lane.gathering && lane.gathering->bytes + record.bytes > settings_.request_bytes_max) {
    // It waits for the next batch; when it is larger than the limit itself, it will then travel alone.
    put_back();
    lane.full = true;
    return false;
  }
  const bool first = lane.gathering == nullptr;
  auto batch = first ? std::make_shared<Batch>() : lane.gathering;
  const std::size_t before = batch->body.size();
  BatchRecord entry;
  entry.record = std::move(record);
  entry.partition = from.partition;
  entry.generation = from.generation;
  batch->body += before == 0 ? '[' : ',';
  entry.body_at = batch->body.size();
  const auto encoded = world_.codec.append(*from.partition, entry.record, batch->body, entry.correlation_id);
  if (!encoded) {
    batch->body.resize(before);
    const auto& schema = encoded.error().missing_schema;
    if (schema || settings_.undecodable_policy == UndecodablePolicy::stop) {
      record = std::move(entry.record);
      put_back();
      if (schema) {
        await_schema(from, *schema);
      } else {
        from.stopped = encoded.error().why;
        hold_back(from);
      }
      return false;
    }
    entry.undecodable = encoded.error().why;
  } else {
    entry.body_size = batch->body.size() - entry.body_at;
    batch->posted.push_back(static_cast<std::uint32_t>(batch->records.size()));
  }
  batch->bytes += entry.record.bytes;
  batch->records.push_back(std::move(entry));
  lane.gathering = std::move(batch);
  if (first) {
    ++batches_gathered_;
    lane.ripe = settings_.fetch_max_wait.count() == 0;
  }
  lane.full = lane.gathering->records.size() >= settings_.batch_records_max ||
              lane.gathering->bytes >= settings_.request_bytes_max;
  return true;
}

/// undecodablePolicy: stop. The record stays at the front of its partition and is looked at again and again, until the
/// partition no longer holds it.
void Engine::hold_back(Slot& held) {
  held.stop_backoff = held.stop_backoff.count() == 0 ? settings_.wait_period
                                                     : std::min(held.stop_backoff * 2, settings_.retry_backoff_max);
  const auto offset = held.waiting.front().offset;
  log_.warn("record cannot be decoded; the partition waits until it is gone",
            {{"topic", held.partition->topic},
             {"partition", held.partition->partition},
             {"offset", offset.value},
             {"reason", held.stopped}});
  const auto still = same_assignment(held);
  world_.timers.after(held.stop_backoff, [this, still, offset] {
    Slot* waiting = still();
    if (waiting == nullptr) return;
    world_.source.first_offset(*waiting->partition, [this, still, offset](std::optional<Offset> first) {
      Slot* found = still();
      if (found == nullptr) return;
      if (first && *first > offset) {
        while (!found->waiting.empty() && found->waiting.front().offset < *first) found->waiting.pop_front();
        found->stopped.clear();
        found->stop_backoff = milliseconds(0);
        gather(*lanes_[found->lane]);
      } else {
        hold_back(*found);
      }
    });
  });
}

/// The registry may be out of reach for any time; until then the record stays at the front of its partition.
void Engine::await_schema(Slot& waiting, const formats::SchemaKey& schema) {
  waiting.awaits_schema = true;
  world_.codec.fetch(schema, [this, still = same_assignment(waiting), schema](std::optional<std::string> unavailable) {
    Slot* found = still();
    if (found == nullptr) return;
    if (!unavailable) {
      found->awaits_schema = false;
      found->registry_trouble.clear();
      found->schema_backoff = milliseconds(0);
      gather(*lanes_[found->lane]);
      return;
    }
    found->registry_trouble = std::move(*unavailable);
    found->schema_backoff = found->schema_backoff.count() == 0
                                ? settings_.wait_period
                                : std::min(found->schema_backoff * 2, settings_.retry_backoff_max);
    log_.warn("record waits for its schema", {{"topic", found->partition->topic},
                                              {"partition", found->partition->partition},
                                              {"offset", found->waiting.front().offset.value},
                                              {"reason", found->registry_trouble}});
    world_.timers.after(found->schema_backoff, [this, still, schema] {
      if (Slot* again = still()) await_schema(*again, schema);
    });
  });
}

/// Finds the slot again later, unless its partition has been revoked meanwhile.
std::function<Engine::Slot*()> Engine::same_assignment(const Slot& assigned) {
  return [this, alive = std::weak_ptr(alive_), index = assigned.index, generation = assigned.generation]() -> Slot* {
    if (alive.expired()) return nullptr;
    Slot* found = slot(index);
    return found != nullptr && found->generation == generation && !found->revoked ? found : nullptr;
  };
}

/// Makes a batch anew from the records that are left; what it was before is forgotten, its id included.
void Engine::rebuild(Batch& batch) {
  std::erase_if(batch.records, [](const BatchRecord& r) { return r.gone; });
  batch.id.clear();
  batch.attempt = 0;
  batch.rollbacks = 0;
  batch.posted.clear();
  batch.bytes = 0;
  const std::string before = std::exchange(batch.body, {});
  for (std::uint32_t i = 0; i < batch.records.size(); ++i) {
    auto& r = batch.records[i];
    batch.bytes += r.record.bytes;
    if (!r.undecodable.empty()) continue;
    batch.body += batch.body.empty() ? '[' : ',';
    const std::size_t at = std::exchange(r.body_at, batch.body.size());
    batch.body.append(before, at, r.body_size);
    batch.posted.push_back(i);
  }
}

// --- one batch ----------------------------------------------------------------------------------------------------------

void Engine::launch(Lane& lane) {
  lane.current = take_gathered(lane);
  lane.commit_failures = 0;
  post(lane);
}

/// The pause is over.
void Engine::retry(Lane& lane) {
  if (may_post()) {
    post(lane);
  } else {
    stand_by(lane);
  }
}

void Engine::post(Lane& lane) {
  Batch& batch = *lane.current;
  if (std::ranges::any_of(batch.records, &BatchRecord::gone)) rebuild(batch);
  if (batch.posted.empty()) {
    settle(lane, Settle{}, BackendResults{});
    return;
  }
  if (batch.id.empty()) {
    batch.id = make_id();
    batch.body += ']';
  }
  ++batch.attempt;
  ++counters_.posts;
  lane.phase = Lane::Phase::posting;
  ++posts_out_;
  world_.backend.post(lane.current,
                      [this, alive = std::weak_ptr(alive_), &lane, step = ++lane.step](
                          const BackendOutcome& outcome, const std::string& detail, std::uint32_t attempts) {
                        if (alive.expired() || lane.step != step) return;
                        --posts_out_;
                        answered(lane, outcome, detail, attempts);
                        serve_turns();
                      });
}

void Engine::answered(Lane& lane, const BackendOutcome& outcome, const std::string& detail, std::uint32_t attempts) {
  lane.current->attempt += attempts - 1;
  const auto* failure = std::get_if<BackendFailure>(&outcome);
  mark_unreachable(lane, failure != nullptr && *failure == BackendFailure::cannot_connect);
  if (!lane.unreachable) backend_reached();
  const Decision decision = decide(outcome, lane.current->rollbacks, settings_);
  if (const auto* again = std::get_if<PostAgain>(&decision)) {
    post_again(lane, *again, detail);
    return;
  }
  lane.unhealthy.clear();
  lane.backoff = milliseconds(0);
  settle(lane, std::get<Settle>(decision), std::get<BackendResults>(outcome));
}

void Engine::post_again(Lane& lane, const PostAgain& again, std::string_view why) {
  Batch& batch = *lane.current;
  milliseconds pause = settings_.retry_delay;
  if (again.pause == PostAgain::Pause::retry_delay) {
    ++batch.rollbacks;
    ++counters_.rollbacks;
    lane.unhealthy.clear();
    lane.backoff = milliseconds(0);
    log_.warn("batch rolled back: batchRollbackThreshold reached",
              {{"batch", batch.id}, {"records", batch.posted.size()}, {"rollback", batch.rollbacks}, {"of", settings_.max_retries}});
  } else {
    pause = next_backoff(lane);
    if (again.unhealthy) {
      lane.unhealthy = "backend: " + std::string(why);
    } else {
      lane.unhealthy.clear();
    }
    log_.warn("batch not taken by the backend, it is posted again",
              {{"batch", batch.id}, {"attempt", batch.attempt}, {"reason", why}, {"pauseMs", pause.count()}});
  }
  if (draining_) {
    give_up(lane);
    return;
  }
  lane.phase = Lane::Phase::pausing;
  if (again.pause == PostAgain::Pause::probing) {
    wait(lane, std::min(pause, probe_interval), &Engine::probe);
  } else {
    wait(lane, pause, &Engine::retry);
  }
}

/// The backend could not be reached, or hung up. Only an accepted connection ends the pause: a POST that nobody answers
/// would hold back everybody who waits for the backend to come back.
void Engine::probe(Lane& lane) {
  world_.backend.probe([this, alive = std::weak_ptr(alive_), &lane, step = lane.step](bool accepted) {
    if (alive.expired() || lane.step != step) return;
    if (!accepted) {
      wait(lane, std::min(next_backoff(lane), probe_interval), &Engine::probe);
      return;
    }
    mark_unreachable(lane, false);
    backend_reached();
    stand_by(lane);
    serve_turns();
  });
}

/// Ends the lane's pause; its batch is posted again when its turn has come.
void Engine::stand_by(Lane& lane) {
  if (lane.timer != 0) world_.timers.cancel(std::exchange(lane.timer, 0));
  ++lane.step;
  lane.phase = Lane::Phase::ready;
  wait_turn(lane);
}

void Engine::mark_unreachable(Lane& lane, bool unreachable) {
  if (std::exchange(lane.unreachable, unreachable) == unreachable) return;
  if (unreachable) {
    ++lanes_unreachable_;
  } else {
    --lanes_unreachable_;
  }
}

/// Somebody got through: whoever waits for the backend to come back has waited enough.
void Engine::backend_reached() {
  if (lanes_unreachable_ == 0) return;
  for (auto& lane : lanes_) {
    if (!lane->unreachable) continue;
    mark_unreachable(*lane, false);
    if (lane->phase == Lane::Phase::pausing) stand_by(*lane);
  }
}

void Engine::settle(Lane& lane, const Settle& settle, const BackendResults& answer) {
  Batch& batch = *lane.current;
  std::vector<const RecordResult*> rejected(batch.records.size(), nullptr);
  for (const auto i : settle.unprocessed) rejected[batch.posted[i]] = &answer.results[i];
  lane.letters.clear();
  std::uint64_t discarded = 0;
  for (std::size_t i = 0; i < batch.records.size(); ++i) {
    const auto& r = batch.records[i];
    const bool undecodable = !r.undecodable.empty();
    if (r.gone || (!undecodable && rejected[i] == nullptr)) continue;
    if (undecodable && settings_.undecodable_policy == UndecodablePolicy::skip) {
      ++counters_.skipped;
      log_.warn("record skipped: it cannot be decoded",
                {{"topic", r.partition->topic},
                 {"partition", r.partition->partition},
                 {"offset", r.record.offset.value},
                 {"reason", r.undecodable}});
      continue;
    }
    if (!undecodable && !settings_.dead_letter_enabled) {
      ++discarded;
      continue;
    }
    deadletter::Letter letter;
    letter.record = &r.record;
    letter.origin = *r.partition;
    if (undecodable) {
      letter.reason = deadletter::Reason::undecodable;
      letter.error = r.undecodable;
      letter.correlation_id = r.correlation_id;
    } else {
      letter.reason = deadletter::Reason::rejected;
      letter.attempts = batch.attempt;
      letter.stacktrace = rejected[i]->stacktrace;
      letter.correlation_id = rejected[i]->correlation_id.empty() ? r.correlation_id : rejected[i]->correlation_id;
      letter.traceability_id = rejected[i]->traceability_id;
    }
    lane.letters.push_back(std::move(letter));
  }
  counters_.discarded += discarded;
  if (!settle.unprocessed.empty() || !lane.letters.empty()) {
    log_.info("batch settled with unprocessed records", {{"batch", batch.id},
                                                         {"records", batch.records.size()},
                                                         {"unprocessed", settle.unprocessed.size()},
                                                         {"deadLetters", lane.letters.size()},
                                                         {"discarded", discarded},
                                                         {"rule", name_of(settle.rule)}});
  }
  write_letters(lane);
}

void Engine::write_letters(Lane& lane) {
  if (lane.letters.empty()) {
    commit(lane);
    return;
  }
  if (world_.source.membership_in_doubt()) {
    prove_membership(lane);
    return;
  }
  lane.phase = Lane::Phase::letters;
  std::vector<const kafka::Record*> handed_in;
  handed_in.reserve(lane.letters.size());
  for (const auto& letter : lane.letters) handed_in.push_back(letter.record);
  world_.letters.write(lane.letters, lane.current,
                       [this, alive = std::weak_ptr(alive_), &lane, step = ++lane.step,
                        handed_in = std::move(handed_in)](const std::vector<bool>& written) {
                         if (alive.expired() || lane.step != step) return;
                         for (std::size_t i = 0; i < handed_in.size(); ++i) {
                           if (!written[i]) continue;
                           ++counters_.dead_letters;
                           std::erase_if(lane.letters, [&](const auto& l) { return l.record == handed_in[i]; });
                         }
                         if (lane.letters.empty()) {
                           lane.backoff = milliseconds(0);
                           lane.unhealthy.clear();
                           commit(lane);
                           return;
                         }
                         lane.unhealthy = "dead letters are not acknowledged";
                         const auto pause = next_backoff(lane);
                         log_.warn("dead letters not written, they are tried again",
                                   {{"batch", lane.current->id}, {"letters", lane.letters.size()}, {"pauseMs", pause.count()}});
                         lane.phase = Lane::Phase::letters_pausing;
                         wait(lane, pause, &Engine::write_letters);
                       });
}

/// A commit of the offsets that the batch began at: it changes nothing, and a group that has put us out refuses it.
void Engine::prove_membership(Lane& lane) {
  std::vector<kafka::CommitEntry> entries;
  std::set<std::uint32_t> slots;
  for (const auto& r : lane.current->records) {
    if (!r.gone && slots.insert(r.record.slot).second) entries.push_back({*r.partition, CommittedOffset{r.record.offset.value}});
  }
  lane.phase = Lane::Phase::proving;
  send_commit(lane, std::move(entries), &Engine::write_letters, &Engine::write_letters);
}

void Engine::commit(Lane& lane) {
  std::vector<kafka::CommitEntry> entries;
  std::vector<std::uint32_t> slots;  // of the entries
  for (const auto& r : lane.current->records) {
    if (r.gone) continue;
    const auto found = std::ranges::find(slots, r.record.slot);
    // Records of one partition stand in offset order, so the last one wins.
    if (found != slots.end()) {
      entries[static_cast<std::size_t>(found - slots.begin())].offset = committed_after(r.record.offset);
    } else {
      slots.push_back(r.record.slot);
      entries.push_back({*r.partition, committed_after(r.record.offset)});
    }
  }
  lane.phase = Lane::Phase::committing;
  send_commit(lane, std::move(entries), &Engine::finish, &Engine::commit);
}

/// `then` when the group has taken it, `again` after a pause when that may still come.
void Engine::send_commit(Lane& lane, std::vector<kafka::CommitEntry> entries, void (Engine::*then)(Lane&),
                         void (Engine::*again)(Lane&)) {
  world_.source.commit(std::move(entries), [this, alive = std::weak_ptr(alive_), &lane, then, again,
                                            step = ++lane.step](const kafka::CommitResult& result) {
    if (alive.expired() || lane.step != step) return;
    if (result.outcome == kafka::CommitOutcome::committed) {
      (this->*then)(lane);
    } else {
      commit_failed(lane, result, again);
    }
  });
}

void Engine::commit_failed(Lane& lane, const kafka::CommitResult& result, void (Engine::*again)(Lane&)) {
  if (result.outcome == kafka::CommitOutcome::not_a_member) {
    log_.warn("commit refused: not a member of the group any more; the records come again",
              {{"batch", lane.current->id}, {"error", result.error}});
    // What was read on the old membership is of no use: the consumer takes the partitions away and assigns anew.
    std::vector<std::uint32_t> stale;
    for (const auto& r : lane.current->records) {
      if (!r.gone && std::ranges::find(stale, r.record.slot) == stale.end()) stale.push_back(r.record.slot);
    }
    for (const auto index : stale) stop_taking(*slots_[index]);
    give_up(lane);
    return;
  }
  ++lane.commit_failures;
  if (lane.commit_failures > commit_retries_quiet) lane.unhealthy = "commit: " + result.error;
  const auto pause = next_backoff(lane);
  log_.warn("commit failed, it is tried again",
            {{"batch", lane.current->id}, {"error", result.error}, {"failures", lane.commit_failures}, {"pauseMs", pause.count()}});
  lane.phase = Lane::Phase::commit_pausing;
  wait(lane, pause, again);
}

void Engine::finish(Lane& lane) {
  ++counters_.batches_settled;
  for (const auto& r : lane.current->records) counters_.records_settled += r.gone ? 0 : 1;
  log_.debug("batch committed", {{"batch", lane.current->id}, {"records", lane.current->records.size()}});
  ++lane.step;
  // Freed at the end of this function: the next batch leaves first.
  const auto settled = std::exchange(lane.current, nullptr);
  lane.phase = Lane::Phase::idle;
  lane.backoff = milliseconds(0);
  lane.unhealthy.clear();
  release_if_settled(lane);
  gather(lane);
  check_drained();
}

void Engine::wait(Lane& lane, milliseconds pause, void (Engine::*then)(Lane&)) {
  lane.timer = world_.timers.after(pause, [this, alive = std::weak_ptr(alive_), &lane, then, step = ++lane.step] {
    if (alive.expired() || lane.step != step) return;
    lane.timer = 0;
    (this->*then)(lane);
  });
}

milliseconds Engine::next_backoff(Lane& lane) {
  lane.backoff = lane.backoff.count() == 0 ? settings_.wait_period : std::min(lane.backoff * 2, settings_.retry_backoff_max);
  return lane.backoff;
}

// --- health -------------------------------------------------------------------------------------------------------------

void Engine::on_read_error(std::string_view error) {
  read_error_ = error;
  read_error_at_ = world_.timers.now();
}

std::optional<std::string> Engine::unhealthy() const {
  for (const auto& lane : lanes_) {
    if (!lane->unhealthy.empty()) return lane->unhealthy;
  }
  for (const auto& held : slots_) {
    if (held && !held->registry_trouble.empty()) return "schema registry: " + held->registry_trouble;
    if (held && !held->stopped.empty()) {
      return "record that cannot be decoded: " + held->partition->topic + "-" +
             std::to_string(held->partition->partition) + "@" + std::to_string(held->waiting.front().offset.value);
    }
  }
  if (!read_error_.empty() && world_.timers.now() - read_error_at_ < read_error_lifetime) return "read: " + read_error_;
  return std::nullopt;
}

}  // namespace sidecar::consume::reactive
