/// A server on loopback that answers as a test tells it to.
#pragma once

#include <atomic>
#include <boost/asio/ssl/context.hpp>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace sidecar::registry::test {

struct Call {
  std::string method;
  std::string target;
  std::string authorization{};
  std::string accept{};
  std::string content_type{};
  std::string body{};
  /// `GET /schemas/ids/1`
  [[nodiscard]] std::string line() const { return method + " " + target; }
};

struct Reply {
  unsigned status = 200;
  std::string body{};
  std::string location{};  ///< For redirects.
  std::string raw{};       ///< Sent instead of all else; then the connection is closed.
  bool silent = false;     ///< No answer at all, until the client goes away.
};

/// `{"error_code":CODE,"message":TEXT}`
[[nodiscard]] Reply error(unsigned status, int code, const std::string& message);
/// A schema without references, as `/schemas/ids` answers it.
[[nodiscard]] Reply schema(const std::string& text);
/// An answer with id and version; `more` is the rest of the object, which begins with a comma.
[[nodiscard]] Reply schema(const std::string& text, int id, int version, const std::string& more = {});

/// One thread per connection; answers one request after the other.
class FakeRegistry {
 public:
  using Handler = std::function<Reply(const Call&)>;  ///< Runs on the connection's thread; may block.
  explicit FakeRegistry(Handler handler, std::shared_ptr<boost::asio::ssl::context> tls = nullptr);
  /// Closes every connection. What `handler` waits for must have happened.
  ~FakeRegistry();
  FakeRegistry(const FakeRegistry&) = delete;
  FakeRegistry& operator=(const FakeRegistry&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string url(const std::string& host = "127.0.0.1") const;
  [[nodiscard]] int connections() const { return connections_; }
  [[nodiscard]] std::vector<Call> calls() const;
  /// `calls` by their lines.
  [[nodiscard]] std::vector<std::string> lines() const;

 private:
  void accept();
  void serve(int fd);
  template <class Stream>
  void converse(Stream& stream);

  Handler handler_;
  std::shared_ptr<boost::asio::ssl::context> tls_;
  int listener_;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_{0};
  mutable std::mutex mutex_;  // guards what follows
  std::vector<Call> calls_;
  std::vector<int> open_;
  bool ending_ = false;
  std::list<std::thread> threads_;  // the acceptor's
  std::thread acceptor_;
};

}  // namespace sidecar::registry::test
