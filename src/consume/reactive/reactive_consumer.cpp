#include "consume/reactive/reactive_consumer.hpp"

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <unordered_map>
#include <utility>

#include "consume/reactive/results.hpp"
#include "records/record_json.hpp"

namespace sidecar::consume::reactive {
namespace {

using std::chrono::milliseconds;

constexpr auto gate_interval = milliseconds(250);
constexpr auto gate_log_interval = std::chrono::seconds(10);
constexpr auto probe_limit = std::chrono::seconds(1);

/// The engine's clock: timers of the loop.
class LoopTimers final : public Timers {
 public:
  explicit LoopTimers(asio::io_context& loop) : loop_(loop) {}

  [[nodiscard]] std::chrono::steady_clock::time_point now() const override { return std::chrono::steady_clock::now(); }

  Id after(milliseconds delay, std::function<void()> then) override {
    const Id id = ++last_;
    auto [entry, added] = timers_->emplace(id, SteadyTimer(loop_.get_executor(), delay));
    entry->second.async_wait([timers = std::weak_ptr(timers_), id, then = std::move(then)](const boost::system::error_code& error) {
      const auto pending = timers.lock();
      // A timer that had expired before it was cancelled comes here without an error: its entry is gone then.
      if (!error && pending && pending->erase(id) != 0) then();
    });
    return id;
  }

  void cancel(Id id) override { timers_->erase(id); }

 private:
  asio::io_context& loop_;
  std::shared_ptr<std::unordered_map<Id, SteadyTimer>> timers_ = std::make_shared<std::unordered_map<Id, SteadyTimer>>();
  Id last_ = 0;
};

class KafkaSource final : public RecordSource {
 public:
  /// Set once, before the first call.
  kafka::GroupConsumer* consumer = nullptr;

  std::size_t take(std::uint32_t slot, std::size_t records_max, std::vector<kafka::Record>& out) override {
    return consumer->take(slot, records_max, out);
  }
  [[nodiscard]] bool has_records(std::uint32_t slot) const override { return consumer->has_records(slot); }
  void release(std::uint32_t slot) override { consumer->release(slot); }
  [[nodiscard]] bool membership_in_doubt() const override { return consumer->membership_in_doubt(); }
  void commit(std::vector<kafka::CommitEntry> entries, std::function<void(kafka::CommitResult)> done) override {
    consumer->commit(std::move(entries), std::move(done));
  }
  void first_offset(const TopicPartition& partition, std::function<void(std::optional<Offset>)> done) override {
    consumer->first_offset(partition, std::move(done));
  }
};

/// Posts batches over HTTP and reads the answers.
class HttpBackend final : public Backend {
 public:
  HttpBackend(asio::io_context& loop, http::BackendClient& client, const ReactiveSettings& settings)
      : loop_(loop), client_(client), settings_(settings) {}

  void post(std::shared_ptr<const Batch> batch,
            std::function<void(BackendOutcome, std::string, std::uint32_t)> done) override {
    asio::co_spawn(loop_, deliver(std::move(batch), std::move(done)), asio::detached);
  }

  void probe(std::function<void(bool)> done) override { asio::co_spawn(loop_, try_connection(std::move(done)), asio::detached); }

  /// POSTs whose end is still out; each keeps its batch.
  [[nodiscard]] std::size_t active() const { return active_; }

 private:
  Task<> deliver(std::shared_ptr<const Batch> batch, std::function<void(BackendOutcome, std::string, std::uint32_t)> done) {
    const std::array<std::string_view, 1> body{batch->body};
    const http::ClientLimits limits{.timeout = settings_.backend_timeout,
                                    .response_bytes_max = 4 * batch->body.size() + (1U << 20)};
    std::uint32_t attempts = 0;
    ++active_;
    for (;;) {
      const std::string attempt = std::to_string(batch->attempt + attempts);
      ++attempts;
      const std::array<http::HeaderField, 2> headers{{{"X-Batch-Id", batch->id}, {"X-Batch-Attempt", attempt}}};
      auto answer = co_await client_.post(settings_.backend_api_path, headers, body, limits);
      // A kept-alive connection that the backend had closed meanwhile says nothing about the batch.
      if (!answer && answer.error().stale_connection && attempts == 1) continue;
      std::string detail;
      BackendOutcome outcome = read(*batch, answer, detail);
      batch.reset();
      --active_;
      done(std::move(outcome), std::move(detail), attempts);
      co_return;
    }
  }

