/// The chunked transfer coding (RFC 9112, section 7.1), decoded strictly.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sidecar::http {

/// Reads the framing between the chunks. The data itself never passes through: the caller moves it, straight from the
/// socket where that pays.
///
///   while (true) switch (decoder.feed(input); ...)
///     more: everything was consumed, come again with more bytes
///     data: `data_left()` bytes of data follow; take any number of them and report it with `took`
///     done: the message ends here; what is left of the input belongs to the next one
///     failed: `reason()` says why
class ChunkedDecoder {
 public:
  enum class Step : std::uint8_t { more, data, done, failed };

  ChunkedDecoder(std::size_t trailer_bytes_max, std::size_t trailer_fields_max)
      : trailer_bytes_max_(trailer_bytes_max), trailer_fields_max_(trailer_fields_max) {}

  /// Consumes framing bytes from the front of `input`.
  Step feed(std::string_view& input);
  [[nodiscard]] std::uint64_t data_left() const { return data_left_; }
  /// Precondition: at most `data_left()`.
  void took(std::uint64_t bytes) { data_left_ -= bytes; }
  [[nodiscard]] std::string_view reason() const { return reason_; }

 private:
  enum class State : std::uint8_t {
    size_first,
    size,
    extension_start,
    extension_name,
    value_start,
    value,
    quoted,
    quoted_pair,
    quoted_end,
    size_lf,
    data,
    data_cr,
    data_lf,
    trailer_first,
    trailer_name,
    trailer_value,
    trailer_lf,
    end_lf,
    done,
    failed
  };
  void fail(const char* reason);
  void step(char c);
  void after_size(char c, const char* wrong);

  std::size_t trailer_bytes_max_;
  std::size_t trailer_fields_max_;
  State state_ = State::size_first;
  std::uint64_t data_left_ = 0;
  std::size_t line_bytes_ = 0;       ///< Of the current size line.
  std::size_t extension_bytes_ = 0;  ///< Of the whole message: extensions are dropped, so they must not be free.
  std::size_t trailer_bytes_ = 0;
  std::size_t trailer_fields_ = 0;
  std::string trailer_name_;
  std::string_view reason_;
};

}  // namespace sidecar::http
