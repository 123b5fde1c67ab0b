#include "base/json_reader.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <string>

#include "base/json_escape.hpp"
#include "base/simd.hpp"
#include "base/utf8.hpp"

// How the scanner stays inside the text without asking at every byte: a text is either followed by a zero byte, which
// no token may hold, or it is a container whose last byte is a closing bracket, which ends every token except strings.
// So only strings, literals and closing brackets look at `end`; wide loads do as well.

namespace sidecar {
namespace {

using detail::QuoteIndex;
using Byte = unsigned char;

constexpr const char* ends_early = "the text ends too early";
constexpr const char* control_in_string = "control character in a string";
constexpr const char* bad_escape = "unknown escape";
constexpr const char* bad_unicode_escape = "\\u without four hexadecimal digits";
constexpr const char* bad_utf8 = "invalid UTF-8";
constexpr const char* no_value = "a value is missing";
constexpr const char* no_name = "a member name is missing";
constexpr const char* no_colon = "a colon is missing";
constexpr const char* no_object_end = "a comma or a closing brace is missing";
constexpr const char* no_array_end = "a comma or a closing bracket is missing";
constexpr const char* bad_number = "not a number";
constexpr const char* leading_zero = "number with a leading zero";
constexpr const char* too_deep = "nested too deeply";
constexpr const char* text_behind = "text behind the value";

/// Where and why scanning stopped.
struct Fault {
  const char* where = nullptr;
  const char* reason = nullptr;
  [[gnu::cold, gnu::noinline]] const char* at(const char* place, const char* why) {
    where = place;
    reason = why;
    return nullptr;
  }
};

constexpr bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}
constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// What each byte means inside a string.
enum class InString : std::uint8_t { plain, quote, escape, control, non_ascii };
constexpr auto in_string = [] {
  std::array<InString, 256> table{};
  for (unsigned c = 0; c < 0x20; ++c) table[c] = InString::control;
  for (unsigned c = 0x80; c < 0x100; ++c) table[c] = InString::non_ascii;
  table['"'] = InString::quote;
  table['\\'] = InString::escape;
  return table;
}();

/// Behind the escape that starts at `p`, or null.
const char* past_escape(const char* p, const char* end, Fault& fault) {
  switch (detail::judge_escape(p, end)) {
    case detail::Escape::good:
      return p + (p[1] == 'u' ? 6 : 2);
    case detail::Escape::ends_early:
      return fault.at(end, ends_early);
    case detail::Escape::unknown:
      return fault.at(p, bad_escape);
    case detail::Escape::bad_unicode:
      return fault.at(p, bad_unicode_escape);
  }
  return fault.at(p, bad_escape);
}

/// At the closing quote of the string whose first character is at `p`, or null.
[[gnu::noinline]] const char* string_end(const char* p, const char* end, bool& escapes, Fault& fault) {
  for (;;) {
    simd::Mask specials = 0;
    while (end - p >= static_cast<std::ptrdiff_t>(simd::width)) {
      specials = simd::string_specials(p);
      if (specials != 0) [[likely]] {
        p += simd::first_bit(specials);
        break;
      }
      p += simd::width;
    }
    if (specials == 0) {
      while (p < end && in_string[static_cast<Byte>(*p)] == InString::plain) ++p;
      if (p == end) return fault.at(end, ends_early);
    }
    if (*p == '"') [[likely]]
      return p;
    if (*p == '\\') {
      escapes = true;
      p = past_escape(p, end, fault);
    } else if (static_cast<Byte>(*p) >= 0x80) {
      p = past_non_ascii(p, end);
      if (p < end && static_cast<Byte>(*p) >= 0x80) return fault.at(p, bad_utf8);
      continue;
    } else {
      return fault.at(p, control_in_string);
    }
    if (p == nullptr) return nullptr;
  }
}

[[gnu::noinline]] const char* past_spaces(const char* p, const char* end) {
  while (end - p >= static_cast<std::ptrdiff_t>(simd::width)) {
    const simd::Mask other = simd::non_spaces(p);
    if (other != 0) return p + simd::first_bit(other);
    p += simd::width;
  }
  while (p < end && is_space(*p)) ++p;
  return p;
}

/// At the next byte that is no white space. Most texts have none or one blank.
[[gnu::always_inline]] inline const char* past_space(const char* p, const char* end) {
  if (static_cast<Byte>(*p) > ' ') [[likely]]
    return p;
  if (*p == ' ' && static_cast<Byte>(p[1]) > ' ') return p + 1;
  return past_spaces(p, end);
}

/// The part of a number that the wide scan leaves: from `p`, which is behind the sign, with no assumption.
const char* number_end_slowly(const char* p, Fault& fault) {
  if (*p == '0') {
    ++p;
    if (is_digit(*p)) return fault.at(p, leading_zero);
  } else if (is_digit(*p)) {
    while (is_digit(*p)) ++p;
  } else {
    return fault.at(p, bad_number);
  }
  if (*p == '.') {
    ++p;
    if (!is_digit(*p)) return fault.at(p, bad_number);
    while (is_digit(*p)) ++p;
  }
  if (*p == 'e' || *p == 'E') {
    ++p;
    if (*p == '+' || *p == '-') ++p;
    if (!is_digit(*p)) return fault.at(p, bad_number);
    while (is_digit(*p)) ++p;
  }
  return p;
}

/// Behind the number at `p`, or null. What may follow a number is for the caller to check.
[[gnu::always_inline]] inline const char* number_end(const char* p, const char* end, Fault& fault) {
  if (*p == '-') ++p;
  if (end - p >= static_cast<std::ptrdiff_t>(simd::width)) [[likely]] {
    // One look finds both ends of `123` and `123.456`, whatever their lengths.
    constexpr simd::Mask guard = 1U << simd::width;
    simd::Mask stops = simd::non_digits(p) | guard;
    const unsigned whole = simd::first_bit(stops);
    if (whole == 0) return fault.at(p, bad_number);
    if (*p == '0' && whole > 1) return fault.at(p + 1, leading_zero);
    if (whole < simd::width) {
      if (p[whole] != '.' && (p[whole] | 0x20) != 'e') return p + whole;
      stops &= stops - 1;
      const unsigned fraction = simd::first_bit(stops);
      if (p[whole] == '.' && fraction < simd::width && fraction > whole + 1 && (p[fraction] | 0x20) != 'e') {
        return p + fraction;
      }
    }
  }
  return number_end_slowly(p, fault);
}

/// Behind the number, `true`, `false` or `null` at `p`, or null.
[[gnu::always_inline]] inline const char* bare_end(const char* p, const char* end, Fault& fault) {
  if (is_digit(*p) || *p == '-') [[likely]]
    return number_end(p, end, fault);
  const auto starts_with = [p, end](const char* word, std::ptrdiff_t size) {
    return end - p >= size && std::memcmp(p, word, static_cast<std::size_t>(size)) == 0;
  };
  if (starts_with("true", 4) || starts_with("null", 4)) return p + 4;
  if (starts_with("false", 5)) return p + 5;
  return fault.at(p, p == end ? ends_early : no_value);
}

/// The closing quote of the string that opens at `open`, or null.
[[gnu::always_inline]] inline const char* closing_quote(const char* open, const char* end, QuoteIndex& quotes,
                                                        Fault& fault) {
  if (const char* const closing = quotes.close(open)) [[likely]]
    return closing;
  bool escapes = false;
  return string_end(open + 1, end, escapes, fault);
}

/// Which of the open containers are objects: one bit each, the innermost lowest.
class Nesting {
 public:
  [[nodiscard]] std::size_t depth() const { return depth_; }
  [[nodiscard]] bool in_object() const { return (kinds_ & 1U) != 0; }
  void open(bool object) {
    if (depth_ % 64 == 0 && depth_ != 0) saved_[depth_ / 64 - 1] = kinds_;
    kinds_ = kinds_ << 1 | (object ? 1U : 0U);
    ++depth_;
  }
  void close() {
    --depth_;
    kinds_ = depth_ % 64 == 0 && depth_ != 0 ? saved_[depth_ / 64 - 1] : kinds_ >> 1;
  }

