#include "admin/health.hpp"

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <utility>

#include "base/json_writer.hpp"
#include "http/text.hpp"

namespace sidecar::admin {
namespace {

struct CheckResult {
  std::string name;
  std::optional<std::string> failure;
};

bool wants_json(const HealthSettings& settings, const http::Request& request) {
  if (settings.use_json) return true;
  const auto accept = request.header("Accept");
  if (!accept) return false;
  const auto json = http::accept_weight(*accept, "application/json");
  return json.explicit_range && json.thousandths > http::accept_weight(*accept, "text/plain").thousandths;
}

http::Response answer(const HealthSettings& settings, const http::Request& request, const std::vector<CheckResult>& results) {
  bool well = true;
  for (const auto& result : results) well = well && !result.failure;
  http::Response response;
  response.status = well ? std::uint16_t{200} : settings.unhealthy_status;
  response.headers.emplace_back("Cache-Control", "no-store");
  if (!wants_json(settings, request)) {
    response.content_type = "text/plain";
    response.body = well ? "OK" : "ERROR";
    return response;
  }
  response.content_type = "application/json";
  response.body = well ? R"({"result":"OK","checks":[)" : R"({"result":"ERROR","checks":[)";
  for (const auto& result : results) {
    if (&result != &results.front()) response.body += ',';
    response.body += "{\"name\":";
    append_json_string(response.body, result.name);
    response.body += result.failure ? ",\"ok\":false" : ",\"ok\":true";
    if (result.failure) {
      response.body += ",\"detail\":";
      append_json_string(response.body, *result.failure);
    }
    response.body += '}';
  }
  response.body += "]}";
  return response;
}

/// Results of one round of checks; outlives the round when a check is late.
struct Round {
  Round(asio::io_context& loop, std::chrono::milliseconds limit) : timer(loop.get_executor(), limit) {}
  std::vector<CheckResult> results;
  std::size_t open = 0;
  SteadyTimer timer;
};

Task<> run_check(std::function<Task<std::optional<std::string>>()> run, std::shared_ptr<Round> round, std::size_t index) {
  auto failure = co_await run();
  round->results[index].failure = std::move(failure);
  if (--round->open == 0) round->timer.cancel();
}

}  // namespace

struct Health::State {
  asio::io_context& loop0;
  HealthSettings settings;
  std::function<bool()> alive;
  std::vector<HealthCheck> checks;
  observability::Logger log;
  bool stopping = false;
  std::atomic<bool> was_well{true};

  /// Runs every check side by side, on loop 0.
  Task<std::vector<CheckResult>> run_all() {
    if (stopping) co_return std::vector{CheckResult{"process", "stopping"}};
    if (checks.empty()) co_return std::vector{CheckResult{"components", "nothing is enabled"}};
    auto round = std::make_shared<Round>(loop0, settings.timeout);
    round->open = checks.size();
    for (const auto& check : checks) {
      round->results.push_back({check.name, "no answer within " + std::to_string(settings.timeout.count()) + " ms"});
    }
    for (std::size_t i = 0; i < checks.size(); ++i) {
      asio::co_spawn(loop0, run_check(checks[i].run, round, i), asio::detached);
    }
    boost::system::error_code ignored;
    if (round->open > 0) co_await round->timer.async_wait(asio::redirect_error(use_task, ignored));
    co_return round->results;
  }

  void log_change(const std::vector<CheckResult>& results) {
    std::string failed;
    for (const auto& result : results) {
      if (!result.failure) continue;
      failed += failed.empty() ? "" : "; ";
      failed += result.name + ": " + *result.failure;
    }
    if (was_well.exchange(failed.empty()) == failed.empty()) return;
    if (failed.empty()) {
      log.info("ready");
    } else {
      log.warn("not ready", {{"failed", failed}});
    }
  }
};

Health::Health(asio::io_context& loop0, HealthSettings settings, std::function<bool()> alive, std::vector<HealthCheck> checks,
               observability::Logger logger)
    : state_(std::make_shared<State>(loop0, std::move(settings), std::move(alive), std::move(checks), std::move(logger))) {}

Task<http::Response> Health::liveness(const http::Request& request) {
  if (state_->settings.liveness_full) co_return co_await readiness(request);
  std::vector<CheckResult> results{{"loops", std::nullopt}};
  if (!state_->alive()) results.front().failure = "an event loop does not beat";
  co_return answer(state_->settings, request, results);
}

Task<http::Response> Health::readiness(const http::Request& request) {
  const auto state = state_;
  const auto results = co_await asio::co_spawn(state->loop0, state->run_all(), use_task);
  state->log_change(results);
  co_return answer(state->settings, request, results);
}

void Health::stopping() { state_->stopping = true; }

}  // namespace sidecar::admin
