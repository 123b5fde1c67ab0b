#include "base/json_writer.hpp"

#include <array>
#include <charconv>
#include <cstring>

#include "base/simd.hpp"
#include "base/utf8.hpp"

namespace sidecar {
namespace {

constexpr char hex[] = "0123456789abcdef";
constexpr std::string_view replacement = "\xEF\xBF\xBD";

/// The longest output for one step over the input: a wide copy, or an escape, or a sequence of UTF-8.
constexpr std::size_t step_bytes_max = simd::width;

constexpr bool is_plain(unsigned char c) { return c >= 0x20 && c < 0x80 && c != '"' && c != '\\'; }

/// Behind the escape of `c` written to `out`.
char* write_escape(char* out, unsigned char c) {
  const auto write = [&out](std::string_view text) {
    std::memcpy(out, text.data(), text.size());
    out += text.size();
  };
  switch (c) {
    case '"': write("\\\""); break;
    case '\\': write("\\\\"); break;
    case '\n': write("\\n"); break;
    case '\r': write("\\r"); break;
    case '\t': write("\\t"); break;
    default:
      write("\\u00");
      *out++ = hex[c >> 4];
      *out++ = hex[c & 15];
  }
  return out;
}

/// Writes from `in` until the input ends or less than one step of room is left; moves `in` on, returns the end of the
/// output.
char* write_string_part(const char*& in, const char* end, char* out, const char* out_end) {
  const char* p = in;
  while (p < end && out_end - out >= static_cast<std::ptrdiff_t>(step_bytes_max)) {
    if (end - p >= static_cast<std::ptrdiff_t>(simd::width)) {
      // Copy first, look later: what lies behind the first special byte is written over.
      simd::copy(out, p);
      const simd::Mask specials = simd::string_specials(p);
      const unsigned plain = specials == 0 ? simd::width : simd::first_bit(specials);
      p += plain;
      out += plain;
      if (specials == 0) continue;
      if (out_end - out < static_cast<std::ptrdiff_t>(step_bytes_max)) break;
    } else if (is_plain(static_cast<unsigned char>(*p))) {
      *out++ = *p++;
      continue;
    }
    if (static_cast<unsigned char>(*p) < 0x80) {
      out = write_escape(out, static_cast<unsigned char>(*p++));
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

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  const char* in = text.data();
  const char* const end = in + text.size();
  out += '"';
  while (in < end) {
    // Room for the text as it is; escapes beyond that take another round.
    const std::size_t old_size = out.size();
    const auto rest = static_cast<std::size_t>(end - in);
    out.resize_and_overwrite(old_size + rest + rest / 8 + 2 * step_bytes_max, [&](char* data, std::size_t room) {
      return static_cast<std::size_t>(write_string_part(in, end, data + old_size, data + room) - data);
    });
  }
  out += '"';
}

void append_json_number(std::string& out, std::int64_t number) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

}  // namespace sidecar
