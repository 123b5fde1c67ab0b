#include "kafka/group_consumer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/post.hpp>
#include <charconv>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "kafka/commit_outcome.hpp"
#include "kafka/group_client.hpp"
#include "kafka/prefetch.hpp"

namespace sidecar::kafka {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using observability::Level;

namespace {

constexpr auto first_offset_time_max = 5s;
/// How often a partition that stopped at `auto.offset.reset=none` looks for a committed offset again.
constexpr auto restart_every = 5s;
constexpr auto close_time_max = 5s;
/// Ticks are a second apart at most; no session is as short as this without being asked to.
constexpr auto standstill = 3s;
/// How often a member whose identity is taken looks whether it is free again.
constexpr auto identity_look_every = 2s;
/// A look without an answer is given up together with its client, well before librdkafka ends it (describe_limit).
constexpr auto identity_look_patience = 30min;

std::string text_property(const Properties& properties, const std::string& name) {
  const auto found = properties.find(name);
  return found == properties.end() ? std::string() : found->second;
}

/// Somebody else is a member under the same `group.instance.id`: a classic group hands the identity to whoever comes last,
/// one of the `consumer` protocol to whoever came first.
bool is_identity_taken(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID || error == RD_KAFKA_RESP_ERR_UNRELEASED_INSTANCE_ID;
}

std::int64_t number_property(const Properties& properties, const std::string& name, std::int64_t otherwise) {
  const auto found = properties.find(name);
  if (found == properties.end()) return otherwise;
  std::int64_t number = otherwise;
  std::from_chars(found->second.data(), found->second.data() + found->second.size(), number);
  return number;
}

std::chrono::milliseconds session_timeout(const Properties& properties) {
  constexpr std::int64_t java_default = 45000;
  const auto protocol = properties.find("group.protocol");
  // With the new protocol the broker decides; this is its default.
  if (protocol != properties.end() && protocol->second == "consumer") return std::chrono::milliseconds(java_default);
  return std::chrono::milliseconds(number_property(properties, "session.timeout.ms", java_default));
}

/// The group's coordinator starts or has moved.
bool is_coordinator_absent(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS || error == RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE ||
         error == RD_KAFKA_RESP_ERR_NOT_COORDINATOR;
}

/// Errors of the connection are no errors of reading: librdkafka mends them, logs them, and readiness shows them.
bool is_read_error(rd_kafka_resp_err_t error, bool unknown_topics) {
  switch (error) {
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
      return unknown_topics;
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
      return false;
    default:
      return true;
  }
}

std::size_t record_bytes(const rd_kafka_message_t& message, std::vector<HeaderView>& scratch, const RawRecord& raw) {
  std::size_t bytes = message.key_len + message.len;
  scratch.clear();
  raw.headers(scratch);
  for (const auto& header : scratch) bytes += header.name.size() + (header.value ? header.value->size() : 0);
  return bytes;
}

constexpr std::string_view no_member = "not a member of the group";

std::string error_text(rd_kafka_resp_err_t error) {
  return fmt::format("{}: {}", rd_kafka_err2name(error), rd_kafka_err2str(error));
}

/// Of an answer to a question as a whole; null: none will come.
std::string failure_of(rd_kafka_event_t* event) {
  if (event == nullptr) return std::string(no_member);
  const auto error = rd_kafka_event_error(event);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  const auto* const words = rd_kafka_event_error_string(event);
  return words != nullptr && *words != '\0' ? fmt::format("{}: {}", rd_kafka_err2name(error), words) : error_text(error);
}

}  // namespace

class GroupConsumer::Impl : public std::enable_shared_from_this<GroupConsumer::Impl> {
 public:
  Impl(asio::io_context& loop0, GroupConsumerSettings settings, GroupListener& listener, observability::Logger logger)
      : loop0_(loop0),
        settings_(std::move(settings)),
        topics_(settings_.topics),
        session_timeout_(session_timeout(settings_.properties)),
        group_(text_property(settings_.properties, "group.id")),
        instance_(text_property(settings_.properties, "group.instance.id")),
        listener_(&listener),
        logger_(std::move(logger)),
        wake_(loop0, [this] { on_wake(); }),
        gate_(std::make_shared<Gate>()),
        ticker_(loop0.get_executor()) {
    gate_->loop = &loop0;
    client_ = make_client();
  }

  void start();
  std::string subscribe(std::vector<std::string> topics);
  std::string unsubscribe();
  std::expected<std::vector<AssignedPartition>, std::string> assign(const std::vector<TopicPartition>& partitions);
  [[nodiscard]] bool settled() const;
  std::string seek(const std::vector<SeekTarget>& targets);
  [[nodiscard]] std::string_view stopped(std::uint32_t slot) const;
  std::string store(const std::vector<CommitEntry>& entries);
  std::size_t take(std::uint32_t slot, std::size_t records_max, std::vector<Record>& out);
  [[nodiscard]] bool has_records(std::uint32_t slot) const;
  void release(std::uint32_t slot);
  [[nodiscard]] bool membership_in_doubt() const;
  void commit(std::vector<CommitEntry> entries, std::function<void(CommitResult)> done);
  void first_offset(const TopicPartition& partition, std::function<void(std::optional<Offset>)> done);
  void list_offsets(std::vector<OffsetQuestion> questions, std::chrono::milliseconds limit,
                    std::function<void(OffsetAnswers)> done);
  void committed(std::vector<TopicPartition> partitions, std::chrono::milliseconds limit,
                 std::function<void(CommittedAnswers)> done);
  void all_topics(std::chrono::milliseconds limit, std::function<void(TopicAnswers)> done);
  [[nodiscard]] std::chrono::milliseconds revoke_drain_max() const { return session_timeout_ / 2; }
  [[nodiscard]] bool connected(std::chrono::milliseconds grace) const { return watch_->connected(Clock::now(), grace); }
  static Task<> close(std::shared_ptr<Impl> impl);
  /// For an owner that did not close it: no farewell to the group.
  void shut_down_now();

