#include "http/connection.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <charconv>
#include <cstring>
#include <ctime>
#include <type_traits>

#include "base/tracing.hpp"
#include "http/chain.hpp"
#include "http/chunked.hpp"
#include "http/own_addresses.hpp"
#include "http/text.hpp"

namespace sidecar::http {
namespace {

using boost::system::error_code;
using TlsStream = asio::ssl::stream<TcpSocket>;

/// Holds a head and a small body, so that such a request costs one receive.
constexpr std::size_t buffer_bytes = 8192;
/// Room kept behind a head for the framing of chunks.
constexpr std::size_t chunk_room = 4096;
/// A closing connection takes this much more from its peer, for this long: a close with unread bytes would reset the
/// connection and could destroy the answer on its way.
constexpr std::chrono::milliseconds linger_time{1000};
constexpr std::size_t linger_bytes_max = 1 << 20;

std::string make_date_line(std::time_t second) {
  std::tm utc{};
  ::gmtime_r(&second, &utc);
  std::array<char, 64> text{};
  // The C locale is never changed by this process, so the names are the English ones that RFC 9110 asks for.
  const auto length = std::strftime(text.data(), text.size(), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &utc);
  return {text.data(), length};
}

void append_number(std::string& out, std::size_t number) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

bool has_body(std::uint16_t status) {
  return status >= 200 && status != 204 && status != 304;
}

/// Takes a request off the count when its answer is out.
class RequestCount {
 public:
  RequestCount() = default;
  ~RequestCount() {
    if (load_ != nullptr) load_->requests.fetch_sub(1, std::memory_order_relaxed);
  }
  RequestCount(const RequestCount&) = delete;
  RequestCount& operator=(const RequestCount&) = delete;
  /// False when there are `max` already.
  bool take(Load& load, std::size_t max) {
    if (!Load::take(load.requests, 1, max)) return false;
    load_ = &load;
    return true;
  }

 private:
  Load* load_ = nullptr;
};

template <class Stream>
class Connection final : public ConnectionBase, public BodySource {
 public:
  static constexpr bool is_tls = std::is_same_v<Stream, TlsStream>;

  Connection(std::shared_ptr<LoopConnections> loop, Stream stream, Share share)
      : loop_(std::move(loop)), stream_(std::move(stream)), share_(share), parser_(core().head_limits) {
    loop_->add(*this);
    error_code ignored;
    socket().set_option(asio::ip::tcp::no_delay(true), ignored);
    socket().non_blocking(true, ignored);
    const auto peer = socket().remote_endpoint(ignored);
    exchange_.request.peer = plain_address(peer.address());
    exchange_.request.status = core().status;
    exchange_.body = this;
  }
  ~Connection() override {
    loop_->remove(*this);
    core().load->connections.fetch_sub(1, std::memory_order_relaxed);
  }

  static Task<> run(std::shared_ptr<Connection> self) {
    try {
      co_await self->serve();
    } catch (const std::exception& e) {  // memory, or a broken promise of ours: this connection ends, the others go on
      self->core().log.error("connection failed", {{"cause", e.what()}});
    }
    self->close_now();
  }

  void expire() override {
    deadline = LoopConnections::Clock::time_point::max();
    if (phase_ != Phase::head && phase_ != Phase::body) return close_now();
    expired_ = true;
    error_code ignored;
    socket().cancel(ignored);  // the reader wakes up, answers 408 and closes
  }
  void begin_stop() override {
    if (phase_ == Phase::idle || phase_ == Phase::handshake) close_now();
  }
  void close_now() override {
    error_code ignored;
    socket().close(ignored);
  }

  [[nodiscard]] bool announced() const override { return framing().chunked || surely_not_empty(); }
  [[nodiscard]] bool has_framing() const override { return framing().chunked || framing().content_length.has_value(); }
  [[nodiscard]] bool surely_not_empty() const override { return framing().content_length.value_or(0) > 0; }
  Task<Result<void>> read() override {
    body_taken_ = true;
    if (framing().chunked) return read_chunks();
    return read_sized();
  }

 private:
  enum class Phase : std::uint8_t { handshake, idle, head, body, running, writing, closing };

  [[nodiscard]] const ServerCore& core() const { return loop_->core(); }
  [[nodiscard]] const ServerSettings& settings() const { return core().settings; }
  [[nodiscard]] const Framing& framing() const { return parser_.head().framing; }
  TcpSocket& socket() {
    if constexpr (is_tls) {
      return stream_.next_layer();
    } else {
      return stream_;
    }
  }
  [[nodiscard]] std::string_view unread() const { return {buffer_.get() + begin_, end_ - begin_}; }

