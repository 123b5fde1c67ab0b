#include "registry/transport.hpp"

#include <curl/curl.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <deque>
#include <exception>
#include <map>
#include <set>
#include <stdexcept>
#include <utility>

#include "registry/answer.hpp"
#include "security/tls_context.hpp"

namespace sidecar::registry {
namespace {

using boost::system::error_code;
using Clock = std::chrono::steady_clock;
using Descriptor = asio::posix::basic_stream_descriptor<LoopExecutor>;

constexpr std::size_t head_bytes_max = 64 << 10;
constexpr long idle_connections_max = 8;

using security::FreeWith;
using MultiHandle = std::unique_ptr<CURLM, FreeWith<curl_multi_cleanup>>;
using EasyHandle = std::unique_ptr<CURL, FreeWith<curl_easy_cleanup>>;
using HeaderList = std::unique_ptr<curl_slist, FreeWith<curl_slist_free_all>>;
using StoreHandle = std::unique_ptr<X509_STORE, FreeWith<X509_STORE_free>>;

void start_curl() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (code != CURLE_OK) throw std::runtime_error(std::string("libcurl does not start: ") + curl_easy_strerror(code));
}

HeaderList make_headers(const Secret& authorization) {
  HeaderList list;
  const auto add = [&list](const std::string& line) {
    auto* const before = list.release();
    list.reset(curl_slist_append(before, line.c_str()));
    if (list) return;
    list.reset(before);
    throw std::bad_alloc{};
  };
  add("Accept: application/vnd.schemaregistry.v1+json, application/vnd.schemaregistry+json, application/json");
  add("Content-Type: application/vnd.schemaregistry.v1+json");
  add("Expect:");
  if (!authorization.empty()) add("Authorization: " + authorization.reveal());
  return list;
}

StoreHandle make_trust(const std::vector<security::CertificateHandle>& certificates) {
  StoreHandle store{X509_STORE_new()};
  if (!store) throw std::bad_alloc{};
  for (const auto& certificate : certificates)
    if (X509_STORE_add_cert(store.get(), certificate.get()) != 1)
      throw std::runtime_error("a certificate of the schema registry's trust store cannot be used");
  // As in Java, a certificate in the store is trusted whether or not it is an authority's own.
  X509_STORE_set_flags(store.get(), X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN);
  return store;
}

/// How one try ended.
struct Outcome {
  bool stopped = false;
  long status = 0;  ///< 0: there was no whole answer.
  std::string body{};
  bool too_large = false;
  std::string problem{};  ///< Continues a sentence that starts with the registry. Empty: there was an answer.
};

}  // namespace

