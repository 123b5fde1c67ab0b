#include "http/server.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <cassert>
#include <stdexcept>

#include "http/connection.hpp"
#include "security/tls_context.hpp"

namespace sidecar::http {
namespace {

using boost::system::error_code;

/// Between two tries to accept while the system refuses.
constexpr std::chrono::milliseconds accept_pause{50};
/// How often `stop` looks whether the connections are gone.
constexpr std::chrono::milliseconds stop_poll{5};
/// Callers beyond the reserve that are told so at the same time; more are just closed.
constexpr std::size_t turned_away_max = 64;

int open_reserve() {
  return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

std::shared_ptr<asio::ssl::context> make_tls(const ServerSettings& settings, const StoreFinder& find_store) {
  if (!settings.enable_https) return nullptr;
  const auto find = [&find_store](const std::string& name) {
    return find_store ? find_store(name) : std::optional<std::string>{};
  };
  const auto key_store = find(settings.keystore_name);
  if (!key_store) {
    throw std::runtime_error(
        "HTTPS is on, but there is no key store file \"" + settings.keystore_name +
        "\": name one with server.keystoreName (PEM or PKCS12; server.keystorePass and server.keyPass "
        "open it), or serve plain HTTP with server.enableHttp: true and server.enableHttps: false");
  }
  security::ServerTls tls{.key_store = *key_store, .store_pass = settings.keystore_pass, .key_pass = settings.key_pass};
  if (settings.enable_two_way_tls) {
    tls.trust_store = find(settings.truststore_name);
    tls.trust_store_pass = settings.truststore_pass;
    if (!tls.trust_store) {
      throw std::runtime_error("server.enableTwoWayTls is on, but there is no trust store file \"" +
                               settings.truststore_name + "\" (server.truststoreName)");
    }
  }
  return security::make_server_context(tls);
}

}  // namespace

/// Lives on the first loop; shared with its pending accept.
struct HttpServer::Listener : std::enable_shared_from_this<HttpServer::Listener> {
  Listener(std::vector<asio::io_context*> contexts, std::shared_ptr<ServerCore> server_core, StoreFinder finder)
      : core(std::move(server_core)),
        find_store(std::move(finder)),
        first(*contexts.front()),
        acceptor(first.get_executor()),
        pause(first.get_executor()),
        reserve(open_reserve()) {
    for (asio::io_context* context : contexts) loops.push_back(std::make_shared<LoopConnections>(*context, core));
  }
  ~Listener() {
    if (reserve >= 0) ::close(reserve);
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  void bind();
  error_code try_bind(const asio::ip::tcp::endpoint& endpoint);
  void accept();
  void accepted(TcpSocket socket);
  void drop_one();
  void close() {
    error_code ignored;
    acceptor.close(ignored);
    pause.cancel();
  }

  std::shared_ptr<ServerCore> core;
  StoreFinder find_store;
  asio::io_context& first;
  TcpAcceptor acceptor;
  SteadyTimer pause;
  std::vector<std::shared_ptr<LoopConnections>> loops;
  std::size_t next_loop = 0;
  std::uint16_t port = 0;
  int reserve;  ///< A descriptor to give up when the process has no more, so that callers can be told.
};

error_code HttpServer::Listener::try_bind(const asio::ip::tcp::endpoint& endpoint) {
  error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error && endpoint.protocol() == asio::ip::tcp::v6()) acceptor.set_option(asio::ip::v6_only(false), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) {
    const auto backlog = std::min<std::uint32_t>(core->settings.backlog, 65535);
    acceptor.listen(static_cast<int>(backlog), error);
  }
  if (error) {
    error_code ignored;
    acceptor.close(ignored);
  }
  return error;
}

void HttpServer::Listener::bind() {
  const ServerSettings& s = core->settings;
  error_code error;
  const auto address = asio::ip::make_address(s.ip, error);
  if (error) throw std::runtime_error("cannot listen on " + s.ip + ": server.ip is no address");
  const std::uint16_t fixed = s.enable_https ? s.https_port : s.http_port;
  const unsigned from = s.dynamic_port ? s.port_min : fixed;
  const unsigned to = s.dynamic_port ? s.port_max : fixed;
  const std::string shown = (address.is_v6() ? "[" + s.ip + "]" : s.ip) + ":";
  if (from > to) throw std::runtime_error("cannot listen: server.minPort is above server.maxPort");
  for (unsigned candidate = from; candidate <= to; ++candidate) {
    error = try_bind({address, static_cast<std::uint16_t>(candidate)});
    if (!error) {
      port = acceptor.local_endpoint().port();
      return;
    }
    // Only a port in use is a reason to try the next one.
    if (error != asio::error::address_in_use && error != asio::error::access_denied) break;
  }
  throw std::runtime_error("cannot listen on " + shown + std::to_string(from) +
                           (s.dynamic_port ? "-" + std::to_string(to) : std::string{}) + ": " + error.message());
}

void HttpServer::Listener::accept() {
  const auto& loop = loops[next_loop];
  acceptor.async_accept(loop->context().get_executor(),
                        [self = shared_from_this()](const error_code& error, TcpSocket socket) {
                          if (!self->acceptor.is_open()) return;
                          if (!error) {
                            self->accepted(std::move(socket));
                            return self->accept();
                          }
                          if (error == asio::error::connection_aborted || error == asio::error::interrupted) {
                            return self->accept();
                          }
                          if (error == asio::error::no_descriptors) self->drop_one();
                          self->core->log.warn("cannot accept connections", {{"cause", error.message()}});
                          self->pause.expires_after(accept_pause);
                          self->pause.async_wait([self](const error_code& cancelled) {
                            if (!cancelled && self->acceptor.is_open()) self->accept();
                          });
                        });
}

/// Out of descriptors: with the one kept for this, the oldest caller is told so instead of being left waiting.
void HttpServer::Listener::drop_one() {
  if (reserve >= 0) ::close(reserve);
  error_code error;
  TcpSocket socket{first.get_executor()};
  acceptor.non_blocking(true, error);
  acceptor.accept(socket, error);
  if (!error && !core->tls) {
    const std::string answer = overload_answer(*core);
    socket.non_blocking(true, error);
    socket.write_some(asio::buffer(answer), error);
    socket.shutdown(TcpSocket::shutdown_both, error);
  }
  socket.close(error);
  reserve = open_reserve();
}

void HttpServer::Listener::accepted(TcpSocket socket) {
  Load& load = *core->load;
  const auto max = core->settings.connections_max;
  Share share = Share::normal;
  // Only this loop adds, so what was free stays free.
  const auto current = load.connections.load(std::memory_order_relaxed);
  if (current >= max + reserved_connections + turned_away_max) return;
  if (current >= max + reserved_connections) {
    share = Share::none;
  } else if (current >= max) {
    share = Share::reserved;
  }
  load.connections.fetch_add(1, std::memory_order_relaxed);
  const auto loop = loops[next_loop];
  next_loop = (next_loop + 1) % loops.size();
  if (&loop->context() == &first) return serve_connection(loop, std::move(socket), share);
  auto serve = [loop, share, moved = std::move(socket)]() mutable { serve_connection(loop, std::move(moved), share); };
  asio::post(loop->context(), std::move(serve));
}

HttpServer::HttpServer(std::vector<asio::io_context*> loops, ServerSettings settings, Router router,
                       observability::Logger log, Options options) {
  assert(!loops.empty());
  auto core = std::make_shared<ServerCore>();
  core->settings = std::move(settings);
  core->router = std::move(router);
  core->log = std::move(log);
  core->status = options.status;
  core->head_limits = {core->settings.request_line_bytes_max, core->settings.header_bytes_max,
                       core->settings.header_fields_max};
  if (!core->settings.server_string.empty()) core->server_line = "Server: " + core->settings.server_string + "\r\n";
  listener_ = std::make_shared<Listener>(std::move(loops), std::move(core), std::move(options.find_store));
}

HttpServer::~HttpServer() {
  listener_->close();
}

void HttpServer::start() {
  const ServerSettings& s = listener_->core->settings;
  if (!s.enable_http && !s.enable_https) {
    throw std::runtime_error("neither server.enableHttp nor server.enableHttps is true: nothing to listen on");
  }
  if (!is_field_value(s.server_string)) throw std::runtime_error("server.serverString holds a control character");
  listener_->core->tls = make_tls(s, listener_->find_store);
  listener_->bind();
  listener_->accept();
  listener_->core->log.info("listening", {{"address", s.ip}, {"port", listener_->port}, {"https", s.enable_https}});
}

std::uint16_t HttpServer::port() const {
  return listener_->port;
}
bool HttpServer::is_https() const {
  return listener_->core->tls != nullptr;
}

HttpServer::Counters HttpServer::counters() const {
  const Load& load = *listener_->core->load;
  return {load.connections.load(std::memory_order_relaxed), load.requests.load(std::memory_order_relaxed),
          load.bytes.load(std::memory_order_relaxed)};
}

Task<> HttpServer::stop(std::chrono::milliseconds grace) {
  const auto listener = listener_;  // this object may go while we wait
  const auto executor = co_await asio::this_coro::executor;
  const auto deadline = std::chrono::steady_clock::now() + grace;
  asio::post(listener->first, [listener] { listener->close(); });
  for (const auto& loop : listener->loops) {
    asio::post(loop->context(), [loop] { loop->begin_stop(); });
  }
  const std::atomic<std::size_t>& connections = listener->core->load->connections;
  SteadyTimer timer{executor};
  error_code ignored;
  while (connections.load() > 0 && std::chrono::steady_clock::now() < deadline) {
    timer.expires_after(stop_poll);
    co_await timer.async_wait(asio::redirect_error(use_task, ignored));
  }
  for (const auto& loop : listener->loops) {
    asio::post(loop->context(), [loop] { loop->close_all(); });
  }
  // A moment for the closed ones to leave; an endpoint that still works keeps its objects until it has finished.
  for (int i = 0; i < 10 && connections.load() > 0; ++i) {
    timer.expires_after(stop_poll);
    co_await timer.async_wait(asio::redirect_error(use_task, ignored));
  }
}

}  // namespace sidecar::http
