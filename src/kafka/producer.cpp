#include "kafka/producer.hpp"

#include <fmt/format.h>

#include <array>
#include <boost/asio/post.hpp>
#include <deque>
#include <limits>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "kafka/delivery.hpp"
#include "kafka/produce_client.hpp"
#include "kafka/record_size.hpp"
#include "kafka/send.hpp"
#include "kafka/turn_queue.hpp"

namespace sidecar::kafka {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using observability::Level;

class Producer::Impl : public std::enable_shared_from_this<Producer::Impl> {
 public:
  Impl(asio::io_context& loop0, ProducerSettings settings, observability::Logger logger)
      : loop0_(loop0), settings_(std::move(settings)), logger_(std::move(logger)), ticker_(loop0.get_executor()) {
    current_ = make_client({}, watch_);
  }

  void start() { schedule_tick(); }
  /// For an owner that did not stop it: the same as `stop` without patience, blocking.
  void shut_down_now();
  static Task<> stop(std::shared_ptr<Impl> impl, std::chrono::milliseconds limit);

  static Task<std::vector<Delivery>> send(std::shared_ptr<Impl> impl, std::string topic,
                                          std::vector<ProduceRecord> records, std::shared_ptr<const void> owner,
                                          Purpose purpose);

  [[nodiscard]] std::size_t records_in_flight() const {
    return static_cast<std::size_t>(std::max<std::int64_t>(open_.load(std::memory_order_relaxed), 0));
  }
  [[nodiscard]] bool connected(std::chrono::milliseconds grace) const { return watch_->connected(Clock::now(), grace); }

 private:
  using ClientPtr = std::shared_ptr<ProduceClient>;

  /// A place in the queue for room, given back however the coroutine ends.
  class Turn {
   public:
    Turn(Impl& impl, const LoopExecutor& executor)
        : impl_(impl.shared_from_this()), signal_(std::make_shared<Signal>(executor)) {}
    ~Turn();
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    /// Lines up, or reports that there was no room after all, and waits. False when the time is over.
    Task<bool> wait(Clock::time_point deadline);

   private:
    std::shared_ptr<Impl> impl_;
    std::shared_ptr<Signal> signal_;
    bool joined_ = false;
  };

  /// The caller's side of a send: whatever happens to the coroutine, the part that was not handed over is counted off.
  class Caller {
   public:
    explicit Caller(std::shared_ptr<Send> send) : send_(std::move(send)) {}
    ~Caller();
    Caller(const Caller&) = delete;
    Caller& operator=(const Caller&) = delete;

    std::size_t next = 0;        ///< First record not handed over yet.
    std::uint32_t failures = 0;  ///< Settled here, without a report.
    /// Ends the handing over; the records not handed over are settled. True when every record is settled.
    bool hand_over_done();

   private:
    std::shared_ptr<Send> send_;
    bool counted_ = false;
  };

  /// How handing over went on.
  enum class Step : std::uint8_t { done, wait_for_room };

  // Any loop.
  Step hand_over(Send& send, Caller& caller);
  void fail_rest(Send& send, Caller& caller, rd_kafka_resp_err_t error, std::string_view detail) const;
  [[nodiscard]] ClientPtr current() const {
    const std::lock_guard lock(current_mutex_);
    return current_;
  }

  // Loop 0.
  ClientPtr make_client(const Properties& overrides, std::shared_ptr<ConnectionWatch> watch);
  void on_reports(ProduceClient& client, rd_kafka_event_t& event);
  static void settle(Slot& slot, const rd_kafka_message_t& message);
  void all_reported(Send& send);
  static void finish(Send& send);
  static void keep_order(Send& send);
  void give_up(Send& send) const;
  void send_alone(Send& send);
  void pump_alone();
  static void refusal_stands(Send& send, std::uint32_t index);
  void renew(const ProduceClient* broken);
  void schedule_tick();
  void tick();
  void tend_retired();
  void purge_all();
  void drain_all();
  [[nodiscard]] std::int64_t open_records() const { return open_.load(std::memory_order_acquire); }
  [[nodiscard]] bool clients_unused() const;
  void release_clients();

  asio::io_context& loop0_;
  const ProducerSettings settings_;
  const observability::Logger logger_;
  const std::shared_ptr<ConnectionWatch> watch_ = std::make_shared<ConnectionWatch>();