class Transport::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& loop, const RegistrySettings& settings, observability::Logger log);
  ~Impl() { stop(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  static Task<Answer<std::string>> call(std::shared_ptr<Impl> self, Request request, Clock::time_point deadline);
  void stop();

 private:
  class Sleep;
  class Turn;
  struct Transfer;
  /// A socket of libcurl's that is waited for. libcurl owns and closes it.
  struct Watch {
    Watch(const LoopExecutor& executor, curl_socket_t socket) : descriptor(executor), fd(socket) {}
    Descriptor descriptor;
    curl_socket_t fd;
    int wanted = CURL_POLL_NONE;
    bool reading = false;
    bool writing = false;
    bool gone = false;
  };

  static int on_socket(CURL* easy, curl_socket_t fd, int what, void* self, void* watch);
  static int on_timer(CURLM* multi, long milliseconds, void* self);
  static CURLcode on_tls(CURL* easy, void* context, void* self);

  void watch(curl_socket_t fd, int what);
  void unwatch(curl_socket_t fd);
  void arm(const std::shared_ptr<Watch>& watched);
  void act(curl_socket_t fd, int events);

  static Task<Outcome> attempt(std::shared_ptr<Impl> self, const std::string& url, const Request& request,
                               Clock::time_point end);
  static Task<Answer<std::string>> call_any(std::shared_ptr<Impl> self, const Request& request,
                                            Clock::time_point deadline);
  Answer<std::string> judge(const std::string& url, const Request& request, Outcome outcome) const;
  std::string masked(std::string text) const;
  void report(const Answer<std::string>& answer);

  asio::io_context& loop_;
  const std::vector<std::string> urls_;
  const Secret authorization_;
  const std::size_t answer_bytes_max_;
  const std::shared_ptr<const security::KeyStore> key_store_;
  const bool verify_hostname_;
  const observability::Logger log_;

  HeaderList headers_;
  StoreHandle trust_;
  std::size_t preferred_ = 0;  // the URL that answered last
  bool answering_ = true;      // as far as the log knows
  bool stopped_ = false;
  std::set<SteadyTimer*> sleeping_;  // each lives in the frame of a call
  std::deque<SteadyTimer*> queue_;   // calls that wait for their turn; all of them sleep
  std::size_t transfers_ = 0;
  std::map<curl_socket_t, std::shared_ptr<Watch>> watches_;
  SteadyTimer timer_;
  unsigned timer_turn_ = 0;
  MultiHandle multi_;
};

/// A wait that `stop` ends, too.
class Transport::Impl::Sleep {
 public:
  Sleep(Impl& impl, Clock::time_point end) : impl_(impl), timer_(impl.loop_.get_executor(), end) {
    impl_.sleeping_.insert(&timer_);
  }
  ~Sleep() {
    impl_.sleeping_.erase(&timer_);
    std::erase(impl_.queue_, &timer_);
  }
  Sleep(const Sleep&) = delete;
  Sleep& operator=(const Sleep&) = delete;

  [[nodiscard]] SteadyTimer& timer() { return timer_; }
  /// Returns at the end, when the timer is cancelled, or now and then without a reason.
  Task<> wait() {
    error_code ignored;
    co_await timer_.async_wait(asio::redirect_error(use_task, ignored));
  }
  [[nodiscard]] bool over() const { return impl_.stopped_ || Clock::now() >= timer_.expiry(); }

 private:
  Impl& impl_;
  SteadyTimer timer_;
};

/// One of the `transfers_max` places.
class Transport::Impl::Turn {
 public:
  explicit Turn(Impl& impl) : impl_(impl) {}
  ~Turn() {
    if (!held_) return;
    --impl_.transfers_;
    wake_next();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  /// First come, first served. False when there was none until `end`.
  Task<bool> take(Clock::time_point end) {
    Sleep sleep(impl_, end);
    impl_.queue_.push_back(&sleep.timer());
    const auto may_start = [&] { return impl_.queue_.front() == &sleep.timer() && impl_.transfers_ < transfers_max; };
    while (!may_start() && !sleep.over()) co_await sleep.wait();
    held_ = may_start() && !impl_.stopped_;
    std::erase(impl_.queue_, &sleep.timer());
    if (held_) ++impl_.transfers_;
    wake_next();
    co_return held_;
  }

 private:
  void wake_next() {
    if (impl_.transfers_ < transfers_max && !impl_.queue_.empty()) impl_.queue_.front()->cancel();
  }

  Impl& impl_;
  bool held_ = false;
};

/// One request of libcurl's, from its start to its end or until it is given up.
struct Transport::Impl::Transfer {
  Transfer(Impl& impl, const std::string& url, const Request& request, Clock::time_point end);
  ~Transfer() { curl_multi_remove_handle(owner.multi_.get(), easy.get()); }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* transfer);
  static std::size_t on_head(char* data, std::size_t size, std::size_t count, void* transfer);
  Outcome outcome();

  Impl& owner;
  EasyHandle easy;
  Sleep sleep;
  std::array<char, CURL_ERROR_SIZE> why{};
  std::string body;
  std::size_t head_bytes = 0;
  bool too_large = false;
  bool done = false;
  CURLcode code = CURLE_OK;
};

Transport::Impl::Transfer::Transfer(Impl& impl, const std::string& url, const Request& request, Clock::time_point end)
    : owner(impl), easy(curl_easy_init()), sleep(impl, end) {
  if (!easy) throw std::bad_alloc{};
  const auto set = [this](CURLoption option, auto value) {
    if (const auto error = curl_easy_setopt(easy.get(), option, value); error != CURLE_OK)
      throw std::runtime_error(std::string("libcurl does not take an option: ") + curl_easy_strerror(error));
  };
  set(CURLOPT_URL, (url + request.path).c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_PROXY, "");
  set(CURLOPT_NOSIGNAL, 1L);
  // A look-up in the name service that was given up must not hold the loop until its thread ends.
  set(CURLOPT_QUICK_EXIT, 1L);
  set(CURLOPT_HTTPHEADER, impl.headers_.get());
  if (request.body) {
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body->size()));
    set(CURLOPT_POSTFIELDS, request.body->data());  // not copied: the call keeps it
  }
  set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  set(CURLOPT_WRITEDATA, static_cast<void*>(this));
  set(CURLOPT_HEADERFUNCTION, &Transfer::on_head);
  set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(CURLOPT_ERRORBUFFER, why.data());
  set(CURLOPT_PRIVATE, static_cast<void*>(this));
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, impl.verify_hostname_ ? 2L : 0L);
  if (impl.trust_) {
    set(CURLOPT_CAINFO, static_cast<const char*>(nullptr));
    set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  }
  if (impl.trust_ || impl.key_store_) {
    set(CURLOPT_SSL_CTX_FUNCTION, &Impl::on_tls);
    set(CURLOPT_SSL_CTX_DATA, static_cast<void*>(&impl));
  }
  if (curl_multi_add_handle(impl.multi_.get(), easy.get()) != CURLM_OK) throw std::bad_alloc{};
}

