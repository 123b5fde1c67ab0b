/// A backend that accepts every record at once: an HTTP/1.1 server that answers a batch with as many
/// `{"processed":true}` as it holds records. Prints `{"port":N}` and runs until it is ended.
///
///   POST anything   a batch
///   GET /counts     {"records":N,"batches":N,"at_ns":T}
///   GET /ages       {"ages_ns":[[number,age],...]} of stamped records (--stamps)
///   GET anything    200, for health checks
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <deque>
#include <exception>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "support/http_text.hpp"
#include "support/payload.hpp"
#include "support/process.hpp"

namespace sidecar::bench {
namespace {

struct Options {
  std::uint16_t port = 0;
  std::string record_start = R"({"topic":)";
  std::size_t record_bytes = 1024;
  int delay_ms = 0;
  bool stamps = false;
};

class Sink {
 public:
  explicit Sink(const Options& options)
      : options_(options), epoll_(::epoll_create1(EPOLL_CLOEXEC)), listener_(listen_on(options.port)) {
    epoll_event event{.events = EPOLLIN, .data = {.ptr = nullptr}};
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_, &event);
    fmt::print("{{\"port\":{}}}\n", port_of(listener_));
    std::fflush(stdout);
  }

  [[noreturn]] void run() {
    std::array<epoll_event, 64> events{};
    for (;;) {
      const int ready = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), wait_ms());
      for (int i = 0; i < ready; ++i) {
        auto* const peer = static_cast<Peer*>(events[static_cast<std::size_t>(i)].data.ptr);
        if (peer == nullptr) {
          accept_all();
        } else {
          serve(*peer);
        }
      }
      answer_late();
    }
  }

 private:
  struct Peer {
    int socket = -1;
    Inbox in;
  };
  struct Late {
    std::int64_t due = 0;
    int socket = -1;
    const std::string* answer = nullptr;
  };

  [[nodiscard]] int wait_ms() const {
    if (late_.empty()) return -1;
    return static_cast<int>(std::max<std::int64_t>(0, (late_.front().due - monotonic_ns() + 999'999) / 1'000'000));
  }

  void answer_late() {
    while (!late_.empty() && late_.front().due <= monotonic_ns()) {
      if (peers_.contains(late_.front().socket)) send(late_.front().socket, *late_.front().answer);
      late_.pop_front();
    }
  }

  void accept_all() {
    for (;;) {
      const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (socket < 0) return;
      const int yes = 1;
      ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
      auto peer = std::make_unique<Peer>();
      peer->socket = socket;
      epoll_event event{.events = EPOLLIN, .data = {.ptr = peer.get()}};
      ::epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event);
      peers_[socket] = std::move(peer);
    }
  }

  void serve(Peer& peer) {
    bool open = false;
    try {
      open = peer.in.receive(peer.socket);
      while (open) {
        const auto text = peer.in.text();
        const auto head = parse_head(text);
        if (!head || text.size() < head->head_bytes + head->body_bytes) return;
        const auto body = text.substr(head->head_bytes, head->body_bytes);
        if (head->start_line.starts_with("POST ")) {
          take_batch(peer.socket, body);
        } else {
          tell(peer.socket, head->start_line);
        }
        open = !head->close;
        peer.in.use(head->head_bytes + head->body_bytes);
      }
    } catch (const std::exception&) {
      open = false;  // a reset connection; the sidecar was killed
    }
    const int socket = peer.socket;
    ::close(socket);
    peers_.erase(socket);
  }

  /// Records are counted by their beginning. Each is longer than its value, so the search goes on that far behind it:
  /// counting costs next to nothing, whatever the size.
  [[nodiscard]] std::size_t count_records(std::string_view body) const {
    std::size_t records = 0;
    std::size_t at = body.find(options_.record_start);
    while (at != std::string_view::npos) {
      ++records;
      at = body.find(options_.record_start, at + options_.record_start.size() + options_.record_bytes);
    }
    return records;
  }

  void take_batch(int socket, std::string_view body) {
    const auto records = count_records(body);
    records_ += records;
    ++batches_;
    if (options_.stamps) {
      const auto now = monotonic_ns();
      std::size_t from = 0;
      while (const auto stamp = next_stamp(body, from)) ages_.push_back({stamp->number, now - stamp->produced_at_ns});
    }
    auto& answer = answers_[records];
    if (!answer) answer = std::make_unique<std::string>(json_answer(results(records)));
    if (options_.delay_ms > 0) {
      late_.push_back({monotonic_ns() + options_.delay_ms * std::int64_t{1'000'000}, socket, answer.get()});
    } else {
      send(socket, *answer);
    }
  }

  static std::string results(std::size_t records) {
    std::string text = "[";
    for (std::size_t i = 0; i < records; ++i) text += i == 0 ? R"({"processed":true})" : R"(,{"processed":true})";
    return text + ']';
  }

  static std::string json_answer(std::string_view body) {
    return fmt::format("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}", body.size(),
                       body);
  }

  void tell(int socket, std::string_view request_line) {
    std::string body = "{}";
    if (request_line.starts_with("GET /counts ")) {
      body = fmt::format(R"({{"records":{},"batches":{},"at_ns":{}}})", records_, batches_, monotonic_ns());
    } else if (request_line.starts_with("GET /ages ")) {
      body = R"({"ages_ns":[)";
      for (const auto& age : ages_) {
        fmt::format_to(std::back_inserter(body), "{}[{},{}]", &age == &ages_.front() ? "" : ",", age.number, age.ns);
      }
      body += "]}";
    }
    send(socket, json_answer(body));
  }

  /// Answers are small: the socket takes them whole unless the peer does not read, and then it is given up.
  static void send(int socket, std::string_view answer) {
    Outbox out{answer};
    if (!out.send(socket)) throw std::runtime_error("the peer does not read its answers");
  }

  struct Age {
    std::int64_t number = 0;
    std::int64_t ns = 0;
  };

  const Options& options_;
  int epoll_;
  int listener_;
  std::unordered_map<int, std::unique_ptr<Peer>> peers_;
  std::unordered_map<std::size_t, std::unique_ptr<std::string>> answers_;  // by number of records
  std::deque<Late> late_;
  std::uint64_t records_ = 0;
  std::uint64_t batches_ = 0;
  std::vector<Age> ages_;
};

}  // namespace
}  // namespace sidecar::bench

int main(int argc, char** argv) {
  sidecar::bench::bound_lifetime();
  sidecar::bench::Options options;
  CLI::App app{"A backend that accepts every record"};
  app.add_option("--port", options.port, "0: any free one")->capture_default_str();
  app.add_option("--size", options.record_bytes, "Bytes per value, or fewer")->capture_default_str();
  app.add_option("--delay-ms", options.delay_ms, "Time until a batch is answered")->capture_default_str();
  app.add_flag("--stamps", options.stamps, "Keep the age of stamped records");
  CLI11_PARSE(app, argc, argv);
  try {
    sidecar::bench::Sink(options).run();
  } catch (const std::exception& error) {
    fmt::print(stderr, "sink_backend: {}\n", error.what());
    return 1;
  }
}
