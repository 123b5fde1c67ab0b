#include "http/backend_client.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/write.hpp>
#include <cstring>
#include <stdexcept>
#include <type_traits>
#include <vector>

#include "http/chunked.hpp"
#include "http/head_parser.hpp"
#include "http/origin.hpp"
#include "security/tls_context.hpp"

namespace sidecar::http {
namespace {

using boost::system::error_code;
using TlsStream = asio::ssl::stream<TcpSocket>;
using Resolver = asio::ip::basic_resolver<asio::ip::tcp, LoopExecutor>;
using Endpoints = std::vector<asio::ip::tcp::endpoint>;
using Clock = std::chrono::steady_clock;

constexpr HeadLimits response_limits{};
constexpr std::size_t buffer_bytes = 16384;
static_assert(buffer_bytes > 4096, "chunk framing is read into it");
/// 1xx answers in front of the real one.
constexpr int interim_answers_max = 16;

/// The time limit of a call, and the ways to end it early. Shared with pending handlers, so that one that fires late
/// finds something alive.
class Deadline : public std::enable_shared_from_this<Deadline> {
 public:
  explicit Deadline(const LoopExecutor& executor) : timer_(executor), resolved_(executor) {}

  /// Ends the call at `time`; replaces an earlier limit.
  void arm(Clock::time_point time) {
    const auto turn = ++turn_;
    timer_.expires_at(time);
    timer_.async_wait([self = shared_from_this(), turn](const error_code& error) {
      if (error || turn != self->turn_) return;
      self->expired_ = true;
      self->abort();
    });
  }
  /// No limit any more.
  void disarm() {
    ++turn_;
    timer_.cancel();
  }
  void stop() {
    stopped_ = true;
    abort();
  }
  /// The socket to close; null: none.
  void watch(TcpSocket* socket) { socket_ = socket; }
  [[nodiscard]] bool expired() const { return expired_; }
  [[nodiscard]] bool stopped() const { return stopped_; }
  [[nodiscard]] bool ended() const { return expired_ || stopped_; }

  /// Looks up a host. A look-up in the system's resolver cannot be cancelled, so the wait is for this timer, which the
  /// answer, the limit and `stop` all end.
  Task<Endpoints> resolve(const Origin& origin, error_code& error) {
    struct Outcome {
      bool arrived = false;
      error_code error;
      Endpoints endpoints;
    };
    auto outcome = std::make_shared<Outcome>();
    auto resolver = std::make_shared<Resolver>(timer_.get_executor());
    resolved_.expires_at(Clock::time_point::max());
    auto arrived = [self = shared_from_this(), outcome, resolver](const error_code& failed,
                                                                  const Resolver::results_type& results) {
      outcome->arrived = true;
      outcome->error = failed;
      for (const auto& entry : results) outcome->endpoints.push_back(entry.endpoint());
      self->resolved_.cancel();
    };
    resolver->async_resolve(origin.host, std::to_string(origin.port), asio::ip::tcp::resolver::numeric_service,
                            std::move(arrived));
    while (!outcome->arrived && !ended()) {
      error_code ignored;
      co_await resolved_.async_wait(asio::redirect_error(use_task, ignored));
    }
    error = outcome->arrived ? outcome->error : error_code(asio::error::timed_out);
    co_return std::move(outcome->endpoints);
  }

 private:
  void abort() {
    resolved_.cancel();
    error_code ignored;
    if (socket_ != nullptr) socket_->close(ignored);
  }

  SteadyTimer timer_;
  SteadyTimer resolved_;
  TcpSocket* socket_ = nullptr;  // owned by the call, which unhooks it before it goes
  unsigned turn_ = 0;
  bool expired_ = false;
  bool stopped_ = false;
};

std::unexpected<ClientFailure> failure(ClientFailureKind kind, std::string text) {
  return std::unexpected(ClientFailure{.kind = kind, .text = std::move(text)});
}

bool is_request_path(std::string_view path) {
  return path.starts_with('/') && std::ranges::all_of(path, [](char c) { return c > ' ' && c < '\x7F' && c != '#'; });
}

/// One request as the caller gave it; views only.
struct Outgoing {
  std::string_view method;
  std::string_view path;
  std::span<const HeaderField> headers;
  std::span<const std::string_view> body;
};

}  // namespace

/// What does not depend on the kind of stream.
class BackendClient::Impl {
 public:
  Impl(asio::io_context& context, Origin client_origin, std::chrono::milliseconds connect_time, bool close_each)
      : loop(context), origin(std::move(client_origin)), connect_timeout(connect_time), close_each_time(close_each) {}
  virtual ~Impl() = default;
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  virtual Task<ClientResult> call(std::shared_ptr<Impl> self, Outgoing outgoing, ClientLimits limits) = 0;
  virtual void close_idle() = 0;