 private:
  std::uint64_t kinds_ = 0;
  std::size_t depth_ = 0;
  std::array<std::uint64_t, json_depth_limit / 64> saved_;  // written before it is read
};

/// Behind the container that opens at `p`, or null. Precondition: *p is `{` or `[`, depth_left <= json_depth_limit.
const char* container_end(const char* p, const char* end, std::size_t depth_left, QuoteIndex& quotes, Fault& fault) {
  Nesting nesting;

open:
  if (nesting.depth() == depth_left) return fault.at(p, too_deep);
  nesting.open(*p == '{');
  if (*p == '[') goto open_array;

  p = past_space(p + 1, end);
  if (*p == '}') goto close;
member:
  if (*p != '"') return fault.at(p, p == end ? ends_early : no_name);
  p = closing_quote(p, end, quotes, fault);
  if (p == nullptr) return nullptr;
  ++p;
  if (*p != ':') {
    p = past_space(p, end);
    if (*p != ':') return fault.at(p, p == end ? ends_early : no_colon);
  }
  p = past_space(p + 1, end);
  if (*p == '"') {
    p = closing_quote(p, end, quotes, fault);
    if (p == nullptr) return nullptr;
    ++p;
  } else if (*p == '{' || *p == '[') {
    goto open;
  } else {
    p = bare_end(p, end, fault);
    if (p == nullptr) return nullptr;
  }
behind_member:
  p = past_space(p, end);
  if (*p == ',') {
    p = past_space(p + 1, end);
    goto member;
  }
  if (*p == '}') goto close;
  return fault.at(p, p == end ? ends_early : no_object_end);

open_array:
  p = past_space(p + 1, end);
  if (*p == ']') goto close;
element:
  if (*p == '"') {
    p = closing_quote(p, end, quotes, fault);
    if (p == nullptr) return nullptr;
    ++p;
  } else if (*p == '{' || *p == '[') {
    goto open;
  } else {
    p = bare_end(p, end, fault);
    if (p == nullptr) return nullptr;
  }
behind_element:
  p = past_space(p, end);
  if (*p == ',') {
    p = past_space(p + 1, end);
    goto element;
  }
  if (*p == ']') goto close;
  return fault.at(p, p == end ? ends_early : no_array_end);

close:
  ++p;
  nesting.close();
  if (nesting.depth() == 0) return p;
  if (p == end) return fault.at(p, ends_early);
  if (nesting.in_object()) goto behind_member;
  goto behind_element;
}

/// Behind the value at `p`, or null.
const char* value_end(const char* p, const char* end, std::size_t depth_left, QuoteIndex& quotes, Fault& fault) {
  if (*p == '{' || *p == '[') return container_end(p, end, depth_left, quotes, fault);
  if (*p != '"') return bare_end(p, end, fault);
  p = closing_quote(p, end, quotes, fault);
  return p == nullptr ? nullptr : p + 1;
}

std::expected<void, JsonFailure> validate_between(const char* begin, const char* end, std::size_t depth_max) {
  QuoteIndex quotes(begin, end);
  Fault fault;
  const char* p = value_end(begin, end, depth_max, quotes, fault);
  if (p != nullptr && p != end) p = fault.at(past_spaces(p, end), text_behind);
  if (p == nullptr) {
    return std::unexpected(JsonFailure{static_cast<std::size_t>(fault.where - begin), fault.reason});
  }
  return {};
}

/// The UTF-8 of a code point; returns its length.
inline std::size_t write_utf8(char* out, std::uint32_t point) {
  const auto put = [out](std::size_t i, std::uint32_t byte) { out[i] = static_cast<char>(byte); };
  if (point < 0x80) {
    put(0, point);
    return 1;
  }
  if (point < 0x800) {
    put(0, 0xC0 | point >> 6);
    put(1, 0x80 | (point & 0x3F));
    return 2;
  }
  if (point < 0x10000) {
    put(0, 0xE0 | point >> 12);
    put(1, 0x80 | (point >> 6 & 0x3F));
    put(2, 0x80 | (point & 0x3F));
    return 3;
  }
  put(0, 0xF0 | point >> 18);
  put(1, 0x80 | (point >> 12 & 0x3F));
  put(2, 0x80 | (point >> 6 & 0x3F));
  put(3, 0x80 | (point & 0x3F));
  return 4;
}

}  // namespace