  void enter(Phase phase, std::chrono::milliseconds limit) {
    phase_ = phase;
    deadline = loop_->deadline_in(limit);
  }
  void enter(Phase phase) {
    phase_ = phase;
    deadline = LoopConnections::Clock::time_point::max();
  }

  Task<> serve();
  Task<bool> handle_request();
  Task<Result<void>> read_sized();
  Task<Result<void>> read_chunks();
  Task<Result<void>> send_continue();
  Task<bool> write(Response response);
  Task<bool> write_out(Response response);
  bool peer_gone();
  Task<> refuse(Error error);
  Task<> linger();
  Task<> turn_away();

  std::optional<Error> before_chain(Router::Match& match);
  bool skip_unread_body();
  void start_next_request();
  void grow_buffer(std::size_t capacity);
  void reserve_chunk_room();
  void write_head(const Response& response, bool with_body);
  Error broken_body(error_code error);
  Error overloaded(std::string_view limit) { return Error::of(ErrorCode::sidecar_overloaded, {limit, "1"}); }

  std::shared_ptr<LoopConnections> loop_;
  Stream stream_;
  Share share_;
  Phase phase_ = Phase::handshake;
  bool expired_ = false;     // a time limit has passed while reading
  bool lost_ = false;        // the peer is gone: nothing can be answered
  bool last_ = false;        // no further request after this one
  bool body_taken_ = false;  // the chain has read the body of the current request
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;  // first byte behind what the current request has taken
  std::size_t end_ = 0;
  RequestHeadParser parser_;
  Exchange exchange_;
  std::string out_;  // head of the answer
};

template <class Stream>
void Connection<Stream>::grow_buffer(std::size_t capacity) {
  auto grown = std::make_unique_for_overwrite<char[]>(capacity);
  if (end_ > 0) std::memcpy(grown.get(), buffer_.get(), end_);
  buffer_ = std::move(grown);
  capacity_ = capacity;
}

/// Forgets the current request and moves what came behind it to the front of the buffer.
template <class Stream>
void Connection<Stream>::start_next_request() {
  Request& request = exchange_.request;
  request.body.reset();
  request.headers = {};
  request.method = request.path = request.query = request.route = {};
  request.path_parameters.clear();
  request.correlation_id.clear();
  request.traceability_id.clear();
  exchange_.route = nullptr;
  body_taken_ = false;
  parser_.reset();
  const auto rest = end_ - begin_;
  if (capacity_ > buffer_bytes && rest <= buffer_bytes) {  // a large head does not keep its memory
    auto small = std::make_unique_for_overwrite<char[]>(buffer_bytes);
    if (rest > 0) std::memcpy(small.get(), buffer_.get() + begin_, rest);
    buffer_ = std::move(small);
    capacity_ = buffer_bytes;
  } else if (rest > 0 && begin_ > 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, rest);
  }
  begin_ = 0;
  end_ = rest;
}

template <class Stream>
Task<> Connection<Stream>::serve() {
  error_code error;
  if (share_ == Share::none) {
    co_await turn_away();
    co_return;
  }
  enter(Phase::handshake, settings().header_timeout);
  if constexpr (is_tls) {
    co_await stream_.async_handshake(TlsStream::server, asio::redirect_error(use_task, error));
    if (error) {
      core().log.debug("TLS handshake failed", {{"cause", error.message()}});
      co_return;
    }
  }
  grow_buffer(buffer_bytes);
  bool first = true;
  while (true) {
    // A silent new connection has the time limit of a head, a kept one may be idle longer.
    enter(Phase::idle, first ? settings().header_timeout : settings().idle_timeout);
    if (loop_->stopping() && end_ == 0) co_return;
    while (true) {
      const auto progress = parser_.feed({buffer_.get(), end_});
      if (progress == Progress::done) break;
      if (progress == Progress::failed) {
        // Somebody talks HTTP/2 without having asked: an HTTP/1.1 answer would only confuse that parser.
        if (std::string_view{buffer_.get(), end_}.starts_with("PRI * HTTP/2.0\r\n")) co_return;
        co_return co_await refuse(parser_.error().value());
      }
      if (parser_.begun() && phase_ == Phase::idle) {
        if (first) {
          phase_ = Phase::head;  // the clock runs since the connection was made
        } else {
          enter(Phase::head, settings().header_timeout);
        }
      }
      if (end_ == capacity_)
        grow_buffer(std::min(capacity_ * 2, std::max(core().head_limits.head_bytes_max(), capacity_ + 1)));
      const auto got = co_await stream_.async_read_some(asio::buffer(buffer_.get() + end_, capacity_ - end_),
                                                        asio::redirect_error(use_task, error));
      if (error) {
        if (!expired_ || !parser_.begun()) co_return;
        co_return co_await refuse(
            Error::of(ErrorCode::request_timeout, {"request head", std::to_string(settings().header_timeout.count())}));
      }
      end_ += got;
    }
    first = false;
    begin_ = parser_.head_bytes();
    if (!co_await handle_request()) break;
    start_next_request();
  }
  if (!lost_ && phase_ != Phase::closing) co_await linger();
}

/// What is refused before any handler runs. Marks the connection as ending where the message cannot be trusted.
template <class Stream>
std::optional<Error> Connection<Stream>::before_chain(Router::Match& match) {
  const RequestHead& head = parser_.head();
  if (!is_percent_encoded(head.query)) return Error::of(ErrorCode::malformed_request, {"the query cannot be decoded"});
  match = core().router.find(head.method, head.path, exchange_.request.path_parameters);
  const bool reserved = match.route != nullptr && match.route->reserved;
  if (share_ == Share::reserved && !reserved) {
    last_ = true;
    return overloaded("server.maxConnections");
  }
  return std::move(match.error);
}

/// Passes over a body that nobody has read, when it has arrived already. False: the next request cannot be found.
template <class Stream>
bool Connection<Stream>::skip_unread_body() {
  if (body_taken_ || !announced()) return true;
  const auto length = framing().content_length;
  if (!length || *length > end_ - begin_) return false;
  begin_ += static_cast<std::size_t>(*length);
  return true;
}

/// Answers one request. False when the connection is to be closed.
template <class Stream>
Task<bool> Connection<Stream>::handle_request() {
  const RequestHead& head = parser_.head();
  last_ = !head.keep_alive();
  if (last_ && !head.framing.chunked) {
    // Bytes behind the last request of a connection: two parties disagree about where it ends.
    const auto length =
        static_cast<std::size_t>(std::min<std::uint64_t>(head.framing.content_length.value_or(0), end_ - begin_));
    if (unread().substr(length).find_first_not_of("\r\n") != std::string_view::npos) {
      co_await refuse(Error::of(ErrorCode::malformed_request, {"data behind the last request"}));
      co_return false;
    }
  }
  if (head.framing.chunked) reserve_chunk_room();

  Request& request = exchange_.request;
  request.method = head.method;
  request.path = head.path;
  request.query = head.query;
  request.headers = head.fields;
  enter(Phase::running);

  if (head.framing.expect == Expectation::unknown) {
    last_ = true;
    co_return co_await write(
        to_response(Error::of(ErrorCode::malformed_request, {"an unknown expectation"}), 417, request));
  }
  if (head.path == "*") {
    Response response{.status = 204};
    response.headers.emplace_back("Allow", core().router.all_methods());
    co_return co_await write(std::move(response));
  }
  Router::Match match;
  if (auto error = before_chain(match)) {
    Response response = to_response(*error, request);
    if (!match.allow.empty()) response.headers.emplace_back("Allow", std::move(match.allow));
    co_return co_await write(std::move(response));
  }
  RequestCount count;
  if (!match.route->reserved && !count.take(*core().load, settings().requests_in_flight_max)) {
    co_return co_await write(to_response(overloaded("server.maxRequestsInFlight"), request));
  }
  exchange_.route = match.route;
  request.route = match.route->path;

  Response response;
  std::string thrown;
  try {
    response = co_await match.chain->run(exchange_);
  } catch (const std::exception& e) {
    thrown = e.what();
  } catch (...) {
    thrown = "not a std::exception";
  }
  if (!thrown.empty()) {
    core().log.error("request failed", {{"method", request.method}, {"route", request.route}, {"cause", thrown}});
    response = to_response(Error::of(ErrorCode::runtime_exception), request);
  }
  co_return co_await write(std::move(response));
}

template <class Stream>
Error Connection<Stream>::broken_body(error_code) {
  last_ = true;
  if (!expired_) {
    lost_ = true;
    return Error::of(ErrorCode::malformed_request, {"the connection ended inside the body"});
  }
  return Error::of(ErrorCode::request_timeout, {"request body", std::to_string(settings().body_timeout.count())});
}

template <class Stream>
Task<Result<void>> Connection<Stream>::send_continue() {
  static constexpr std::string_view text = "HTTP/1.1 100 Continue\r\n\r\n";
  error_code error;
  co_await asio::async_write(stream_, asio::buffer(text), asio::redirect_error(use_task, error));
  if (error) co_return std::unexpected(broken_body(error));
  co_return Result<void>{};
}

template <class Stream>
Task<Result<void>> Connection<Stream>::read_sized() {
  const std::uint64_t announced_bytes = framing().content_length.value_or(0);
  if (announced_bytes > settings().body_bytes_max) {
    last_ = true;
    co_return std::unexpected(Error::of(ErrorCode::payload_too_large, {std::to_string(settings().body_bytes_max)}));
  }
  const auto length = static_cast<std::size_t>(announced_bytes);
  auto held = std::make_shared<HeldBody>(core().load, settings().bytes_in_flight_max);
  if (!held->reserve(length)) {
    body_taken_ = false;  // what has arrived whole can be passed over
    co_return std::unexpected(overloaded("server.maxBytesInFlight"));
  }
  held->buffer.resize(length);
  std::size_t have = std::min(length, end_ - begin_);
  if (have > 0) std::memcpy(held->buffer.data(), buffer_.get() + begin_, have);
  begin_ += have;
  if (have < length) {
    enter(Phase::body, settings().body_timeout);
    if (have == 0 && framing().expect == Expectation::continue_100) {
      if (auto sent = co_await send_continue(); !sent) co_return sent;
    }
    error_code error;
    while (have < length) {
      have += co_await stream_.async_read_some(asio::buffer(held->buffer.data() + have, length - have),
                                               asio::redirect_error(use_task, error));
      if (error) co_return std::unexpected(broken_body(error));
    }
    enter(Phase::running);
  }
  exchange_.request.body = std::shared_ptr<PaddedBuffer>(held, &held->buffer);
  co_return Result<void>{};
}

/// Chunk framing is read into the buffer behind the head, whose bytes must not move while handlers look at them.
template <class Stream>
void Connection<Stream>::reserve_chunk_room() {
  if (capacity_ - begin_ >= chunk_room) return;
  grow_buffer(begin_ + chunk_room);
  parser_.feed({buffer_.get(), end_});  // the same bytes at a new place: the same outcome
}

template <class Stream>
Task<Result<void>> Connection<Stream>::read_chunks() {
  const auto give_up = [this](Error error) -> Result<void> {
    last_ = true;
    return std::unexpected(std::move(error));
  };
  const std::size_t head_bytes = parser_.head_bytes();
  const std::size_t body_max = settings().body_bytes_max;
  auto held = std::make_shared<HeldBody>(core().load, settings().bytes_in_flight_max);
  PaddedBuffer& body = held->buffer;
  ChunkedDecoder decoder{settings().header_bytes_max, settings().header_fields_max};
  bool asked = framing().expect == Expectation::continue_100 && begin_ == end_;
  error_code error;
  enter(Phase::body, settings().body_timeout);
  while (true) {
    std::string_view input = unread();
    const auto step = decoder.feed(input);
    begin_ = end_ - input.size();
    if (step == ChunkedDecoder::Step::done) break;
    if (step == ChunkedDecoder::Step::failed) {
      co_return give_up(Error::of(ErrorCode::malformed_request, {decoder.reason()}));
    }
    if (step == ChunkedDecoder::Step::more) {
      begin_ = end_ = head_bytes;
      if (asked) {
        asked = false;
        if (auto sent = co_await send_continue(); !sent) co_return sent;
      }
      end_ += co_await stream_.async_read_some(asio::buffer(buffer_.get() + end_, capacity_ - end_),
                                               asio::redirect_error(use_task, error));
      if (error) co_return give_up(broken_body(error));
      continue;
    }
    if (decoder.data_left() > body_max - body.size()) {
      co_return give_up(Error::of(ErrorCode::payload_too_large, {std::to_string(body_max)}));
    }
    const auto needed = body.size() + static_cast<std::size_t>(decoder.data_left());
    if (needed > body.capacity() && !held->reserve(std::min(std::max(needed, body.capacity() * 2), body_max))) {
      co_return give_up(overloaded("server.maxBytesInFlight"));
    }
    std::size_t got = 0;
    const auto at = body.size();
    if (begin_ < end_) {
      got = std::min(needed - at, end_ - begin_);
      std::memcpy(body.data() + at, buffer_.get() + begin_, got);
      begin_ += got;
    } else {
      got = co_await stream_.async_read_some(asio::buffer(body.data() + at, needed - at),
                                             asio::redirect_error(use_task, error));
      if (error) co_return give_up(broken_body(error));
    }
    body.resize(at + got);
    decoder.took(got);
  }
  enter(Phase::running);
  if (last_ && unread().find_first_not_of("\r\n") != std::string_view::npos) {
    co_return give_up(Error::of(ErrorCode::malformed_request, {"data behind the last request"}));
  }
  if (!body.empty()) exchange_.request.body = std::shared_ptr<PaddedBuffer>(held, &held->buffer);
  co_return Result<void>{};
}

template <class Stream>
void Connection<Stream>::write_head(const Response& response, bool with_body) {
  out_.clear();
  out_ += "HTTP/1.1 ";
  append_number(out_, response.status);
  out_ += ' ';
  out_ += reason_phrase(response.status);
  out_ += "\r\n";
  out_ += core().server_line;
  out_ += loop_->date_line();
  if (with_body) {
    if (!response.content_type.empty()) append_field(out_, "Content-Type", response.content_type);
    out_ += "Content-Length: ";
    append_number(out_, response.body.size());
    out_ += "\r\n";
  }
  const Request& request = exchange_.request;
  if (!request.correlation_id.empty()) append_field(out_, correlation_header, request.correlation_id);
  if (!request.traceability_id.empty()) append_field(out_, traceability_header, request.traceability_id);
  for (const auto& [name, value] : response.headers) {
    // An endpoint that lets a caller's text into a header must not let it end the header.
    if (is_token(name) && is_field_value(value)) append_field(out_, name, value);
  }
  if (last_) {
    out_ += "Connection: close\r\n";
  } else if (parser_.head().version == Version::http_1_0) {
    out_ += "Connection: keep-alive\r\n";
  }
  out_ += "\r\n";
}

/// True when the peer has closed its side and nothing of it waits to be read: it will not look at an answer.
template <class Stream>
bool Connection<Stream>::peer_gone() {
  std::array<char, 1> byte{};
  error_code error;
  const auto got = socket().receive(asio::buffer(byte), TcpSocket::message_peek, error);
  return (got == 0 && error == asio::error::eof) || (error && error != asio::error::would_block && error != asio::error::try_again);
}

/// Sends the answer. False when the connection is to be closed.
template <class Stream>
Task<bool> Connection<Stream>::write(Response response) {
  auto sent = std::move(response.sent);
  if (!sent) co_return co_await write_out(std::move(response));
  if (peer_gone()) lost_ = true;
  bool keep = false;
  try {
    keep = co_await write_out(std::move(response));
  } catch (...) {
    sent(false);
    throw;
  }
  sent(!lost_);
  co_return keep;
}

template <class Stream>
Task<bool> Connection<Stream>::write_out(Response response) {
  exchange_.request.body.reset();  // the endpoint is done: its bytes are free before the caller can know
  if (lost_) co_return false;
  if (!skip_unread_body() || loop_->stopping() || share_ == Share::reserved) last_ = true;
  const bool with_body = has_body(response.status);
  write_head(response, with_body);
  std::string_view body = with_body && exchange_.request.method != "HEAD" ? response.body : std::string_view{};
  std::string_view head = out_;
  if constexpr (is_tls) {
    // One record and one send instead of two.
    if (body.size() <= 16384) {
      out_ += body;
      head = out_;
      body = {};
    }
  }
  enter(Phase::writing, settings().idle_timeout);
  while (!head.empty() || !body.empty()) {
    const std::array<asio::const_buffer, 2> buffers{asio::buffer(head), asio::buffer(body)};
    error_code error;
    std::size_t sent = 0;
    if constexpr (is_tls) {
      sent = co_await stream_.async_write_some(buffers, asio::redirect_error(use_task, error));
    } else {
      // Nearly always taken whole by the kernel at once, which saves a turn of the loop.
      sent = stream_.write_some(buffers, error);
      if (error == asio::error::would_block || error == asio::error::try_again) {
        sent = co_await stream_.async_write_some(buffers, asio::redirect_error(use_task, error));
      }
    }
    if (error) {
      lost_ = true;
      co_return false;
    }
    deadline = loop_->deadline_in(settings().idle_timeout);
    const auto of_head = std::min(sent, head.size());
    head.remove_prefix(of_head);
    body.remove_prefix(sent - of_head);
  }
  co_return !last_;
}

/// Answers what could not be understood, and ends the connection.
template <class Stream>
Task<> Connection<Stream>::refuse(Error error) {
  exchange_.request.method = parser_.head().method;
  exchange_.request.headers = parser_.head().fields;
  last_ = true;
  core().log.debug("request refused", {{"cause", error.description}});
  co_await write(to_response(error, exchange_.request));
  if (!lost_) co_await linger();
}

/// Ends our side and waits a little for the peer to end its side.
template <class Stream>
Task<> Connection<Stream>::linger() {
  enter(Phase::closing, linger_time);
  error_code error;
  if constexpr (is_tls) {
    co_await stream_.async_shutdown(asio::redirect_error(use_task, error));
  } else {
    socket().shutdown(TcpSocket::shutdown_send, error);
    std::size_t dropped = 0;
    while (!error && dropped < linger_bytes_max) {
      dropped += co_await stream_.async_read_some(asio::buffer(buffer_.get(), capacity_),
                                                  asio::redirect_error(use_task, error));
    }
  }
}

/// There is no place for this connection: say so without listening.
template <class Stream>
Task<> Connection<Stream>::turn_away() {
  if constexpr (!is_tls) {
    grow_buffer(512);
    error_code error;
    const std::string answer = overload_answer(core());
    stream_.write_some(asio::buffer(answer), error);
    if (!error) co_await linger();
  }
  co_return;
}

template <class Stream>
void spawn(std::shared_ptr<LoopConnections> loop, Stream stream, Share share) {
  const auto executor = loop->context().get_executor();
  auto connection = std::make_shared<Connection<Stream>>(std::move(loop), std::move(stream), share);
  asio::co_spawn(executor, Connection<Stream>::run(std::move(connection)), asio::detached);
}

}  // namespace