  static Task<bool> probe(std::shared_ptr<Impl> self, std::chrono::milliseconds limit);
  void stop() {
    stopped = true;
    close_idle();
    for (const auto& deadline : deadlines) deadline->stop();
  }

  asio::io_context& loop;
  const Origin origin;
  const std::chrono::milliseconds connect_timeout;
  const bool close_each_time;
  bool stopped = false;
  std::vector<std::shared_ptr<Deadline>> deadlines;  ///< Of the calls that are out.

 protected:
  Task<std::string> connect(TcpSocket& socket, Deadline& deadline);
};

namespace {

/// Keeps a call's deadline among those that `stop` ends.
class Registered {
 public:
  explicit Registered(std::vector<std::shared_ptr<Deadline>>& all, const LoopExecutor& executor)
      : all_(all), deadline_(std::make_shared<Deadline>(executor)) {
    all_.push_back(deadline_);
  }
  ~Registered() {
    deadline_->watch(nullptr);
    deadline_->disarm();
    std::erase(all_, deadline_);
  }
  Registered(const Registered&) = delete;
  Registered& operator=(const Registered&) = delete;
  Deadline& operator*() const { return *deadline_; }
  Deadline* operator->() const { return deadline_.get(); }

 private:
  std::vector<std::shared_ptr<Deadline>>& all_;
  std::shared_ptr<Deadline> deadline_;
};

}  // namespace

/// Connects to the first endpoint that accepts. Returns why not, or an empty text. The deadline is armed.
Task<std::string> BackendClient::Impl::connect(TcpSocket& socket, Deadline& deadline) {
  error_code error;
  Endpoints endpoints;
  const auto address = asio::ip::make_address(origin.host, error);
  if (!error) {
    endpoints.emplace_back(address, origin.port);
  } else {
    endpoints = co_await deadline.resolve(origin, error);
    if (deadline.ended()) co_return "no answer from the name service in time";
    if (error) co_return "host not found: " + error.message();
  }
  for (const auto& endpoint : endpoints) {
    socket.close(error);
    co_await socket.async_connect(endpoint, asio::redirect_error(use_task, error));
    if (deadline.ended()) co_return "not accepted in time";
    if (!error) break;
  }
  if (error || endpoints.empty()) co_return error ? error.message() : "host has no address";
  socket.set_option(asio::ip::tcp::no_delay(true), error);
  socket.non_blocking(true, error);
  co_return std::string{};
}

Task<bool> BackendClient::Impl::probe(std::shared_ptr<Impl> self, std::chrono::milliseconds limit) {
  if (self->stopped || self->deadlines.size() >= calls_max) co_return false;
  TcpSocket socket{self->loop.get_executor()};
  const Registered deadline{self->deadlines, self->loop.get_executor()};
  deadline->watch(&socket);
  deadline->arm(Clock::now() + limit);
  const std::string why_not = co_await self->connect(socket, *deadline);
  co_return why_not.empty();
}

namespace {

/// The connections of one origin over one kind of stream.
template <class Stream>
class Pool final : public BackendClient::Impl {
 public:
  static constexpr bool is_tls = std::is_same_v<Stream, TlsStream>;

  Pool(asio::io_context& context, Origin client_origin, std::chrono::milliseconds connect_time, bool close_each,
       std::shared_ptr<asio::ssl::context> tls, bool verify_hostname)
      : Impl(context, std::move(client_origin), connect_time, close_each),
        tls_(std::move(tls)),
        verify_hostname_(verify_hostname) {}

  Task<ClientResult> call(std::shared_ptr<Impl> self, Outgoing outgoing, ClientLimits limits) override;
  void close_idle() override { idle_.clear(); }

 private:
  struct Link {
    explicit Link(Stream made) : stream(std::move(made)), parser(response_limits) {}
    TcpSocket& socket() {
      if constexpr (is_tls) {
        return stream.next_layer();
      } else {
        return stream;
      }
    }
    [[nodiscard]] std::string_view unread() const { return {buffer.get() + begin, end - begin}; }

