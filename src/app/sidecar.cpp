#include "app/sidecar.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <filesystem>
#include <utility>
#include <vector>

#include "admin/health.hpp"
#include "consume/active/active_handler.hpp"
#include "consume/active/instances.hpp"
#include "consume/reactive/reactive_consumer.hpp"
#include "deadletter/letter.hpp"
#include "http/backend_client.hpp"
#include "http/chain.hpp"
#include "http/router.hpp"
#include "kafka/group_consumer.hpp"
#include "kafka/producer.hpp"
#include "formats/schemas.hpp"
#include "produce/produce_handler.hpp"
#include "produce/schema_resolver.hpp"
#include "registry/registry.hpp"

namespace sidecar::app {
namespace {

constexpr auto flush_limit = std::chrono::seconds(5);

http::ChainSettings chain_settings(const Settings& settings) {
  http::ChainSettings chain;
  chain.remote_access = settings.server.remote_access;
  chain.tokens_checked = settings.security.enable_verify_jwt;
  chain.generate_correlation_ids = settings.correlation.enabled && settings.correlation.autogenerate;
  return chain;
}

}  // namespace

std::optional<std::string> find_config_file(const Settings& settings, std::string_view name) {
  const std::filesystem::path path(name);
  if (path.is_absolute()) return std::filesystem::exists(path) ? std::optional(path.string()) : std::nullopt;
  for (auto directory = settings.config_dirs.rbegin(); directory != settings.config_dirs.rend(); ++directory) {
    const auto candidate = *directory / path;
    if (std::filesystem::exists(candidate)) return candidate.string();
  }
  return std::nullopt;
}

/// A registry and what came from it, compiled.
struct SchemaClient {
  SchemaClient(asio::io_context& loop0, const registry::RegistrySettings& settings, const observability::Logger& log)
      : registry(loop0, settings, log), schemas(registry, settings.cache_entries_max) {}
  registry::Registry registry;
  formats::Schemas schemas;
};

/// In the order of construction; each line uses only lines above it.
struct Sidecar::Parts {
  Loops& loops;
  Settings settings;
  observability::Logger log;
  std::unique_ptr<SchemaClient> producer_schemas;
  std::unique_ptr<SchemaClient> consumer_schemas;
  std::unique_ptr<kafka::Producer> producer;
  std::unique_ptr<deadletter::Writer> letters;
  std::unique_ptr<http::BackendClient> backend;
  std::unique_ptr<http::BackendClient> health_page;
  std::unique_ptr<consume::reactive::ReactiveConsumer> reactive;
  std::unique_ptr<consume::active::Instances> active;
  std::unique_ptr<admin::Health> health;
  std::unique_ptr<produce::SchemaResolver> resolver;
  std::unique_ptr<produce::ProduceHandler> produce;
  std::unique_ptr<http::HttpServer> server;

  /// Nothing is connected before a record needs a schema.
  void build_schemas() {
    if (settings.components.producer) {
      producer_schemas =
          std::make_unique<SchemaClient>(loops.first(), settings.producer_registry, log.named("registry"));
    }
    if (settings.components.reactive || settings.components.active) {
      consumer_schemas =
          std::make_unique<SchemaClient>(loops.first(), settings.consumer_registry, log.named("registry"));
    }
  }

  void build_producer() {
    if (settings.components.producer) {
      producer = std::make_unique<kafka::Producer>(loops.first(), settings.producer, log.named("producer"));
    }
  }

  void build_reactive() {
    if (!settings.components.reactive) return;
    const auto find_file = [this](std::string_view name) { return find_config_file(settings, name); };
    const auto& reactive_settings = settings.reactive;
    if (reactive_settings.dead_letter_enabled) {
      const deadletter::WriterSettings writer{
          .topic_ext = reactive_settings.dead_letter_topic_ext,
          .group_id = reactive_settings.group_id,
          .omit_oversize_value = reactive_settings.dead_letter_oversize == consume::reactive::OversizePolicy::omit};
      letters = std::make_unique<deadletter::Writer>(*producer, writer, log.named("deadletter"));
    }
    backend = std::make_unique<http::BackendClient>(loops.first(), reactive_settings.backend_api_host, settings.client,
                                                    find_file, reactive_settings.backend_connection_reset, log.named("backend"));
    consume::reactive::BackendGate gate;
    gate.address = backend->origin();
    gate.timeout = settings.health.timeout;
    if (settings.health.downstream_enabled) {
      health_page = std::make_unique<http::BackendClient>(loops.first(), settings.health.downstream_host, settings.client,
                                                          find_file, false, log.named("backend"));
      gate.health_page = health_page.get();
      gate.path = settings.health.downstream_path;
      gate.address = health_page->origin() + gate.path;
    }
    reactive = std::make_unique<consume::reactive::ReactiveConsumer>(loops.first(), reactive_settings, settings.consumer,
                                                                     *backend, std::move(gate), letters.get(),
                                                                     &consumer_schemas->schemas, log);
  }

