/// The addresses of this host.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <functional>
#include <mutex>
#include <vector>

#include "loop/loop.hpp"

namespace sidecar::http {

/// Addresses of all network interfaces (getifaddrs), empty when they cannot be read.
[[nodiscard]] std::vector<asio::ip::address> interface_addresses();
/// An IPv4 address that came in over an IPv6 socket, as IPv4; others unchanged.
[[nodiscard]] asio::ip::address plain_address(const asio::ip::address& address);

/// Tells whether an address is one of this host's own: loopback, or on one of its interfaces. A miss reads the
/// interfaces again, at most once per `refresh`, because a pod's address may appear after the process has started.
/// Thread-safe; loopback takes no lock.
class OwnAddresses {
 public:
  using List = std::function<std::vector<asio::ip::address>()>;
  using Clock = std::function<std::chrono::steady_clock::time_point()>;

  explicit OwnAddresses(List list = interface_addresses, Clock clock = std::chrono::steady_clock::now,
                        std::chrono::milliseconds refresh = std::chrono::seconds{3});
  [[nodiscard]] bool contains(const asio::ip::address& address);

 private:
  List list_;
  Clock clock_;
  std::chrono::milliseconds refresh_;
  std::mutex mutex_;  // guards what follows
  std::vector<asio::ip::address> known_;
  std::chrono::steady_clock::time_point read_at_;
};

}  // namespace sidecar::http