std::expected<void, JsonFailure> validate_json(std::string_view text, std::size_t depth_max) {
  depth_max = std::min(depth_max, json_depth_limit);
  const char* const begin = text.data();
  const char* end = begin + text.size();
  while (end != begin && is_space(end[-1])) --end;
  if (end == begin) return std::unexpected(JsonFailure{text.size(), ends_early});
  const char* const start = past_spaces(begin, end);
  const auto size = static_cast<std::size_t>(end - start);

  std::expected<void, JsonFailure> result;
  const bool container = *start == '{' || *start == '[';
  if (container ? end[-1] == '}' || end[-1] == ']' : *start == '"') {
    result = validate_between(start, end, depth_max);
  } else if (constexpr std::size_t most_numbers = 47; size <= most_numbers) {
    // Nothing in the text itself ends a number: lend it a zero byte.
    std::array<char, most_numbers + 1> padded{};
    std::memcpy(padded.data(), start, size);
    result = validate_between(padded.data(), padded.data() + size, depth_max);
  } else {
    const PaddedBuffer padded(std::string_view(start, size));
    result = validate_between(padded.data(), padded.data() + size, depth_max);
  }
  if (!result) result.error().offset += static_cast<std::size_t>(start - begin);
  return result;
}

bool JsonString::equals_unescaped(std::string_view text) const {
  // The longest spelling of a byte is six characters.
  if (raw.size() > text.size() * 6) return false;
  std::string copy(raw);
  const auto size = unescape_in_place(copy.data(), copy.size());
  return size && std::string_view(copy.data(), *size) == text;
}