  BackendOutcome read(const Batch& batch, http::ClientResult& answer, std::string& detail) const {
    if (!answer) {
      detail = std::move(answer.error().text);
      switch (answer.error().kind) {
        case http::ClientFailureKind::cannot_connect: return BackendFailure::cannot_connect;
        case http::ClientFailureKind::timed_out: return BackendFailure::timed_out;
        case http::ClientFailureKind::connection_lost: return BackendFailure::connection_lost;
        case http::ClientFailureKind::malformed:
        case http::ClientFailureKind::too_large: return BackendFailure::malformed;
      }
    }
    if (answer->status < 200 || answer->status > 299) {
      detail = "status " + std::to_string(answer->status);
      return BackendStatus{answer->status};
    }
    std::vector<RecordCoordinates> posted;
    posted.reserve(batch.posted.size());
    for (const auto i : batch.posted) {
      const auto& r = batch.records[i];
      posted.push_back({r.partition->topic, r.partition->partition, r.record.offset.value});
    }
    auto results = parse_results(answer->body, posted, settings_.json_depth_max);
    if (!results) {
      detail = std::move(results.error());
      return BackendFailure::malformed;
    }
    return BackendResults{std::move(*results)};
  }

  Task<> try_connection(std::function<void(bool)> done) {
    const bool accepted = co_await client_.probe(probe_limit);
    done(accepted);
  }

  asio::io_context& loop_;
  http::BackendClient& client_;
  const ReactiveSettings& settings_;
  std::size_t active_ = 0;
};

class JsonCodec final : public RecordCodec {
 public:
  JsonCodec(asio::io_context& loop, const records::RecordFormats& formats, formats::Schemas* schemas)
      : loop_(loop), json_(formats, schemas), schemas_(schemas) {}

  std::expected<void, formats::NotDecoded> append(const TopicPartition& partition, const kafka::Record& record,
                                                  std::string& body, std::string& correlation_id) override {
    return json_.append(partition, record, body, correlation_id);
  }

  void fetch(const formats::SchemaKey& schema, std::function<void(std::optional<std::string>)> done) override {
    asio::co_spawn(loop_, ask(schemas_, schema, std::move(done)), asio::detached);
  }

 private:
  /// Outlives the codec when it must: the registry is there until the loops end.
  static Task<> ask(formats::Schemas* schemas, formats::SchemaKey schema,
                    std::function<void(std::optional<std::string>)> done) {
    auto unavailable = co_await schemas->fetch(std::move(schema));
    done(std::move(unavailable));
  }

  asio::io_context& loop_;
  records::RecordJson json_;
  formats::Schemas* schemas_;
};

class KafkaLetters final : public LetterSink {
 public:
  KafkaLetters(asio::io_context& loop, deadletter::Sink* sink) : loop_(loop), sink_(sink) {}

  void write(std::vector<deadletter::Letter> letters, std::shared_ptr<const void> owner,
             std::function<void(std::vector<bool>)> done) override {
    asio::co_spawn(loop_, send(std::move(letters), std::move(owner), std::move(done)), asio::detached);
  }

 private:
  Task<> send(std::vector<deadletter::Letter> letters, std::shared_ptr<const void> owner,
              std::function<void(std::vector<bool>)> done) {
    auto written = co_await sink_->write(std::move(letters), std::move(owner));
    done(std::move(written));
  }

  asio::io_context& loop_;
  deadletter::Sink* sink_;
};

}  // namespace

class ReactiveConsumer::Impl {
 public:
  Impl(asio::io_context& loop0, ReactiveSettings settings, kafka::GroupConsumerSettings consumer, http::BackendClient& backend,
       BackendGate gate, deadletter::Sink* letters, formats::Schemas* schemas, const observability::Logger& logger)
      : settings_(std::move(settings)),
        gate_(std::move(gate)),
        backend_(backend),
        log_(logger.named("reactive")),
        timers_(loop0),
        codec_(loop0, settings_.formats, schemas),
        http_(loop0, backend, settings_),
        letters_(loop0, letters),
        relay_(*this),
        consumer_(std::make_unique<kafka::GroupConsumer>(loop0, std::move(consumer), relay_, logger.named("consumer"))),
        engine_(std::make_unique<Engine>(settings_, consumer_->revoke_drain_max(),
                                         World{source_, codec_, http_, letters_, timers_}, log_)),
        pause_(loop0.get_executor()) {
    source_.consumer = consumer_.get();
  }

  Task<> run() {
    auto logged = std::chrono::steady_clock::time_point{};
    while (!stopping_) {
      const auto why = co_await check_backend();
      if (stopping_) co_return;
      if (!why) break;
      waiting_for_ = *why;
      const auto now = std::chrono::steady_clock::now();
      if (now - logged >= gate_log_interval) {
        log_.info("waiting for the backend", {{"address", gate_.address}, {"reason", *why}});
        logged = now;
      }
      co_await pause(gate_interval);
    }
    if (stopping_) co_return;
    waiting_for_.clear();
    open_ = true;
    log_.info("backend reached, joining the group", {{"address", gate_.address}, {"group", settings_.group_id}});
    consumer_->start();
    engine_->start();
  }