  std::atomic<std::int64_t> open_{0};
  std::atomic<int> waiting_{0};  // sends that line up for room
  std::atomic<bool> stopping_{false};

  mutable std::mutex current_mutex_;  // guards the pointer, which other loops read once per send
  ClientPtr current_;

  // Loop 0 only.
  TurnQueue turns_;
  struct Retired {
    ClientPtr client;
    Clock::time_point purge_at;
  };
  std::vector<Retired> retired_;
  ClientPtr alone_;  // sends each record in a batch of its own; made when needed
  std::deque<std::pair<Send*, std::uint32_t>> alone_queue_;  // a Send keeps itself while it stands here
  Clock::time_point last_renewal_ = Clock::time_point::min();
  bool renewal_wanted_ = false;
  bool stopped_ = false;
  SteadyTimer ticker_;
  Reaper reaper_;
};

// ---------------------------------------------------------------------------------------------------------------------
// The caller's loop

Producer::Impl::Turn::~Turn() {
  if (!joined_) return;
  signal_->abandon();
  impl_->waiting_.fetch_sub(1, std::memory_order_relaxed);
  auto& loop0 = impl_->loop0_;
  asio::post(loop0, [impl = std::move(impl_), signal = std::move(signal_)] { impl->turns_.leave(signal); });
}

Task<bool> Producer::Impl::Turn::wait(Clock::time_point deadline) {
  signal_->reset();
  if (joined_) {
    asio::post(impl_->loop0_, [impl = impl_, signal = signal_] { impl->turns_.retry(signal); });
  } else {
    joined_ = true;
    impl_->waiting_.fetch_add(1, std::memory_order_relaxed);
    asio::post(impl_->loop0_, [impl = impl_, signal = signal_] { impl->turns_.join(signal); });
  }
  co_return co_await signal_->wait_until(deadline);
}

bool Producer::Impl::Caller::hand_over_done() {
  counted_ = true;
  const auto settled_here = failures + 1;
  return send_->open.fetch_sub(settled_here, std::memory_order_acq_rel) == settled_here;
}

Producer::Impl::Caller::~Caller() {
  send_->done->abandon();
  if (counted_) return;
  // The coroutine was destroyed while it waited for room: the rest was never handed over.
  failures += static_cast<std::uint32_t>(send_->records.size() - next);
  if (hand_over_done()) send_->self.reset();
}

Producer::Impl::Step Producer::Impl::hand_over(Send& send, Caller& caller) {
  const auto client = current();
  if (stopping_.load(std::memory_order_acquire) || !client) {
    fail_rest(send, caller, RD_KAFKA_RESP_ERR__DESTROY, "the producer is stopped");
    return Step::done;
  }
  const auto topic = client->topic(send.topic);
  if (!topic) {
    fail_rest(send, caller, rd_kafka_last_error(), {});
    return Step::done;
  }
  // Counted before, because a report may come while this loop still runs.
  const auto handed = static_cast<std::int64_t>(send.records.size() - caller.next);
  client->open.fetch_add(handed, std::memory_order_relaxed);
  open_.fetch_add(handed, std::memory_order_relaxed);
  std::int64_t returned = 0;
  auto step = Step::done;
  for (; caller.next < send.records.size(); ++caller.next) {
    const auto& record = send.records[caller.next];
    auto error = RD_KAFKA_RESP_ERR_NO_ERROR;
    std::string detail;
    if (const auto size = send.purpose == Purpose::request ? record_size_upper_bound(record) : 0; size > settings_.record_bytes_max) {
      error = RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;
      detail = fmt::format("{} bytes exceed max.request.size, which is {}", size, settings_.record_bytes_max);
    } else {
      error = client->produce(topic.get(), record, &send.slots[caller.next]);
    }
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL || error == RD_KAFKA_RESP_ERR__FATAL) {
      if (error == RD_KAFKA_RESP_ERR__FATAL) {
        asio::post(loop0_, [impl = shared_from_this(), broken = client.get()] { impl->renew(broken); });
      }
      returned += static_cast<std::int64_t>(send.records.size() - caller.next);
      step = Step::wait_for_room;
      break;
    }
    send.deliveries[caller.next] = not_handed_over(error, detail);
    send.slots[caller.next].settled = true;
    ++caller.failures;
    ++returned;
  }
  client->open.fetch_sub(returned, std::memory_order_relaxed);
  open_.fetch_sub(returned, std::memory_order_relaxed);
  return step;
}

