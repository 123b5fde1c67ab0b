/// Strict parsers for the heads of HTTP/1.x messages: start line and field lines, up to the empty line.
///
/// Written by hand, because a lenient parser followed by a strict pass over the same bytes is two parsers: Beast 1.81
/// accepts folded headers, list-valued and repeated lengths, two Host fields, chunked in HTTP/1.0 and any target, so
/// every line would be read again anyway, after Beast has copied each field into a node of its own. One pass over the
/// connection's buffer that refuses at the first wrong byte is shorter, allocates nothing and leaves nothing to
/// disagree about.
///
/// Grammar: RFC 9112, with every "MAY be lenient" left out. Differences to other strict parsers:
///
///   | Input                                            | Here                | Elsewhere |
///   |--------------------------------------------------|---------------------|----------------------------------------|
///   | Transfer-Encoding: gzip, chunked / identity, ... | 400 (only `chunked`)| RFC: 501 or decode; some drop the field
///   | | Content-Length twice, equal or as a list         | 400                 | RFC allows to collapse equal values |
///   | method with a byte outside [A-Za-z0-9_-]         | 400                 | RFC: any token, answered 501 | |
///   version other than HTTP/1.0 and HTTP/1.1         | 400                 | RFC: 505                               |
///   | `" < > \ ^ ` { | }` and bytes above 0x7E in target | 400               | many servers pass them on | | `#` in
///   the target                                | 400                 | some parsers pass it on                | | bytes
///   behind a request that says it is the last  | 400, when they came with it | RFC: ignore them               | |
///   white space around `=` in a chunk extension      | 400                 | RFC: BWS, "bad" and to be removed      |
///   | one or two empty lines (CRLF) before a request   | skipped             | RFC: at least one | | user information
///   in an absolute target           | ignored             | RFC: should be refused                 |
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "http/message.hpp"

namespace sidecar::http {

enum class Version : std::uint8_t { http_1_0, http_1_1 };
enum class Expectation : std::uint8_t { none, continue_100, unknown };
enum class Progress : std::uint8_t { more, done, failed };

/// What the field lines say about the message around them.
struct Framing {
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  bool close = false;       ///< `Connection: close`
  bool keep_alive = false;  ///< `Connection: keep-alive`
  Expectation expect = Expectation::none;
  std::uint8_t hosts = 0;
  std::uint8_t lengths = 0;
  std::uint8_t codings = 0;
};

struct RequestHead {
  std::string_view method;
  std::string_view target;  ///< As sent.
  std::string_view path;    ///< `*` for the asterisk form, the authority for CONNECT.
  std::string_view query;
  Version version = Version::http_1_1;
  std::vector<HeaderField> fields;
  Framing framing;
  /// Whether the connection stays open behind this request.
  [[nodiscard]] bool keep_alive() const {
    return version == Version::http_1_1 ? !framing.close : framing.keep_alive && !framing.close;
  }
};

struct HeadLimits {
  std::size_t line_bytes_max = 8192;
  std::size_t header_bytes_max = 16384;
  std::size_t header_fields_max = 100;
  /// Bytes a buffer must be able to hold so that every head within the limits fits, with the empty lines before it.
  [[nodiscard]] std::size_t head_bytes_max() const { return line_bytes_max + header_bytes_max + 8; }
};

/// Parses one request head as its bytes arrive.
class RequestHeadParser {
 public:
  explicit RequestHeadParser(const HeadLimits& limits) : limits_(limits) {}

  /// `bytes` is everything received from the first byte of this request on. Views in the head point into it; when the
  /// bytes have moved since the last call, parsing starts again by itself.
  Progress feed(std::string_view bytes);
  /// Forgets everything: the next call of `feed` starts a new request.
  void reset();

  /// Valid after `done`. After `failed`: what was understood before the failure.
  [[nodiscard]] const RequestHead& head() const { return head_; }
  /// Bytes of the head with its empty line; valid after `done`.
  [[nodiscard]] std::size_t head_bytes() const { return line_start_; }
  /// Valid after `failed`: ERR30012, ERR30013 or ERR30014.
  [[nodiscard]] const Error& error() const { return *error_; }
  /// True once any byte other than an empty line has come.
  [[nodiscard]] bool begun() const { return begun_; }

 private:
  Progress fail(ErrorCode code, std::string_view argument);
  Progress take_line(std::string_view line);
  Progress finish();
  const char* parse_request_line(std::string_view line);

  HeadLimits limits_;
  const char* base_ = nullptr;
  std::size_t line_start_ = 0;
  std::size_t header_bytes_ = 0;
  bool in_fields_ = false;
  bool begun_ = false;
  std::optional<Error> error_;
  RequestHead head_;
};

struct ResponseHead {
  std::uint16_t status = 0;
  Version version = Version::http_1_1;
  std::vector<HeaderField> fields;
  Framing framing;
};

/// Parses one response head as its bytes arrive; the same rules as for requests.
class ResponseHeadParser {
 public:
  explicit ResponseHeadParser(const HeadLimits& limits) : limits_(limits) {}

  Progress feed(std::string_view bytes);
  void reset();
  [[nodiscard]] const ResponseHead& head() const { return head_; }
  [[nodiscard]] std::size_t head_bytes() const { return line_start_; }
  /// Valid after `failed`: one short text.
  [[nodiscard]] std::string_view reason() const { return reason_; }

 private:
  Progress fail(std::string_view reason);

  HeadLimits limits_;
  const char* base_ = nullptr;
  std::size_t line_start_ = 0;
  std::size_t header_bytes_ = 0;
  bool in_fields_ = false;
  std::string_view reason_;
  ResponseHead head_;
};

/// True for a non-empty token of RFC 9110.
[[nodiscard]] bool is_token(std::string_view text);
/// True when `text` may stand in a field value: no control byte but HTAB.
[[nodiscard]] bool is_field_value(std::string_view text);
/// ASCII case only.
[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b);
/// Without leading and trailing SP and HTAB.
[[nodiscard]] std::string_view trim_blanks(std::string_view text);

}  // namespace sidecar::http
