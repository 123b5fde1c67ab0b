#include "base/utf8.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/cpu.hpp"
#include "base/simd.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace sidecar {
namespace {

#if defined(__x86_64__)

/// The sixteen entries of a table of nibbles, once for each half of a vector.
template <class... Values>
SIDECAR_WIDE_VECTORS inline __m256i nibble_table(Values... values) {
  return _mm256_broadcastsi128_si256(_mm_setr_epi8(static_cast<char>(values)...));
}
SIDECAR_WIDE_VECTORS inline __m256i low_nibbles(__m256i bytes) {
  return _mm256_and_si256(bytes, _mm256_set1_epi8(0x0F));
}
SIDECAR_WIDE_VECTORS inline __m256i high_nibbles(__m256i bytes) {
  return low_nibbles(_mm256_srli_epi16(bytes, 4));
}

/// Judges 32 bytes at a time. The method is J. Keiser's and D. Lemire's, "Validating UTF-8 In Less Than One Instruction
/// Per Byte" (2021): three look-ups by nibble name, for each pair of neighbouring bytes, the faults that it is part of;
/// a fault is one that all three name. Two neighbouring continuation bytes are right exactly where a longer sequence
/// began two or three bytes before.
SIDECAR_WIDE_VECTORS bool is_utf8_avx2(const char* p, const char* end) {
  enum : char {
    too_short = 1,           // a lead byte without its continuation
    too_long = 2,            // a continuation behind ASCII
    overlong_3 = 4,          // E0 80..9F
    too_large = 8,           // F4 90 and above
    surrogate = 16,          // ED A0..BF
    overlong_2 = 32,         // C0, C1
    too_large_or_long = 64,  // F5 and above; F0 80..8F
    two_continuations = static_cast<char>(128),
  };
  constexpr char any_low = too_short | too_long | two_continuations;
  constexpr char low_large = any_low | too_large | too_large_or_long;
  constexpr char second = too_long | overlong_2 | two_continuations;
  const __m256i first_high = nibble_table(
      too_long, too_long, too_long, too_long, too_long, too_long, too_long, too_long,  //
      two_continuations, two_continuations, two_continuations, two_continuations,      //
      too_short | overlong_2, too_short, too_short | overlong_3 | surrogate, too_short | too_large | too_large_or_long);
  const __m256i first_low =
      nibble_table(any_low | overlong_3 | overlong_2 | too_large_or_long, any_low | overlong_2, any_low, any_low,
                   any_low | too_large, low_large, low_large, low_large, low_large, low_large, low_large, low_large,  //
                   low_large, low_large | surrogate, low_large, low_large);
  const __m256i second_high = nibble_table(
      too_short, too_short, too_short, too_short, too_short, too_short, too_short, too_short,  //
      second | overlong_3 | too_large_or_long, second | overlong_3 | too_large, second | surrogate | too_large,
      second | surrogate | too_large, too_short, too_short, too_short, too_short);
  // Above these the last three bytes of a block begin a sequence that the block does not end.
  const __m256i complete =
      _mm256_setr_epi8(-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
                       -1, -1, -1, -1, -1, static_cast<char>(0xEF), static_cast<char>(0xDF), static_cast<char>(0xBF));

  __m256i faults = _mm256_setzero_si256();
  __m256i before = _mm256_setzero_si256();
  __m256i open = _mm256_setzero_si256();
  char lent[32] = {};
  while (p < end) {
    __m256i bytes;
    if (end - p >= 32) {
      bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
    } else {
      std::memcpy(lent, p, static_cast<std::size_t>(end - p));
      bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(lent));
    }
    p += 32;
    if (_mm256_movemask_epi8(bytes) == 0) {
      faults = _mm256_or_si256(faults, open);
      open = _mm256_setzero_si256();
    } else {
      const __m256i across = _mm256_permute2x128_si256(before, bytes, 0x21);
      const __m256i one_before = _mm256_alignr_epi8(bytes, across, 15);
      const __m256i two_before = _mm256_alignr_epi8(bytes, across, 14);
      const __m256i three_before = _mm256_alignr_epi8(bytes, across, 13);
      const __m256i named = _mm256_and_si256(_mm256_and_si256(_mm256_shuffle_epi8(first_high, high_nibbles(one_before)),
                                                              _mm256_shuffle_epi8(first_low, low_nibbles(one_before))),
                                             _mm256_shuffle_epi8(second_high, high_nibbles(bytes)));
      const __m256i third = _mm256_subs_epu8(two_before, _mm256_set1_epi8(0xE0 - 0x80));
      const __m256i fourth = _mm256_subs_epu8(three_before, _mm256_set1_epi8(0xF0 - 0x80));
      const __m256i continues = _mm256_and_si256(_mm256_or_si256(third, fourth), _mm256_set1_epi8(two_continuations));
      faults = _mm256_or_si256(faults, _mm256_xor_si256(continues, named));
      open = _mm256_subs_epu8(bytes, complete);
    }
    before = bytes;
  }
  faults = _mm256_or_si256(faults, open);
  return _mm256_testz_si256(faults, faults) != 0;
}

