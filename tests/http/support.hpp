/// A server on loopback and a client that sends exact bytes.
#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "http/chain.hpp"
#include "http/router.hpp"
#include "http/server.hpp"

namespace sidecar::http::test {

/// Loops with a thread each, stopped and joined on destruction.
class Loops {
 public:
  explicit Loops(std::size_t count);
  ~Loops();
  [[nodiscard]] std::vector<asio::io_context*> all();
  asio::io_context& first() { return *contexts_.front(); }
  /// Runs `task` on the first loop and waits for it.
  void run(std::function<Task<>()> task);
  /// Runs `call` on the first loop and waits for it.
  void call(std::function<void()> call);

 private:
  using Guard = asio::executor_work_guard<LoopExecutor>;
  std::vector<std::unique_ptr<asio::io_context>> contexts_;
  std::vector<Guard> guards_;
  std::vector<std::thread> threads_;
};

/// Plain HTTP on a free port of 127.0.0.1.
[[nodiscard]] ServerSettings loopback_settings();

/// A server that is stopped before its loops.
class TestServer {
 public:
  TestServer(ServerSettings settings, Router router, std::size_t loops = 1, HttpServer::Options options = {},
             observability::Logger log = {});
  ~TestServer();
  [[nodiscard]] std::uint16_t port() const { return server_->port(); }
  [[nodiscard]] HttpServer::Counters counters() const { return server_->counters(); }
  void stop(std::chrono::milliseconds grace);
  Loops& loops() { return loops_; }

 private:
  Loops loops_;
  std::unique_ptr<HttpServer> server_;
  bool stopped_ = false;
};

struct Answer {
  int status = 0;
  std::string head;  ///< Status line and fields, each with its CRLF.
  std::string body;
  [[nodiscard]] std::optional<std::string> field(std::string_view name) const;
};

/// A blocking socket that gives up after five seconds.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  RawClient(RawClient&& other) noexcept : fd_(std::exchange(other.fd_, -1)), pending_(std::move(other.pending_)) {}

  bool send(std::string_view bytes);
  void finish_sending();
  void close();
  void reset();  ///< Closes with a reset.
  /// Everything up to the end of the stream.
  std::string read_all();
  /// One answer; nothing when the stream ends before it is complete. `head_only`: it has no body whatever it says.
  std::optional<Answer> read_answer(bool head_only = false);
  /// True when the peer ends the connection within `limit` without sending anything more.
  bool closed_within(std::chrono::milliseconds limit);
  /// True when nothing arrives for `time`.
  bool silent_for(std::chrono::milliseconds time);

 private:
  bool fill();
  int fd_ = -1;
  std::string pending_;
};

/// One connection of a ScriptedPeer; blocking, gives up after five seconds.
class PeerConnection {
 public:
  explicit PeerConnection(int fd) : fd_(fd) {}
  ~PeerConnection() { close(); }
  PeerConnection(const PeerConnection&) = delete;
  PeerConnection& operator=(const PeerConnection&) = delete;
  /// Head and body (by its Content-Length) of the next request; empty when the stream ends.
  std::string read_request();
  bool send(std::string_view bytes);
  void close();
  void reset();
  /// True when the client ends the connection.
  bool wait_for_end();

 private:
  int fd_;
  std::string pending_;
};

/// A listener on 127.0.0.1 that runs one script per accepted connection, in their order, each in its own thread.
/// Further connections are closed at once.
class ScriptedPeer {
 public:
  using Script = std::function<void(PeerConnection&)>;
  explicit ScriptedPeer(std::vector<Script> scripts);
  ~ScriptedPeer();
  ScriptedPeer(const ScriptedPeer&) = delete;
  ScriptedPeer& operator=(const ScriptedPeer&) = delete;
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] int accepted() const { return accepted_; }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  int listener_;
  std::uint16_t port_ = 0;
  std::atomic<int> accepted_{0};
  std::vector<Script> scripts_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

/// Sends one request on a connection of its own.
Answer exchange(std::uint16_t port, std::string_view bytes);
/// The answers in `stream`, for requests that are not HEAD.
std::vector<Answer> split_answers(std::string_view stream);

/// Waits for a condition, five seconds at most.
[[nodiscard]] bool eventually(const std::function<bool()>& condition);

/// A handler named `body` that takes any body.
[[nodiscard]] Handler any_body_handler();
/// 200 with this text.
[[nodiscard]] Endpoint text_endpoint(std::string text);

}  // namespace sidecar::http::test
