#include "http/chunked.hpp"

#include <algorithm>
#include <array>

#include "http/head_parser.hpp"

namespace sidecar::http {
namespace {

constexpr std::size_t size_line_bytes_max = 1024;
constexpr std::size_t extension_bytes_max = 16384;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool token_char(char c) {
  return is_token({&c, 1});
}
bool value_char(char c) {
  return is_field_value({&c, 1});
}

/// Fields that decide about framing, routing, access or the meaning of the body: too late behind the body (RFC
/// 9110, 6.5.1).
bool forbidden_in_trailer(std::string_view name) {
  constexpr std::array<std::string_view, 12> names{
      "content-length", "transfer-encoding", "host",          "trailer",
      "authorization",  "content-encoding",  "content-range", "te",
      "expect",         "connection",        "cookie",        "x-scope-token"};
  return std::ranges::any_of(names, [name](std::string_view other) { return equal_ignoring_case(name, other); });
}

}  // namespace

void ChunkedDecoder::fail(const char* reason) {
  state_ = State::failed;
  reason_ = reason;
}

/// What may follow a complete size, extension name or extension value.
void ChunkedDecoder::after_size(char c, const char* wrong) {
  if (c == ';') {
    state_ = State::extension_start;
  } else if (c == '\r') {
    state_ = State::size_lf;
  } else {
    fail(wrong);
  }
}

void ChunkedDecoder::step(char c) {
  constexpr const char* bad_size = "an illegal chunk size";
  constexpr const char* bad_extension = "an illegal chunk extension";
  switch (state_) {
    case State::size_first: {
      const int digit = hex_digit(c);
      if (digit < 0) return fail(bad_size);
      data_left_ = static_cast<std::uint64_t>(digit);
      line_bytes_ = 1;
      state_ = State::size;
      return;
    }
    case State::size: {
      if (++line_bytes_ > size_line_bytes_max) return fail(bad_size);
      const int digit = hex_digit(c);
      if (digit < 0) return after_size(c, bad_size);
      if (data_left_ >> 56 != 0) return fail("a chunk size beyond any limit");
      data_left_ = data_left_ << 4 | static_cast<std::uint64_t>(digit);
      return;
    }
    case State::extension_start:
    case State::extension_name:
    case State::value_start:
    case State::value:
    case State::quoted:
    case State::quoted_pair:
    case State::quoted_end:
      if (++line_bytes_ > size_line_bytes_max || ++extension_bytes_ > extension_bytes_max) {
        return fail("chunk extensions beyond any use");
      }
      break;
    case State::size_lf:
      if (c != '\n') return fail("a carriage return without line feed");
      state_ = data_left_ == 0 ? State::trailer_first : State::data;
      return;
    case State::data_cr:
      if (c != '\r') return fail("a chunk longer than its size");
      state_ = State::data_lf;
      return;
    case State::data_lf:
      if (c != '\n') return fail("a chunk longer than its size");
      state_ = State::size_first;
      return;
    case State::trailer_first:
      if (c == '\r') {
        state_ = State::end_lf;
        return;
      }
      if (++trailer_fields_ > trailer_fields_max_) return fail("too many trailers");
      trailer_name_.clear();
      state_ = State::trailer_name;
      [[fallthrough]];
    case State::trailer_name:
      if (++trailer_bytes_ > trailer_bytes_max_) return fail("too many trailers");
      if (c == ':') {
        if (trailer_name_.empty()) return fail("an illegal trailer name");
        if (forbidden_in_trailer(trailer_name_)) return fail("a trailer that must be a header");
        state_ = State::trailer_value;
        return;
      }
      if (!token_char(c)) return fail("an illegal trailer name");
      trailer_name_ += c;
      return;
    case State::trailer_value:
      if (++trailer_bytes_ > trailer_bytes_max_) return fail("too many trailers");
      if (c == '\r') {
        state_ = State::trailer_lf;
      } else if (!value_char(c)) {
        return fail("a control character in a trailer");
      }
      return;
    case State::trailer_lf:
      if (c != '\n') return fail("a carriage return without line feed");
      state_ = State::trailer_first;
      return;
    case State::end_lf:
      if (c != '\n') return fail("a carriage return without line feed");
      state_ = State::done;
      return;
    case State::data:
    case State::done:
    case State::failed:
      return;
  }
  switch (state_) {  // extensions
    case State::extension_start:
      if (c == ' ' || c == '\t') return;
      if (!token_char(c)) return fail(bad_extension);
      state_ = State::extension_name;
      return;
    case State::extension_name:
      if (token_char(c)) return;
      if (c == '=') {
        state_ = State::value_start;
        return;
      }
      return after_size(c, bad_extension);
    case State::value_start:
      if (c == '"') {
        state_ = State::quoted;
        return;
      }
      if (!token_char(c)) return fail(bad_extension);
      state_ = State::value;
      return;
    case State::value:
      if (token_char(c)) return;
      return after_size(c, bad_extension);
    case State::quoted:
      if (c == '"') {
        state_ = State::quoted_end;
      } else if (c == '\\') {
        state_ = State::quoted_pair;
      } else if (!value_char(c)) {
        fail(bad_extension);
      }
      return;
    case State::quoted_pair:
      if (!value_char(c)) return fail(bad_extension);
      state_ = State::quoted;
      return;
    case State::quoted_end:
      return after_size(c, bad_extension);
    default:
      return;
  }
}

ChunkedDecoder::Step ChunkedDecoder::feed(std::string_view& input) {
  while (true) {
    if (state_ == State::data) {
      if (data_left_ > 0) return Step::data;
      state_ = State::data_cr;
    }
    if (state_ == State::done) return Step::done;
    if (state_ == State::failed) return Step::failed;
    if (input.empty()) return Step::more;
    step(input.front());
    input.remove_prefix(1);
  }
}

}  // namespace sidecar::http