std::optional<std::size_t> unescape_in_place(char* text, std::size_t size) {
  const char* in = static_cast<const char*>(std::memchr(text, '\\', size));
  if (in == nullptr) return size;
  const char* const end = text + size;
  char* out = text + (in - text);
  while (in < end) {
    if (*in != '\\') {
      if (end - in >= static_cast<std::ptrdiff_t>(simd::width)) {
        const simd::Mask slashes = simd::equal_to(in, '\\');
        if (slashes == 0) {
          simd::copy(out, in);
          in += simd::width;
          out += simd::width;
          continue;
        }
        // A wide store would run over bytes behind the backslash that are still to be read.
        const char* const slash = in + simd::first_bit(slashes);
        while (in < slash) *out++ = *in++;
      } else {
        *out++ = *in++;
        continue;
      }
    }
    if (in[1] != 'u') {
      *out++ = detail::escape_values[static_cast<Byte>(in[1])];
      in += 2;
      continue;
    }
    auto point = static_cast<std::uint32_t>(detail::hex4(in + 2));
    in += 6;
    if (point >= 0xD800 && point <= 0xDFFF) {
      if (point >= 0xDC00 || end - in < 6 || in[0] != '\\' || in[1] != 'u') return std::nullopt;
      const auto low = static_cast<std::uint32_t>(detail::hex4(in + 2));
      if (low < 0xDC00 || low > 0xDFFF) return std::nullopt;
      point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
      in += 6;
    }
    out += write_utf8(out, point);
  }
  return static_cast<std::size_t>(out - text);
}

JsonReader::JsonReader(const PaddedBuffer& text, std::size_t depth_max)
    : begin_(text.data() == nullptr ? "" : text.data()),
      at_(begin_),
      end_(begin_ + text.size()),
      depth_max_(std::min(depth_max, json_depth_limit)),
      quotes_(begin_, end_) {}

bool JsonReader::fail(const char* at, const char* reason) {
  if (reason_ == nullptr) {
    failed_at_ = at;
    reason_ = reason;
  }
  at_ = end_;
  return false;
}

std::optional<JsonFailure> JsonReader::failure() const {
  if (reason_ == nullptr) return std::nullopt;
  return JsonFailure{static_cast<std::size_t>(failed_at_ - begin_), reason_};
}

