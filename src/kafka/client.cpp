#include "kafka/client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

namespace sidecar::kafka {
namespace {

using observability::Level;

void set_property(rd_kafka_conf_t* conf, const std::string& name, const std::string& value) {
  std::array<char, 512> why{};
  if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), why.data(), why.size()) == RD_KAFKA_CONF_OK) return;
  if (is_secret_property(name)) throw std::runtime_error(fmt::format("Kafka property {} is not usable", name));
  throw std::runtime_error(fmt::format("Kafka property {}: {}", name, why.data()));
}

std::string lookup(const Properties& properties, const std::string& name) {
  const auto found = properties.find(name);
  return found == properties.end() ? std::string() : found->second;
}

Level level_of(int syslog_level) {
  if (syslog_level <= 2) return Level::error;
  if (syslog_level <= 4) return Level::warn;
  return syslog_level <= 6 ? Level::info : Level::debug;
}

ClientHandle client_from(rd_kafka_type_t type, ConfHandle conf) {
  std::array<char, 512> why{};
  ClientHandle client{rd_kafka_new(type, conf.get(), why.data(), why.size())};
  if (!client) throw std::runtime_error(fmt::format("Kafka client: {}", why.data()));
  [[maybe_unused]] auto* const owned = conf.release();  // the client owns it now; after a failure it is still ours
  return client;
}

}  // namespace

bool is_secret_property(std::string_view name) {
  constexpr std::array<std::string_view, 8> endings{"pass", "password",    "secret",    "passphrase",
                                                    "pem",  "jaas.config", "user.info", "token"};
  return std::ranges::any_of(endings, [name](std::string_view ending) { return name.ends_with(ending); });
}

ClientHandle make_client(rd_kafka_type_t type, const Properties& properties, const Properties& overrides, int events,
                         void* topic_opaque) {
  ConfHandle conf{rd_kafka_conf_new()};
  for (const auto& [name, value] : properties) {
    if (!overrides.contains(name)) set_property(conf.get(), name, value);
  }
  for (const auto& [name, value] : overrides) set_property(conf.get(), name, value);
  // Readiness watches the connections through these; a user's own interval is kept.
  const auto interval = lookup(properties, "statistics.interval.ms");
  if (interval.empty() || interval == "0") set_property(conf.get(), "statistics.interval.ms", "5000");
  set_property(conf.get(), "log.queue", "true");
  rd_kafka_conf_set_events(conf.get(), events | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_STATS | RD_KAFKA_EVENT_LOG);
  if (topic_opaque != nullptr) {
    if (rd_kafka_conf_get_default_topic_conf(conf.get()) == nullptr) {
      rd_kafka_conf_set_default_topic_conf(conf.get(), rd_kafka_topic_conf_new());
    }
    rd_kafka_topic_conf_set_opaque(rd_kafka_conf_get_default_topic_conf(conf.get()), topic_opaque);
  }
  const bool oauth =
      lookup(properties, "sasl.mechanism") == "OAUTHBEARER" || lookup(properties, "sasl.mechanisms") == "OAUTHBEARER";
  if (oauth) rd_kafka_conf_enable_sasl_queue(conf.get(), 1);

  auto client = client_from(type, std::move(conf));
  // Fetching a token is an HTTP call: not on loop 0.
  if (oauth) ErrorHandle{rd_kafka_sasl_background_callbacks_enable(client.get())};
  return client;
}

ClientHandle make_blocking_client(rd_kafka_type_t type, const Properties& properties) {
  ConfHandle conf{rd_kafka_conf_new()};
  for (const auto& [name, value] : properties) set_property(conf.get(), name, value);
  return client_from(type, std::move(conf));
}

EventPump::EventPump(asio::io_context& loop0, QueueHandle queue, OnEvent on_event)
    : queue_(std::move(queue)), on_event_(std::move(on_event)), wake_(loop0, [this] { drain(); }) {
  static constexpr std::uint64_t one = 1;
  rd_kafka_queue_io_event_enable(queue_.get(), wake_.fd(), &one, sizeof one);
  // The bell rings only when an empty queue gets an event, so what was there before must be looked at once.
  wake_.signal();
}

EventPump::~EventPump() {
  stop();
}

void EventPump::stop() {
  if (!queue_) return;
  // After this call librdkafka does not write to the descriptor any more (it takes the queue's lock).
  rd_kafka_queue_io_event_enable(queue_.get(), -1, nullptr, 0);
  queue_.reset();
}