LoopConnections::LoopConnections(asio::io_context& context, std::shared_ptr<const ServerCore> core)
    : context_(context), core_(std::move(core)), timer_(context.get_executor()) {
  const auto& s = core_->settings;
  const auto shortest = std::min({s.header_timeout, s.body_timeout, s.idle_timeout, linger_time});
  tick_ = std::clamp(shortest / 8, std::chrono::milliseconds{2}, std::chrono::milliseconds{250});
  read_clock();
}

void LoopConnections::read_clock() {
  now_ = Clock::now();
  const auto second = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  if (second == second_) return;
  second_ = second;
  date_line_ = make_date_line(second);
}

void LoopConnections::arm() {
  timer_.expires_after(tick_);
  timer_.async_wait([weak = weak_from_this()](const error_code& error) {
    const auto self = weak.lock();
    if (error || !self) return;
    self->read_clock();
    // `expire` only cancels or closes; coroutines run later, so the list stays as it is.
    for (ConnectionBase* connection : self->connections_) {
      if (connection->deadline <= self->now_) connection->expire();
    }
    self->ticking_ = !self->connections_.empty();
    if (self->ticking_) self->arm();
  });
}

void LoopConnections::add(ConnectionBase& connection) {
  connection.index = connections_.size();
  connections_.push_back(&connection);
  if (ticking_) return;
  ticking_ = true;
  read_clock();
  arm();
}