    Stream stream;
    ResponseHeadParser parser;
    std::unique_ptr<char[]> buffer = std::make_unique_for_overwrite<char[]>(buffer_bytes);
    std::size_t begin = 0;
    std::size_t end = 0;
    bool heard = false;  ///< Any byte of the current answer has come.
  };
  using LinkResult = std::expected<std::unique_ptr<Link>, ClientFailure>;

  Stream make_stream() {
    if constexpr (is_tls) {
      return Stream{TcpSocket{loop.get_executor()}, *tls_};
    } else {
      return Stream{loop.get_executor()};
    }
  }
  std::unique_ptr<Link> take_idle();
  Task<LinkResult> open(Deadline& deadline, Clock::time_point call_end);
  std::string write_head(const Outgoing& outgoing) const;
  Task<> send(Link& link, std::string_view head, std::span<const std::string_view> body, error_code& error);
  Task<std::expected<void, ClientFailure>> read_head(Link& link, const Deadline& deadline);
  Task<ClientResult> read_answer(Link& link, const Deadline& deadline, std::size_t bytes_max);
  Task<ClientResult> read_chunks(Link& link, const Deadline& deadline, ClientResponse response, std::size_t bytes_max);
  Task<ClientResult> read_to_end(Link& link, const Deadline& deadline, ClientResponse response, std::size_t bytes_max);
  ClientFailure lost(const Link& link, const Deadline& deadline, const error_code& error) const;