 private:
  using ClientPtr = std::unique_ptr<GroupClient>;
  enum class State : std::uint8_t { free, assigned, revoking };
  struct Partition {
    State state = State::free;
    AssignedPartition assigned;
    QueueHandle queue;
    Bell bell;
    /// Where reading began, if somebody said so.
    std::optional<Offset> start;
    /// Nothing below is delivered (again), whatever pausing and restarting do.
    std::optional<Offset> next;
    [[nodiscard]] std::optional<Offset> position() const { return next ? next : start; }
    std::optional<GroupClient::LogLimits> limits_before;  ///< What was known of the log when it was assigned.
    std::int64_t average_bytes = 0;
    bool stopped = false;  ///< Not fetched: `auto.offset.reset=none`, records went astray, or never started.
    std::string stop_reason;
    std::optional<Clock::time_point> paused_since;
    bool offered = false;  ///< Its owner has had a turn to take from it since it was empty.
  };
  struct PendingCommit {
    std::vector<CommitEntry> entries;
    std::function<void(CommitResult)> done;
    Clock::time_point deadline;
  };

  ClientPtr make_client();
  void on_event(rd_kafka_event_t& event);
  void on_wake();
  void on_error(rd_kafka_event_t& event);
  void on_rebalance(rd_kafka_event_t& event);
  void on_assign(const rd_kafka_topic_partition_list_t& list);
  void on_revoke(const rd_kafka_topic_partition_list_t& list);
  void finish_revoke();
  void late_loss();
  void on_commit_answer(rd_kafka_event_t& event);
  void finish_commit(std::uint64_t number, CommitResult result);
  /// Sends a question with the next number. `answer` gets the event once, or null when there will be none.
  template <class Send>
  void ask(std::function<void(rd_kafka_event_t*)> answer, const Send& send);
  void on_answer(rd_kafka_event_t& event);
  /// For what librdkafka offers only as a call that waits: `call` runs on a thread of its own.
  template <class Answer, class Call>
  void ask_blocking(std::function<void(Answer)> done, Call call);
  void fail_questions();
  /// What a new client has to be told.
  void resume_membership();
  /// False while a refused member waits before it tries again.
  [[nodiscard]] bool is_member() const { return client_ && !join_at_; }
  void fail_commits(CommitOutcome outcome, const std::string& error);
  void on_stray_record(rd_kafka_event_t& event);
  /// Told on its own turn of the loop, each text once per turn.
  void tell_read_error(std::string text);
  void read_error_in(Partition& partition, const rd_kafka_message_t& message);
  /// True for the first record of a log that is not the one read so far.
  bool starts_anew(const Partition& partition, Offset offset);

  void schedule_tick();
  void tick();
  [[nodiscard]] bool stood_still(Clock::time_point now) const {
    return now - last_tick_ > std::min<Clock::duration>(standstill, session_timeout_ / 2);
  }
  void bound_prefetch();
  void restart_stopped();
  void mark_unstarted();
  void give_up_member(rd_kafka_resp_err_t code, std::string why);
  void join_again();
  void on_group_described(rd_kafka_event_t& event);
  void retire_client();
  void tend_retired();

  Partition& new_slot(TopicPartition partition);
  void free_slot(Partition& partition);
  Partition* find(const TopicPartition& partition);
  [[nodiscard]] bool owns_any(const std::vector<CommitEntry>& entries);

  asio::io_context& loop0_;
  const GroupConsumerSettings settings_;
  std::vector<std::string> topics_;                 // the subscription
  std::optional<std::vector<TopicPartition>> alone_;  // the manual assignment; there is never both
  const std::chrono::milliseconds session_timeout_;
  const std::string group_;
  const std::string instance_;
  GroupListener* listener_;  // null once closing
  const observability::Logger logger_;
  const std::shared_ptr<ConnectionWatch> watch_ = std::make_shared<ConnectionWatch>();
  EventFd wake_;

  ClientPtr client_;  // null while a refused member waits before it tries again, or looks for its identity
  std::vector<ClientPtr> retired_;
  std::deque<Partition> slots_;           // a deque: librdkafka's threads hold the address of the bells
  std::deque<std::uint32_t> free_slots_;  // the one free for longest comes first
  std::uint64_t generation_ = 0;
  std::int64_t average_bytes_ = 0;
  bool prefetch_tight_ = false;

  PartitionList revoking_;                // what unassign is owed for
  std::set<std::uint32_t> revoke_waits_;  // slots of it that were not released yet

  std::map<std::uint64_t, PendingCommit> commits_;
  std::uint64_t commit_number_ = 0;
  std::map<std::uint64_t, std::function<void(rd_kafka_event_t*)>> questions_;
  /// The way back for threads that ask: it closes before the loop goes.
  struct Gate {
    std::mutex mutex;
    asio::io_context* loop = nullptr;
    std::atomic<bool> ended = false;
  };
  const std::shared_ptr<Gate> gate_;

