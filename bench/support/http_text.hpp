/// The little of HTTP/1.1 that a load generator and a benchmark backend need. No validation: both ends are ours.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sidecar::bench {

struct Head {
  std::string_view start_line;
  std::size_t head_bytes = 0;  ///< With the empty line.
  std::size_t body_bytes = 0;  ///< Content-Length, 0 when there is none.
  bool close = false;          ///< Connection: close
};

/// The head at the beginning of `text`, or nothing while it is incomplete. Throws std::runtime_error for a chunked body.
[[nodiscard]] std::optional<Head> parse_head(std::string_view text);

/// Received bytes that were not used yet.
class Inbox {
 public:
  /// Reads once from a non-blocking socket. False when the peer has closed. Throws std::runtime_error on errors.
  bool receive(int socket);
  [[nodiscard]] std::string_view text() const { return {bytes_.data() + used_, filled_ - used_}; }
  void use(std::size_t bytes);

 private:
  std::vector<char> bytes_ = std::vector<char>(256 * 1024);
  std::size_t used_ = 0;
  std::size_t filled_ = 0;
};

/// Bytes on their way out: a view of something that stays until all is sent.
struct Outbox {
  std::string_view rest;
  /// Sends what the non-blocking socket takes. True when nothing is left. Throws std::runtime_error on errors.
  bool send(int socket);
};

/// Listens on 127.0.0.1 (port 0: any free one), non-blocking. Throws std::runtime_error.
[[nodiscard]] int listen_on(std::uint16_t port);
[[nodiscard]] std::uint16_t port_of(int socket);
/// Connects to 127.0.0.1; the socket is non-blocking afterwards. Throws std::runtime_error.
[[nodiscard]] int connect_to(std::uint16_t port);

}  // namespace sidecar::bench
