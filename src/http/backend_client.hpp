/// HTTP/1.1 calls to one origin over a bounded pool of keep-alive connections.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "http/message.hpp"
#include "http/settings.hpp"
#include "loop/loop.hpp"
#include "observability/log.hpp"

namespace sidecar::http {

struct ClientLimits {
  std::chrono::milliseconds timeout{300000};  ///< The whole call, connect included.
  std::size_t response_bytes_max = 1 << 20;
};

struct ClientResponse {
  unsigned status = 0;
  PaddedBuffer body;
};

enum class ClientFailureKind : std::uint8_t { cannot_connect, timed_out, connection_lost, malformed, too_large };

struct ClientFailure {
  ClientFailureKind kind = ClientFailureKind::cannot_connect;
  std::string text;  ///< One line for the log: no body, no header value.
  /// A kept-alive connection had been closed by the peer before any byte of the answer: the caller may try again at
  /// once on a new connection (and counts that as an attempt; the client itself never sends a request twice).
  bool stale_connection = false;
};

using ClientResult = std::expected<ClientResponse, ClientFailure>;

/// Redirects are never followed. A connection whose answer was broken, too long, or not needed to its end is closed; at
/// most `idle_connections_max` wait for their next call.
///
/// Thread: one loop. Every call ends: by its limits, or soon after `stop`. Calls keep what they need alive: this object
/// may go while one is out, the arguments of the call may not.
class BackendClient {
 public:
  static constexpr std::size_t idle_connections_max = 256;
  /// More calls at once fail as cannot_connect.
  static constexpr std::size_t calls_max = 1024;

  /// `url`: `http://host[:port]` or `https://...`, IPv6 literals in brackets, no path, no user info. Throws
  /// std::runtime_error for anything else, and for TLS files that cannot be used. `find_file` resolves the names of
  /// stores.
  BackendClient(asio::io_context& loop, std::string_view url, const ClientSettings& settings,
                const std::function<std::optional<std::string>(std::string_view)>& find_file, bool close_each_time,
                const observability::Logger& logger);
  ~BackendClient();
  BackendClient(const BackendClient&) = delete;
  BackendClient& operator=(const BackendClient&) = delete;

  /// The pieces of the body are sent one after the other, not copied; they and the header fields must live until the
  /// call returns. Content-Type is application/json.
  Task<ClientResult> post(std::string_view path, std::span<const HeaderField> headers,
                          std::span<const std::string_view> body, ClientLimits limits);
  Task<ClientResult> get(std::string_view path, ClientLimits limits);
  /// True when a TCP connection is accepted within the limit; it is closed again.
  Task<bool> probe(std::chrono::milliseconds limit);

  /// Ends every call in flight and every connection; later calls fail at once with connection_lost.
  void stop();
  /// `http://host:port`, for logs and health.
  [[nodiscard]] const std::string& origin() const;

  class Impl;

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace sidecar::http