  std::set<std::string> read_errors_;
  std::vector<HeaderView> scratch_;
  Clock::time_point last_restart_ = Clock::time_point::min();
  Clock::time_point last_tick_ = Clock::now();
  bool in_doubt_ = false;  ///< See membership_in_doubt.
  std::optional<Clock::time_point> join_at_;  ///< When a refused member tries again; unset while it is one.
  /// While another member has our group.instance.id: when to look next whether it is gone. Joining blindly would throw
  /// that member out, which would then do the same to us, for ever.
  std::optional<Clock::time_point> look_at_;
  bool looking_ = false;  ///< The coordinator was asked and has not answered; `look_at_` is then the end of patience.
  bool started_ = false;
  bool giving_up_ = false;
  bool closing_ = false;
  bool closed_ = false;
  SteadyTimer ticker_;
  Reaper reaper_;
};

// ---------------------------------------------------------------------------------------------------------------------
// Life of the member

GroupConsumer::Impl::ClientPtr GroupConsumer::Impl::make_client() {
  return std::make_unique<GroupClient>(loop0_, settings_.properties,
                                       settings_.auto_commit ? AutoCommit::on : AutoCommit::off, watch_, logger_,
                                       [this](rd_kafka_event_t& event) { on_event(event); });
}

void GroupConsumer::Impl::start() {
  if (started_) return;
  started_ = true;
  last_tick_ = Clock::now();
  resume_membership();
  schedule_tick();
}

void GroupConsumer::Impl::resume_membership() {
  std::string error;
  if (!topics_.empty()) {
    error = client_->subscribe(topics_);
  } else if (alone_) {
    const auto added = assign(*alone_);
    if (!added) error = added.error();
    if (added && listener_ != nullptr && !added->empty()) listener_->on_assigned(*added);
  }
  if (error.empty()) return;
  logger_.log(Level::error, "Cannot subscribe", {{"error", error}});
  tell_read_error("Cannot subscribe: " + error);
}

std::string GroupConsumer::Impl::subscribe(std::vector<std::string> topics) {
  if (is_member()) {
    if (auto error = client_->subscribe(topics); !error.empty()) return error;
  }
  topics_ = std::move(topics);
  return {};
}

std::string GroupConsumer::Impl::unsubscribe() {
  if (alone_) {
    auto none = assign({});
    alone_.reset();
    return none ? std::string() : std::move(none.error());
  }
  topics_.clear();
  return is_member() ? client_->unsubscribe() : std::string();
}

bool GroupConsumer::Impl::settled() const {
  return !revoking_ && std::ranges::all_of(slots_, [](const Partition& p) { return p.state == State::free; });
}

std::expected<std::vector<AssignedPartition>, std::string> GroupConsumer::Impl::assign(
    const std::vector<TopicPartition>& partitions) {
  std::vector<PartitionStart> begins;
  for (const auto& partition : partitions) {
    const auto* const held = find(partition);
    begins.push_back({partition, held != nullptr ? held->position() : std::nullopt});
  }
  for (auto& partition : slots_) {
    if (partition.state != State::free) free_slot(partition);
  }
  alone_ = partitions;
  std::vector<AssignedPartition> added;
  if (!is_member()) return added;  // it is told when it joins again
  for (const auto& [partition, at] : begins) {
    auto& entry = new_slot(partition);
    entry.start = at;
    entry.queue = client_->partition_queue(partition, entry.bell);
    added.push_back(entry.assigned);
  }
  if (auto error = client_->assign_alone(begins); !error.empty()) {
    for (const auto& assigned : added) free_slot(slots_[assigned.slot]);
    return std::unexpected(std::move(error));
  }
  return added;
}

void GroupConsumer::Impl::give_up_member(rd_kafka_resp_err_t code, std::string why) {
  if (giving_up_ || closing_ || !client_) return;
  giving_up_ = true;
  // Not from inside the client's own events.
  asio::post(loop0_, [impl = shared_from_this(), taken = is_identity_taken(code), reason = std::move(why)] {
    impl->giving_up_ = false;
    if (!impl->client_ || impl->closing_) return;
    const auto now = Clock::now();
    impl->join_at_ = now + impl->session_timeout_;
    if (taken) {
      impl->logger_.log(Level::error, "Another member has this group.instance.id: waiting until it is gone",
                        {{"group.instance.id", impl->instance_}, {"error", reason}});
      impl->look_at_ = now + identity_look_every;
      impl->looking_ = false;
    } else {
      impl->logger_.log(Level::warn, "Group member refused, joins again after the session timeout",
                        {{"error", reason}, {"waitMs", impl->session_timeout_.count()}});
    }
    std::vector<std::uint32_t> lost;
    for (auto& partition : impl->slots_) {
      if (partition.state == State::free) continue;
      lost.push_back(partition.assigned.slot);
      impl->free_slot(partition);
    }
    impl->revoking_.reset();
    impl->revoke_waits_.clear();
    impl->retire_client();
    impl->watch_->on_all_brokers_down(Clock::now());
    impl->fail_commits(CommitOutcome::not_a_member, reason);
    impl->fail_questions();
    if (impl->listener_ != nullptr && !lost.empty()) impl->listener_->on_revoked(lost, true);
    impl->tell_read_error(reason);
  });
}

void GroupConsumer::Impl::join_again() {
  const auto now = Clock::now();
  if (looking_) {
    retire_client();
    looking_ = false;
  }
  try {
    if (!client_) client_ = make_client();
  } catch (const std::exception& e) {
    logger_.log(Level::error, "Consumer cannot be created again", {{"error", e.what()}});
    join_at_ = now + session_timeout_;
    return;
  }
  if (look_at_) {
    look_at_ = now + identity_look_patience;
    looking_ = true;
    client_->describe_group(group_);
    return;
  }
  join_at_.reset();
  resume_membership();
}

void GroupConsumer::Impl::on_group_described(rd_kafka_event_t& event) {
  if (!looking_ || closing_) return;
  looking_ = false;
  look_at_ = Clock::now() + identity_look_every;
  const auto taken = GroupClient::has_member(event, instance_);
  if (taken.value_or(false)) {
    tell_read_error(fmt::format("another member has the group.instance.id {}", instance_));
    return;
  }
  // Without an answer (no right to ask, no coordinator) the session timeout has to do.
  if (!taken && Clock::now() < *join_at_) return;
  logger_.log(Level::info, "The group.instance.id is free, joining", {{"group.instance.id", instance_}});
  look_at_.reset();
  join_again();
}

void GroupConsumer::Impl::retire_client() {
  client_->stop();
  retired_.push_back(std::move(client_));
}

void GroupConsumer::Impl::tend_retired() {
  std::erase_if(retired_, [this](ClientPtr& client) {
    // Records that the owner still holds point into their client.
    if (client->records_out().count.load(std::memory_order_acquire) > 0) return false;
    reaper_.take(client->release());
    return true;
  });
}

void GroupConsumer::Impl::schedule_tick() {
  const bool young = client_ && !client_->had_first_answer();
  ticker_.expires_after(young ? 50ms : prefetch_tight_ ? 100ms : 1000ms);
  ticker_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto impl = weak.lock();
    if (error || !impl || impl->closing_) return;
    impl->tick();
    if (!impl->closing_) impl->schedule_tick();
  });
}

