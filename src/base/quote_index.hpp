/// Where the quotes of a JSON text stand, found ahead of the reader. Internal to base/json_reader.
///
/// A scanner that looks for the end of each string by itself waits for one load and one count of bits after the other.
/// Finding all quotes first, 64 bytes at a time, makes the ends of strings independent of each other, which more than
/// halves the time for typical texts.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace sidecar::detail {

/// The quotes that open and close strings, in order. While it looks for them it checks what stands inside the strings:
/// escapes, control characters, UTF-8. At the first fault it gives up for good (`close` says null from then on), and
/// the caller scans string by string, which finds the place and the reason.
/// Precondition: the text starts outside of a string and is smaller than 4 GiB. Needs no padding.
class QuoteIndex {
 public:
  QuoteIndex(const char* begin, const char* end) : begin_(begin), end_(end), next_(begin), utf8_to_(begin) {}
  QuoteIndex(const QuoteIndex&) = delete;
  QuoteIndex& operator=(const QuoteIndex&) = delete;

  /// The closing quote of the string that opens at `open`; null when it must be looked for by hand. Every string of the
  /// text has to be asked for, once, in order.
  [[gnu::always_inline]] const char* close(const char* open) {
    if (last_ - at_ < 2) [[unlikely]]
      fill();
    if (last_ - at_ < 2 || begin_ + *at_ != open) [[unlikely]]
      return give_up();
    const char* const closing = begin_ + at_[1];
    at_ += 2;
    return closing;
  }

  /// False when no string asked for so far has an escape.
  [[nodiscard]] bool may_have_escapes() const { return escapes_; }

  /// Six questions about 64 bytes, one bit each.
  struct Masks {
    std::uint64_t quotes;
    std::uint64_t slashes;
    std::uint64_t low;   ///< Control characters, and bytes that are not ASCII.
    std::uint64_t high;  ///< Bytes that are not ASCII.
  };

 private:
  static constexpr std::size_t block_bytes = 64;
  static constexpr std::size_t chunk_bytes = 1024;

  void fill();
  void fill_sse2();
  void fill_avx2();
  const char* give_up();
  bool add(const Masks& masks, std::size_t size);
  bool check_escapes(std::uint64_t slashes, std::uint64_t& quotes);
  bool check_utf8(std::uint64_t high);
  /// The next block, lent some padding when the text ends inside of it.
  const char* block(std::array<char, block_bytes>& lent, std::size_t& size) const;

  const char* begin_;
  const char* end_;
  const char* next_;     ///< The first byte that was not looked at.
  const char* utf8_to_;  ///< Known to be UTF-8 up to here.
  const std::uint32_t* at_ = nullptr;
  const std::uint32_t* last_ = nullptr;
  std::uint64_t in_string_ = 0;  ///< All ones when `next_` is inside of a string.
  std::size_t count_ = 0;
  bool escaped_ = false;  ///< The byte at `next_` belongs to an escape.
  bool escapes_ = false;
  bool broken_ = false;
  /// Offsets from `begin_`: one left over, those of a chunk, and what a wide step writes too much.
  std::array<std::uint32_t, 1 + chunk_bytes + block_bytes> positions_;
};

}  // namespace sidecar::detail
