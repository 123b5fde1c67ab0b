#include "http/origin.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <stdexcept>

#include "http/head_parser.hpp"
#include "loop/loop.hpp"

namespace sidecar::http {
namespace {

bool is_name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

}  // namespace

Origin parse_origin(std::string_view url) {
  // The URL is not repeated: user information in it may be a password.
  const auto fail = [](const char* what) -> Origin {
    throw std::runtime_error(std::string("not an origin like http://host:port: ") + what);
  };
  Origin origin;
  const auto scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos) return fail("no scheme");
  const auto scheme = url.substr(0, scheme_end);
  if (equal_ignoring_case(scheme, "https")) {
    origin.tls = true;
    origin.port = 443;
  } else if (!equal_ignoring_case(scheme, "http")) {
    return fail("the scheme is neither http nor https");
  }
  std::string_view rest = url.substr(scheme_end + 3);
  if (rest.find('@') != std::string_view::npos) return fail("user information is not supported");
  if (rest.ends_with('/')) rest.remove_suffix(1);
  if (rest.find_first_of("/?#") != std::string_view::npos) return fail("it has a path or query");

  std::string_view port;
  bool has_port = false;
  boost::system::error_code error;
  if (rest.starts_with('[')) {
    const auto end = rest.find(']');
    if (end == std::string_view::npos) return fail("an unclosed [");
    origin.host = rest.substr(1, end - 1);
    asio::ip::make_address_v6(origin.host, error);
    if (error) return fail("no IPv6 address between [ and ]");
    rest.remove_prefix(end + 1);
    if (!rest.empty() && rest.front() != ':') return fail("text behind ]");
    has_port = !rest.empty();
    port = has_port ? rest.substr(1) : rest;
    origin.authority = "[" + origin.host + "]";
  } else {
    const auto colon = rest.find(':');
    has_port = colon != std::string_view::npos;
    origin.host = rest.substr(0, colon);
    if (has_port) port = rest.substr(colon + 1);
    if (origin.host.empty() || origin.host.size() > 253) return fail("no usable host");
    if (!std::ranges::all_of(origin.host, is_name_byte)) return fail("an illegal character in the host");
    origin.authority = origin.host;
  }
  const std::string bare = origin.authority;
  if (has_port) {
    unsigned number = 0;
    for (const char c : port) {
      if (c < '0' || c > '9' || number > 65535) return fail("the port is no number from 1 to 65535");
      number = number * 10 + static_cast<unsigned>(c - '0');
    }
    if (port.empty() || number == 0 || number > 65535) return fail("the port is no number from 1 to 65535");
    if (number != origin.port) origin.authority += ":" + std::to_string(number);
    origin.port = static_cast<std::uint16_t>(number);
  }
  origin.text = (origin.tls ? "https://" : "http://") + bare + ":" + std::to_string(origin.port);
  return origin;
}

}  // namespace sidecar::http
