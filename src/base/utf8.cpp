#include "base/utf8.hpp"

#include <bit>
#include <cstring>

#include "base/simd.hpp"

namespace sidecar {

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

}  // namespace sidecar
