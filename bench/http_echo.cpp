/// Our HTTP server without Kafka: the chain of the business endpoints, the whole body read, and a fixed answer of the shape
/// that the produce endpoint gives for one record. Prints `{"port":N}` and runs until it is ended.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <utility>

#include "http/chain.hpp"
#include "http/router.hpp"
#include "http/server.hpp"
#include "loop/loops.hpp"
#include "observability/log.hpp"
#include "support/process.hpp"

namespace sidecar::bench {
namespace {

Task<http::Response> answer(http::Request&) {
  co_return http::Response{.content_type = "application/json",
                           .body = R"({"offsets":[{"partition":3,"offset":1234567}],"requestStatus":"OK"})"};
}

void run() {
  const observability::Logger log(observability::open_log({.level = observability::Level::warn, .service_id = {}}), "echo");
  http::Router router;
  router.add_chain(http::default_chain({}, log));
  router.add({"POST", "/producers/{topic}", "default", http::BodyRule::required_json, answer});
  http::ServerSettings settings;
  settings.enable_http = true;
  settings.enable_https = false;
  settings.http_port = 0;
  Loops loops(1);
  http::HttpServer server(loops.all(), settings, std::move(router), log);
  server.start();
  fmt::print("{{\"port\":{}}}\n", server.port());
  std::fflush(stdout);
  loops.run();
}

}  // namespace
}  // namespace sidecar::bench

int main(int argc, char** argv) {
  sidecar::bench::bound_lifetime();
  CLI::App app{"The HTTP server alone"};
  CLI11_PARSE(app, argc, argv);
  try {
    sidecar::bench::run();
  } catch (const std::exception& error) {
    fmt::print(stderr, "http_echo: {}\n", error.what());
    return 1;
  }
}