bool GroupConsumer::Impl::membership_in_doubt() const {
  // Whatever woke us may come before the tick that was due.
  return in_doubt_ || stood_still(Clock::now());
}

void GroupConsumer::Impl::tick() {
  const auto now = Clock::now();
  in_doubt_ = in_doubt_ || stood_still(now);
  last_tick_ = now;
  if (client_) {
    client_->drain();
    client_->tick();
    if (auto fatal = client_->fatal_error()) give_up_member(fatal->code, std::move(fatal->text));
    if (revoking_ && !revoke_waits_.empty() && client_->assignment_lost()) late_loss();
    bound_prefetch();
    if (now - restart_every >= last_restart_) restart_stopped();
  }
  if (look_at_ ? now >= *look_at_ : join_at_ && now >= *join_at_) join_again();
  tend_retired();
  std::vector<std::uint64_t> late;
  for (const auto& [number, commit] : commits_) {
    if (now >= commit.deadline) late.push_back(number);
  }
  for (const auto number : late) {
    finish_commit(number,
                  {CommitOutcome::failed,
                   fmt::format("no answer to the commit within {} ms", settings_.commit_time_max.count())});
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Events

void GroupConsumer::Impl::on_event(rd_kafka_event_t& event) {
  switch (rd_kafka_event_type(&event)) {
    case RD_KAFKA_EVENT_REBALANCE:
      on_rebalance(event);
      return;
    case RD_KAFKA_EVENT_OFFSET_COMMIT:
      on_commit_answer(event);
      return;
    case RD_KAFKA_EVENT_LISTOFFSETS_RESULT:
      on_answer(event);
      return;
    case RD_KAFKA_EVENT_DESCRIBECONSUMERGROUPS_RESULT:
      on_group_described(event);
      return;
    case RD_KAFKA_EVENT_ERROR:
      on_error(event);
      return;
    case RD_KAFKA_EVENT_FETCH:
      on_stray_record(event);
      return;
    default:
      return;
  }
}

void GroupConsumer::Impl::on_wake() {
  if (listener_ != nullptr) listener_->on_records();
}

void GroupConsumer::Impl::on_error(rd_kafka_event_t& event) {
  const auto error = rd_kafka_event_error(&event);
  const std::string text = fmt::format("{}: {}", rd_kafka_err2name(error), rd_kafka_event_error_string(&event));
  if (rd_kafka_event_error_is_fatal(&event) != 0) {
    give_up_member(error, text);
  } else if (is_coordinator_absent(error)) {
    if (is_member()) mark_unstarted();
  } else if (is_read_error(error, settings_.unknown_topics_are_errors)) {
    tell_read_error(text);
  }
}

void GroupConsumer::Impl::tell_read_error(std::string text) {
  if (closing_) return;
  const bool first = read_errors_.empty();
  constexpr std::size_t texts_max = 16;
  if (read_errors_.size() < texts_max) read_errors_.insert(std::move(text));
  if (!first) return;
  asio::post(loop0_, [impl = shared_from_this()] {
    for (const auto& error : std::exchange(impl->read_errors_, {})) {
      if (impl->listener_ != nullptr) impl->listener_->on_read_error(error);
    }
  });
}

void GroupConsumer::Impl::on_stray_record(rd_kafka_event_t& event) {
  // Cannot happen while the partition queues are taken before the assignment. If it did, the record would be lost;
  // reading starts again at it instead.
  const auto* const message = rd_kafka_event_message_next(&event);
  if (message == nullptr || message->rkt == nullptr) return;
  auto* const partition = find({rd_kafka_topic_name(message->rkt), message->partition});
  if (partition == nullptr) return;
  const Offset offset{message->offset};
  if (partition->next && *partition->next > offset) return;
  logger_.log(Level::error, "Record on the wrong queue, reading starts again at it",
              {{"topic", partition->assigned.partition.topic}});
  if (!partition->stopped) partition->next = offset;
  partition->stopped = true;
}

// ---------------------------------------------------------------------------------------------------------------------
// Rebalance

GroupConsumer::Impl::Partition& GroupConsumer::Impl::new_slot(TopicPartition partition) {
  // A number rests as long as possible before it is used again: a late release must not meet its successor.
  constexpr std::size_t rest = 64;
  std::uint32_t slot = 0;
  if (free_slots_.size() > rest) {
    slot = free_slots_.front();
    free_slots_.pop_front();
  } else {
    slot = static_cast<std::uint32_t>(slots_.size());
    slots_.emplace_back().bell.wake = &wake_;
  }
  auto& entry = slots_[slot];
  entry.state = State::assigned;
  entry.assigned = {std::move(partition), slot, ++generation_};
  entry.start.reset();
  entry.next.reset();
  entry.limits_before = client_->known_limits(entry.assigned.partition);
  entry.average_bytes = 0;
  entry.stopped = false;
  entry.paused_since.reset();
  entry.offered = false;
  entry.bell.ready.store(false, std::memory_order_relaxed);
  return entry;
}

void GroupConsumer::Impl::free_slot(Partition& partition) {
  GroupClient::drop(partition.queue);
  partition.state = State::free;
  partition.bell.ready.store(false, std::memory_order_relaxed);
  free_slots_.push_back(partition.assigned.slot);
}

GroupConsumer::Impl::Partition* GroupConsumer::Impl::find(const TopicPartition& partition) {
  const auto found = std::ranges::find_if(slots_, [&partition](const Partition& entry) {
    return entry.state != State::free && entry.assigned.partition == partition;
  });
  return found == slots_.end() ? nullptr : &*found;
}

void GroupConsumer::Impl::on_rebalance(rd_kafka_event_t& event) {
  const auto* const list = rd_kafka_event_topic_partition_list(&event);
  if (list == nullptr || !client_) return;
  if (closing_) {
    // The partition queues are gone already and nobody is told.
    if (auto error = client_->unassign(*list); !error.empty()) logger_.log(Level::info, "Unassign", {{"error", error}});
    return;
  }
  if (rd_kafka_event_error(&event) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    on_assign(*list);
  } else {
    on_revoke(*list);
  }
}

void GroupConsumer::Impl::on_assign(const rd_kafka_topic_partition_list_t& list) {
  if (topics_.empty()) return;  // a late word about a subscription that was ended
  std::vector<AssignedPartition> added;
  for (int i = 0; i < list.cnt; ++i) {
    auto& entry = new_slot({list.elems[i].topic, list.elems[i].partition});
    entry.queue = client_->partition_queue(entry.assigned.partition, entry.bell);
    added.push_back(entry.assigned);
  }
  if (auto error = client_->assign(list); !error.empty()) {
    for (const auto& assigned : added) free_slot(slots_[assigned.slot]);
    logger_.log(Level::warn, "Assignment failed", {{"partitions", list.cnt}, {"error", error}});
    tell_read_error("Assignment failed: " + error);
    return;
  }
  logger_.log(Level::info, "Partitions assigned", {{"partitions", list.cnt}});
  in_doubt_ = false;
  if (listener_ != nullptr && !added.empty()) listener_->on_assigned(added);
}

void GroupConsumer::Impl::on_revoke(const rd_kafka_topic_partition_list_t& list) {
  const bool lost = client_->assignment_lost();
  revoking_.reset(rd_kafka_topic_partition_list_copy(&list));
  revoke_waits_.clear();
  std::vector<std::uint32_t> slots;
  for (int i = 0; i < list.cnt; ++i) {
    auto* const entry = find({list.elems[i].topic, list.elems[i].partition});
    if (entry == nullptr) continue;
    entry->state = State::revoking;
    GroupClient::drop(entry->queue);
    entry->bell.ready.store(false, std::memory_order_relaxed);
    slots.push_back(entry->assigned.slot);
  }
  logger_.log(lost ? Level::warn : Level::info, lost ? "Partitions lost" : "Partitions revoked",
              {{"partitions", list.cnt}});
  if (!lost) revoke_waits_.insert(slots.begin(), slots.end());
  if (listener_ != nullptr && !slots.empty()) listener_->on_revoked(slots, lost);
  // The listener may have released them (or closed everything) already.
  if (revoking_ && revoke_waits_.empty()) finish_revoke();
}

void GroupConsumer::Impl::late_loss() {
  // While the owner was still draining, the group gave the partitions away.
  const std::vector<std::uint32_t> slots(revoke_waits_.begin(), revoke_waits_.end());
  logger_.log(Level::warn, "Partitions lost while they were drained", {{"partitions", slots.size()}});
  revoke_waits_.clear();
  if (listener_ != nullptr) listener_->on_revoked(slots, true);
  if (revoking_) finish_revoke();
}

void GroupConsumer::Impl::release(std::uint32_t slot) {
  if (revoke_waits_.erase(slot) > 0 && revoke_waits_.empty() && revoking_) finish_revoke();
}

void GroupConsumer::Impl::finish_revoke() {
  const auto list = std::move(revoking_);
  for (int i = 0; i < list->cnt; ++i) {
    auto* const entry = find({list->elems[i].topic, list->elems[i].partition});
    if (entry != nullptr) free_slot(*entry);
  }
  if (!client_) return;
  if (auto error = client_->unassign(*list); !error.empty()) {
    logger_.log(Level::warn, "Unassign failed", {{"partitions", list->cnt}, {"error", error}});
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Reading

std::size_t GroupConsumer::Impl::take(std::uint32_t slot, std::size_t records_max, std::vector<Record>& out) {
  if (slot >= slots_.size()) return 0;
  auto& partition = slots_[slot];
  if (partition.state != State::assigned || !partition.queue) return 0;
  std::array<rd_kafka_message_t*, 128> messages;
  std::size_t taken = 0;
  while (taken < records_max) {
    const auto wanted = std::min(messages.size(), records_max - taken);
    // Before looking, so that a record that comes meanwhile rings again.
    partition.bell.ready.store(false, std::memory_order_release);
    const auto count = rd_kafka_consume_batch_queue(partition.queue.get(), 0, messages.data(), wanted);
    if (count <= 0) {
      partition.offered = false;
      break;
    }
    // More may wait, and then nobody rings: the queue was not empty.
    const bool maybe_more = static_cast<std::size_t>(count) == wanted;
    if (maybe_more) partition.bell.ready.store(true, std::memory_order_release);
    partition.offered = maybe_more;
    client_->records_out().count.fetch_add(count, std::memory_order_relaxed);
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
      const auto& message = *messages[i];
      RawRecord raw(messages[i]);
      if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        read_error_in(partition, message);
        continue;
      }
      const Offset offset{message.offset};
      if (partition.next && offset < *partition.next && !starts_anew(partition, offset)) continue;
      partition.next = Offset{offset.value + 1};
      const auto bytes = record_bytes(message, scratch_, raw);
      const auto difference = static_cast<std::int64_t>(bytes) - partition.average_bytes;
      partition.average_bytes += partition.average_bytes == 0 ? difference : difference / 16;
      auto& record = out.emplace_back();
      record.slot = slot;
      record.offset = offset;
      record.timestamp_ms = rd_kafka_message_timestamp(&message, nullptr);
      record.bytes = bytes;
      record.raw = std::move(raw);
      ++taken;
    }
    if (!maybe_more) break;
  }
  if (taken > 0) average_bytes_ = partition.average_bytes;
  return taken;
}

bool GroupConsumer::Impl::starts_anew(const Partition& partition, Offset offset) {
  const auto limits = client_->known_limits(partition.assigned.partition);
  // Either the log is shorter than what was read of it, or it has outgrown that since, and this is its very first record.
  const bool anew = limits && (limits->end.value < partition.next->value || offset.value == limits->begin.value);
  if (anew) {
    const auto& [topic, number] = partition.assigned.partition;
    logger_.log(Level::warn, "The log begins anew, the topic was deleted and made again or truncated",
                {{"topic", topic}, {"partition", number}, {"read", partition.next->value}, {"from", offset.value}});
  }
  return anew;
}

void GroupConsumer::Impl::read_error_in(Partition& partition, const rd_kafka_message_t& message) {
  if (message.err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) {
    partition.stopped = true;
    partition.stop_reason = rd_kafka_message_errstr(&message);
  }
  if (!is_read_error(message.err, settings_.unknown_topics_are_errors)) return;
  const auto& [topic, number] = partition.assigned.partition;
  tell_read_error(
      fmt::format("{} [{}]: {}: {}", topic, number, rd_kafka_err2name(message.err), rd_kafka_message_errstr(&message)));
}

bool GroupConsumer::Impl::has_records(std::uint32_t slot) const {
  return slot < slots_.size() && slots_[slot].state == State::assigned &&
         slots_[slot].bell.ready.load(std::memory_order_acquire);
}

void GroupConsumer::Impl::bound_prefetch() {
  std::vector<PartitionLoad> loads;
  std::int64_t possible = 0;
  bool any_paused = false;
  for (const auto& partition : slots_) {
    if (partition.state != State::assigned || !partition.queue) continue;
    possible += partition_queue_bytes_max;
    any_paused = any_paused || partition.paused_since;
  }
  // Full queues alone could exceed the bound: then it is looked at often, because what is drained makes room for others.
  prefetch_tight_ = possible > settings_.prefetch_bytes_max;
  if (!prefetch_tight_ && !any_paused) return;
  const auto now = Clock::now();
  constexpr std::int64_t unseen_record_bytes = 1024;
  for (auto& partition : slots_) {
    if (partition.state != State::assigned || !partition.queue) continue;
    auto average = partition.average_bytes > 0 ? partition.average_bytes : average_bytes_;
    if (average <= 0) average = unseen_record_bytes;
    const auto waiting = static_cast<std::int64_t>(rd_kafka_queue_length(partition.queue.get()));
    auto& load = loads.emplace_back();
    load.slot = partition.assigned.slot;
    load.bytes = std::min(waiting * (average + record_overhead_bytes), partition_queue_bytes_max);
    // What the owner is told of now it has had its turn for at the next tick.
    load.offered = std::exchange(partition.offered, partition.offered || waiting > 0);
    load.paused = partition.paused_since.has_value();
    if (load.paused) {
      load.paused_for = std::chrono::duration_cast<std::chrono::milliseconds>(now - *partition.paused_since);
    }
  }
  const auto change = balance_prefetch(loads, settings_.prefetch_bytes_max);
  std::vector<TopicPartition> pause;
  std::vector<TopicPartition> resume;
  for (const auto slot : change.pause) {
    slots_[slot].paused_since = now;
    pause.push_back(slots_[slot].assigned.partition);
  }
  for (const auto slot : change.resume) {
    slots_[slot].paused_since.reset();
    slots_[slot].offered = false;
    resume.push_back(slots_[slot].assigned.partition);
  }
  if (!pause.empty()) {
    logger_.log(Level::info, "Prefetched records exceed their bound, partitions paused",
                {{"partitions", pause.size()}});
  }
  client_->pause(pause, true);
  client_->pause(resume, false);
}

void GroupConsumer::Impl::restart_stopped() {
  // While a revoke is being answered the assignment must not be touched.
  if (revoking_) return;
  std::vector<PartitionStart> stopped;
  std::vector<PartitionStart> others;
  for (auto& partition : slots_) {
    if (partition.state != State::assigned) continue;
    (partition.stopped ? stopped : others).push_back({partition.assigned.partition, partition.position()});
  }
  if (stopped.empty()) return;
  last_restart_ = Clock::now();
  if (auto error = client_->restart(stopped, others); !error.empty()) {
    logger_.log(Level::warn, "Partitions that stopped cannot be started again", {{"error", error}});
    return;
  }
  for (auto& partition : slots_) partition.stopped = false;
}

void GroupConsumer::Impl::mark_unstarted() {
  // librdkafka 2.15.1 asks for the committed offsets of an assignment once: when the answer is such an error, it never
  // reads those partitions (`rd_kafka_assignment_handle_OffsetFetch`). No fetch has told anything of them.
  for (auto& partition : slots_) {
    if (partition.state != State::assigned || partition.position()) continue;
    if (client_->known_limits(partition.assigned.partition) != partition.limits_before) continue;
    partition.stopped = true;
    partition.stop_reason.clear();  // nothing to tell anybody
  }
}

std::string GroupConsumer::Impl::seek(const std::vector<SeekTarget>& targets) {
  std::vector<PartitionStart> sought;
  std::vector<PartitionStart> others;
  for (const auto& target : targets) {
    if (target.slot >= slots_.size() || slots_[target.slot].state != State::assigned) continue;
    auto& partition = slots_[target.slot];
    partition.start = target.offset;
    partition.next.reset();
    sought.push_back({partition.assigned.partition, target.offset});
  }
  if (sought.empty() || !client_) return {};
  for (const auto& partition : slots_) {
    const auto is_target = [&](const SeekTarget& target) { return target.slot == partition.assigned.slot; };
    if (partition.state == State::assigned && std::ranges::none_of(targets, is_target))
      others.push_back({partition.assigned.partition, partition.position()});
  }
  // A partition whose start is being looked up, or that has stopped, cannot be sought.
  if (!client_->seek(sought).empty()) {
    if (auto error = client_->restart(sought, others); !error.empty()) return error;
  }
  for (const auto& target : targets) {
    if (target.slot < slots_.size()) slots_[target.slot].stopped = false;
  }
  return {};
}

std::string_view GroupConsumer::Impl::stopped(std::uint32_t slot) const {
  if (slot >= slots_.size() || slots_[slot].state != State::assigned || !slots_[slot].stopped) return {};
  return slots_[slot].stop_reason;
}

// ---------------------------------------------------------------------------------------------------------------------
// Commit

std::string GroupConsumer::Impl::store(const std::vector<CommitEntry>& entries) {
  return client_ ? client_->store(entries) : std::string(no_member);
}

bool GroupConsumer::Impl::owns_any(const std::vector<CommitEntry>& entries) {
  if (!client_ || giving_up_ || client_->assignment_lost()) return false;
  return std::ranges::any_of(entries, [this](const CommitEntry& entry) {
    const auto* const partition = find(entry.partition);
    return partition != nullptr && partition->state == State::assigned;
  });
}

void GroupConsumer::Impl::commit(std::vector<CommitEntry> entries, std::function<void(CommitResult)> done) {
  const auto number = ++commit_number_;
  const auto& pending =
      commits_.emplace(number, PendingCommit{std::move(entries), std::move(done), Clock::now() + settings_.commit_time_max})
          .first->second;
  CommitResult at_once;
  if (pending.entries.empty()) {
    at_once.outcome = CommitOutcome::committed;
  } else if (!client_ || closing_) {
    at_once = {CommitOutcome::not_a_member, std::string(no_member)};
  } else if (auto error = client_->commit(pending.entries, number); !error.empty()) {
    at_once = {CommitOutcome::failed, std::move(error)};
  } else {
    return;
  }
  asio::post(loop0_,
             [impl = shared_from_this(), number, result = std::move(at_once)] { impl->finish_commit(number, result); });
}

void GroupConsumer::Impl::on_commit_answer(rd_kafka_event_t& event) {
  const auto number = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(rd_kafka_event_opaque(&event)));
  const auto found = commits_.find(number);
  if (found == commits_.end()) return;  // it took too long and was answered already
  auto error = rd_kafka_event_error(&event);
  const auto* const list = rd_kafka_event_topic_partition_list(&event);
  for (int i = 0; list != nullptr && i < list->cnt && error == RD_KAFKA_RESP_ERR_NO_ERROR; ++i)
    error = list->elems[i].err;
  CommitResult result;
  result.outcome = commit_outcome(error, owns_any(found->second.entries));
  if (result.outcome == CommitOutcome::committed) in_doubt_ = false;
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    result.error = error_text(error);
  }
  finish_commit(number, std::move(result));
}

