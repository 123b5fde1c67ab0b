#include "formats/json_number.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <limits>
#include <string>
#include <system_error>

#include "formats/decimal.hpp"

namespace sidecar::formats {
template <std::integral Integer>
std::optional<Integer> whole_number(std::string_view text) {
  Integer value = 0;
  const auto plain = std::from_chars(text.data(), text.data() + text.size(), value);
  if (plain.ec == std::errc() && plain.ptr == text.data() + text.size()) return value;
  Decimal decimal = to_decimal(text);
  if (!decimal.is_whole() || decimal.exponent > std::numeric_limits<std::uint64_t>::digits10 + 1) return std::nullopt;
  if (decimal.digits.empty()) return Integer{0};
  decimal.digits.append(static_cast<std::size_t>(decimal.exponent) - decimal.digits.size(), '0');
  if (decimal.negative) decimal.digits.insert(0, 1, '-');
  const char* const end = decimal.digits.data() + decimal.digits.size();
  if (std::from_chars(decimal.digits.data(), end, value).ec != std::errc()) return std::nullopt;
  return value;
}
template std::optional<std::int32_t> whole_number(std::string_view);
template std::optional<std::int64_t> whole_number(std::string_view);
template std::optional<std::uint32_t> whole_number(std::string_view);
template std::optional<std::uint64_t> whole_number(std::string_view);

namespace {

/// Few digits and no exponent, as most numbers have: digits and power of ten are exact then, and their quotient is
/// rounded once (Clinger, "How to read floating point numbers accurately", 1990). Nothing: another number.
template <std::floating_point Real>
std::optional<Real> short_number(std::string_view text) {
  constexpr std::size_t digits_max = std::numeric_limits<Real>::digits10;
  constexpr auto powers = [] {
    std::array<Real, digits_max + 1> all{1};
    for (std::size_t i = 1; i < all.size(); ++i) all[i] = all[i - 1] * 10;
    return all;
  }();
  const char* at = text.data();
  const char* const end = at + text.size();
  const bool negative = *at == '-';
  if (negative) ++at;
  if (static_cast<std::size_t>(end - at) > digits_max + 1) return std::nullopt;
  std::uint64_t digits = 0;
  std::size_t count = 0;
  const char* point = nullptr;
  for (; at < end; ++at) {
    if (*at >= '0' && *at <= '9') {
      digits = digits * 10 + static_cast<std::uint64_t>(*at - '0');
      ++count;
    } else if (*at == '.') {
      point = at;
    } else {
      return std::nullopt;
    }
  }
  if (count > digits_max) return std::nullopt;
  const std::size_t behind = point == nullptr ? 0 : static_cast<std::size_t>(end - point) - 1;
  const Real value = static_cast<Real>(digits) / powers[behind];
  return negative ? -value : value;
}

}  // namespace

template <std::floating_point Real>
std::optional<Real> real_number(std::string_view text) {
  if (const auto value = short_number<Real>(text)) return value;
  Real value = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc()) return value;
  // Too large, or so small that it is a zero.
  const Decimal decimal = to_decimal(text);
  if (decimal.exponent > 0) return std::nullopt;
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
