/// Produces through the sidecar, or another bridge: N keep-alive connections, each sends its next request when the last one
/// is answered. Every answer is checked: a status of 2xx, one offset per record, no error code; the first that is not ends
/// the run. Prints one line of JSON.
#include <fmt/format.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/http_text.hpp"
#include "support/payload.hpp"
#include "support/process.hpp"

namespace sidecar::bench {
namespace {

struct Options {
  std::uint16_t port = 0;
  RequestForm form{.path = "/producers/bench"};
  std::string proof = R"("offset":)";  ///< Stands in an answer once per record; empty: the status has to do.
  std::size_t connections = 16;
  std::size_t records = 100;
  std::size_t value_bytes = 1024;
  double seconds = 2.5;
  double warm_up = 0.5;
  std::size_t total = 0;  ///< Records after which it ends; 0: by time.
  pid_t watched = 0;
};

std::size_t count(std::string_view text, std::string_view what) {
  std::size_t found = 0;
  for (std::size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + what.size())) ++found;
  return found;
}

class Load {
 public:
  explicit Load(const Options& options) : options_(options), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    const auto payloads = make_payloads(2000, options.value_bytes);
    // No request twice in a row, and all of them small enough for this core's caches.
    const std::size_t distinct = std::max<std::size_t>(8, std::min<std::size_t>(500, 2000 / options.records));
    for (std::size_t i = 0; i < distinct; ++i) {
      requests_.push_back(produce_request(options.form, payloads, i * options.records, options.records, options.port));
    }
    peers_.resize(options.connections);
    for (auto& peer : peers_) {
      peer.socket = connect_to(options.port);
      epoll_event event{.events = EPOLLIN, .data = {.ptr = &peer}};
      ::epoll_ctl(epoll_, EPOLL_CTL_ADD, peer.socket, &event);
    }
    for (auto& peer : peers_) ask(peer);
  }

  /// Until every record is answered.
  void run_to_end() {
    while (answered_ * options_.records < options_.total) run_for(0.05);
  }