void GroupConsumer::Impl::finish_commit(std::uint64_t number, CommitResult result) {
  auto entry = commits_.extract(number);
  if (!entry.empty()) entry.mapped().done(std::move(result));
}

// ---------------------------------------------------------------------------------------------------------------------
// Questions

template <class Send>
void GroupConsumer::Impl::ask(std::function<void(rd_kafka_event_t*)> answer, const Send& send) {
  if (!client_ || closing_) {
    asio::post(loop0_, [answer = std::move(answer)] { answer(nullptr); });
    return;
  }
  const auto number = ++commit_number_;
  questions_.emplace(number, std::move(answer));
  send(*client_, number);
}

void GroupConsumer::Impl::on_answer(rd_kafka_event_t& event) {
  auto entry = questions_.extract(
      static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(rd_kafka_event_opaque(&event))));
  if (!entry.empty()) entry.mapped()(&event);
}

void GroupConsumer::Impl::fail_questions() {
  for (auto& [number, answer] : std::exchange(questions_, {})) answer(nullptr);
}

void GroupConsumer::Impl::list_offsets(std::vector<OffsetQuestion> questions, std::chrono::milliseconds limit,
                                       std::function<void(OffsetAnswers)> done) {
  const auto read = [asked = questions](rd_kafka_event_t* event) -> OffsetAnswers {
    if (auto error = failure_of(event); !error.empty()) return std::unexpected(std::move(error));
    std::size_t count = 0;
    const auto* const* const infos =
        rd_kafka_ListOffsets_result_infos(rd_kafka_event_ListOffsets_result(event), &count);
    std::vector<std::optional<Offset>> offsets(asked.size());
    for (std::size_t i = 0; i < count; ++i) {
      const auto& answer = *rd_kafka_ListOffsetsResultInfo_topic_partition(infos[i]);
      const TopicPartition partition{answer.topic, answer.partition};
      if (answer.err != RD_KAFKA_RESP_ERR_NO_ERROR)
        return std::unexpected(fmt::format("{}-{}: {}", partition.topic, partition.partition, error_text(answer.err)));
      const auto question = std::ranges::find(asked, partition, &OffsetQuestion::partition);
      if (question != asked.end() && answer.offset >= 0)
        offsets[static_cast<std::size_t>(question - asked.begin())] = Offset{answer.offset};
    }
    return offsets;
  };
  ask([read, done = std::move(done)](rd_kafka_event_t* event) { done(read(event)); },
      [&](GroupClient& client, std::uint64_t number) { client.list_offsets(questions, number, limit); });
}

