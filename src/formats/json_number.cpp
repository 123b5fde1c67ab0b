#include "formats/json_number.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <string>
#include <system_error>

namespace sidecar::formats {
namespace {

/// Digits without a zero at either end, and the power of ten behind the last of them. No digits: zero.
struct Decimal {
  bool negative = false;
  std::string digits;
  std::int64_t exponent = 0;

  explicit Decimal(std::string_view text) : negative(text.front() == '-') {
    if (negative) text.remove_prefix(1);
    if (const auto e = text.find_first_of("eE"); e != std::string_view::npos) {
      constexpr std::int64_t beyond = 1'000'000'000'000;  // any text's length
      std::string_view power = text.substr(e + 1);
      if (power.front() == '+') power.remove_prefix(1);
      const auto read = std::from_chars(power.data(), power.data() + power.size(), exponent);
      if (read.ec != std::errc() || exponent > beyond || exponent < -beyond)
        exponent = power.front() == '-' ? -beyond : beyond;
      text = text.substr(0, e);
    }
    const auto point = text.find('.');
    digits = text.substr(0, point);
    if (point != std::string_view::npos) {
      digits += text.substr(point + 1);
      exponent -= static_cast<std::int64_t>(text.size() - point - 1);
    }
    digits.erase(0, digits.find_first_not_of('0'));
    const auto last = digits.find_last_not_of('0') + 1;  // zero when there is none
    exponent += static_cast<std::int64_t>(digits.size() - last);
    digits.resize(last);
  }

  /// The power of ten behind the first digit.
  [[nodiscard]] std::int64_t magnitude() const { return exponent + static_cast<std::int64_t>(digits.size()); }
};

}  // namespace

template <std::integral Integer>
std::optional<Integer> whole_number(std::string_view text) {
  Integer value = 0;
  const auto plain = std::from_chars(text.data(), text.data() + text.size(), value);
  if (plain.ec == std::errc() && plain.ptr == text.data() + text.size()) return value;
  Decimal decimal(text);
  if (decimal.digits.empty()) return Integer{0};
  if (decimal.exponent < 0 || decimal.magnitude() > std::numeric_limits<std::uint64_t>::digits10 + 1)
    return std::nullopt;
  decimal.digits.append(static_cast<std::size_t>(decimal.exponent), '0');
  if (decimal.negative) decimal.digits.insert(0, 1, '-');
  const char* const end = decimal.digits.data() + decimal.digits.size();
  if (std::from_chars(decimal.digits.data(), end, value).ec != std::errc()) return std::nullopt;
  return value;
}
template std::optional<std::int32_t> whole_number(std::string_view);
template std::optional<std::int64_t> whole_number(std::string_view);
template std::optional<std::uint32_t> whole_number(std::string_view);
template std::optional<std::uint64_t> whole_number(std::string_view);

template <std::floating_point Real>
std::optional<Real> real_number(std::string_view text) {
  Real value = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc()) return value;
  // Too large, or so small that it is a zero.
  const Decimal decimal(text);
  if (decimal.magnitude() > 0) return std::nullopt;
  return decimal.negative ? -Real{0} : Real{0};
}
template std::optional<float> real_number(std::string_view);
template std::optional<double> real_number(std::string_view);

bool is_json_number(std::string_view text) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  // No white space around it.
  return !text.empty() && (is_digit(text.front()) || text.front() == '-') && is_digit(text.back()) &&
         validate_json(text, 0).has_value();
}

std::string_view word_for(JsonKind kind) {
  switch (kind) {
    case JsonKind::null:
      return "null";
    case JsonKind::boolean:
      return "boolean";
    case JsonKind::number:
      return "number";
    case JsonKind::string:
      return "string";
    case JsonKind::array:
      return "array";
    case JsonKind::object:
      return "object";
    case JsonKind::malformed:
      break;
  }
  return "something else";
}

}  // namespace sidecar::formats