JsonKind JsonReader::kind() {
  at_ = past_space(at_, end_);
  switch (*at_) {
    case '{':
      return JsonKind::object;
    case '[':
      return JsonKind::array;
    case '"':
      return JsonKind::string;
    case 'n':
      return JsonKind::null;
    case 't':
    case 'f':
      return JsonKind::boolean;
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9':
      return JsonKind::number;
    default:
      fail(at_, at_ == end_ ? ends_early : no_value);
      return JsonKind::malformed;
  }
}

bool JsonReader::enter_object() {
  if (reason_ != nullptr) return false;
  if (depth_ == depth_max_) return fail(at_, too_deep);
  ++depth_;
  ++at_;
  first_ = true;
  return true;
}

bool JsonReader::enter_array() {
  return enter_object();
}

bool JsonReader::close() {
  ++at_;
  --depth_;
  first_ = false;
  return false;
}

const char* JsonReader::string_at(const char* open, JsonString& value) {
  const char* const start = open + 1;
  bool escapes = false;
  const char* last = quotes_.close(open);
  if (last != nullptr) [[likely]] {
    const auto size = static_cast<std::size_t>(last - start);
    escapes = quotes_.may_have_escapes() && size != 0 && std::memchr(start, '\\', size) != nullptr;
  } else {
    Fault fault;
    last = string_end(start, end_, escapes, fault);
    if (last == nullptr) {
      fail(fault.where, fault.reason);
      return nullptr;
    }
  }
  value = JsonString{{start, static_cast<std::size_t>(last - start)}, escapes};
  return last;
}

bool JsonReader::next_member(JsonString& name) {
  if (reason_ != nullptr) return false;
  const char* p = past_space(at_, end_);
  at_ = p;
  if (first_) {
    if (*p == '}') return close();
  } else if (*p == ',') {
    p = past_space(p + 1, end_);
  } else if (*p == '}') {
    return close();
  } else {
    return fail(p, p == end_ ? ends_early : no_object_end);
  }
  first_ = false;
  if (*p != '"') return fail(p, p == end_ ? ends_early : no_name);
  const char* const last = string_at(p, name);
  if (last == nullptr) return false;
  p = past_space(last + 1, end_);
  if (*p != ':') return fail(p, p == end_ ? ends_early : no_colon);
  at_ = p + 1;
  return true;
}

bool JsonReader::next_element() {
  if (reason_ != nullptr) return false;
  at_ = past_space(at_, end_);
  if (first_) {
    if (*at_ == ']') return close();
    first_ = false;
    return true;
  }
  if (*at_ == ',') {
    ++at_;
    return true;
  }
  if (*at_ == ']') return close();
  return fail(at_, at_ == end_ ? ends_early : no_array_end);
}

bool JsonReader::take_string(JsonString& value) {
  if (reason_ != nullptr) return false;
  const char* const last = string_at(at_, value);
  if (last == nullptr) return false;
  at_ = last + 1;
  return true;
}

bool JsonReader::take_boolean(bool& value) {
  std::string_view text;
  if (!take_slice(text)) return false;
  value = text.front() == 't';
  return true;
}

bool JsonReader::take_null() {
  std::string_view text;
  return take_slice(text);
}

JsonReader::Integer JsonReader::take_integer(std::int64_t& value) {
  std::string_view text;
  if (!take_slice(text)) return Integer::malformed;
  if (text.find_first_of(".eE") != std::string_view::npos) return Integer::not_whole;
  const auto [last, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  return problem == std::errc{} ? Integer::ok : Integer::out_of_range;
}

bool JsonReader::take_slice(std::string_view& value) {
  if (reason_ != nullptr) return false;
  const char* const start = past_space(at_, end_);
  Fault fault;
  const char* const last = value_end(start, end_, depth_max_ - depth_, quotes_, fault);
  if (last == nullptr) return fail(fault.where, fault.reason);
  value = {start, static_cast<std::size_t>(last - start)};
  at_ = last;
  return true;
}

bool JsonReader::finish() {
  if (reason_ != nullptr) return false;
  at_ = past_spaces(at_, end_);
  return at_ == end_ || fail(at_, text_behind);
}

}  // namespace sidecar
