#include "http/head_parser.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

namespace sidecar::http {
namespace {

enum : std::uint8_t { token_byte = 1, value_byte = 2, target_byte = 4, host_byte = 8, method_byte = 16 };

constexpr std::array<std::uint8_t, 256> classes = [] {
  std::array<std::uint8_t, 256> table{};
  const auto mark = [&table](std::string_view bytes, std::uint8_t bit) {
    for (const char c : bytes) table[static_cast<std::uint8_t>(c)] |= bit;
  };
  for (unsigned c = 0; c < 256; ++c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool digit = c >= '0' && c <= '9';
    if (letter || digit) table[c] |= token_byte | target_byte | host_byte | method_byte;
    if (c >= 0x20 && c != 0x7F) table[c] |= value_byte;
  }
  table['\t'] |= value_byte;
  mark("!#$%&'*+-.^_`|~", token_byte);
  mark("-._~:/?[]@!$&'()*+,;=%", target_byte);
  mark("-._~:[]!$&'()*+,;=%", host_byte);
  mark("-_", method_byte);
  return table;
}();

bool all_in(std::string_view text, std::uint8_t bit) {
  for (const char c : text) {
    if ((classes[static_cast<std::uint8_t>(c)] & bit) == 0) return false;
  }
  return true;
}

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

/// Splits a field line. Returns what is wrong with it, or null.
const char* parse_field(std::string_view line, HeaderField& field) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return "a header line without a colon";
  field.name = line.substr(0, colon);
  if (!is_token(field.name)) {
    return line.front() == ' ' || line.front() == '\t' ? "a folded header line" : "an illegal header name";
  }
  field.value = line.substr(colon + 1);
  if (!all_in(field.value, value_byte)) return "a control character in a header value";
  field.value = trim_blanks(field.value);
  return nullptr;
}

template <class Visit>
void for_each_element(std::string_view list, Visit visit) {
  while (!list.empty()) {
    const auto comma = std::min(list.find(','), list.size());
    visit(trim_blanks(list.substr(0, comma)));
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
}

const char* parse_length(std::string_view text, std::uint64_t& length) {
  if (text.empty() || text.size() > 18) return "an unusable Content-Length";
  length = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return "an unusable Content-Length";
    length = length * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return nullptr;
}

/// Notes what one field says about the message. Returns what is wrong with it, or null.
const char* note_field(const HeaderField& field, Framing& framing) {
  switch (field.name.size()) {  // most fields are passed over by their length alone
    case 4:
      if (equal_ignoring_case(field.name, "host")) {
        if (++framing.hosts > 1) return "two Host headers";
        if (!all_in(field.value, host_byte)) return "an illegal Host";
      }
      return nullptr;
    case 6:
      if (equal_ignoring_case(field.name, "expect")) {
        const bool known = framing.expect != Expectation::unknown && equal_ignoring_case(field.value, "100-continue");
        framing.expect = known ? Expectation::continue_100 : Expectation::unknown;
      }
      return nullptr;
    case 10:
      if (equal_ignoring_case(field.name, "connection")) {
        for_each_element(field.value, [&framing](std::string_view option) {
          if (equal_ignoring_case(option, "close")) framing.close = true;
          if (equal_ignoring_case(option, "keep-alive")) framing.keep_alive = true;
        });
      }
      return nullptr;
    case 14:
      if (equal_ignoring_case(field.name, "content-length")) {
        if (++framing.lengths > 1) return "two Content-Length headers";
        std::uint64_t length = 0;
        if (const char* wrong = parse_length(field.value, length)) return wrong;
        framing.content_length = length;
      }
      return nullptr;
    case 17:
      if (equal_ignoring_case(field.name, "transfer-encoding")) {
        if (++framing.codings > 1) return "two Transfer-Encoding headers";
        if (!equal_ignoring_case(field.value, "chunked")) return "a Transfer-Encoding other than chunked";
        framing.chunked = true;
      }
      return nullptr;
    default:
      return nullptr;
  }
}

/// Rules that need the whole head.
const char* check_framing(const Framing& framing, Version version) {
  if (framing.chunked && framing.lengths > 0) return "Content-Length beside Transfer-Encoding";
  if (framing.chunked && version == Version::http_1_0) return "Transfer-Encoding in HTTP/1.0";
  return nullptr;
}

bool parse_version(std::string_view text, Version& version) {
  if (text == "HTTP/1.1")
    version = Version::http_1_1;
  else if (text == "HTTP/1.0")
    version = Version::http_1_0;
  else
    return false;
  return true;
}

/// Position of the line feed that ends the line at `start`, or npos.
std::size_t find_line_end(std::string_view bytes, std::size_t start) {
  if (start >= bytes.size()) return std::string_view::npos;
  const void* found = std::memchr(bytes.data() + start, '\n', bytes.size() - start);
  return found == nullptr ? std::string_view::npos
                          : static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
}

/// A carriage return that is not followed by the line feed it must precede, at the end of what has come: not an error
/// yet.
bool has_bare_cr(std::string_view partial_line) {
  const auto cr = partial_line.find('\r');
  return cr != std::string_view::npos && cr + 1 < partial_line.size();
}

}  // namespace

bool is_token(std::string_view text) {
  return !text.empty() && all_in(text, token_byte);
}
bool is_field_value(std::string_view text) {
  return all_in(text, value_byte);
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

std::string_view trim_blanks(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

void RequestHeadParser::reset() {
  base_ = nullptr;
  line_start_ = header_bytes_ = 0;
  in_fields_ = begun_ = false;
  error_.reset();
  head_.fields.clear();
  head_.framing = {};
  head_.method = head_.target = head_.path = head_.query = {};
}

Progress RequestHeadParser::fail(ErrorCode code, std::string_view argument) {
  error_ = Error::of(code, {argument});
  return Progress::failed;
}

const char* RequestHeadParser::parse_request_line(std::string_view line) {
  const auto method_end = line.find(' ');
  if (method_end == std::string_view::npos) return "an unusable request line";
  const auto target_end = line.find(' ', method_end + 1);
  if (target_end == std::string_view::npos) return "an unusable request line";
  head_.method = line.substr(0, method_end);
  head_.target = line.substr(method_end + 1, target_end - method_end - 1);
  if (head_.method.empty() || head_.method.size() > 24 || !all_in(head_.method, method_byte) ||
      !((head_.method[0] >= 'A' && head_.method[0] <= 'Z') || (head_.method[0] >= 'a' && head_.method[0] <= 'z'))) {
    return "an illegal method";
  }
  // Before the version, so that a space in the target does not pass as a strange version.
  if (!parse_version(line.substr(target_end + 1), head_.version)) return "an unknown HTTP version";
  if (head_.target.empty() || !all_in(head_.target, target_byte)) return "an illegal request target";

  std::string_view target = head_.target;
  if (head_.method == "CONNECT") {
    if (!all_in(target, host_byte) || target.find(':') == std::string_view::npos) return "an illegal request target";
    head_.path = target;
    return nullptr;
  }
  if (target == "*") {
    if (head_.method != "OPTIONS") return "an illegal request target";
    head_.path = target;
    return nullptr;
  }
  if (target.front() != '/') {  // absolute form; its authority replaces Host, which nothing here looks at
    const auto scheme_end = target.find("://");
    if (scheme_end == std::string_view::npos) return "an illegal request target";
    const auto scheme = target.substr(0, scheme_end);
    if (!equal_ignoring_case(scheme, "http") && !equal_ignoring_case(scheme, "https"))
      return "an illegal request target";
    target.remove_prefix(scheme_end + 3);
    const auto authority = target.substr(0, std::min(target.find_first_of("/?"), target.size()));
    const auto host = authority.substr(authority.rfind('@') + 1);  // npos + 1 is 0
    if (host.empty() || host.front() == ':' || !all_in(host, host_byte)) return "an illegal request target";
    target.remove_prefix(authority.size());
  }
  const auto question = std::min(target.find('?'), target.size());
  head_.path = target.substr(0, question);
  if (head_.path.empty()) head_.path = "/";
  head_.query = question < target.size() ? target.substr(question + 1) : std::string_view{};
  return nullptr;
}

Progress RequestHeadParser::take_line(std::string_view line) {
  if (!in_fields_) {
    if (line.size() > limits_.line_bytes_max)
      return fail(ErrorCode::uri_too_long, std::to_string(limits_.line_bytes_max));
    if (const char* wrong = parse_request_line(line)) return fail(ErrorCode::malformed_request, wrong);
    in_fields_ = true;
    return Progress::more;
  }
  header_bytes_ += line.size() + 2;
  if (header_bytes_ > limits_.header_bytes_max) {
    return fail(ErrorCode::headers_too_large, std::to_string(limits_.header_bytes_max) + " bytes");
  }
  if (head_.fields.size() == limits_.header_fields_max) {
    return fail(ErrorCode::headers_too_large, std::to_string(limits_.header_fields_max) + " fields");
  }
  HeaderField field;
  if (const char* wrong = parse_field(line, field)) return fail(ErrorCode::malformed_request, wrong);
  if (const char* wrong = note_field(field, head_.framing)) return fail(ErrorCode::malformed_request, wrong);
  head_.fields.push_back(field);
  return Progress::more;
}

Progress RequestHeadParser::finish() {
  if (const char* wrong = check_framing(head_.framing, head_.version)) return fail(ErrorCode::malformed_request, wrong);
  if (head_.framing.hosts == 0 && head_.version == Version::http_1_1) {
    return fail(ErrorCode::malformed_request, "no Host header");
  }
  // HTTP/1.0 knows no expectations: a field that it carries is ignored (RFC 9110, 10.1.1).
  if (head_.version == Version::http_1_0) head_.framing.expect = Expectation::none;
  return Progress::done;
}

Progress RequestHeadParser::feed(std::string_view bytes) {
  if (error_) return Progress::failed;
  if (bytes.data() != base_) {
    reset();
    base_ = bytes.data();
  }
  while (true) {
    const auto end = find_line_end(bytes, line_start_);
    if (end == std::string_view::npos) break;
    const bool bare_lf = end == line_start_ || bytes[end - 1] != '\r';
    const auto line = bytes.substr(line_start_, end - line_start_ - (bare_lf ? 0 : 1));
    // A line that is over its limit is that first of all, whatever else is wrong with it.
    if (!in_fields_ && line.size() > limits_.line_bytes_max) return take_line(line);
    if (bare_lf) return fail(ErrorCode::malformed_request, "a line feed without carriage return");
    if (line.find('\r') != std::string_view::npos) {
      return fail(ErrorCode::malformed_request, "a carriage return without line feed");
    }
    line_start_ = end + 1;
    if (line.empty() && !in_fields_) {
      // Old clients send an empty line behind a body that their Content-Length does not count.
      if (line_start_ > 4) return fail(ErrorCode::malformed_request, "empty lines before the request");
      continue;
    }
    begun_ = true;
    if (line.empty()) return finish();
    if (take_line(line) == Progress::failed) return Progress::failed;
  }

  const auto partial = bytes.substr(line_start_);
  if (partial.empty() || partial == "\r") return Progress::more;
  begun_ = true;
  if (!in_fields_) {
    const auto length = partial.size() - (partial.back() == '\r' ? 1U : 0U);
    if (length > limits_.line_bytes_max) return fail(ErrorCode::uri_too_long, std::to_string(limits_.line_bytes_max));
  } else if (header_bytes_ + partial.size() > limits_.header_bytes_max) {
    return fail(ErrorCode::headers_too_large, std::to_string(limits_.header_bytes_max) + " bytes");
  }
  if (has_bare_cr(partial)) return fail(ErrorCode::malformed_request, "a carriage return without line feed");
  return Progress::more;
}

void ResponseHeadParser::reset() {
  base_ = nullptr;
  line_start_ = header_bytes_ = 0;
  in_fields_ = false;
  reason_ = {};
  head_.fields.clear();
  head_.framing = {};
  head_.status = 0;
}

Progress ResponseHeadParser::fail(std::string_view reason) {
  reason_ = reason;
  return Progress::failed;
}

Progress ResponseHeadParser::feed(std::string_view bytes) {
  if (!reason_.empty()) return Progress::failed;
  if (bytes.data() != base_) {
    reset();
    base_ = bytes.data();
  }
  while (true) {
    const auto end = find_line_end(bytes, line_start_);
    if (end == std::string_view::npos) break;
    if (end == line_start_ || bytes[end - 1] != '\r') return fail("a line feed without carriage return");
    const auto line = bytes.substr(line_start_, end - line_start_ - 1);
    if (line.find('\r') != std::string_view::npos) return fail("a carriage return without line feed");
    line_start_ = end + 1;
    if (!in_fields_) {
      // HTTP-version SP 3DIGIT SP [reason]; many servers leave the last space out.
      if (line.size() < 12 || line[8] != ' ' || !parse_version(line.substr(0, 8), head_.version)) {
        return fail("not an HTTP/1.x status line");
      }
      const auto digits = line.substr(9, 3);
      if (!std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; }) || digits[0] < '1' ||
          digits[0] > '5' || (line.size() > 12 && line[12] != ' ') || line.size() > limits_.line_bytes_max) {
        return fail("not an HTTP/1.x status line");
      }
      if (!is_field_value(line)) return fail("a control character in the status line");
      head_.status = static_cast<std::uint16_t>((digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0'));
      in_fields_ = true;
      continue;
    }
    if (line.empty()) {
      if (const char* wrong = check_framing(head_.framing, head_.version)) return fail(wrong);
      return Progress::done;
    }
    header_bytes_ += line.size() + 2;
    if (header_bytes_ > limits_.header_bytes_max || head_.fields.size() == limits_.header_fields_max) {
      return fail("too many headers");
    }
    HeaderField field;
    if (const char* wrong = parse_field(line, field)) return fail(wrong);
    if (const char* wrong = note_field(field, head_.framing)) return fail(wrong);
    head_.fields.push_back(field);
  }
  const auto partial = bytes.substr(line_start_);
  if (!in_fields_) {
    // Something that is not HTTP at all is known by its first bytes; no need to wait for a line of it.
    constexpr std::string_view start = "HTTP/1.";
    const auto known = std::min(partial.size(), start.size());
    if (partial.substr(0, known) != start.substr(0, known)) return fail("not an HTTP/1.x status line");
    if (partial.size() > limits_.line_bytes_max + 1) return fail("not an HTTP/1.x status line");
  } else if (header_bytes_ + partial.size() > limits_.header_bytes_max + 1) {
    return fail("too many headers");
  }
  if (has_bare_cr(partial)) return fail("a carriage return without line feed");
  return Progress::more;
}

}  // namespace sidecar::http
