/// The HTTP listener.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.hpp"
#include "http/router.hpp"
#include "http/settings.hpp"
#include "loop/loop.hpp"
#include "observability/log.hpp"

namespace sidecar::http {

/// Finds the path of a key or trust store by the name in the configuration.
using StoreFinder = std::function<std::optional<std::string>(std::string_view name)>;

/// HTTP/1.1 and 1.0, or HTTPS, on one port. Accepts on the first loop and spreads connections over all of them; each
/// connection lives on one loop, and its endpoints run there.
///
/// Thread: construct, start and destroy on the first loop, or while the loops do not run. `stop` from a coroutine of
/// any loop. `counters` from any thread. The loops outlive this object; connections that are still in work when it is
/// destroyed end with their loop.
class HttpServer {
 public:
  struct Options {
    StatusOptions status;
    StoreFinder find_store;  ///< Needed for HTTPS.
  };
  struct Counters {
    std::size_t connections = 0;
    std::size_t requests_in_flight = 0;
    std::size_t bytes_in_flight = 0;  ///< Bodies not let go yet, also by those who kept one beyond its request.
  };

  /// Precondition: at least one loop; no null pointers.
  HttpServer(std::vector<asio::io_context*> loops, ServerSettings settings, Router router, observability::Logger log,
             Options options);
  HttpServer(std::vector<asio::io_context*> loops, ServerSettings settings, Router router, observability::Logger log)
      : HttpServer(std::move(loops), std::move(settings), std::move(router), std::move(log), Options{}) {}
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Binds and accepts. Throws std::runtime_error that names the address and the reason, or what is wrong with a store.
  void start();
  /// The bound port; valid after `start`.
  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] bool is_https() const;
  [[nodiscard]] Counters counters() const;

  /// Stops accepting and closes idle connections at once. Requests in work have up to `grace` to be answered, with
  /// `Connection: close`; then their connections are closed, while their endpoints may still finish. Call once.
  Task<> stop(std::chrono::milliseconds grace);

 private:
  struct Listener;
  std::shared_ptr<Listener> listener_;
};

}  // namespace sidecar::http