template <class Answer, class Call>
void GroupConsumer::Impl::ask_blocking(std::function<void(Answer)> done, Call call) {
  if (!client_ || closing_) {
    asio::post(loop0_, [done = std::move(done)] { done(std::unexpected(std::string(no_member))); });
    return;
  }
  // Counts as a record that is out, so that the client outlives the thread.
  auto& out = client_->records_out().count;
  out.fetch_add(1, std::memory_order_relaxed);
  std::thread([gate = gate_, &client = client_->client(), &out, call = std::move(call), done = std::move(done)]() mutable {
    auto answer = call(client, gate->ended);
    {
      const std::scoped_lock lock(gate->mutex);
      if (gate->loop != nullptr) {
        asio::post(*gate->loop,
                   [answer = std::move(answer), done = std::move(done)]() mutable { done(std::move(answer)); });
      }
    }
    out.fetch_sub(1, std::memory_order_release);
  }).detach();
}

void GroupConsumer::Impl::committed(std::vector<TopicPartition> partitions, std::chrono::milliseconds limit,
                                    std::function<void(CommittedAnswers)> done) {
  ask_blocking(std::move(done), [partitions = std::move(partitions), limit](rd_kafka_t& client, const std::atomic<bool>& ended) {
    return GroupClient::committed(client, partitions, limit, ended);
  });
}