  Task<std::optional<std::string>> check_backend() {
    if (gate_.health_page == nullptr) {
      const bool accepted = co_await backend_.probe(gate_.timeout);
      if (accepted) co_return std::nullopt;
      co_return "no connection to " + gate_.address;
    }
    const auto answer =
        co_await gate_.health_page->get(gate_.path, {.timeout = gate_.timeout, .response_bytes_max = 1U << 20});
    if (!answer) co_return gate_.address + ": " + answer.error().text;
    if (answer->status >= 400) co_return gate_.address + ": status " + std::to_string(answer->status);
    co_return std::nullopt;
  }

  Task<> drain() {
    stopping_ = true;
    pause_.cancel();
    if (!open_) co_return;
    bool drained = false;
    engine_->drain(settings_.shutdown_drain, [this, &drained] {
      drained = true;
      pause_.cancel();
    });
    while (!drained) co_await pause(std::chrono::hours(1));
    // Nobody waits for a late answer any more.
    backend_.stop();
    for (int turn = 0; http_.active() > 0 && turn < 1000; ++turn) co_await pause(milliseconds(1));
    const auto& done = engine_->counters();
    log_.info("reactive consumer drained", {{"batches", done.batches_settled}, {"records", done.records_settled}, {"givenUp", done.given_up}});
  }

  Task<> close() {
    engine_->abandon();
    if (open_) co_await consumer_->close();
  }

  [[nodiscard]] std::optional<std::string> unhealthy() const {
    if (!open_) return "waiting for the backend: " + (waiting_for_.empty() ? gate_.address : waiting_for_);
    return engine_->unhealthy();
  }

  [[nodiscard]] bool connected() const { return !open_ || consumer_->connected(); }

 private:
  /// Stands in for the engine, which needs the consumer first.
  class Relay final : public kafka::GroupListener {
   public:
    explicit Relay(Impl& impl) : impl_(impl) {}
    void on_assigned(std::span<const kafka::AssignedPartition> partitions) override { impl_.engine_->on_assigned(partitions); }
    void on_revoked(std::span<const std::uint32_t> slots, bool lost) override { impl_.engine_->on_revoked(slots, lost); }
    void on_records() override { impl_.engine_->on_records(); }
    void on_read_error(std::string_view error) override { impl_.engine_->on_read_error(error); }

   private:
    Impl& impl_;
  };

  Task<> pause(std::chrono::steady_clock::duration time) {
    pause_.expires_after(time);
    boost::system::error_code ignored;
    co_await pause_.async_wait(asio::redirect_error(use_task, ignored));
  }

  ReactiveSettings settings_;
  BackendGate gate_;
  http::BackendClient& backend_;
  observability::Logger log_;
  LoopTimers timers_;
  KafkaSource source_;
  JsonCodec codec_;
  HttpBackend http_;
  KafkaLetters letters_;
  Relay relay_;
  std::unique_ptr<kafka::GroupConsumer> consumer_;
  std::unique_ptr<Engine> engine_;
  SteadyTimer pause_;
  bool open_ = false;
  bool stopping_ = false;
  std::string waiting_for_;
};

ReactiveConsumer::ReactiveConsumer(asio::io_context& loop0, ReactiveSettings settings, kafka::GroupConsumerSettings consumer,
                                   http::BackendClient& backend, BackendGate gate, deadletter::Sink* letters,
                                   formats::Schemas* schemas, const observability::Logger& logger)
    : loop_(loop0), impl_(std::make_shared<Impl>(loop0, std::move(settings), std::move(consumer), backend, std::move(gate),
                                                letters, schemas, logger)) {}

ReactiveConsumer::~ReactiveConsumer() = default;

void ReactiveConsumer::start() {
  auto run = [](std::shared_ptr<Impl> impl) -> Task<> { co_await impl->run(); };
  asio::co_spawn(loop_, run(impl_), asio::detached);
}

Task<> ReactiveConsumer::drain() { return impl_->drain(); }
Task<> ReactiveConsumer::close() { return impl_->close(); }
std::optional<std::string> ReactiveConsumer::unhealthy() const { return impl_->unhealthy(); }
bool ReactiveConsumer::connected() const { return impl_->connected(); }
Task<std::optional<std::string>> ReactiveConsumer::check_backend() { return impl_->check_backend(); }

}  // namespace sidecar::consume::reactive
