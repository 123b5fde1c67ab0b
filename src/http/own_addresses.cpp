#include "http/own_addresses.hpp"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <memory>

namespace sidecar::http {

std::vector<asio::ip::address> interface_addresses() {
  std::vector<asio::ip::address> addresses;
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return addresses;
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner{first, &::freeifaddrs};
  for (const ifaddrs* entry = first; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr) continue;
    if (entry->ifa_addr->sa_family == AF_INET) {
      sockaddr_in address{};
      std::memcpy(&address, entry->ifa_addr, sizeof address);
      addresses.emplace_back(asio::ip::address_v4{ntohl(address.sin_addr.s_addr)});
    } else if (entry->ifa_addr->sa_family == AF_INET6) {
      sockaddr_in6 address{};
      std::memcpy(&address, entry->ifa_addr, sizeof address);
      asio::ip::address_v6::bytes_type bytes{};
      std::memcpy(bytes.data(), &address.sin6_addr, bytes.size());
      addresses.emplace_back(asio::ip::address_v6{bytes});
    }
  }
  return addresses;
}

asio::ip::address plain_address(const asio::ip::address& address) {
  if (!address.is_v6()) return address;
  const auto v6 = address.to_v6();
  if (v6.is_v4_mapped()) return asio::ip::make_address_v4(asio::ip::v4_mapped, v6);
  // Without the scope, which an interface has and a caller may have not.
  return asio::ip::address_v6{v6.to_bytes()};
}

OwnAddresses::OwnAddresses(List list, Clock clock, std::chrono::milliseconds refresh)
    : list_(std::move(list)), clock_(std::move(clock)), refresh_(refresh), known_(list_()), read_at_(clock_()) {}

bool OwnAddresses::contains(const asio::ip::address& address) {
  const auto plain = plain_address(address);
  if (plain.is_loopback()) return true;
  const std::scoped_lock lock(mutex_);
  if (std::ranges::find(known_, plain) != known_.end()) return true;
  const auto now = clock_();
  if (now - read_at_ < refresh_) return false;
  known_ = list_();
  read_at_ = now;
  return std::ranges::find(known_, plain) != known_.end();
}

}  // namespace sidecar::http
