/// The escapes of JSON strings. Internal to the JSON readers of base/.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace sidecar::detail {

/// -1 for bytes that are no hexadecimal digit.
inline constexpr auto hex_values = [] {
  std::array<std::int16_t, 256> table{};
  table.fill(-1);
  for (unsigned i = 0; i < 10; ++i) table['0' + i] = static_cast<std::int16_t>(i);
  for (unsigned i = 0; i < 6; ++i) {
    table['a' + i] = static_cast<std::int16_t>(10 + i);
    table['A' + i] = static_cast<std::int16_t>(10 + i);
  }
  return table;
}();

/// What a one-letter escape stands for; zero when there is no such escape (`u` is not one of them).
inline constexpr auto escape_values = [] {
  std::array<char, 256> table{};
  table['"'] = '"';
  table['\\'] = '\\';
  table['/'] = '/';
  table['b'] = '\b';
  table['f'] = '\f';
  table['n'] = '\n';
  table['r'] = '\r';
  table['t'] = '\t';
  return table;
}();

/// Value of four hexadecimal digits, negative when one of them is none.
inline int hex4(const char* p) {
  const int a = hex_values[static_cast<unsigned char>(p[0])];
  const int b = hex_values[static_cast<unsigned char>(p[1])];
  const int c = hex_values[static_cast<unsigned char>(p[2])];
  const int d = hex_values[static_cast<unsigned char>(p[3])];
  if ((a | b | c | d) < 0) return -1;
  return a << 12 | b << 8 | c << 4 | d;
}

enum class Escape : std::uint8_t { good, ends_early, unknown, bad_unicode };

/// Judges the escape whose backslash is at `p`. Precondition: p < end. A good one of the kind `\u` is six bytes long,
/// any other two.
inline Escape judge_escape(const char* p, const char* end) {
  if (end - p < 2) return Escape::ends_early;
  if (escape_values[static_cast<unsigned char>(p[1])] != 0) return Escape::good;
  if (p[1] != 'u') return Escape::unknown;
  return end - p < 6 || hex4(p + 2) < 0 ? Escape::bad_unicode : Escape::good;
}

}  // namespace sidecar::detail