void GroupConsumer::Impl::all_topics(std::chrono::milliseconds limit, std::function<void(TopicAnswers)> done) {
  ask_blocking(std::move(done), [limit](rd_kafka_t& client, const std::atomic<bool>& ended) {
    return GroupClient::topics(client, limit, ended);
  });
}

void GroupConsumer::Impl::first_offset(const TopicPartition& partition,
                                       std::function<void(std::optional<Offset>)> done) {
  list_offsets({{partition, OffsetQuestion::Where::first}}, first_offset_time_max,
               [done = std::move(done)](OffsetAnswers answers) { done(answers ? answers->front() : std::nullopt); });
}

void GroupConsumer::Impl::fail_commits(CommitOutcome outcome, const std::string& error) {
  for (auto& [number, commit] : std::exchange(commits_, {})) {
    asio::post(loop0_, [done = std::move(commit.done), result = CommitResult{outcome, error}] { done(result); });
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// The end

Task<> GroupConsumer::Impl::close(std::shared_ptr<Impl> impl) {
  if (impl->closing_) co_return;
  impl->closing_ = true;
  impl->gate_->ended = true;
  impl->listener_ = nullptr;
  impl->ticker_.cancel();
  // The caller may stand inside one of the client's events, which must be over before the client goes.
  co_await asio::post(impl->loop0_, use_task);
  for (auto& partition : impl->slots_) GroupClient::drop(partition.queue);
  if (impl->revoking_ && impl->client_) {
    impl->revoke_waits_.clear();
    impl->finish_revoke();
  }
  SteadyTimer timer(impl->loop0_.get_executor());
  if (impl->client_) {
    const auto end = Clock::now() + close_time_max;
    impl->client_->start_closing();
    impl->client_->drain();
    while (!impl->client_->closed() && Clock::now() < end) {
      timer.expires_after(5ms);
      co_await timer.async_wait(use_task);
      impl->client_->drain();
    }
    if (!impl->client_->closed()) {
      impl->logger_.log(Level::warn, "Group not left in time, the session timeout ends the membership", {});
    }
    impl->retire_client();
  }
  impl->fail_commits(CommitOutcome::failed, "the consumer is closed");
  impl->fail_questions();
  const auto end = Clock::now() + close_time_max;
  impl->tend_retired();
  while ((!impl->retired_.empty() || !impl->reaper_.idle()) && Clock::now() < end) {
    timer.expires_after(2ms);
    co_await timer.async_wait(use_task);
    impl->tend_retired();
  }
  impl->shut_down_now();
}

void GroupConsumer::Impl::shut_down_now() {
  if (closed_) return;
  closed_ = true;
  closing_ = true;
  listener_ = nullptr;
  gate_->ended = true;
  {
    // A thread that still asks must not come back to a loop that may be gone; whoever waits for it ends with the loop.
    const std::scoped_lock lock(gate_->mutex);
    gate_->loop = nullptr;
  }
  ticker_.cancel();
  for (auto& partition : slots_) GroupClient::drop(partition.queue);
  if (client_) {
    retire_client();
  }
  tend_retired();
  for (auto& client : retired_) {
    // Somebody holds records beyond the consumer's end. Freeing the client under them would be worse than keeping it.
    logger_.log(Level::error, "Records outlive their consumer, its memory is kept",
                {{"records", client->records_out().count.load(std::memory_order_relaxed)}});
    [[maybe_unused]] auto* const kept = client.release();
  }
  retired_.clear();
}

// ---------------------------------------------------------------------------------------------------------------------

GroupConsumer::GroupConsumer(asio::io_context& loop0, GroupConsumerSettings settings, GroupListener& listener,
                             observability::Logger logger)
    : impl_(std::make_shared<Impl>(loop0, std::move(settings), listener, std::move(logger))) {}
GroupConsumer::~GroupConsumer() {
  impl_->shut_down_now();
}

void GroupConsumer::start() {
  impl_->start();
}
std::string GroupConsumer::subscribe(std::vector<std::string> topics) {
  return impl_->subscribe(std::move(topics));
}
std::string GroupConsumer::unsubscribe() {
  return impl_->unsubscribe();
}
std::expected<std::vector<AssignedPartition>, std::string> GroupConsumer::assign(
    const std::vector<TopicPartition>& partitions) {
  return impl_->assign(partitions);
}
bool GroupConsumer::settled() const {
  return impl_->settled();
}
std::string GroupConsumer::seek(const std::vector<SeekTarget>& targets) {
  return impl_->seek(targets);
}
std::string_view GroupConsumer::stopped(std::uint32_t slot) const {
  return impl_->stopped(slot);
}
std::string GroupConsumer::store(const std::vector<CommitEntry>& entries) {
  return impl_->store(entries);
}
void GroupConsumer::list_offsets(std::vector<OffsetQuestion> questions, std::chrono::milliseconds limit,
                                 std::function<void(OffsetAnswers)> done) {
  impl_->list_offsets(std::move(questions), limit, std::move(done));
}
void GroupConsumer::committed(std::vector<TopicPartition> partitions, std::chrono::milliseconds limit,
                              std::function<void(CommittedAnswers)> done) {
  impl_->committed(std::move(partitions), limit, std::move(done));
}
void GroupConsumer::all_topics(std::chrono::milliseconds limit, std::function<void(TopicAnswers)> done) {
  impl_->all_topics(limit, std::move(done));
}
std::size_t GroupConsumer::take(std::uint32_t slot, std::size_t records_max, std::vector<Record>& out) {
  return impl_->take(slot, records_max, out);
}
bool GroupConsumer::has_records(std::uint32_t slot) const {
  return impl_->has_records(slot);
}
void GroupConsumer::release(std::uint32_t slot) {
  impl_->release(slot);
}
void GroupConsumer::commit(std::vector<CommitEntry> entries, std::function<void(CommitResult)> done) {
  impl_->commit(std::move(entries), std::move(done));
}
std::chrono::milliseconds GroupConsumer::revoke_drain_max() const {
  return impl_->revoke_drain_max();
}
bool GroupConsumer::membership_in_doubt() const {
  return impl_->membership_in_doubt();
}
bool GroupConsumer::connected(std::chrono::milliseconds grace) const {
  return impl_->connected(grace);
}
void GroupConsumer::first_offset(const TopicPartition& partition, std::function<void(std::optional<Offset>)> done) {
  impl_->first_offset(partition, std::move(done));
}
Task<> GroupConsumer::close() {
  return Impl::close(impl_);
}

}  // namespace sidecar::kafka