  void run_for(double seconds) {
    const auto end = monotonic_ns() + static_cast<std::int64_t>(seconds * 1e9);
    std::array<epoll_event, 256> events{};
    auto last_answer = monotonic_ns();
    for (auto now = last_answer; now < end; now = monotonic_ns()) {
      const int ready = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 100);
      if (ready > 0) last_answer = now;
      if (now - last_answer > 10'000'000'000) throw std::runtime_error("no answer for 10 s");
      for (int i = 0; i < ready; ++i) {
        auto& peer = *static_cast<Peer*>(events[static_cast<std::size_t>(i)].data.ptr);
        const auto what = events[static_cast<std::size_t>(i)].events;
        if ((what & EPOLLOUT) != 0) send(peer);
        if ((what & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) listen(peer);
      }
    }
  }

  /// Forgets what was counted.
  void begin() {
    answered_ = 0;
    latencies_.clear();
    latencies_.reserve(1'000'000);
  }
  [[nodiscard]] std::uint64_t records() const { return answered_ * options_.records; }
  [[nodiscard]] std::uint64_t requests() const { return answered_; }
  std::vector<std::int64_t>& latencies() { return latencies_; }

 private:
  struct Peer {
    int socket = -1;
    bool waits_to_send = false;
    std::int64_t asked_at = 0;
    Outbox out;
    Inbox in;
  };

  void ask(Peer& peer) {
    if (options_.total != 0 && next_ * options_.records >= options_.total) return;
    peer.asked_at = monotonic_ns();
    peer.out.rest = requests_[next_++ % requests_.size()];
    send(peer);
  }

  void send(Peer& peer) {
    const bool more = !peer.out.send(peer.socket);
    if (more == peer.waits_to_send) return;
    peer.waits_to_send = more;
    epoll_event event{.events = more ? EPOLLIN | EPOLLOUT : EPOLLIN, .data = {.ptr = &peer}};
    ::epoll_ctl(epoll_, EPOLL_CTL_MOD, peer.socket, &event);
  }

  void listen(Peer& peer) {
    if (!peer.in.receive(peer.socket)) throw std::runtime_error("the server closed a connection");
    const auto text = peer.in.text();
    const auto head = parse_head(text);
    if (!head || text.size() < head->head_bytes + head->body_bytes) return;
    check(*head, text.substr(head->head_bytes, head->body_bytes));
    peer.in.use(head->head_bytes + head->body_bytes);
    ++answered_;
    latencies_.push_back(monotonic_ns() - peer.asked_at);
    ask(peer);
  }

  void check(const Head& head, std::string_view body) const {
    const bool good = head.start_line.starts_with("HTTP/1.1 2");
    const bool all = options_.proof.empty() || count(body, options_.proof) == options_.records;
    // Some bridges say `"error_code":null` for what is well.
    if (good && all && !body.contains("errorCode")) return;
    throw std::runtime_error(fmt::format("not the answer to {} records: {}: {}", options_.records, head.start_line,
                                         body.substr(0, 300)));
  }

  const Options& options_;
  int epoll_;
  std::vector<std::string> requests_;
  std::size_t next_ = 0;
  std::vector<Peer> peers_;
  std::uint64_t answered_ = 0;
  std::vector<std::int64_t> latencies_;
};

void run(const Options& options) {
  Load load(options);
  if (options.total != 0) {
    load.run_to_end();
    fmt::print("{{\"records\":{},\"requests\":{}}}\n", load.records(), load.requests());
    return;
  }
  load.run_for(options.warm_up);
  load.begin();
  const auto cpu = options.watched != 0 ? cpu_seconds(options.watched) : 0;
  const auto start = monotonic_ns();
  load.run_for(options.seconds);
  const auto seconds = static_cast<double>(monotonic_ns() - start) / 1e9;
  const auto measured_cpu = options.watched != 0 ? cpu_seconds(options.watched) - cpu : 0;
  fmt::print(
      "{{\"records\":{},\"requests\":{},\"seconds\":{:.6f},\"cpu_seconds\":{:.6f},\"p50_us\":{:.1f},\"p99_us\":{:.1f}}}\n",
      load.records(), load.requests(), seconds, measured_cpu,
      static_cast<double>(percentile(load.latencies(), 0.5)) / 1e3,
      static_cast<double>(percentile(load.latencies(), 0.99)) / 1e3);
}

}  // namespace
}  // namespace sidecar::bench

int main(int argc, char** argv) {
  sidecar::bench::bound_lifetime(300);
  sidecar::bench::Options options;
  std::string topic;
  CLI::App app{"Posts records to a sidecar, or another HTTP bridge, on 127.0.0.1"};
  app.add_option("--port", options.port)->required();
  app.add_option("--topic", topic, "Short for --path /producers/TOPIC");
  app.add_option("--path", options.form.path)->capture_default_str();
  app.add_option("--content-type", options.form.content_type)->capture_default_str();
  app.add_flag("--bare", options.form.bare, "One record per request, and the body is its value");
  app.add_option("--proof", options.proof, "What stands in an answer once per record; empty: only the status counts")
      ->capture_default_str();
  app.add_option("--connections", options.connections)->check(CLI::Range(1, 10000))->capture_default_str();
  app.add_option("--records", options.records, "Records per request")->check(CLI::Range(1, 10000))->capture_default_str();
  app.add_option("--size", options.value_bytes, "Bytes per value")->capture_default_str();
  app.add_option("--seconds", options.seconds, "Measured time")->capture_default_str();
  app.add_option("--warm-up", options.warm_up, "Seconds before it")->capture_default_str();
  app.add_option("--total", options.total, "Produce this many records, whatever time that takes");
  app.add_option("--pid", options.watched, "Process whose CPU time is told");
  CLI11_PARSE(app, argc, argv);
  if (!topic.empty()) options.form.path = "/producers/" + topic;
  if (options.form.bare) options.records = 1;
  try {
    sidecar::bench::run(options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "http_load: {}\n", error.what());
    return 1;
  }
}