std::size_t Transport::Impl::Transfer::on_body(char* data, std::size_t size, std::size_t count, void* transfer) {
  auto& self = *static_cast<Transfer*>(transfer);
  const std::size_t bytes = size * count;
  self.too_large = bytes > self.owner.answer_bytes_max_ - self.body.size();
  if (self.too_large) return CURL_WRITEFUNC_ERROR;
  self.body.append(data, bytes);
  return bytes;
}

std::size_t Transport::Impl::Transfer::on_head(char*, std::size_t size, std::size_t count, void* transfer) {
  auto& self = *static_cast<Transfer*>(transfer);
  self.head_bytes += size * count;
  self.too_large = self.head_bytes > head_bytes_max;
  return self.too_large ? CURL_WRITEFUNC_ERROR : size * count;
}

Outcome Transport::Impl::Transfer::outcome() {
  if (owner.stopped_) return {.stopped = true};
  if (!done) return {.problem = "did not answer in time"};
  if (too_large) return {.too_large = true, .problem = "answered with too many bytes"};
  if (code != CURLE_OK)
    return {.problem = std::string("gave no answer: ") + (why[0] != '\0' ? why.data() : curl_easy_strerror(code))};
  Outcome outcome;
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &outcome.status);
  outcome.body = std::move(body);
  return outcome;
}

Transport::Impl::Impl(asio::io_context& loop, const RegistrySettings& settings, observability::Logger log)
    : loop_(loop),
      urls_(settings.urls),
      authorization_(settings.authorization),
      answer_bytes_max_(settings.answer_bytes_max),
      key_store_(settings.key_store),
      verify_hostname_(settings.verify_hostname),
      log_(std::move(log)),
      headers_(make_headers(settings.authorization)),
      trust_(settings.trusted ? make_trust(*settings.trusted) : nullptr),
      timer_(loop.get_executor()) {
  if (urls_.empty()) throw std::invalid_argument("a schema registry needs a URL");
  const auto is_plain = [](const std::string& url) { return url.starts_with("http://"); };
  if (!authorization_.empty() && std::ranges::any_of(urls_, is_plain))
    log_.warn("credentials go to the schema registry in clear text");
  start_curl();
  multi_.reset(curl_multi_init());
  if (!multi_) throw std::bad_alloc{};
  curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETFUNCTION, &Impl::on_socket);
  curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_.get(), CURLMOPT_TIMERFUNCTION, &Impl::on_timer);
  curl_multi_setopt(multi_.get(), CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_.get(), CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING));
  curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, idle_connections_max);
}

int Transport::Impl::on_socket(CURL*, curl_socket_t fd, int what, void* self, void*) {
  auto& impl = *static_cast<Impl*>(self);
  if (what == CURL_POLL_REMOVE) {
    impl.unwatch(fd);
  } else {
    impl.watch(fd, what);
  }
  return 0;
}

void Transport::Impl::watch(curl_socket_t fd, int what) {
  if (stopped_) return;
  auto& watched = watches_[fd];
  if (!watched) {
    watched = std::make_shared<Watch>(loop_.get_executor(), fd);
    error_code error;
    watched->descriptor.assign(fd, error);
    // Without events the call ends at its deadline.
    if (error) log_.warn("a connection to the schema registry cannot be watched", {{"reason", error.message()}});
  }
  watched->wanted = what;
  arm(watched);
}

void Transport::Impl::unwatch(curl_socket_t fd) {
  const auto at = watches_.find(fd);
  if (at == watches_.end()) return;
  at->second->gone = true;
  if (at->second->descriptor.is_open()) (void)at->second->descriptor.release();
  watches_.erase(at);
}

