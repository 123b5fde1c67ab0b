/// The origin part of a URL.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sidecar::http {

struct Origin {
  bool tls = false;
  std::string host;  ///< A name or an address; IPv6 without brackets.
  std::uint16_t port = 80;
  std::string authority;  ///< For `Host`: brackets around IPv6, no port where it is the scheme's own.
  std::string text;       ///< `http://host:port`
};

/// `http://host[:port]` or `https://host[:port]`, with at most a single `/` behind it. Throws std::runtime_error that
/// says what is wrong; user information, a path and a query are refused.
[[nodiscard]] Origin parse_origin(std::string_view url);

}  // namespace sidecar::http
