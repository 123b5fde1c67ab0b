#include "http/support.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>
#include <cerrno>
#include <future>
#include <stdexcept>

#include "http/head_parser.hpp"

namespace sidecar::http::test {

using namespace std::chrono_literals;

Loops::Loops(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    contexts_.push_back(std::make_unique<asio::io_context>(1));
    guards_.emplace_back(contexts_.back()->get_executor());
  }
  for (auto& context : contexts_) threads_.emplace_back([&loop = *context] { loop.run(); });
}

Loops::~Loops() {
  for (auto& context : contexts_) context->stop();
  for (auto& thread : threads_) thread.join();
}

std::vector<asio::io_context*> Loops::all() {
  std::vector<asio::io_context*> pointers;
  for (auto& context : contexts_) pointers.push_back(context.get());
  return pointers;
}

void Loops::run(std::function<Task<>()> task) {
  asio::co_spawn(first().get_executor(), std::move(task), asio::use_future).get();
}

void Loops::call(std::function<void()> call) {
  std::promise<void> done;
  asio::post(first(), [&] {
    try {
      call();
      done.set_value();
    } catch (...) {
      done.set_exception(std::current_exception());
    }
  });
  done.get_future().get();
}

ServerSettings loopback_settings() {
  ServerSettings settings;
  settings.ip = "127.0.0.1";
  settings.enable_http = true;
  settings.enable_https = false;
  settings.http_port = 0;
  settings.https_port = 0;
  return settings;
}

TestServer::TestServer(ServerSettings settings, Router router, std::size_t loops, HttpServer::Options options,
                       observability::Logger log)
    : loops_(loops) {
  loops_.call([&] {
    server_ = std::make_unique<HttpServer>(loops_.all(), std::move(settings), std::move(router), std::move(log),
                                           std::move(options));
    server_->start();
  });
}

TestServer::~TestServer() {
  if (!stopped_) stop(0ms);
  loops_.call([this] { server_.reset(); });
}

void TestServer::stop(std::chrono::milliseconds grace) {
  stopped_ = true;
  loops_.run([this, grace] { return server_->stop(grace); });
}

std::optional<std::string> Answer::field(std::string_view name) const {
  std::size_t at = head.find("\r\n") + 2;
  while (at < head.size()) {
    const auto end = head.find("\r\n", at);
    const auto line = std::string_view(head).substr(at, end - at);
    const auto colon = line.find(':');
    if (colon != std::string_view::npos && equal_ignoring_case(line.substr(0, colon), name)) {
      return std::string(trim_blanks(line.substr(colon + 1)));
    }
    at = end + 2;
  }
  return std::nullopt;
}

RawClient::RawClient(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (fd_ < 0) throw std::runtime_error("socket");
  const timeval limit{5, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::close(fd_);
    throw std::runtime_error("connect");
  }
}

RawClient::~RawClient() {
  close();
}

void RawClient::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

