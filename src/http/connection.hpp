/// One accepted connection, and what the connections of a loop share. Used by server.cpp only.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/head_parser.hpp"
#include "http/load.hpp"
#include "http/message.hpp"
#include "http/router.hpp"
#include "http/settings.hpp"
#include "loop/loop.hpp"
#include "observability/log.hpp"

namespace sidecar::http {

/// More connections than `connections_max` that are kept, so that health and metrics answer under load.
inline constexpr std::size_t reserved_connections = 16;

/// What all connections of a server read. Immutable while serving; only `load` changes.
struct ServerCore {
  ServerSettings settings;
  Router router;
  observability::Logger log;
  StatusOptions status;
  HeadLimits head_limits;
  std::shared_ptr<asio::ssl::context> tls;  ///< Null: plain HTTP.
  std::string server_line;                  ///< `Server: L` with its CRLF, or empty.
  std::shared_ptr<Load> load = std::make_shared<Load>();
};

class ConnectionBase;

/// The connections of one loop: their deadlines, and the clock they share. Lives on that loop, destroyed at the latest
/// with its io_context.
///
/// One timer per loop looks at all deadlines a few times per shortest time limit; a connection only writes a number, so
/// a request re-arms nothing and reads no clock. Deadlines pass up to two ticks late, never early.
class LoopConnections : public std::enable_shared_from_this<LoopConnections> {
 public:
  using Clock = std::chrono::steady_clock;

  LoopConnections(asio::io_context& context, std::shared_ptr<const ServerCore> core);

  void add(ConnectionBase& connection);
  void remove(ConnectionBase& connection);
  /// Closes idle connections; the others close behind their next answer.
  void begin_stop();
  void close_all();

  [[nodiscard]] Clock::time_point deadline_in(std::chrono::milliseconds time) const { return now_ + time + tick_; }
  /// `Date: ...` with its CRLF.
  [[nodiscard]] const std::string& date_line() const { return date_line_; }
  [[nodiscard]] bool stopping() const { return stopping_; }
  [[nodiscard]] asio::io_context& context() { return context_; }
  [[nodiscard]] const ServerCore& core() const { return *core_; }

 private:
  void arm();
  void read_clock();

  asio::io_context& context_;
  std::shared_ptr<const ServerCore> core_;
  SteadyTimer timer_;
  std::chrono::milliseconds tick_;
  Clock::time_point now_;
  std::time_t second_ = 0;
  std::string date_line_;
  std::vector<ConnectionBase*> connections_;  // not owned: each is owned by its coroutine
  bool ticking_ = false;
  bool stopping_ = false;
};

/// What LoopConnections knows of a connection.
class ConnectionBase {
 public:
  virtual ~ConnectionBase() = default;
  /// The deadline has passed.
  virtual void expire() = 0;
  /// Closes at once when no request is in work.
  virtual void begin_stop() = 0;
  virtual void close_now() = 0;

  LoopConnections::Clock::time_point deadline = LoopConnections::Clock::time_point::max();
  std::size_t index = 0;
};

/// Which part of the connection limit a connection belongs to.
enum class Share : std::uint8_t {
  normal,
  reserved,  ///< Above the limit: serves reserved routes, refuses others.
  none,      ///< Above the reserve too: refused at once.
};

/// Serves a connection until it ends. Call on the loop of `socket`. The connection was counted in `load.connections` by
/// the caller and is taken off there when it ends.
void serve_connection(std::shared_ptr<LoopConnections> loop, TcpSocket socket, Share share);

/// A whole answer for callers that cannot even be listened to.
[[nodiscard]] std::string overload_answer(const ServerCore& core);

}  // namespace sidecar::http