/// Waits for what libcurl wants to know of a socket. The handlers are not called inside this function.
void Transport::Impl::arm(const std::shared_ptr<Watch>& watched) {
  const auto wait = [&](int event, bool Watch::* waiting, Descriptor::wait_type type, int ready) {
    if ((watched->wanted & event) == 0 || (*watched).*waiting) return;
    (*watched).*waiting = true;
    watched->descriptor.async_wait(type, [self = shared_from_this(), watched, event, waiting, ready](error_code error) {
      (*watched).*waiting = false;
      if (watched->gone || error == asio::error::operation_aborted) return;
      if ((watched->wanted & event) != 0) self->act(watched->fd, error ? CURL_CSELECT_ERR : ready);
      if (!watched->gone && !error) self->arm(watched);
    });
  };
  wait(CURL_POLL_IN, &Watch::reading, Descriptor::wait_read, CURL_CSELECT_IN);
  wait(CURL_POLL_OUT, &Watch::writing, Descriptor::wait_write, CURL_CSELECT_OUT);
}

int Transport::Impl::on_timer(CURLM*, long milliseconds, void* self) {
  auto& impl = *static_cast<Impl*>(self);
  const auto turn = ++impl.timer_turn_;
  if (milliseconds < 0) {
    impl.timer_.cancel();
    return 0;
  }
  impl.timer_.expires_after(std::chrono::milliseconds(milliseconds));
  impl.timer_.async_wait([owner = impl.weak_from_this(), turn](error_code error) {
    const auto alive = owner.lock();
    if (error || !alive || turn != alive->timer_turn_) return;
    alive->act(CURL_SOCKET_TIMEOUT, 0);
  });
  return 0;
}

CURLcode Transport::Impl::on_tls(CURL*, void* context, void* self) {
  auto& impl = *static_cast<Impl*>(self);
  auto* ssl = static_cast<SSL_CTX*>(context);
  try {
    if (impl.trust_) SSL_CTX_set1_cert_store(ssl, impl.trust_.get());
    if (impl.key_store_) security::use_key(ssl, *impl.key_store_, "the schema registry's key store");
  } catch (const std::exception& error) {
    impl.log_.error("TLS to the schema registry cannot be set up", {{"reason", error.what()}});
    return CURLE_SSL_CERTPROBLEM;
  }
  return CURLE_OK;
}

/// Lets libcurl go on, and wakes the calls whose transfers have ended.
void Transport::Impl::act(curl_socket_t fd, int events) {
  if (stopped_) return;
  int running = 0;
  curl_multi_socket_action(multi_.get(), fd, events, &running);
  int left = 0;
  while (const auto* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    char* transfer = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    auto& ended = *reinterpret_cast<Transfer*>(transfer);
    ended.done = true;
    ended.code = message->data.result;
    ended.sleep.timer().cancel();
  }
}

void Transport::Impl::stop() {
  if (stopped_) return;
  stopped_ = true;
  for (auto* timer : sleeping_) timer->cancel();
  ++timer_turn_;
  timer_.cancel();
  // libcurl says no more about its sockets: nobody waits for them.
  while (!watches_.empty()) unwatch(watches_.begin()->first);
}

Task<Outcome> Transport::Impl::attempt(std::shared_ptr<Impl> self, const std::string& url, const Request& request,
                                       Clock::time_point end) {
  Turn turn(*self);
  const bool started = co_await turn.take(end);
  if (self->stopped_) co_return Outcome{.stopped = true};
  if (!started) co_return Outcome{.problem = "did not answer in time"};
  Transfer transfer(*self, url, request, end);
  while (!transfer.done && !transfer.sleep.over()) co_await transfer.sleep.wait();
  co_return transfer.outcome();
}

