/// Questions about sixteen bytes at once: SSE2 where the target has it (every x86-64), plain C++ elsewhere.
/// Internal to the text readers and writers of base/.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace sidecar::simd {

/// Bytes looked at by one call. A caller makes sure that so many are readable.
inline constexpr std::size_t width = 16;

/// One bit for each of the bytes, the first one lowest; bits above `width` are zero.
using Mask = std::uint32_t;

[[nodiscard]] inline unsigned first_bit(Mask mask) {
  return static_cast<unsigned>(std::countr_zero(mask));
}

/// The meaning of the questions in plain C++.
namespace plain {

template <class Test>
inline Mask collect(const char* p, Test test) {
  Mask mask = 0;
  for (unsigned i = 0; i < width; ++i) {
    mask |= static_cast<Mask>(test(static_cast<unsigned char>(p[i])) ? 1U : 0U) << i;
  }
  return mask;
}

[[nodiscard]] inline Mask string_specials(const char* p) {
  return collect(p, [](unsigned char c) { return c < 0x20 || c >= 0x80 || c == '"' || c == '\\'; });
}
[[nodiscard]] inline Mask escaped(const char* p) {
  return collect(p, [](unsigned char c) { return c < 0x20 || c == '"' || c == '\\'; });
}
[[nodiscard]] inline Mask equal_to(const char* p, char wanted) {
  return collect(p, [wanted](unsigned char c) { return c == static_cast<unsigned char>(wanted); });
}
[[nodiscard]] inline Mask non_ascii(const char* p) {
  return collect(p, [](unsigned char c) { return c >= 0x80; });
}
[[nodiscard]] inline Mask low_or_non_ascii(const char* p) {
  return collect(p, [](unsigned char c) { return c < 0x20 || c >= 0x80; });
}
[[nodiscard]] inline Mask non_digits(const char* p) {
  return collect(p, [](unsigned char c) { return c < '0' || c > '9'; });
}
[[nodiscard]] inline Mask non_spaces(const char* p) {
  return collect(p, [](unsigned char c) { return c != ' ' && c != '\n' && c != '\r' && c != '\t'; });
}
inline void copy(char* to, const char* from) {
  char block[width];
  std::memcpy(block, from, width);
  std::memcpy(to, block, width);
}

}  // namespace plain

#if defined(__SSE2__)

namespace detail {
inline __m128i load(const char* p) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
}
inline Mask mask_of(__m128i bytes) {
  return static_cast<Mask>(_mm_movemask_epi8(bytes));
}
}  // namespace detail

/// Bytes that end a run of plain string text: `"`, `\`, control characters and everything that is not ASCII.
[[nodiscard]] inline Mask string_specials(const char* p) {
  const __m128i bytes = detail::load(p);
  // The comparison is signed: bytes from 0x80 up are negative, so one compare finds them together with the controls.
  const __m128i low = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20));
  const __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
  const __m128i slash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
  return detail::mask_of(_mm_or_si128(_mm_or_si128(quote, slash), low));
}

/// Bytes that a JSON string must escape: `"`, `\` and control characters.
[[nodiscard]] inline Mask escaped(const char* p) {
  const __m128i bytes = detail::load(p);
  const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1F)), bytes);
  const __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
  const __m128i slash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
  return detail::mask_of(_mm_or_si128(_mm_or_si128(quote, slash), control));
}

[[nodiscard]] inline Mask equal_to(const char* p, char wanted) {
  return detail::mask_of(_mm_cmpeq_epi8(detail::load(p), _mm_set1_epi8(wanted)));
}

[[nodiscard]] inline Mask non_ascii(const char* p) {
  return detail::mask_of(detail::load(p));
}

/// Control characters and bytes that are not ASCII.
[[nodiscard]] inline Mask low_or_non_ascii(const char* p) {
  return detail::mask_of(_mm_cmplt_epi8(detail::load(p), _mm_set1_epi8(0x20)));
}

/// Bytes other than `0` to `9`.
[[nodiscard]] inline Mask non_digits(const char* p) {
  const __m128i value = _mm_sub_epi8(detail::load(p), _mm_set1_epi8('0'));
  const __m128i digit = _mm_cmpeq_epi8(_mm_min_epu8(value, _mm_set1_epi8(9)), value);
  return detail::mask_of(digit) ^ 0xFFFFU;
}

/// Bytes other than JSON's white space.
[[nodiscard]] inline Mask non_spaces(const char* p) {
  const __m128i bytes = detail::load(p);
  const __m128i blank =
      _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(' ')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\n')));
  const __m128i other =
      _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\r')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\t')));
  return detail::mask_of(_mm_or_si128(blank, other)) ^ 0xFFFFU;
}

/// Copies `width` bytes, read completely before the first is written.
inline void copy(char* to, const char* from) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), detail::load(from));
}

#else

using namespace plain;

#endif

}  // namespace sidecar::simd