  void build_active() {
    if (!settings.components.active) return;
    active = std::make_unique<consume::active::Instances>(loops.first(), settings.active, &consumer_schemas->schemas,
                                                          log.named("active"));
  }

  void build_health() {
    std::vector<admin::HealthCheck> checks;
    const auto add = [&checks](std::string name, std::function<std::optional<std::string>()> check) {
      auto run = [check = std::move(check)]() -> Task<std::optional<std::string>> { co_return check(); };
      checks.push_back({std::move(name), std::move(run)});
    };
    if (producer || reactive) {
      add("kafka", [this]() -> std::optional<std::string> {
        const bool connected = (!producer || producer->connected()) && (!reactive || reactive->connected());
        return connected ? std::nullopt : std::optional<std::string>("no broker connection yet, or none for 10 s");
      });
    }
    if (producer) add("producer", [] { return std::nullopt; });
    if (reactive) {
      add("reactive", [this] { return reactive->unhealthy(); });
      if (settings.health.downstream_enabled) {
        checks.push_back({"backend", [this] { return reactive->check_backend(); }});
      }
    }
    health = std::make_unique<admin::Health>(loops.first(), settings.health, [this] { return loops.beating(); },
                                             std::move(checks), log.named("health"));
  }

  http::Router routes() {
    http::Router router;
    router.add_chain(http::default_chain(chain_settings(settings), log.named("http")));
    router.add_chain(http::bare_chain());
    produce::ResolveSchema resolve;
    if (producer_schemas) {
      resolver = std::make_unique<produce::SchemaResolver>(producer_schemas->registry, settings.producer_registry,
                                                           producer_schemas->schemas, log.named("produce"));
      resolve = [this](produce::SchemaQuestion question) { return resolver->resolve(std::move(question)); };
    }
    produce = std::make_unique<produce::ProduceHandler>(settings.produce, producer.get(), std::move(resolve),
                                                        log.named("produce"));

    const auto liveness = [this](http::Request& request) { return health->liveness(request); };
    const auto readiness = [this](http::Request& request) { return health->readiness(request); };
    router.add({"POST", "/producers/{topic}", "default", http::BodyRule::required_json,
                [this](http::Request& request) { return produce->handle(request); }});
    consume::active::add_routes(router, active.get());
    router.add({"GET", "/health/liveness", "none", http::BodyRule::none, liveness, true});
    router.add({"GET", "/health/startup", "none", http::BodyRule::none, liveness, true});
    router.add({"GET", "/health/readiness", "none", http::BodyRule::none, readiness, true});
    router.add({"GET", "/health/" + settings.server.service_id, "default", http::BodyRule::none, readiness, true});
    router.add({"GET", "/adm/health/" + settings.server.service_id, "default", http::BodyRule::none, readiness, true});
    return router;
  }

  void build_server() {
    http::HttpServer::Options options;
    options.status = {settings.status.show_message, settings.status.show_description};
    options.find_store = [this](std::string_view name) { return find_config_file(settings, name); };
    server = std::make_unique<http::HttpServer>(loops.all(), settings.server, routes(), log.named("http"), std::move(options));
  }
};

Sidecar::Sidecar(Loops& loops, const Settings& settings, observability::Logger logger)
    : parts_(std::make_unique<Parts>(loops, settings, std::move(logger))) {
  parts_->build_schemas();
  parts_->build_producer();
  parts_->build_reactive();
  parts_->build_active();
  parts_->build_health();
  parts_->build_server();
}

Sidecar::~Sidecar() = default;

void Sidecar::start() {
  parts_->server->start();
  if (parts_->reactive) parts_->reactive->start();
}

ListenerPorts Sidecar::ports() const {
  const auto& server = *parts_->server;
  return server.is_https() ? ListenerPorts{std::nullopt, server.port()} : ListenerPorts{server.port(), std::nullopt};
}

Task<> Sidecar::stop() {
  Parts& p = *parts_;
  p.health->stopping();
  if (p.active) p.active->stop_waiting();
  // Requests and the batch in flight end side by side.
  SteadyTimer drained(p.loops.first().get_executor(), SteadyTimer::time_point::max());
  bool done = p.reactive == nullptr;
  const auto drain = [](Parts& parts, SteadyTimer& timer, bool& finished) -> Task<> {
    co_await parts.reactive->drain();
    finished = true;
    timer.cancel();
  };
  if (p.reactive) asio::co_spawn(p.loops.first(), drain(p, drained, done), asio::detached);
  co_await p.server->stop(p.settings.server.shutdown_graceful_period);
  boost::system::error_code ignored;
  if (!done) co_await drained.async_wait(asio::redirect_error(use_task, ignored));
  if (p.producer_schemas) p.producer_schemas->registry.stop();
  if (p.consumer_schemas) p.consumer_schemas->registry.stop();
  if (p.backend) p.backend->stop();
  if (p.health_page) p.health_page->stop();
  // Dead letters in flight hold records of the consumer, so the producer goes first.
  if (p.producer) co_await p.producer->stop(flush_limit);
  if (p.active) co_await p.active->close();
  if (p.reactive) co_await p.reactive->close();
}

}  // namespace sidecar::app