void Producer::Impl::fail_rest(Send& send, Caller& caller, rd_kafka_resp_err_t error, std::string_view detail) const {
  for (; caller.next < send.records.size(); ++caller.next) {
    send.deliveries[caller.next] = not_handed_over(error, detail);
    send.slots[caller.next].settled = true;
    ++caller.failures;
  }
}

Task<std::vector<Delivery>> Producer::Impl::send(std::shared_ptr<Impl> impl, std::string topic,
                                                 std::vector<ProduceRecord> records, std::shared_ptr<const void> owner,
                                                 Purpose purpose) {
  if (records.empty()) co_return std::vector<Delivery>();
  const auto executor = co_await asio::this_coro::executor;
  const auto start = Clock::now();
  const auto deadline = start + impl->settings_.request_timeout;
  const auto room_deadline = std::min(deadline, start + impl->settings_.block_max);

  const auto send = std::make_shared<Send>(std::move(topic), std::move(records), std::move(owner), purpose, executor);
  send->self = send;
  Caller caller(send);
  {
    Turn turn(*impl, executor);
    // Whoever waits already goes first.
    bool wait = impl->waiting_.load(std::memory_order_relaxed) > 0;
    while (wait || impl->hand_over(*send, caller) == Step::wait_for_room) {
      wait = false;
      if (co_await turn.wait(room_deadline)) continue;
      const auto limit = fmt::format("no room for {} ms", (room_deadline - start) / 1ms);
      impl->fail_rest(*send, caller, RD_KAFKA_RESP_ERR__QUEUE_FULL, limit);
      break;
    }
  }
  if (caller.hand_over_done()) {
    if (send->refused.empty()) {
      send->self.reset();
      co_return std::move(send->deliveries);
    }
    asio::post(impl->loop0_, [impl, send] { impl->all_reported(*send); });
  }
  if (co_await send->done->wait_until(deadline)) co_return std::move(send->result);

  // The reports belong to loop 0, so it says which of them are missing.
  asio::post(impl->loop0_, [impl, send] { impl->give_up(*send); });
  if (co_await send->done->wait_until(Clock::now() + 10s)) co_return std::move(send->result);
  std::vector<Delivery> nobody_answered(send->slots.size());
  for (auto& delivery : nobody_answered) {
    delivery.error_code = answer_code(RD_KAFKA_RESP_ERR__TIMED_OUT);
    delivery.error = "Outcome unknown: the deadline has passed";
  }
  co_return nobody_answered;
}

// ---------------------------------------------------------------------------------------------------------------------
// Loop 0

Producer::Impl::ClientPtr Producer::Impl::make_client(const Properties& overrides,
                                                      std::shared_ptr<ConnectionWatch> watch) {
  // The events need the client they come from, which exists only afterwards.
  const auto slot = std::make_shared<ProduceClient*>(nullptr);
  ProduceClient::Events events{
      .on_reports = [this, slot](rd_kafka_event_t& event) { on_reports(**slot, event); },
      .on_fatal =
          [this, slot] {
            // Not from inside the client's own pump.
            asio::post(loop0_, [impl = shared_from_this(), broken = *slot] { impl->renew(broken); });
          },
  };
  auto client = std::make_shared<ProduceClient>(loop0_, settings_.properties, overrides, std::move(watch), logger_,
                                                std::move(events));
  *slot = client.get();
  client->last_used = Clock::now();
  return client;
}

void Producer::Impl::settle(Slot& slot, const rd_kafka_message_t& message) {
  auto& send = *slot.send;
  const auto index = send.index_of(slot);
  const auto status = rd_kafka_message_status(&message);
  // Not rd_kafka_message_produce_errstr: in 2.15.1 it points into the answer that was freed before the report came.
  send.deliveries[index] = to_delivery(message.err, status, message.partition, message.offset, {});
  slot.settled = true;
  if (!slot.alone && status == RD_KAFKA_MSG_STATUS_NOT_PERSISTED && refused_with_batch(message.err)) {
    slot.settled = false;
    send.refused.push_back(static_cast<std::uint32_t>(index));
  }
}

