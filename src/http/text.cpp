#include "http/text.hpp"

#include <algorithm>
#include <cstddef>

#include "http/head_parser.hpp"

namespace sidecar::http {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// The byte behind the `%` at `at`, or -1.
int decoded_byte(std::string_view text, std::size_t at) {
  if (at + 2 >= text.size()) return -1;
  const int high = hex_digit(text[at + 1]);
  const int low = hex_digit(text[at + 2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/// `q=0.25` among the parameters of a media range; 1000 when there is none, 0 for one that cannot be read.
int quality(std::string_view parameters) {
  while (!parameters.empty()) {
    const auto semicolon = std::min(parameters.find(';'), parameters.size());
    const auto parameter = trim_blanks(parameters.substr(0, semicolon));
    parameters.remove_prefix(std::min(semicolon + 1, parameters.size()));
    if (parameter.size() < 3 || (parameter[0] != 'q' && parameter[0] != 'Q') || parameter[1] != '=') continue;
    const auto number = parameter.substr(2);
    if (number[0] != '0' && number[0] != '1') return 0;
    int weight = (number[0] - '0') * 1000;
    int unit = 100;
    if (number.size() > 1 && number[1] != '.') return 0;
    for (std::size_t i = 2; i < number.size(); ++i, unit /= 10) {
      if (number[i] < '0' || number[i] > '9' || i > 4) return 0;
      weight += (number[i] - '0') * unit;
    }
    return std::min(weight, 1000);
  }
  return 1000;
}

}  // namespace

std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int byte = decoded_byte(text, i);
    if (byte < 0) return std::nullopt;
    out += static_cast<char>(byte);
    i += 2;
  }
  return out;
}

bool is_percent_encoded(std::string_view text) {
  for (auto at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 1)) {
    if (decoded_byte(text, at) < 0) return false;
  }
  return true;
}

AcceptWeight accept_weight(std::string_view accept, std::string_view type) {
  const auto slash = type.find('/');
  AcceptWeight best;
  int best_rank = -1;
  while (!accept.empty()) {
    const auto comma = std::min(accept.find(','), accept.size());
    const auto element = trim_blanks(accept.substr(0, comma));
    accept.remove_prefix(std::min(comma + 1, accept.size()));
    const auto semicolon = std::min(element.find(';'), element.size());
    const auto range = trim_blanks(element.substr(0, semicolon));
    int rank = -1;
    if (equal_ignoring_case(range, type)) {
      rank = 2;
    } else if (range == "*/*") {
      rank = 0;
    } else if (range.size() == slash + 2 && range.ends_with("/*") &&
               equal_ignoring_case(range.substr(0, slash), type.substr(0, slash))) {
      rank = 1;
    }
    if (rank <= best_rank) continue;
    best_rank = rank;
    best.thousandths = semicolon < element.size() ? quality(element.substr(semicolon + 1)) : 1000;
    best.explicit_range = rank == 2;
  }
  return best;
}

std::string_view reason_phrase(std::uint16_t status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 207:
      return "Multi-Status";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Unknown";
  }
}

std::string_view media_type(std::string_view content_type) {
  return trim_blanks(content_type.substr(0, std::min(content_type.find(';'), content_type.size())));
}

bool is_json_type(std::string_view content_type) {
  const auto type = media_type(content_type);
  if (equal_ignoring_case(type, "application/json")) return true;
  constexpr std::string_view start = "application/";
  constexpr std::string_view suffix = "+json";
  return type.size() > start.size() + suffix.size() && equal_ignoring_case(type.substr(0, start.size()), start) &&
         equal_ignoring_case(type.substr(type.size() - suffix.size()), suffix);
}

}  // namespace sidecar::http
