#include "registry/fake_registry.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <stdexcept>

#include "base/json_writer.hpp"

namespace sidecar::registry::test {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

}  // namespace

Reply error(unsigned status, int code, const std::string& message) {
  Reply reply{.status = status};
  reply.body = R"({"error_code":)" + std::to_string(code) + R"(,"message":)";
  append_json_string(reply.body, message);
  reply.body += '}';
  return reply;
}

Reply schema(const std::string& text) {
  Reply reply;
  reply.body = R"({"schema":)";
  append_json_string(reply.body, text);
  reply.body += '}';
  return reply;
}

Reply schema(const std::string& text, int id, int version, const std::string& more) {
  Reply reply = schema(text);
  reply.body.pop_back();
  reply.body +=
      R"(,"subject":"s","id":)" + std::to_string(id) + R"(,"version":)" + std::to_string(version) + more + "}";
  return reply;
}

FakeRegistry::FakeRegistry(Handler handler, std::shared_ptr<asio::ssl::context> tls)
    : handler_(std::move(handler)), tls_(std::move(tls)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), length) != 0 || ::listen(listener_, 128) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    throw std::runtime_error("listen");
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept(); });
}

FakeRegistry::~FakeRegistry() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
  }
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  for (auto& thread : threads_) thread.join();
  ::close(listener_);
}

std::string FakeRegistry::url(const std::string& host) const {
  return (tls_ ? "https://" : "http://") + host + ":" + std::to_string(port_);
}

std::vector<Call> FakeRegistry::calls() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

std::vector<std::string> FakeRegistry::lines() const {
  std::vector<std::string> lines;
  for (const auto& call : calls()) lines.push_back(call.line());
  return lines;
}

void FakeRegistry::accept() {
  while (true) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    {
      const std::lock_guard lock(mutex_);
      if (ending_) {
        ::close(fd);
        return;
      }
      open_.push_back(fd);
    }
    ++connections_;
    threads_.emplace_back([this, fd] { serve(fd); });
  }
}

void FakeRegistry::serve(int fd) {
  asio::io_context context;
  asio::ip::tcp::socket socket(context, asio::ip::tcp::v4(), fd);
  if (tls_) {
    asio::ssl::stream<asio::ip::tcp::socket&> stream(socket, *tls_);
    error_code failed;
    stream.handshake(asio::ssl::stream_base::server, failed);
    if (!failed) converse(stream);
  } else {
    converse(socket);
  }
  const std::lock_guard lock(mutex_);
  std::erase(open_, fd);
  socket.close();
}

template <class Stream>
void FakeRegistry::converse(Stream& stream) {
  boost::beast::flat_buffer buffer;
  error_code failed;
  while (true) {
    http::request_parser<http::string_body> parser;
    parser.body_limit(boost::none);
    http::read(stream, buffer, parser, failed);
    if (failed) return;
    const auto& request = parser.get();
    const Call call{.method = std::string(request.method_string()),
                    .target = std::string(request.target()),
                    .authorization = std::string(request[http::field::authorization]),
                    .accept = std::string(request[http::field::accept]),
                    .content_type = std::string(request[http::field::content_type]),
                    .body = request.body()};
    {
      const std::lock_guard lock(mutex_);
      calls_.push_back(call);
    }
    const Reply reply = handler_(call);
    if (reply.silent) {
      char byte = 0;
      asio::read(stream, asio::buffer(&byte, 1), failed);
      return;
    }
    if (!reply.raw.empty()) {
      asio::write(stream, asio::buffer(reply.raw), failed);
      return;
    }
    http::response<http::string_body> response(static_cast<http::status>(reply.status), 11, reply.body);
    response.set(http::field::content_type, "application/vnd.schemaregistry.v1+json");
    if (!reply.location.empty()) response.set(http::field::location, reply.location);
    response.keep_alive(true);
    response.prepare_payload();
    http::write(stream, response, failed);
    if (failed) return;
  }
}

}  // namespace sidecar::registry::test