void Producer::Impl::on_reports(ProduceClient& client, rd_kafka_event_t& event) {
  std::array<const rd_kafka_message_t*, 128> messages;
  std::int64_t total = 0;
  // Reports of one request come in a row: its counter is touched once per row.
  Send* run = nullptr;
  std::uint32_t run_length = 0;
  bool written = false;
  const auto end_run = [this, &run, &run_length] {
    if (run != nullptr && run->open.fetch_sub(run_length, std::memory_order_acq_rel) == run_length) all_reported(*run);
    run_length = 0;
  };
  while (const auto count = rd_kafka_event_message_array(&event, messages.data(), messages.size())) {
    for (std::size_t i = 0; i < count; ++i) {
      auto& slot = *static_cast<Slot*>(messages[i]->_private);
      if (slot.send != run) {
        end_run();
        run = slot.send;
      }
      ++run_length;
      settle(slot, *messages[i]);
      written = written || messages[i]->err == RD_KAFKA_RESP_ERR_NO_ERROR;
    }
    total += static_cast<std::int64_t>(count);
  }
  end_run();
  client.open.fetch_sub(total, std::memory_order_relaxed);
  open_.fetch_sub(total, std::memory_order_relaxed);
  if (written) watch_->on_proof(Clock::now());
  turns_.freed();
  if (!alone_queue_.empty()) pump_alone();
}

/// A refused record may have been in another batch than a later record of the same request and partition that is written by
/// now. Sent again it would stand behind it, so it stays refused.
void Producer::Impl::keep_order(Send& send) {
  std::map<std::int32_t, std::size_t> last_written;
  for (std::size_t i = 0; i < send.deliveries.size(); ++i) {
    if (send.deliveries[i].outcome == Outcome::written) last_written[send.deliveries[i].partition] = i;
  }
  std::erase_if(send.refused, [&](std::uint32_t index) {
    auto& delivery = send.deliveries[index];
    const auto last = last_written.find(delivery.partition);
    if (last == last_written.end() || last->second < index) return false;
    delivery.error += "; its batch was refused as a whole, and it is not sent again, because a later record of the request is "
                      "in the partition already";
    send.slots[index].settled = true;
    return true;
  });
}

void Producer::Impl::all_reported(Send& send) {
  if (send.purpose == Purpose::request && !send.refused.empty()) keep_order(send);
  if (send.refused.empty()) {
    finish(send);
  } else if (send.gave_up || !send.done->wanted() || stopping_.load(std::memory_order_relaxed)) {
    // Nobody waits for a second attempt. The refusal stands: these records are certainly not written.
    for (const auto index : send.refused) send.slots[index].settled = true;
    send.refused.clear();
    finish(send);
  } else {
    send_alone(send);
  }
}

void Producer::Impl::finish(Send& send) {
  const auto self = std::move(send.self);
  send.finished = true;
  if (send.gave_up) return;
  send.result = std::move(send.deliveries);
  send.done->raise();
}

void Producer::Impl::give_up(Send& send) const {
  if (send.finished) return;  // its signal is on the way
  send.gave_up = true;
  send.result = send.deliveries;
  for (std::size_t i = 0; i < send.slots.size(); ++i) {
    if (send.slots[i].settled) continue;
    auto& delivery = send.result[i];
    delivery = Delivery{};
    delivery.error_code = answer_code(RD_KAFKA_RESP_ERR__TIMED_OUT);
    delivery.error = fmt::format("Outcome unknown: no delivery report within {} ms", settings_.request_timeout / 1ms);
  }
  send.done->raise();
}

void Producer::Impl::send_alone(Send& send) {
  const auto& first = send.deliveries[send.refused.front()];
  logger_.log(Level::info, "Batch refused, its records are sent again one by one",
              {{"topic", send.topic}, {"records", send.refused.size()}, {"error", first.error}});
  send.open.store(static_cast<std::uint32_t>(send.refused.size()), std::memory_order_relaxed);
  // Batches report in any order, but the records go again in the request's.
  std::ranges::sort(send.refused);
  for (const auto index : std::exchange(send.refused, {})) {
    send.slots[index].alone = true;
    alone_queue_.emplace_back(&send, index);
  }
  pump_alone();
}