void EventPump::drain() {
  // Between two turns the loop serves others: a flood of events must not hold requests up.
  constexpr int events_per_turn = 64;
  if (draining_) return;
  draining_ = true;
  for (int i = 0; queue_; ++i) {
    if (i == events_per_turn) {
      wake_.signal();
      break;
    }
    const EventHandle event{rd_kafka_queue_poll(queue_.get(), 0)};
    if (!event) break;
    on_event_(*event);
  }
  draining_ = false;
}

bool ClientVoice::handle(rd_kafka_event_t& event) {
  switch (rd_kafka_event_type(&event)) {
    case RD_KAFKA_EVENT_LOG:
      on_log(event);
      return true;
    case RD_KAFKA_EVENT_ERROR:
      on_error(event);
      return true;
    case RD_KAFKA_EVENT_STATS: {
      const char* json = rd_kafka_event_stats(&event);
      watch_->on_statistics(json == nullptr ? "" : json, std::chrono::steady_clock::now());
      return true;
    }
    default:
      return false;
  }
}

void ClientVoice::on_log(rd_kafka_event_t& event) {
  const char* facility = nullptr;
  const char* text = nullptr;
  int syslog_level = 0;
  if (rd_kafka_event_log(&event, &facility, &text, &syslog_level) != 0) return;
  const auto level = level_of(syslog_level);
  if (!logger_.enabled(level)) return;
  if (level == Level::debug) {
    // Asked for with the `debug` property: whoever does that wants all of it.
    logger_.log(level, text, {{"kind", facility}});
    return;
  }
  const auto dropped = throttle_.pass(facility, std::chrono::steady_clock::now());
  if (!dropped) return;
  if (*dropped > 0) {
    logger_.log(level, text, {{"kind", facility}, {"suppressed", *dropped}});
  } else {
    logger_.log(level, text, {{"kind", facility}});
  }
}

void ClientVoice::on_error(rd_kafka_event_t& event) {
  const auto error = rd_kafka_event_error(&event);
  const auto now = std::chrono::steady_clock::now();
  if (error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) watch_->on_all_brokers_down(now);
  const char* const name = rd_kafka_err2name(error);
  const auto dropped = throttle_.pass(name, now);
  if (!dropped) return;
  const char* const text = rd_kafka_event_error_string(&event);
  if (*dropped > 0) {
    logger_.log(Level::warn, "Kafka client error", {{"code", name}, {"error", text}, {"suppressed", *dropped}});
  } else {
    logger_.log(Level::warn, "Kafka client error", {{"code", name}, {"error", text}});
  }
}

void ClientVoice::tick() {
  for (const auto& [kind, dropped] : throttle_.ended(std::chrono::steady_clock::now())) {
    logger_.log(Level::info, "Kafka client lines suppressed", {{"kind", kind}, {"suppressed", dropped}});
  }
}

bool ClientVoice::had_first_answer(rd_kafka_t* client) {
  // The controller's id comes with the first answer of any broker; statistics would tell only seconds later.
  if (!answered_ && rd_kafka_controllerid(client, 0) >= 0) {
    answered_ = true;
    watch_->on_proof(std::chrono::steady_clock::now());
  }
  return answered_;
}

struct Reaper::State {
  std::mutex mutex;
  std::condition_variable changed;
  int running = 0;  // guarded by mutex
};

Reaper::Reaper() : state_(std::make_shared<State>()) {}

Reaper::~Reaper() {
  std::unique_lock lock(state_->mutex);
  state_->changed.wait_for(lock, std::chrono::seconds(5), [this] { return state_->running == 0; });
}

void Reaper::take(ClientHandle client) {
  if (!client) return;
  {
    const std::lock_guard lock(state_->mutex);
    ++state_->running;
  }
  std::thread([state = state_, raw = client.release()] {
    rd_kafka_destroy_flags(raw, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    const std::lock_guard lock(state->mutex);
    --state->running;
    state->changed.notify_all();
  }).detach();
}

bool Reaper::idle() const {
  const std::lock_guard lock(state_->mutex);
  return state_->running == 0;
}

Task<bool> Reaper::wait(std::chrono::milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  SteadyTimer timer(co_await asio::this_coro::executor);
  while (!idle()) {
    if (std::chrono::steady_clock::now() >= end) co_return false;
    timer.expires_after(std::chrono::milliseconds(2));
    co_await timer.async_wait(use_task);
  }
  co_return true;
}

}  // namespace sidecar::kafka