void RawClient::reset() {
  const linger now{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close();
}

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void RawClient::finish_sending() {
  ::shutdown(fd_, SHUT_WR);
}

bool RawClient::fill() {
  char block[65536];
  const auto got = ::recv(fd_, block, sizeof block, 0);
  if (got <= 0) return false;
  pending_.append(block, static_cast<std::size_t>(got));
  return true;
}

std::string RawClient::read_all() {
  while (fill()) {
  }
  return std::exchange(pending_, {});
}

std::optional<Answer> RawClient::read_answer(bool head_only) {
  std::size_t head_end = 0;
  while ((head_end = pending_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) return std::nullopt;
  }
  Answer answer;
  answer.head = pending_.substr(0, head_end + 2);
  pending_.erase(0, head_end + 4);
  answer.status = std::stoi(answer.head.substr(9, 3));
  if (head_only) return answer;
  const auto length = std::stoul(answer.field("content-length").value_or("0"));
  while (pending_.size() < length) {
    if (!fill()) return std::nullopt;
  }
  answer.body = pending_.substr(0, length);
  pending_.erase(0, length);
  return answer;
}

bool RawClient::closed_within(std::chrono::milliseconds limit) {
  if (!pending_.empty()) return false;
  pollfd wait{fd_, POLLIN, 0};
  if (::poll(&wait, 1, static_cast<int>(limit.count())) != 1) return false;
  char byte = 0;
  return ::recv(fd_, &byte, 1, 0) <= 0;
}

bool RawClient::silent_for(std::chrono::milliseconds time) {
  pollfd wait{fd_, POLLIN, 0};
  return pending_.empty() && ::poll(&wait, 1, static_cast<int>(time.count())) == 0;
}

std::string PeerConnection::read_request() {
  const auto fill = [this] {
    char block[65536];
    const auto got = ::recv(fd_, block, sizeof block, 0);
    if (got <= 0) return false;
    pending_.append(block, static_cast<std::size_t>(got));
    return true;
  };
  std::size_t head_end = 0;
  while ((head_end = pending_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) return {};
  }
  std::size_t length = head_end + 4;
  if (const auto at = pending_.find("Content-Length: "); at < head_end) length += std::stoul(pending_.substr(at + 16));
  while (pending_.size() < length) {
    if (!fill()) return {};
  }
  std::string request = pending_.substr(0, length);
  pending_.erase(0, length);
  return request;
}

bool PeerConnection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void PeerConnection::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

void PeerConnection::reset() {
  const linger now{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close();
}

bool PeerConnection::wait_for_end() {
  char block[65536];
  while (true) {
    const auto got = ::recv(fd_, block, sizeof block, 0);
    if (got > 0) continue;
    return got == 0 || errno == ECONNRESET;
  }
}

ScriptedPeer::ScriptedPeer(std::vector<Script> scripts)
    : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), scripts_(std::move(scripts)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), length) != 0 || ::listen(listener_, 128) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    throw std::runtime_error("listen");
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] {
    while (true) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      const timeval limit{5, 0};
      ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
      const auto number = static_cast<std::size_t>(accepted_++);
      if (number >= scripts_.size()) {
        ::close(fd);
        continue;
      }
      threads_.emplace_back([this, fd, number] {
        PeerConnection connection(fd);
        scripts_[number](connection);
      });
    }
  });
}

ScriptedPeer::~ScriptedPeer() {
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  for (auto& thread : threads_) thread.join();
  ::close(listener_);
}

Answer exchange(std::uint16_t port, std::string_view bytes) {
  RawClient client(port);
  client.send(bytes);
  auto answer = client.read_answer();
  if (!answer) throw std::runtime_error("no answer");
  return *answer;
}

std::vector<Answer> split_answers(std::string_view stream) {
  std::vector<Answer> answers;
  while (true) {
    const auto head_end = stream.find("\r\n\r\n");
    if (head_end == std::string_view::npos) return answers;
    Answer answer;
    answer.head = std::string(stream.substr(0, head_end + 2));
    answer.status = std::stoi(answer.head.substr(9, 3));
    stream.remove_prefix(head_end + 4);
    const auto length = std::min<std::size_t>(std::stoul(answer.field("content-length").value_or("0")), stream.size());
    answer.body = std::string(stream.substr(0, length));
    stream.remove_prefix(length);
    answers.push_back(std::move(answer));
  }
}

bool eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + 5s;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

namespace {

Task<std::optional<Response>> take_body(Exchange& exchange) {
  if (!exchange.body->announced()) co_return std::nullopt;
  const auto outcome = co_await exchange.body->read();
  if (!outcome) co_return to_response(outcome.error(), exchange.request);
  co_return std::nullopt;
}

Task<Response> answer_text(std::string text) {
  co_return Response{.status = 200, .content_type = "text/plain", .body = std::move(text)};
}

}  // namespace

Handler any_body_handler() {
  Handler handler{.name = "body"};
  handler.before_async = take_body;
  return handler;
}

Endpoint text_endpoint(std::string text) {
  return [text = std::move(text)](Request&) { return answer_text(text); };
}

}  // namespace sidecar::http::test