void Producer::Impl::pump_alone() {
  if (!alone_) {
    try {
      alone_ = make_client({{"batch.num.messages", "1"}, {"linger.ms", "0"}}, std::make_shared<ConnectionWatch>());
    } catch (const std::exception& e) {
      logger_.log(Level::warn, "Cannot send records one by one", {{"error", e.what()}});
    }
  }
  TopicHandle topic;
  const Send* topic_of = nullptr;
  while (!alone_queue_.empty()) {
    auto& [send, index] = alone_queue_.front();
    auto error = RD_KAFKA_RESP_ERR__FATAL;
    if (alone_ && !send->gave_up) {
      if (topic_of != send) topic = alone_->topic(send->topic);
      topic_of = send;
      error = topic ? alone_->produce(topic.get(), send->records[index], &send->slots[index]) : rd_kafka_last_error();
      if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL) return;  // goes on with the next report
    }
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
      alone_->last_used = Clock::now();
      alone_->open.fetch_add(1, std::memory_order_relaxed);
      open_.fetch_add(1, std::memory_order_relaxed);
      alone_queue_.pop_front();
      continue;
    }
    const auto [refused, refused_index] = alone_queue_.front();
    alone_queue_.pop_front();
    refusal_stands(*refused, refused_index);
  }
}

void Producer::Impl::refusal_stands(Send& send, std::uint32_t index) {
  // Not sent a second time: what the broker said the first time is the answer.
  send.slots[index].settled = true;
  if (send.open.fetch_sub(1, std::memory_order_acq_rel) == 1) finish(send);
}

void Producer::Impl::renew(const ProduceClient* broken) {
  if (stopping_.load(std::memory_order_relaxed)) return;
  const auto now = Clock::now();
  if (alone_ && alone_.get() == broken) {
    retired_.push_back({std::exchange(alone_, nullptr), now + 5s});
    return;
  }
  const auto old = current();
  if (old.get() != broken) return;
  // A cluster that breaks every client must not make us spin.
  constexpr auto renewals_apart = 1s;
  if (last_renewal_ != Clock::time_point::min() && now - last_renewal_ < renewals_apart) {
    renewal_wanted_ = true;
    return;
  }
  renewal_wanted_ = false;
  last_renewal_ = now;
  ClientPtr fresh;
  try {
    fresh = make_client({}, watch_);
  } catch (const std::exception& e) {
    logger_.log(Level::error, "Producer cannot be renewed", {{"error", e.what()}});
    renewal_wanted_ = true;
    return;
  }
  logger_.log(Level::warn, "Producer renewed after a fatal error",
              {{"error", old->fatal_error()}, {"openRecords", old->open.load(std::memory_order_relaxed)}});
  old->forget_watch();
  watch_->on_all_brokers_down(now);  // of the new client; the grace covers the moment until it is connected
  {
    const std::lock_guard lock(current_mutex_);
    current_ = std::move(fresh);
  }
  // What it has sent may still be answered, which beats not knowing.
  old->purge(false);
  retired_.push_back({old, now + 5s});
  turns_.freed();
}

void Producer::Impl::tend_retired() {
  const auto now = Clock::now();
  std::erase_if(retired_, [this, now](Retired& entry) {
    entry.client->drain();
    if (entry.client->open.load(std::memory_order_relaxed) > 0) {
      entry.client->purge(now >= entry.purge_at);
      return false;
    }
    if (entry.client.use_count() > 1) return false;  // another loop is inside a call
    reaper_.take(entry.client->release());
    return true;
  });
}

void Producer::Impl::schedule_tick() {
  // Until the first broker has answered readiness waits for this, so it looks more often.
  const bool young = !current_->had_first_answer();
  ticker_.expires_after(young ? 50ms : 1000ms);
  ticker_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto impl = weak.lock();
    if (error || !impl || impl->stopped_) return;
    impl->tick();
    impl->schedule_tick();
  });
}