#endif

}  // namespace

Utf8Step next_utf8(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(at);
  if (first < 0x80) return {true, 1};
  // Table 3-7 of the Unicode standard: the second byte's range depends on the first, the others are 80..BF.
  unsigned char low = 0x80;
  unsigned char high = 0xBF;
  std::uint8_t length = 0;
  if (first >= 0xC2 && first <= 0xDF) {
    length = 2;
  } else if (first >= 0xE0 && first <= 0xEF) {
    length = 3;
    if (first == 0xE0) low = 0xA0;
    if (first == 0xED) high = 0x9F;
  } else if (first >= 0xF0 && first <= 0xF4) {
    length = 4;
    if (first == 0xF0) low = 0x90;
    if (first == 0xF4) high = 0x8F;
  } else {
    return {false, 1};
  }
  for (std::uint8_t i = 1; i < length; ++i) {
    if (at + i >= text.size() || byte(at + i) < low || byte(at + i) > high) return {false, i};
    low = 0x80;
    high = 0xBF;
  }
  return {true, length};
}

const char* past_non_ascii(const char* p, const char* end) {
  do {
    if constexpr (std::endian::native == std::endian::little) {
      // Four bytes at once, the first one lowest; the masks restate Table 3-7.
      if (end - p >= 4) {
        std::uint32_t u = 0;
        std::memcpy(&u, p, 4);
        if ((u & 0x00C0C0F0U) == 0x008080E0U) {
          // Overlong when the payload bits above U+07FF are zero; a surrogate when they are those of ED A0.
          const std::uint32_t edge = u & 0x0000200FU;
          if (edge == 0 || edge == 0x200DU) return p;
          p += 3;
        } else if ((u & 0x0000C0E0U) == 0x000080C0U) {
          if ((u & 0x1EU) == 0) return p;  // overlong
          p += 2;
        } else if ((u & 0xC0C0C0F8U) == 0x808080F0U) {
          const std::uint32_t edge = u & 0x00003007U;  // zero: overlong; 4 and more: above U+10FFFF
          if (edge == 0 || ((edge & 4U) != 0 && (edge & 0x3003U) != 0)) return p;
          p += 4;
        } else {
          return p;
        }
        continue;
      }
    }
    const Utf8Step step = next_utf8({p, static_cast<std::size_t>(end - p)}, 0);
    if (!step.valid) return p;
    p += step.length;
  } while (p < end && static_cast<unsigned char>(*p) >= 0x80);
  return p;
}

bool is_utf8(std::string_view text) {
  const char* p = text.data();
  const char* const end = p + text.size();
#if defined(__x86_64__)
  if (text.size() >= simd::width && cpu::has_wide_vectors()) return is_utf8_avx2(p, end);
#endif
  while (p < end) {
    if (end - p >= static_cast<std::ptrdiff_t>(simd::width)) {
      const simd::Mask found = simd::non_ascii(p);
      if (found == 0) {
        p += simd::width;
        continue;
      }
      p += simd::first_bit(found);
    } else if (static_cast<unsigned char>(*p) < 0x80) {
      ++p;
      continue;
    }
    p = past_non_ascii(p, end);
    if (p < end && static_cast<unsigned char>(*p) >= 0x80) return false;
  }
  return true;
}

std::string_view utf8_prefix(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

std::string one_line_prefix(std::string_view text, std::size_t bytes_max) {
  constexpr unsigned char first_printable = 0x20;
  constexpr char delete_character = 0x7f;
  std::string out(utf8_prefix(text, bytes_max));
  std::ranges::replace_if(
      out, [](char c) { return static_cast<unsigned char>(c) < first_printable || c == delete_character; }, '?');
  return out;
}

}  // namespace sidecar
