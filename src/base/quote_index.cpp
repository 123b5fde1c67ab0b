#include "base/quote_index.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string_view>

#include "base/cpu.hpp"
#include "base/json_escape.hpp"
#include "base/simd.hpp"
#include "base/utf8.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace sidecar::detail {
namespace {

using Masks = QuoteIndex::Masks;

/// Bit i: an odd number of bits are set in `bits` from 0 to i.
inline std::uint64_t prefix_xor(std::uint64_t bits) {
  for (unsigned step = 1; step < 64; step *= 2) bits ^= bits << step;
  return bits;
}

inline Masks masks_of(const char* p) {
  Masks masks{};
  for (unsigned i = 0; i < 64; i += static_cast<unsigned>(simd::width)) {
    masks.quotes |= static_cast<std::uint64_t>(simd::equal_to(p + i, '"')) << i;
    masks.slashes |= static_cast<std::uint64_t>(simd::equal_to(p + i, '\\')) << i;
    masks.high |= static_cast<std::uint64_t>(simd::non_ascii(p + i)) << i;
    masks.low |= static_cast<std::uint64_t>(simd::low_or_non_ascii(p + i)) << i;
  }
  return masks;
}

#if defined(__x86_64__)

SIDECAR_WIDE_VECTORS inline std::uint64_t joined(__m256i first, __m256i second) {
  return static_cast<std::uint32_t>(_mm256_movemask_epi8(first)) |
         static_cast<std::uint64_t>(static_cast<std::uint32_t>(_mm256_movemask_epi8(second))) << 32;
}

SIDECAR_WIDE_VECTORS inline Masks masks_of_avx2(const char* p) {
  const __m256i a = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  const __m256i b = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + 32));
  const __m256i quote = _mm256_set1_epi8('"');
  const __m256i slash = _mm256_set1_epi8('\\');
  const __m256i blank = _mm256_set1_epi8(0x20);  // signed: what is not ASCII is below it, too
  return {joined(_mm256_cmpeq_epi8(a, quote), _mm256_cmpeq_epi8(b, quote)),
          joined(_mm256_cmpeq_epi8(a, slash), _mm256_cmpeq_epi8(b, slash)),
          joined(_mm256_cmpgt_epi8(blank, a), _mm256_cmpgt_epi8(blank, b)), joined(a, b)};
}

#endif

}  // namespace

const char* QuoteIndex::block(std::array<char, block_bytes>& lent, std::size_t& size) const {
  size = static_cast<std::size_t>(end_ - next_);
  if (size >= block_bytes) {
    size = block_bytes;
    return next_;
  }
  lent.fill(' ');
  std::memcpy(lent.data(), next_, size);
  return lent.data();
}

/// Inlined into both loops, so that each counts bits with the instructions it may use.
[[gnu::always_inline]] inline bool QuoteIndex::add(const Masks& masks, std::size_t size) {
  std::uint64_t quotes = masks.quotes;
  if ((masks.slashes | (escaped_ ? 1U : 0U)) != 0) {
    if (!check_escapes(masks.slashes, quotes)) return false;
  }
  if (masks.low != 0) {
    const std::uint64_t control = masks.low & ~masks.high;
    if (control != 0 && (control & (prefix_xor(quotes) ^ in_string_)) != 0) return false;
    if (masks.high != 0 && !check_utf8(masks.high)) return false;
  }
  if (quotes == 0) {
    next_ += size;
    return true;
  }
  const auto found = static_cast<unsigned>(std::popcount(quotes));
  in_string_ ^= 0 - static_cast<std::uint64_t>(found & 1U);
  const auto offset = static_cast<std::uint32_t>(next_ - begin_);
  std::uint32_t* const out = positions_.data() + count_;
  // Eight at a time, needed or not: the number of quotes in a block is hard to predict.
  const auto write_eight = [&](unsigned from) {
    for (unsigned i = from; i < from + 8; ++i) {
      out[i] = offset + static_cast<std::uint32_t>(std::countr_zero(quotes));
      quotes &= quotes - 1;
    }
  };
  write_eight(0);
  write_eight(8);
  if (found > 16) {
    for (unsigned from = 16; from < found; from += 8) write_eight(from);
  }
  count_ += found;
  next_ += size;
  return true;
}

bool QuoteIndex::check_escapes(std::uint64_t slashes, std::uint64_t& quotes) {
  escapes_ = true;
  if (escaped_) {
    slashes &= ~std::uint64_t{1};
    quotes &= ~std::uint64_t{1};
    escaped_ = false;
  }
  while (slashes != 0) {
    const auto place = static_cast<unsigned>(std::countr_zero(slashes));
    if (judge_escape(next_ + place, end_) != Escape::good) return false;
    // The byte behind a backslash is neither a quote nor a backslash of its own.
    if (place == 63) {
      escaped_ = true;
      return true;
    }
    const std::uint64_t both = std::uint64_t{3} << place;
    slashes &= ~both;
    quotes &= ~both;
  }
  return true;
}

bool QuoteIndex::check_utf8(std::uint64_t high) {
  // Far ahead at once, since text that is not ASCII seldom comes alone.
  const char* const first = next_ + std::countr_zero(high);
  if (utf8_to_ > first) {
    const auto known = utf8_to_ - next_;
    if (known >= static_cast<std::ptrdiff_t>(block_bytes) || (high >> known) == 0) return true;
  }
  const char* const start = std::max(first, utf8_to_);
  auto size = std::min<std::size_t>(chunk_bytes, static_cast<std::size_t>(end_ - start));
  if (start + size != end_) {
    // Not through the middle of a sequence. Four continuation bytes in a row are a fault.
    const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; };
    for (int back = 0; continues(start[size]); --size) {
      if (++back == 4) return false;
    }
  }
  utf8_to_ = start + size;
  return is_utf8({start, size});
}

void QuoteIndex::fill_sse2() {
  const char* const stop = next_ + std::min<std::ptrdiff_t>(chunk_bytes, end_ - next_);
  std::array<char, block_bytes> lent;
  while (next_ < stop) {
    std::size_t size = 0;
    const char* const bytes = block(lent, size);
    if (!add(masks_of(bytes), size)) {
      broken_ = true;
      return;
    }
  }
}

#if defined(__x86_64__)
SIDECAR_WIDE_VECTORS void QuoteIndex::fill_avx2() {
  const char* const stop = next_ + std::min<std::ptrdiff_t>(chunk_bytes, end_ - next_);
  std::array<char, block_bytes> lent;
  while (next_ < stop) {
    std::size_t size = 0;
    const char* const bytes = block(lent, size);
    if (!add(masks_of_avx2(bytes), size)) {
      broken_ = true;
      return;
    }
  }
}
#endif

[[gnu::noinline]] void QuoteIndex::fill() {
  if (broken_) return;
  count_ = static_cast<std::size_t>(last_ - at_);
  if (count_ == 1) positions_[0] = *at_;
#if defined(__x86_64__)
  const bool wide = cpu::has_wide_vectors();
#endif
  do {
#if defined(__x86_64__)
    if (wide) {
      fill_avx2();
    } else {
      fill_sse2();
    }
#else
    fill_sse2();
#endif
  } while (!broken_ && count_ < 2 && next_ < end_);
  at_ = positions_.data();
  last_ = broken_ ? at_ : at_ + count_;
}

[[gnu::noinline]] const char* QuoteIndex::give_up() {
  broken_ = true;
  at_ = nullptr;
  last_ = nullptr;
  return nullptr;
}

}  // namespace sidecar::detail
