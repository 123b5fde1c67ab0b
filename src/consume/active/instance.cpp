#include "consume/active/instance.hpp"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <algorithm>
#include <utility>

#include "consume/active/topic_pattern.hpp"

namespace sidecar::consume::active {
namespace {

using observability::Level;

/// Keys and values may be empty, so bytes alone bound nothing.
constexpr std::size_t records_max = 10000;
constexpr std::size_t reading_bytes_small = 16384;
constexpr auto leave_time_max = std::chrono::seconds(5);

/// Turns one call with a callback into a wait. The callback comes always, and on loop 0.
template <class T, class Start>
Task<T> answer_of(LoopExecutor executor, Start start) {
  struct State {
    std::shared_ptr<kafka::Signal> signal;
    std::optional<T> value;
  };
  const auto state = std::make_shared<State>(std::make_shared<kafka::Signal>(executor));
  start([state](T value) {
    state->value.emplace(std::move(value));
    state->signal->raise();
  });
  while (!state->value) co_await state->signal->wait_until(SteadyTimer::time_point::max());
  co_return std::move(*state->value);
}

std::string text_of(const TopicPartition& partition) {
  return fmt::format("{}-{}", partition.topic, partition.partition);
}

Error cannot_seek(const TopicPartition& partition, std::string_view why) {
  return Error::of(ErrorCode::invalid_seek_request, {partition.topic, std::to_string(partition.partition), why});
}

}  // namespace

Error not_found(const InstanceName& name) {
  return Error::of(ErrorCode::consumer_instance_not_found, {name.group, name.instance});
}

class Instance::Use {
 public:
  explicit Use(std::shared_ptr<Instance> instance) : instance_(std::move(instance)) { ++instance_->uses_; }
  ~Use() {
    if (!instance_) return;
    --instance_->uses_;
    instance_->last_use_ = Clock::now();
  }
  Use(Use&&) noexcept = default;
  Use& operator=(Use&&) = delete;

