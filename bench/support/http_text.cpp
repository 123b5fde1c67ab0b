#include "support/http_text.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <stdexcept>
#include <system_error>

#include "base/text.hpp"

namespace sidecar::bench {
namespace {

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  return text;
}

}  // namespace

std::optional<Head> parse_head(std::string_view text) {
  const auto end = text.find("\r\n\r\n");
  if (end == std::string_view::npos) return {};
  Head head;
  head.head_bytes = end + 4;
  auto lines = text.substr(0, end + 2);
  const auto next_line = [&] {
    const auto line_end = lines.find("\r\n");
    const auto line = lines.substr(0, line_end);
    lines.remove_prefix(line_end + 2);
    return line;
  };
  head.start_line = next_line();
  while (!lines.empty()) {
    const auto line = next_line();
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const auto name = line.substr(0, colon);
    const auto value = trimmed(line.substr(colon + 1));
    if (equal_any_case(name, "content-length")) {
      std::from_chars(value.data(), value.data() + value.size(), head.body_bytes);
    } else if (equal_any_case(name, "connection")) {
      head.close = equal_any_case(value, "close");
    } else if (equal_any_case(name, "transfer-encoding")) {
      throw std::runtime_error("a chunked body: not understood here");
    }
  }
  return head;
}

bool Inbox::receive(int socket) {
  if (used_ == filled_) {
    used_ = filled_ = 0;
  } else if (filled_ == bytes_.size()) {
    if (used_ > 0) {
      std::memmove(bytes_.data(), bytes_.data() + used_, filled_ - used_);
      filled_ -= used_;
      used_ = 0;
    } else {
      bytes_.resize(bytes_.size() * 2);
    }
  }
  const auto got = ::recv(socket, bytes_.data() + filled_, bytes_.size() - filled_, 0);
  if (got < 0) {
    if (errno == EAGAIN || errno == EINTR) return true;
    fail("recv");
  }
  filled_ += static_cast<std::size_t>(got);
  return got > 0;
}

void Inbox::use(std::size_t bytes) { used_ += bytes; }

bool Outbox::send(int socket) {
  while (!rest.empty()) {
    const auto sent = ::send(socket, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) return false;
      fail("send");
    }
    rest.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

int listen_on(std::uint16_t port) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (listener < 0) fail("socket");
  const auto address = loopback(port);
  if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) fail("bind");
  if (::listen(listener, 1024) != 0) fail("listen");
  return listener;
}

std::uint16_t port_of(int socket) {
  sockaddr_in address{};
  socklen_t size = sizeof(address);
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) fail("getsockname");
  return ntohs(address.sin_port);
}

int connect_to(std::uint16_t port) {
  const int peer = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (peer < 0) fail("socket");
  const auto address = loopback(port);
  if (::connect(peer, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) fail("connect");
  const int yes = 1;
  ::setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
  if (::fcntl(peer, F_SETFL, O_NONBLOCK) != 0) fail("fcntl");
  return peer;
}

}  // namespace sidecar::bench
