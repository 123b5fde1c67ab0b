#include "base/json_writer.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

#include "base/json_scan.hpp"
#include "base/simd.hpp"
#include "base/utf8.hpp"

namespace sidecar {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

/// The longest output for one step over the input: a wide copy, an escape as it stands in the table, or a sequence of
/// UTF-8.
constexpr std::size_t step_bytes_max = simd::width;

constexpr bool is_plain(unsigned char c) {
  return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/// How a byte below 0x80 is escaped: its text, and in the last place its length.
using EscapeText = std::array<char, 8>;
constexpr auto escapes = [] {
  constexpr std::string_view hex = "0123456789abcdef";
  std::array<EscapeText, 128> table{};
  for (unsigned c = 0; c < 0x20; ++c) table[c] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15], 0, 6};
  table['"'] = {'\\', '"', 0, 0, 0, 0, 0, 2};
  table['\\'] = {'\\', '\\', 0, 0, 0, 0, 0, 2};
  table['\n'] = {'\\', 'n', 0, 0, 0, 0, 0, 2};
  table['\r'] = {'\\', 'r', 0, 0, 0, 0, 0, 2};
  table['\t'] = {'\\', 't', 0, 0, 0, 0, 0, 2};
  return table;
}();

/// Behind the escape of `c` written to `out`.
inline char* write_escape(char* out, char c) {
  const EscapeText& text = escapes[static_cast<unsigned char>(c)];
  std::memcpy(out, text.data(), text.size());
  return out + text.back();
}

/// Writes from `in` until the input ends or less than one step of room is left; moves `in` on, returns the end of the
/// output. `Checked`: the input is known to be UTF-8.
template <bool Checked>
char* write_string_part(const char*& in, const char* end, char* out, const char* out_end) {
  const char* p = in;
  while (p < end && out_end - out >= static_cast<std::ptrdiff_t>(step_bytes_max)) {
    if (end - p >= static_cast<std::ptrdiff_t>(simd::width)) {
      // Copy first, look later: what lies behind the first special byte is written over.
      simd::copy(out, p);
      const simd::Mask specials = Checked ? simd::escaped(p) : simd::string_specials(p);
      if (specials == 0) {
        p += simd::width;
        out += simd::width;
        continue;
      }
      p += simd::first_bit(specials);
      out += simd::first_bit(specials);
      if (out_end - out < static_cast<std::ptrdiff_t>(step_bytes_max)) break;
    } else if (is_plain(static_cast<unsigned char>(*p)) || (Checked && static_cast<unsigned char>(*p) >= 0x80)) {
      *out++ = *p++;
      continue;
    }
    if (static_cast<unsigned char>(*p) < 0x80) {
      out = write_escape(out, *p++);
      continue;
    }
    const auto room = out_end - out;
    const char* const run_end = end - p > room ? p + room : end;
    const char* const good = past_non_ascii(p, run_end);
    if (good != p) {
      std::memcpy(out, p, static_cast<std::size_t>(good - p));
      out += good - p;
      p = good;
      continue;
    }
    const Utf8Step step = next_utf8({p, static_cast<std::size_t>(end - p)}, 0);
    const std::string_view text = step.valid ? std::string_view(p, step.length) : replacement;
    std::memcpy(out, text.data(), text.size());
    out += text.size();
    p += step.length;
  }
  in = p;
  return out;
}

/// The view is of what was appended.
template <class Number>
std::string_view append_number(std::string& out, Number number) {
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
  return std::string_view(out).substr(out.size() - static_cast<std::size_t>(end - digits.data()));
}

template <class Real>
void append_real(std::string& out, Real number) {
  if (std::isnan(number)) {
    out += "\"NaN\"";
  } else if (std::isinf(number)) {
    out += number > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  } else {
    if (append_number(out, number).find_first_of(".e") == std::string_view::npos) out += ".0";
  }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  const char* in = text.data();
  const char* const end = in + text.size();
  const auto write = is_utf8(text) ? write_string_part<true> : write_string_part<false>;
  out += '"';
  while (in < end) {
    // Room for the text as it is; escapes beyond that take another round.
    const std::size_t old_size = out.size();
    const auto rest = static_cast<std::size_t>(end - in);
    out.resize_and_overwrite(old_size + rest + rest / 8 + 2 * step_bytes_max, [&](char* data, std::size_t room) {
      return static_cast<std::size_t>(write(in, end, data + old_size, data + room) - data);
    });
  }
  out += '"';
}

void append_json_number(std::string& out, std::int64_t number) {
  append_number(out, number);
}
void append_json_unsigned(std::string& out, std::uint64_t number) {
  append_number(out, number);
}

void append_json_real(std::string& out, float number) {
  append_real(out, number);
}
void append_json_real(std::string& out, double number) {
  append_real(out, number);
}

void append_compact_json(std::string& out, std::string_view json) {
  std::size_t kept = 0;  // from here on nothing is copied yet
  for (std::size_t at = quote_or_space(json, 0); at < json.size(); at = quote_or_space(json, at + 1)) {
    if (json[at] == '"') {
      bool has_escapes = false;
      at = string_end(json, at + 1, has_escapes);
    } else {
      out += json.substr(kept, at - kept);
      kept = at + 1;
    }
  }
  out += json.substr(kept);
}

}  // namespace sidecar