  std::shared_ptr<asio::ssl::context> tls_;
  bool verify_hostname_;
  std::vector<std::unique_ptr<Link>> idle_;  // the one used last is taken first
};

/// A kept connection that the peer has not closed meanwhile, as far as can be seen; or null.
template <class Stream>
std::unique_ptr<typename Pool<Stream>::Link> Pool<Stream>::take_idle() {
  while (!idle_.empty()) {
    auto link = std::move(idle_.back());
    idle_.pop_back();
    char byte = 0;
    const auto got = ::recv(link->socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    // Nothing to read is right. Over TLS the peer may have sent tickets; over plain HTTP bytes that nobody asked for
    // would be taken for the next answer.
    const bool quiet = got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    if (quiet || (is_tls && got > 0)) return link;
  }
  return nullptr;
}

template <class Stream>
Task<typename Pool<Stream>::LinkResult> Pool<Stream>::open(Deadline& deadline, Clock::time_point call_end) {
  const auto connect_end = Clock::now() + connect_timeout;
  auto link = std::make_unique<Link>(make_stream());
  deadline.watch(&link->socket());
  deadline.arm(std::min(connect_end, call_end));
  std::string why_not = co_await connect(link->socket(), deadline);
  if constexpr (is_tls) {
    if (why_not.empty()) {
      SSL* ssl = link->stream.native_handle();
      error_code error;
      asio::ip::make_address(origin.host, error);
      const bool is_name = bool{error};
      if (is_name) SSL_set_tlsext_host_name(ssl, origin.host.c_str());
      if (verify_hostname_) {
        if (is_name) {
          SSL_set1_host(ssl, origin.host.c_str());
        } else {
          X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), origin.host.c_str());
        }
      }
      co_await link->stream.async_handshake(TlsStream::client, asio::redirect_error(use_task, error));
      if (deadline.ended()) {
        why_not = "TLS handshake not done in time";
      } else if (error) {
        why_not = "TLS handshake: " + error.message();
        const long verdict = SSL_get_verify_result(ssl);
        if (verdict != X509_V_OK) why_not += std::string(" (") + X509_verify_cert_error_string(verdict) + ")";
      }
    }
  }
  if (deadline.stopped()) {
    deadline.watch(nullptr);
    co_return failure(ClientFailureKind::connection_lost, "stopped");
  }
  if (!why_not.empty()) {
    deadline.watch(nullptr);
    co_return failure(ClientFailureKind::cannot_connect, origin.text + ": " + why_not);
  }
  deadline.arm(call_end);
  co_return link;
}

template <class Stream>
std::string Pool<Stream>::write_head(const Outgoing& outgoing) const {
  std::string head;
  head.reserve(512);
  head.append(outgoing.method).append(" ").append(outgoing.path).append(" HTTP/1.1\r\nHost: ").append(origin.authority);
  head += "\r\nAccept: application/json, */*;q=0.5\r\n";
  if (outgoing.method == "POST") {
    std::size_t length = 0;
    for (const auto piece : outgoing.body) length += piece.size();
    head.append("Content-Type: application/json\r\nContent-Length: ").append(std::to_string(length)).append("\r\n");
  }
  for (const auto& field : outgoing.headers) {
    head.append(field.name).append(": ").append(field.value).append("\r\n");
  }
  if (close_each_time) head += "Connection: close\r\n";
  head += "\r\n";
  return head;
}

template <class Stream>
Task<> Pool<Stream>::send(Link& link, std::string_view head, std::span<const std::string_view> body,
                          error_code& error) {
  std::vector<asio::const_buffer> buffers;
  buffers.reserve(body.size() + 1);
  buffers.emplace_back(head.data(), head.size());
  for (const auto piece : body) {
    if (!piece.empty()) buffers.emplace_back(piece.data(), piece.size());
  }
  if constexpr (!is_tls) {
    // What the kernel takes at once needs no turn of the loop.
    std::size_t sent = link.stream.write_some(buffers, error);
    if (error == asio::error::would_block || error == asio::error::try_again) error.clear();
    if (error) co_return;
    std::size_t whole = 0;
    while (whole < buffers.size() && sent >= buffers[whole].size()) sent -= buffers[whole++].size();
    buffers.erase(buffers.begin(), buffers.begin() + static_cast<std::ptrdiff_t>(whole));
    if (buffers.empty()) co_return;
    buffers.front() += sent;
  }
  co_await asio::async_write(link.stream, buffers, asio::redirect_error(use_task, error));
}

template <class Stream>
ClientFailure Pool<Stream>::lost(const Link& link, const Deadline& deadline, const error_code& error) const {
  if (deadline.stopped()) return {.kind = ClientFailureKind::connection_lost, .text = "stopped"};
  if (deadline.expired()) {
    return {.kind = ClientFailureKind::timed_out, .text = origin.text + ": no complete answer in time"};
  }
  return {.kind = ClientFailureKind::connection_lost,
          .text = origin.text + (link.heard ? ": the answer was cut off: " : ": closed without an answer: ") +
                  error.message()};
}

template <class Stream>
Task<std::expected<void, ClientFailure>> Pool<Stream>::read_head(Link& link, const Deadline& deadline) {
  error_code error;
  for (int interim = 0; interim <= interim_answers_max; ++interim) {
    const auto rest = link.end - link.begin;
    if (rest > 0 && link.begin > 0) std::memmove(link.buffer.get(), link.buffer.get() + link.begin, rest);
    link.begin = 0;
    link.end = rest;
    link.parser.reset();
    while (true) {
      const auto progress = link.parser.feed({link.buffer.get(), link.end});
      if (progress == Progress::done) break;
      if (progress == Progress::failed || link.end == buffer_bytes) {
        const std::string_view reason = progress == Progress::failed ? link.parser.reason() : "too many headers";
        co_return failure(ClientFailureKind::malformed, origin.text + ": not a valid answer: " + std::string(reason));
      }
      const auto got = co_await link.stream.async_read_some(
          asio::buffer(link.buffer.get() + link.end, buffer_bytes - link.end), asio::redirect_error(use_task, error));
      if (got > 0) link.heard = true;
      if (error) co_return std::unexpected(lost(link, deadline, error));
      link.end += got;
    }
    link.begin = link.parser.head_bytes();
    const auto status = link.parser.head().status;
    if (status == 101) {
      co_return failure(ClientFailureKind::malformed, origin.text + ": switched to a protocol nobody asked for");
    }
    if (status >= 200) co_return std::expected<void, ClientFailure>{};
  }
  co_return failure(ClientFailureKind::malformed, origin.text + ": interim answers without end");
}

template <class Stream>
Task<ClientResult> Pool<Stream>::read_chunks(Link& link, const Deadline& deadline, ClientResponse response,
                                             std::size_t bytes_max) {
  ChunkedDecoder decoder{response_limits.header_bytes_max, response_limits.header_fields_max};
  error_code error;
  while (true) {
    std::string_view input = link.unread();
    const auto step = decoder.feed(input);
    link.begin = link.end - input.size();
    if (step == ChunkedDecoder::Step::done) co_return response;
    if (step == ChunkedDecoder::Step::failed) {
      co_return failure(ClientFailureKind::malformed, origin.text + ": " + std::string(decoder.reason()));
    }
    if (step == ChunkedDecoder::Step::more) {
      link.begin = 0;
      link.end = co_await link.stream.async_read_some(asio::buffer(link.buffer.get(), buffer_bytes),
                                                      asio::redirect_error(use_task, error));
      if (error) co_return std::unexpected(lost(link, deadline, error));
      continue;
    }
    const auto at = response.body.size();
    if (decoder.data_left() > bytes_max - at) {
      co_return failure(ClientFailureKind::too_large,
                        origin.text + ": answer above " + std::to_string(bytes_max) + " bytes");
    }
    const auto needed = at + static_cast<std::size_t>(decoder.data_left());
    if (needed > response.body.capacity()) {
      response.body.reserve(std::min(std::max(needed, response.body.capacity() * 2), bytes_max));
    }
    std::size_t got = 0;
    if (link.begin < link.end) {
      got = std::min(needed - at, link.end - link.begin);
      std::memcpy(response.body.data() + at, link.buffer.get() + link.begin, got);
      link.begin += got;
    } else {
      got = co_await link.stream.async_read_some(asio::buffer(response.body.data() + at, needed - at),
                                                 asio::redirect_error(use_task, error));
      if (error) co_return std::unexpected(lost(link, deadline, error));
    }
    response.body.resize(at + got);
    decoder.took(got);
  }
}

/// A body that ends with the connection.
template <class Stream>
Task<ClientResult> Pool<Stream>::read_to_end(Link& link, const Deadline& deadline, ClientResponse response,
                                             std::size_t bytes_max) {
  std::size_t have = link.end - link.begin;
  response.body.reserve(std::max(have, std::min<std::size_t>(bytes_max, 4096)));
  if (have > 0) std::memcpy(response.body.data(), link.buffer.get() + link.begin, have);
  link.begin = link.end;
  error_code error;
  while (have <= bytes_max) {
    response.body.resize(have);
    // One byte more than allowed, to see whether it ends there.
    if (have == response.body.capacity()) response.body.reserve(std::min(have * 2, bytes_max) + 1);
    have +=
        co_await link.stream.async_read_some(asio::buffer(response.body.data() + have, response.body.capacity() - have),
                                             asio::redirect_error(use_task, error));
    if (error == asio::error::eof) co_return response;
    if (error) co_return std::unexpected(lost(link, deadline, error));
  }
  co_return failure(ClientFailureKind::too_large,
                    origin.text + ": answer above " + std::to_string(bytes_max) + " bytes");
}

template <class Stream>
Task<ClientResult> Pool<Stream>::read_answer(Link& link, const Deadline& deadline, std::size_t bytes_max) {
  auto head_read = co_await read_head(link, deadline);
  if (!head_read) co_return std::unexpected(std::move(head_read.error()));
  const ResponseHead& head = link.parser.head();
  ClientResponse response;
  response.status = head.status;
  if (head.status == 204 || head.status == 304) co_return response;
  if (head.framing.chunked) co_return co_await read_chunks(link, deadline, std::move(response), bytes_max);
  if (!head.framing.content_length) co_return co_await read_to_end(link, deadline, std::move(response), bytes_max);
  if (*head.framing.content_length > bytes_max) {
    co_return failure(ClientFailureKind::too_large, origin.text + ": answer of " +
                                                        std::to_string(*head.framing.content_length) +
                                                        " bytes, above " + std::to_string(bytes_max));
  }
  const auto length = static_cast<std::size_t>(*head.framing.content_length);
  response.body.resize(length);
  std::size_t have = std::min(length, link.end - link.begin);
  if (have > 0) std::memcpy(response.body.data(), link.buffer.get() + link.begin, have);
  link.begin += have;
  error_code error;
  while (have < length) {
    have += co_await link.stream.async_read_some(asio::buffer(response.body.data() + have, length - have),
                                                 asio::redirect_error(use_task, error));
    if (error) co_return std::unexpected(lost(link, deadline, error));
  }
  co_return response;
}

template <class Stream>
Task<ClientResult> Pool<Stream>::call(std::shared_ptr<Impl>, Outgoing outgoing, ClientLimits limits) {
  if (stopped) co_return failure(ClientFailureKind::connection_lost, "stopped");
  if (!is_request_path(outgoing.path)) {
    co_return failure(ClientFailureKind::malformed,
                      origin.text + ": the path does not start with / or holds illegal characters");
  }
  for (const auto& field : outgoing.headers) {
    if (!is_token(field.name) || !is_field_value(field.value)) {
      co_return failure(ClientFailureKind::malformed, origin.text + ": an illegal request header");
    }
  }
  if (deadlines.size() >= BackendClient::calls_max) {
    co_return failure(ClientFailureKind::cannot_connect, origin.text + ": too many calls at once");
  }
  const Registered deadline{deadlines, loop.get_executor()};
  const auto call_end = Clock::now() + limits.timeout;
  auto link = take_idle();
  const bool reused = link != nullptr;
  if (reused) {
    deadline->watch(&link->socket());
    deadline->arm(call_end);
  } else {
    auto opened = co_await open(*deadline, call_end);
    if (!opened) co_return std::unexpected(std::move(opened.error()));
    link = std::move(*opened);
  }

  link->heard = false;
  const std::string head = write_head(outgoing);
  error_code send_error;
  co_await send(*link, head, outgoing.body, send_error);
  // Read even then: a peer that refuses a body answers and closes without having taken it all.
  auto result = co_await read_answer(*link, *deadline, limits.response_bytes_max);
  deadline->watch(nullptr);
  if (!result) {
    const bool closed_silently = result.error().kind == ClientFailureKind::connection_lost && !link->heard;
    if (reused && closed_silently && !deadline->ended()) {
      result.error().stale_connection = true;
      // The others were left by the same peer at the same time: the next call gets a new one.
      close_idle();
    }
    co_return result;
  }
  const ResponseHead& answer = link->parser.head();
  const bool open_ended =
      !answer.framing.chunked && !answer.framing.content_length && answer.status != 204 && answer.status != 304;
  const bool keep =
      answer.version == Version::http_1_1 ? !answer.framing.close : answer.framing.keep_alive && !answer.framing.close;
  if (keep && !open_ended && !send_error && !close_each_time && !stopped && link->unread().empty() &&
      idle_.size() < BackendClient::idle_connections_max) {
    link->begin = link->end = 0;
    idle_.push_back(std::move(link));
  }
  co_return result;
}

std::shared_ptr<asio::ssl::context> make_tls(
    const ClientSettings& settings, const std::function<std::optional<std::string>(std::string_view)>& find_file,
    const observability::Logger& log) {
  const auto find = [&find_file](const std::string& name) {
    return find_file ? find_file(name) : std::optional<std::string>{};
  };
  security::ClientTls tls;
  tls.default_trust_store = settings.load_default_trust_store;
  if (settings.load_trust_store) {
    tls.trust_store = find(settings.trust_store);
    tls.trust_store_pass = settings.trust_store_pass;
    if (!tls.trust_store) {
      if (!settings.load_default_trust_store) {
        throw std::runtime_error("there is no trust store file \"" + settings.trust_store + "\" (client.trustStore)");
      }
      log.warn("trust store not found, only the system's authorities are trusted", {{"file", settings.trust_store}});
    }
  }
  if (settings.load_key_store) {
    tls.key_store = find(settings.key_store);
    tls.key_store_pass = settings.key_store_pass;
    tls.key_pass = settings.key_pass;
    if (!tls.key_store) {
      throw std::runtime_error("there is no key store file \"" + settings.key_store + "\" (client.keyStore)");
    }
  }
  return security::make_client_context(tls);
}

}  // namespace