void LoopConnections::remove(ConnectionBase& connection) {
  connections_[connection.index] = connections_.back();
  connections_[connection.index]->index = connection.index;
  connections_.pop_back();
}

void LoopConnections::begin_stop() {
  stopping_ = true;
  for (ConnectionBase* connection : connections_) connection->begin_stop();
}

void LoopConnections::close_all() {
  stopping_ = true;
  for (ConnectionBase* connection : connections_) connection->close_now();
}

void serve_connection(std::shared_ptr<LoopConnections> loop, TcpSocket socket, Share share) {
  if (loop->core().tls) {
    TlsStream stream{std::move(socket), *loop->core().tls};
    spawn(std::move(loop), std::move(stream), share);
  } else {
    spawn(std::move(loop), std::move(socket), share);
  }
}

std::string overload_answer(const ServerCore& core) {
  Request request;
  request.status = core.status;
  const auto response = to_response(Error::of(ErrorCode::sidecar_overloaded, {"server.maxConnections", "1"}), request);
  std::string text = "HTTP/1.1 503 Service Unavailable\r\n" + core.server_line;
  append_field(text, "Content-Type", response.content_type);
  append_field(text, "Content-Length", std::to_string(response.body.size()));
  for (const auto& [name, value] : response.headers) append_field(text, name, value);
  return text + "Connection: close\r\n\r\n" + response.body;
}

}  // namespace sidecar::http