void Producer::Impl::tick() {
  constexpr auto alone_idle_max = 60s;
  drain_all();
  current_->tick();
  if (alone_) {
    alone_->tick();
    const bool idle = alone_->open.load(std::memory_order_relaxed) == 0 && alone_queue_.empty();
    if (idle && Clock::now() - alone_->last_used >= alone_idle_max) {
      retired_.push_back({std::exchange(alone_, nullptr), Clock::now()});
    }
  }
  if (!alone_queue_.empty()) pump_alone();
  tend_retired();
  if (renewal_wanted_) renew(current_.get());
  // Should a wake-up have been missed, the first in the line looks again.
  turns_.freed();
}

void Producer::Impl::drain_all() {
  if (current_) current_->drain();
  if (alone_) alone_->drain();
  for (const auto& entry : retired_) entry.client->drain();
}

void Producer::Impl::purge_all() {
  if (current_) current_->purge(true);
  if (alone_) alone_->purge(true);
  for (const auto& entry : retired_) entry.client->purge(true);
}

bool Producer::Impl::clients_unused() const {
  return current_.use_count() <= 1 &&
         std::ranges::all_of(retired_, [](const Retired& e) { return e.client.use_count() <= 1; });
}

void Producer::Impl::release_clients() {
  for (const auto& [send, index] : std::exchange(alone_queue_, {})) refusal_stands(*send, index);
  ClientPtr last;
  {
    const std::lock_guard lock(current_mutex_);
    last = std::exchange(current_, nullptr);
  }
  if (last) reaper_.take(last->release());
  if (alone_) reaper_.take(alone_->release());
  alone_.reset();
  for (const auto& entry : retired_) reaper_.take(entry.client->release());
  retired_.clear();
}

Task<> Producer::Impl::stop(std::shared_ptr<Impl> impl, std::chrono::milliseconds limit) {
  if (impl->stopping_.exchange(true)) co_return;
  impl->turns_.freed();  // those in the line find out one after the other
  const auto end = Clock::now() + limit;
  SteadyTimer timer(impl->loop0_.get_executor());
  // Short steps rather than a second kind of wake-up: this runs once in the life of the process.
  while ((impl->open_records() > 0 || !impl->turns_.empty()) && Clock::now() < end) {
    timer.expires_after(2ms);
    co_await timer.async_wait(use_task);
    impl->drain_all();
  }
  if (const auto left = impl->open_records(); left > 0) {
    impl->logger_.log(Level::warn, "Producer gives up on records that were not delivered in time", {{"records", left}});
  }
  const auto purge_end = Clock::now() + 2s;
  impl->purge_all();
  while ((impl->open_records() > 0 || !impl->clients_unused()) && Clock::now() < purge_end) {
    timer.expires_after(2ms);
    co_await timer.async_wait(use_task);
    impl->drain_all();
    impl->purge_all();
  }
  impl->stopped_ = true;
  impl->ticker_.cancel();
  impl->release_clients();
  if (!co_await impl->reaper_.wait(5s))
    impl->logger_.log(Level::warn, "Producer is left to the end of the process", {});
}

void Producer::Impl::shut_down_now() {
  if (stopped_) return;
  stopping_ = true;
  stopped_ = true;
  ticker_.cancel();
  const auto end = Clock::now() + 1s;
  purge_all();
  while (open_records() > 0 && Clock::now() < end) {
    std::this_thread::sleep_for(1ms);
    drain_all();
    purge_all();
  }
  release_clients();
}

// ---------------------------------------------------------------------------------------------------------------------

Producer::Producer(asio::io_context& loop0, ProducerSettings settings, observability::Logger logger)
    : impl_(std::make_shared<Impl>(loop0, std::move(settings), std::move(logger))) {
  impl_->start();
}
Producer::~Producer() {
  impl_->shut_down_now();
}

Task<std::vector<Delivery>> Producer::send(std::string topic, std::vector<ProduceRecord> records,
                                           std::shared_ptr<const void> owner, Purpose purpose) {
  return Impl::send(impl_, std::move(topic), std::move(records), std::move(owner), purpose);
}
std::size_t Producer::records_in_flight() const {
  return impl_->records_in_flight();
}
bool Producer::connected(std::chrono::milliseconds grace) const {
  return impl_->connected(grace);
}
Task<> Producer::stop(std::chrono::milliseconds limit) {
  return Impl::stop(impl_, limit);
}

}  // namespace sidecar::kafka