Task<Answer<std::string>> Transport::Impl::call_any(std::shared_ptr<Impl> self, const Request& request,
                                                    Clock::time_point deadline) {
  std::string last = "the schema registry did not answer in time";
  constexpr int rounds = 2;
  for (int round = 0; round < rounds; ++round) {
    bool answered = false;
    const std::size_t first = self->preferred_;
    for (std::size_t i = 0; i < self->urls_.size(); ++i) {
      const auto now = Clock::now();
      if (now >= deadline) co_return failure(Failure::Kind::unavailable, last);
      const std::size_t at = (first + i) % self->urls_.size();
      const std::string& url = self->urls_[at];
      const auto share = (deadline - now) / static_cast<long>(self->urls_.size() - i);
      Outcome outcome = co_await attempt(self, url, request, now + share);
      if (outcome.stopped) co_return failure(Failure::Kind::unavailable, "the sidecar stops");
      if (outcome.too_large || (outcome.status != 0 && outcome.status < 500)) {
        self->preferred_ = at;
        co_return self->judge(url, request, std::move(outcome));
      }
      answered |= outcome.status != 0;
      last = self->judge(url, request, std::move(outcome)).error().text;
    }
    if (answered || round + 1 == rounds) break;
    Sleep pause(*self, std::min(deadline, Clock::now() + retry_pause));
    while (!pause.over()) co_await pause.wait();
    if (self->stopped_) co_return failure(Failure::Kind::unavailable, "the sidecar stops");
  }
  co_return failure(Failure::Kind::unavailable, last);
}

/// What an outcome means; see the head of the class.
Answer<std::string> Transport::Impl::judge(const std::string& url, const Request& request, Outcome outcome) const {
  const auto unavailable = [&](const std::string& what) {
    return failure(Failure::Kind::unavailable, masked("the schema registry at " + url + " " + what));
  };
  if (!outcome.problem.empty()) return unavailable(outcome.problem);
  if (outcome.status >= 200 && outcome.status < 300) return std::move(outcome.body);
  const std::string answered = "answered " + std::to_string(outcome.status);
  if (outcome.status < 400) return unavailable(answered + ", which is not followed");
  const auto error = parse_error_answer(outcome.body);
  const auto with_reason = [&](const std::string& text) {
    return error && !error->message.empty() ? text + ": " + error->message : text;
  };
  constexpr std::array<long, 4> passing{401, 403, 408, 429};
  if (outcome.status >= 500 || std::ranges::find(passing, outcome.status) != passing.end())
    return unavailable(with_reason(answered));
  if (outcome.status == 404) {
    // 404 alone is what any server says about a path that it does not know.
    constexpr std::int64_t first = 40400;
    constexpr std::int64_t last = 40499;
    const bool is_the_registrys = error && error->code >= first && error->code <= last;
    if (!is_the_registrys && !request.any_404_counts) return unavailable(with_reason(answered));
    return failure(Failure::Kind::not_found, masked(with_reason("not found")));
  }
  if (!error) return unavailable(answered + ", but not as a schema registry does");
  return failure(Failure::Kind::refused,
                 masked(error->message.empty() ? "the schema registry " + answered : error->message));
}

/// An answer may repeat what was sent.
std::string Transport::Impl::masked(std::string text) const {
  const std::string& header = authorization_.reveal();
  const auto credentials = std::string_view(header).substr(header.find(' ') + 1);
  if (credentials.empty()) return text;
  for (auto at = text.find(credentials); at != std::string::npos; at = text.find(credentials, at))
    text.replace(at, credentials.size(), Secret::masked);
  return text;
}

/// One line when the registry is lost and one when it is back, whatever the number of calls.
void Transport::Impl::report(const Answer<std::string>& answer) {
  if (stopped_) return;
  const bool answering = answer || answer.error().kind != Failure::Kind::unavailable;
  if (answering && !answering_) log_.info("schema registry answers again");
  if (!answering && answering_) log_.warn("schema registry does not answer", {{"reason", answer.error().text}});
  answering_ = answering;
}

Task<Answer<std::string>> Transport::Impl::call(std::shared_ptr<Impl> self, Request request,
                                                Clock::time_point deadline) {
  if (self->stopped_) co_return failure(Failure::Kind::unavailable, "the sidecar stops");
  auto answer = co_await call_any(self, request, deadline);
  self->report(answer);
  co_return answer;
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (plain.find(c) != std::string_view::npos) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += digits[byte >> 4U];
    out += digits[byte & 0xFU];
  }
  return out;
}

Transport::Transport(asio::io_context& loop, const RegistrySettings& settings, observability::Logger log)
    : impl_(std::make_shared<Impl>(loop, settings, std::move(log))) {}

Transport::~Transport() {
  stop();
}

Task<Answer<std::string>> Transport::call(Request request, std::chrono::steady_clock::time_point deadline) {
  return Impl::call(impl_, std::move(request), deadline);
}

void Transport::stop() {
  impl_->stop();
}

}  // namespace sidecar::registry