BackendClient::BackendClient(asio::io_context& loop, std::string_view url, const ClientSettings& settings,
                             const std::function<std::optional<std::string>(std::string_view)>& find_file,
                             bool close_each_time, observability::Logger logger) {
  Origin origin = parse_origin(url);
  if (origin.tls) {
    auto tls = make_tls(settings, find_file, logger);
    impl_ = std::make_shared<Pool<TlsStream>>(loop, std::move(origin), settings.connect_timeout, close_each_time,
                                              std::move(tls), settings.verify_hostname);
  } else {
    impl_ = std::make_shared<Pool<TcpSocket>>(loop, std::move(origin), settings.connect_timeout, close_each_time,
                                              nullptr, false);
  }
}

BackendClient::~BackendClient() {
  stop();
}

Task<ClientResult> BackendClient::post(std::string_view path, std::span<const HeaderField> headers,
                                       std::span<const std::string_view> body, ClientLimits limits) {
  return impl_->call(impl_, {"POST", path, headers, body}, limits);
}

Task<ClientResult> BackendClient::get(std::string_view path, ClientLimits limits) {
  return impl_->call(impl_, {"GET", path, {}, {}}, limits);
}

Task<bool> BackendClient::probe(std::chrono::milliseconds limit) {
  return Impl::probe(impl_, limit);
}

void BackendClient::stop() {
  impl_->stop();
}

const std::string& BackendClient::origin() const {
  return impl_->origin.text;
}

}  // namespace sidecar::http