 private:
  std::shared_ptr<Instance> instance_;
};

/// The records of one partition in an answer.
struct Instance::Span {
  std::uint32_t slot = 0;
  std::uint64_t generation = 0;
  Offset first{0};
  Offset last{0};
};

/// An answer that is being made.
struct Instance::Reading {
  std::size_t bytes_max = 0;
  std::string body = "[";
  std::size_t bytes = 0;
  std::size_t records = 0;
  std::vector<Span> spans{};
  bool full = false;  ///< The next record waits for the next read.
};

Instance::Instance(asio::io_context& loop0, InstanceName name, InstanceSettings settings, formats::Schemas* schemas,
                   Turns reads, observability::Logger logger)
    : loop0_(loop0),
      name_(std::move(name)),
      settings_(std::move(settings)),
      log_(std::move(logger)),
      schemas_(schemas),
      json_(settings_.formats, schemas),
      turns_(loop0.get_executor(), 1),
      reads_(std::move(reads)),
      changed_(std::make_shared<kafka::Signal>(loop0.get_executor())),
      consumer_(loop0, settings_.consumer, *this, log_) {
  consumer_.start();
}

std::optional<Instance::Clock::time_point> Instance::idle_since() const {
  return uses_ > 0 ? std::nullopt : std::optional(last_use_);
}

// ---------------------------------------------------------------------------------------------------------------------
// What the group does

void Instance::on_assigned(std::span<const kafka::AssignedPartition> partitions) {
  for (const auto& assigned : partitions) {
    partitions_.insert_or_assign(assigned.slot, Partition{assigned, std::nullopt, std::nullopt});
  }
  read_error_.clear();
  changed_->raise();
}

void Instance::on_revoked(std::span<const std::uint32_t> slots, bool lost) {
  for (const auto slot : slots) {
    if (const auto found = partitions_.find(slot); found != partitions_.end()) {
      const auto& partition = found->second;
      if (partition.returned && partition.returned != partition.committed && !settings_.consumer.auto_commit)
        taken_away_.insert(partition.assigned.partition);
      partitions_.erase(found);
    }
    forget(slot);
    if (!lost) consumer_.release(slot);
  }
  changed_->raise();
}

void Instance::on_read_error(std::string_view error) {
  read_error_ = error;
  changed_->raise();
}

// ---------------------------------------------------------------------------------------------------------------------
// Reading

Error Instance::failed_read(std::string_view what) const {
  return Error::of(ErrorCode::unexpected_consumer_read, {what});
}

bool Instance::is_read(const TopicPartition& partition) const {
  // Until the group has followed a new subscription, partitions of the old one are still held.
  return alone_ || by_pattern_ || std::ranges::find(topics_, partition.topic) != topics_.end();
}

Instance::Partition* Instance::find(const TopicPartition& partition) {
  const auto found =
      std::ranges::find_if(partitions_, [&](const auto& each) { return each.second.assigned.partition == partition; });
  return found == partitions_.end() ? nullptr : &found->second;
}

void Instance::add(Reading& reading, kafka::Record record, const TopicPartition& partition) {
  const auto bytes = record.raw.key().value_or("").size() + record.raw.value().value_or("").size();
  const bool first = reading.records == 0;
  if (!first && (reading.bytes + bytes > reading.bytes_max || reading.records >= records_max)) {
    reading.full = true;
    held_.emplace(std::move(record), partition);
    return;
  }
  const auto before = reading.body.size();
  if (!first) reading.body += ',';
  // An answer that turns out large grows once, not by doubling.
  if (reading.bytes > reading_bytes_small) reading.body.reserve(reading.bytes_max + reading.bytes_max / 4);
  std::string correlation_id;
  if (auto done = json_.append(partition, record, reading.body, correlation_id); !done) {
    if (done.error().missing_schema) {
      reading.body.resize(before);
      const auto slot = record.slot;
      stalled_.insert_or_assign(slot, Stalled{.held = {std::move(record), partition},
                                              .why = {},
                                              .schema = std::move(done.error().missing_schema)});
      return;
    }
    if (settings_.undecodable_policy == UndecodablePolicy::error) {
      reading.body.resize(before);
      // What was read before it is returned first.
      reading.full = !first;
      const auto slot = record.slot;
      stalled_.insert_or_assign(
          slot, Stalled{.held = {std::move(record), partition}, .why = std::move(done.error().why), .schema = {}});
      return;
    }
    json_.append_raw(partition, record, done.error().why, reading.body, correlation_id);
  }
  ++reading.records;
  reading.bytes += bytes;
  reading.full = reading.bytes >= reading.bytes_max;
  const auto& assigned = partitions_.at(record.slot).assigned;
  if (reading.spans.empty() || reading.spans.back().slot != record.slot ||
      reading.spans.back().generation != assigned.generation)
    reading.spans.push_back({record.slot, assigned.generation, record.offset, record.offset});
  reading.spans.back().last = record.offset;
}

/// Takes what waits locally, beginning behind the partition where the last read ended.
void Instance::gather(Reading& reading) {
  if (held_) {
    auto held = std::move(*held_);
    held_.reset();
    add(reading, std::move(held.record), held.partition);
  }
  for (auto at = stalled_.begin(); at != stalled_.end() && !reading.full;) {
    if (!at->second.schema || at->second.asked) {
      ++at;
      continue;
    }
    // It comes back into the map when its schema, or the one of its other side, is still missing.
    auto again = std::move(at->second);
    at = stalled_.erase(at);
    const auto slot = again.held.record.slot;
    add(reading, std::move(again.held.record), again.held.partition);
    if (const auto found = stalled_.find(slot); found != stalled_.end() && found->second.schema == again.schema)
      found->second.why = std::move(again.why);
  }
  if (reading.full || partitions_.empty()) return;
  auto at = partitions_.upper_bound(last_slot_);
  for (std::size_t i = 0; i < partitions_.size() && !reading.full; ++i) {
    if (at == partitions_.end()) at = partitions_.begin();
    const auto& [slot, partition] = *at;
    ++at;
    if (!is_read(partition.assigned.partition) || !consumer_.has_records(slot)) continue;
    last_slot_ = slot;
    // One at a time, so that nothing beyond the bound is taken.
    for (scratch_.clear(); !reading.full && !stalled_.contains(slot) && consumer_.take(slot, 1, scratch_) > 0;
         scratch_.clear())
      add(reading, std::move(scratch_.front()), partition.assigned.partition);
  }
  scratch_.clear();
}

void Instance::forget(std::uint32_t slot) {
  if (held_ && held_->record.slot == slot) held_.reset();
  stalled_.erase(slot);
}

void Instance::fetch_schemas() {
  const auto fetch = [](std::shared_ptr<Instance> self, std::uint32_t slot, formats::SchemaKey schema) -> Task<> {
    co_await self->fetch_schema(slot, std::move(schema));
  };
  for (auto& [slot, stalled] : stalled_) {
    // One attempt for each read: a client that reads on is what repeats it.
    if (!stalled.schema || stalled.asked || !stalled.why.empty()) continue;
    stalled.asked = true;
    asio::co_spawn(loop0_, fetch(shared_from_this(), slot, *stalled.schema), asio::detached);
  }
}

Task<> Instance::fetch_schema(std::uint32_t slot, formats::SchemaKey schema) {
  auto unavailable = co_await schemas_->fetch(schema);
  const auto found = stalled_.find(slot);
  // The partition may have gone meanwhile, and come back with another record.
  if (found == stalled_.end() || found->second.schema != schema) co_return;
  found->second.asked = false;
  found->second.why = std::move(unavailable).value_or("");
  changed_->raise();
}

std::optional<Error> Instance::stalled_failure(bool again) {
  for (auto& [slot, stalled] : stalled_) {
    if (stalled.why.empty() || (!again && (stalled.told || stalled.schema))) continue;
    stalled.told = true;
    const auto& [topic, number] = stalled.held.partition;
    return failed_read(fmt::format("of topic {} partition {} at offset {} ({}{})", topic, number,
                                   stalled.held.record.offset.value, stalled.schema ? "schema registry: " : "",
                                   stalled.why));
  }
  return std::nullopt;
}

/// Why a read that found nothing fails.
std::optional<Error> Instance::read_failure() {
  for (const auto& [slot, partition] : partitions_) {
    if (const auto why = consumer_.stopped(slot); !why.empty()) {
      read_error_.clear();
      return failed_read(fmt::format("of topic {} partition {} ({})", partition.assigned.partition.topic,
                                     partition.assigned.partition.partition, why));
    }
  }
  if (read_error_.empty()) return std::nullopt;
  return failed_read(fmt::format("of group {} ({})", name_.group, std::exchange(read_error_, {})));
}

Task<Result<Instance::ReadAnswer>> Instance::read(ReadQuery query) {
  auto use = std::make_shared<Use>(shared_from_this());
  const auto deadline = Clock::now() + std::min(query.timeout.value_or(settings_.read_max), settings_.read_max);
  if (query.format && (*query.format != settings_.formats.key || *query.format != settings_.formats.value))
    co_return std::unexpected(Error::of(ErrorCode::consumer_format_mismatch));
  auto turn = std::make_shared<Turns::Turn>(co_await turns_.take());
  const auto place = co_await reads_.take();
  for (auto& [slot, stalled] : stalled_) {
    if (stalled.schema) stalled.why.clear();
  }
  Reading reading;
  reading.bytes_max = std::min(query.bytes_max.value_or(settings_.bytes_max), settings_.bytes_max);
  const auto bytes_min = static_cast<std::size_t>(std::max<std::int64_t>(settings_.bytes_min, 0));
  for (;;) {
    if (ended_) co_return std::unexpected(not_found(name_));
    if (!reads_something()) co_return std::unexpected(failed_read("without a subscription or an assignment"));
    changed_->reset();
    if (reading.records == 0) {
      if (auto failure = stalled_failure(false)) co_return std::unexpected(std::move(*failure));
    }
    gather(reading);
    if (reading.full || (reading.records > 0 && reading.bytes >= bytes_min)) break;
    if (reading.records == 0) {
      auto failure = stalled_failure(true);
      if (!failure) failure = read_failure();
      if (failure) co_return std::unexpected(std::move(*failure));
    }
    fetch_schemas();
    if (stopping_ || Clock::now() >= deadline) break;
    co_await changed_->wait_until(deadline);
  }
  reading.body += ']';
  ReadAnswer answer;
  answer.body = std::move(reading.body);
  if (reading.records > 0) {
    for (auto& [slot, stalled] : stalled_) stalled.told = false;
    answer.delivered = [use, turn, spans = std::move(reading.spans), self = shared_from_this()](bool delivered) {
      self->finish_read(spans, delivered);
      *turn = {};
    };
  }
  co_return answer;
}

void Instance::finish_read(const std::vector<Span>& spans, bool delivered) {
  std::vector<kafka::SeekTarget> back;
  std::vector<kafka::CommitEntry> stored;
  for (const auto& span : spans) {
    const auto found = partitions_.find(span.slot);
    // The partition went meanwhile: its next owner begins at what was committed.
    if (found == partitions_.end() || found->second.assigned.generation != span.generation) continue;
    auto& partition = found->second;
    if (delivered) {
      partition.returned = committed_after(span.last);
      stored.push_back({partition.assigned.partition, *partition.returned});
      continue;
    }
    forget(span.slot);
    // A partition may stand in an answer twice; where it began counts.
    if (std::ranges::find(back, span.slot, &kafka::SeekTarget::slot) == back.end())
      back.push_back({span.slot, span.first});
  }
  if (ended_) return;
  if (!back.empty()) {
    log_.info("The client of a read has gone, its records come again", {{"partitions", back.size()}});
    if (const auto error = consumer_.seek(back); !error.empty())
      log_.error("Records of a read that had no client cannot be read again", {{"error", error}});
  }
  if (settings_.consumer.auto_commit && !stored.empty()) {
    if (const auto error = consumer_.store(stored); !error.empty())
      log_.warn("Offsets cannot be stored for the automatic commit", {{"error", error}});
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Subscription and assignment

Task<Result<void>> Instance::subscribe(SubscribeRequest request) {
  const Use use(shared_from_this());
  const auto turn = co_await turns_.take();
  if (ended_) co_return std::unexpected(not_found(name_));
  if (!request.topics && !request.pattern) co_return Result<void>{};
  if (alone_)
    co_return std::unexpected(Error::of(ErrorCode::consumer_subscription_conflict, {name_.group, name_.instance}));
  std::vector<std::string> topics;
  if (request.pattern) {
    auto pattern = portable_pattern(*request.pattern);
    if (!pattern)
      co_return std::unexpected(Error::of(ErrorCode::validator_schema, {"/topic_pattern: " + pattern.error()}));
    topics.push_back(std::move(*pattern));
  } else {
    topics = std::move(*request.topics);
  }
  if (topics.empty()) co_return co_await leave_all();
  if (const auto error = consumer_.subscribe(topics); !error.empty())
    co_return std::unexpected(Error::of(ErrorCode::consumer_config, {error}));
  topics_ = std::move(topics);
  by_pattern_ = request.pattern.has_value();
  if (held_ && !is_read(held_->partition)) held_.reset();
  std::erase_if(stalled_, [this](const auto& each) { return !is_read(each.second.held.partition); });
  co_return Result<void>{};
}

Task<Result<void>> Instance::unsubscribe() {
  const Use use(shared_from_this());
  const auto turn = co_await turns_.take();
  if (ended_) co_return std::unexpected(not_found(name_));
  co_return co_await leave_all();
}

Task<Result<void>> Instance::leave_all() {
  if (!reads_something()) co_return Result<void>{};
  if (const auto error = consumer_.unsubscribe(); !error.empty())
    co_return std::unexpected(Error::of(ErrorCode::consumer_config, {error}));
  const bool was_alone = std::exchange(alone_, false);
  topics_.clear();
  by_pattern_ = false;
  held_.reset();
  stalled_.clear();
  if (was_alone) partitions_.clear();
  // The group takes its partitions back; until then nothing else can be subscribed or assigned.
  const auto end = Clock::now() + leave_time_max;
  while (!ended_ && !consumer_.settled() && Clock::now() < end) {
    changed_->reset();
    co_await changed_->wait_until(std::min(end, Clock::now() + std::chrono::milliseconds(20)));
  }
  taken_away_.clear();
  read_error_.clear();
  co_return Result<void>{};
}

Task<Result<void>> Instance::assign(std::vector<TopicPartition> partitions) {
  const Use use(shared_from_this());
  const auto turn = co_await turns_.take();
  if (ended_) co_return std::unexpected(not_found(name_));
  if (!topics_.empty())
    co_return std::unexpected(Error::of(ErrorCode::consumer_subscription_conflict, {name_.group, name_.instance}));
  if (partitions.empty()) co_return co_await leave_all();
  const auto added = consumer_.assign(partitions);
  if (!added) co_return std::unexpected(Error::of(ErrorCode::consumer_config, {added.error()}));
  alone_ = true;
  auto before = std::exchange(partitions_, {});
  auto held = std::exchange(held_, std::nullopt);
  auto stalled_before = std::exchange(stalled_, {});
  for (const auto& assigned : *added) {
    auto& partition = partitions_[assigned.slot];
    partition.assigned = assigned;
    for (const auto& [slot, old] : before) {
      if (old.assigned.partition != assigned.partition) continue;
      partition.returned = old.returned;
      partition.committed = old.committed;
    }
    // What waits here stays taken: reading goes on behind it.
    if (held && held->partition == assigned.partition) {
      held->record.slot = assigned.slot;
      held_ = std::exchange(held, std::nullopt);
    }
    for (auto& [slot, stalled] : stalled_before) {
      if (stalled.held.partition != assigned.partition) continue;
      stalled.held.record.slot = assigned.slot;
      stalled.asked = false;  // the answer looks for the old slot
      stalled_.emplace(assigned.slot, std::move(stalled));
      break;
    }
  }
  read_error_.clear();
  co_return Result<void>{};
}

Task<Result<std::vector<std::string>>> Instance::subscription() {
  const Use use(shared_from_this());
  if (!by_pattern_) co_return topics_;
  const auto pattern = topics_.front();
  auto all = co_await answer_of<kafka::TopicAnswers>(
      loop0_.get_executor(), [this](auto done) { consumer_.all_topics(settings_.api_timeout, std::move(done)); });
  if (ended_) co_return std::unexpected(not_found(name_));
  if (!all) co_return std::unexpected(failed_read(fmt::format("of the topics of the cluster ({})", all.error())));
  std::erase_if(*all, [&](const std::string& topic) { return !matches_topic(pattern, topic); });
  std::ranges::sort(*all);
  co_return std::move(*all);
}

std::vector<TopicPartition> Instance::assignment() const {
  std::vector<TopicPartition> result;
  for (const auto& [slot, partition] : partitions_) result.push_back(partition.assigned.partition);
  std::ranges::sort(result);
  return result;
}

// ---------------------------------------------------------------------------------------------------------------------
// Positions

Task<> Instance::await_assignment() {
  const auto deadline = Clock::now() + settings_.read_max;
  while (!ended_ && !stopping_ && !topics_.empty() && partitions_.empty() && Clock::now() < deadline) {
    changed_->reset();
    co_await changed_->wait_until(deadline);
  }
}

Result<void> Instance::check_assigned(const std::vector<TopicPartition>& partitions) {
  for (const auto& partition : partitions)
    if (find(partition) == nullptr)
      return std::unexpected(cannot_seek(partition, "it is not assigned to this instance"));
  return {};
}

Result<void> Instance::move(const std::vector<std::pair<TopicPartition, Offset>>& targets) {
  std::vector<kafka::SeekTarget> seeks;
  for (const auto& [topic_partition, offset] : targets) {
    auto* const partition = find(topic_partition);
    if (partition == nullptr)
      return std::unexpected(cannot_seek(topic_partition, "it is not assigned to this instance"));
    seeks.push_back({partition->assigned.slot, offset});
  }
  if (seeks.empty()) return {};
  if (const auto error = consumer_.seek(seeks); !error.empty())
    return std::unexpected(cannot_seek(targets.front().first, error));
  // What was wrong at the old place.
  read_error_.clear();
  for (const auto& [slot, offset] : seeks) {
    forget(slot);
    // The client has left what it had read there: that is nothing to commit any more.
    partitions_.at(slot).returned.reset();
  }
  return {};
}

Task<Result<std::vector<std::pair<TopicPartition, Offset>>>> Instance::find_offsets(
    std::vector<kafka::OffsetQuestion> questions) {
  std::vector<std::pair<TopicPartition, Offset>> found;
  while (!questions.empty()) {
    auto answers = co_await answer_of<kafka::OffsetAnswers>(loop0_.get_executor(), [&](auto done) {
      consumer_.list_offsets(questions, settings_.api_timeout, std::move(done));
    });
    if (ended_) co_return std::unexpected(not_found(name_));
    if (!answers) co_return std::unexpected(cannot_seek(questions.front().partition, answers.error()));
    // Where no record is young enough, reading goes on at the end.
    std::vector<kafka::OffsetQuestion> again;
    for (std::size_t i = 0; i < questions.size(); ++i) {
      if ((*answers)[i]) {
        found.emplace_back(questions[i].partition, *(*answers)[i]);
      } else if (questions[i].where == kafka::OffsetQuestion::Where::at_timestamp) {
        again.push_back({questions[i].partition, kafka::OffsetQuestion::Where::end});
      } else {
        co_return std::unexpected(cannot_seek(questions[i].partition, "the broker tells no offset"));
      }
    }
    questions = std::move(again);
  }
  co_return found;
}

Task<Result<void>> Instance::seek(SeekRequest request) {
  const Use use(shared_from_this());
  const auto turn = co_await turns_.take();
  if (request.offsets.empty() && request.timestamps.empty()) co_return Result<void>{};
  co_await await_assignment();
  if (ended_) co_return std::unexpected(not_found(name_));
  std::vector<TopicPartition> named;
  std::vector<std::pair<TopicPartition, Offset>> targets;
  std::vector<kafka::OffsetQuestion> questions;
  for (const auto& entry : request.offsets) {
    named.push_back(entry.partition);
    targets.emplace_back(entry.partition, entry.offset);
  }
  for (const auto& entry : request.timestamps) {
    named.push_back(entry.partition);
    questions.push_back({entry.partition, kafka::OffsetQuestion::Where::at_timestamp, entry.timestamp_ms});
  }
  if (auto good = check_assigned(named); !good) co_return good;
  const auto found = co_await find_offsets(std::move(questions));
  if (!found) co_return std::unexpected(found.error());
  targets.insert(targets.end(), found->begin(), found->end());
  co_return move(targets);
}

Task<Result<void>> Instance::seek_end(std::vector<TopicPartition> partitions, End end) {
  const Use use(shared_from_this());
  const auto turn = co_await turns_.take();
  co_await await_assignment();
  if (ended_) co_return std::unexpected(not_found(name_));
  if (partitions.empty()) partitions = assignment();
  if (auto good = check_assigned(partitions); !good) co_return good;
  std::vector<std::pair<TopicPartition, Offset>> targets;
  if (end == End::first) {
    for (auto& partition : partitions) targets.emplace_back(std::move(partition), kafka::log_start);
    co_return move(targets);
  }
  // The end is asked for now: what comes after this call is read.
  std::vector<kafka::OffsetQuestion> questions;
  for (auto& partition : partitions) questions.push_back({std::move(partition), kafka::OffsetQuestion::Where::end});
  const auto found = co_await find_offsets(std::move(questions));
  if (!found) co_return std::unexpected(found.error());
  co_return move(*found);
}

// ---------------------------------------------------------------------------------------------------------------------
// Offsets

Error Instance::failed_commit(std::string_view why) const {
  return Error::of(ErrorCode::failed_to_commit_offsets, {fmt::format("{}/{}", name_.group, name_.instance), why});
}

Task<Result<void>> Instance::commit(std::optional<std::vector<kafka::CommitEntry>> entries, bool async) {
  const Use use(shared_from_this());
  const auto turn = co_await turns_.take();
  if (ended_) co_return std::unexpected(not_found(name_));
  const bool returned = !entries;
  if (returned) {
    entries.emplace();
    for (const auto& [slot, partition] : partitions_) {
      if (partition.returned && partition.returned != partition.committed)
        entries->push_back({partition.assigned.partition, *partition.returned});
    }
  }
  if (async) {
    if (!entries->empty()) {
      auto done = [self = shared_from_this(), sent = *entries](const kafka::CommitResult& result) {
        if (const auto good = self->after_commit(sent, result); !good)
          self->log_.warn("Commit failed", {{"error", good.error().description}});
      };
      consumer_.commit(std::move(*entries), std::move(done));
    }
    if (returned)
      if (const auto good = tell_taken_away(); !good) log_.warn("Commit failed", {{"error", good.error().description}});
    co_return Result<void>{};
  }
  if (!entries->empty()) {
    const auto result = co_await answer_of<kafka::CommitResult>(
        loop0_.get_executor(), [&](auto done) { consumer_.commit(*entries, std::move(done)); });
    if (auto good = after_commit(*entries, result); !good) co_return good;
  }
  if (!returned) co_return Result<void>{};
  co_return tell_taken_away();
}

Result<void> Instance::after_commit(const std::vector<kafka::CommitEntry>& entries, const kafka::CommitResult& result) {
  if (result.outcome != kafka::CommitOutcome::committed) return std::unexpected(failed_commit(result.error));
  for (const auto& entry : entries) {
    if (auto* const partition = find(entry.partition)) partition->committed = entry.offset;
    taken_away_.erase(entry.partition);
  }
  return {};
}

Result<void> Instance::tell_taken_away() {
  if (taken_away_.empty()) return {};
  std::string names;
  for (const auto& partition : std::exchange(taken_away_, {}))
    names += (names.empty() ? "" : ", ") + text_of(partition);
  return std::unexpected(
      failed_commit("a rebalance took partitions away before their records were committed: " + names));
}

Task<Result<std::vector<kafka::CommitEntry>>> Instance::committed(std::vector<TopicPartition> partitions) {
  const Use use(shared_from_this());
  const auto turn = co_await turns_.take();
  if (ended_) co_return std::unexpected(not_found(name_));
  std::vector<kafka::CommitEntry> found;
  if (partitions.empty()) co_return found;
  auto answers = co_await answer_of<kafka::CommittedAnswers>(loop0_.get_executor(), [&](auto done) {
    consumer_.committed(partitions, settings_.api_timeout, std::move(done));
  });
  if (ended_) co_return std::unexpected(not_found(name_));
  if (!answers) co_return std::unexpected(failed_commit(answers.error()));
  // In the order of the question.
  for (const auto& partition : partitions) {
    const auto entry = std::ranges::find(*answers, partition, &kafka::CommitEntry::partition);
    if (entry != answers->end()) found.push_back(*entry);
  }
  co_return found;
}

// ---------------------------------------------------------------------------------------------------------------------
// The end

void Instance::stop_waiting() {
  stopping_ = true;
  changed_->raise();
}

Task<> Instance::close() {
  const auto self = shared_from_this();
  ended_ = true;
  held_.reset();
  stalled_.clear();
  partitions_.clear();
  changed_->raise();
  co_await consumer_.close();
}

}  // namespace sidecar::consume::active
