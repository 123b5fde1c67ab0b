#include "formats/decimal.hpp"

#include <algorithm>
#include <charconv>

namespace sidecar::formats {
namespace {

constexpr std::int64_t exponent_most = 1'000'000'000'000'000;

std::uint64_t multiply(std::uint64_t a, std::uint64_t b, std::uint64_t modulus) {
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::uint64_t>(Wide{a} * b % modulus);
}

std::uint64_t power_of_ten(std::uint64_t exponent, std::uint64_t modulus) {
  std::uint64_t result = 1 % modulus;
  std::uint64_t factor = 10 % modulus;
  for (; exponent > 0; exponent >>= 1U) {
    if ((exponent & 1U) != 0) result = multiply(result, factor, modulus);
    factor = multiply(factor, factor, modulus);
  }
  return result;
}

}  // namespace

Decimal to_decimal(std::string_view text) {
  Decimal out;
  out.negative = text.front() == '-';
  if (out.negative) text.remove_prefix(1);
  std::int64_t exponent = 0;
  if (const auto e = text.find_first_of("eE"); e != std::string_view::npos) {
    std::string_view power = text.substr(e + 1);
    if (power.front() == '+') power.remove_prefix(1);
    const auto read = std::from_chars(power.data(), power.data() + power.size(), exponent);
    if (read.ec != std::errc()) exponent = power.front() == '-' ? -exponent_most : exponent_most;
    exponent = std::clamp(exponent, -exponent_most, exponent_most);
    text = text.substr(0, e);
  }
  const auto point = text.find('.');
  out.digits = text.substr(0, point);
  exponent += static_cast<std::int64_t>(out.digits.size());
  if (point != std::string_view::npos) out.digits += text.substr(point + 1);
  const auto zeros = std::min(out.digits.find_first_not_of('0'), out.digits.size());
  out.digits.erase(0, zeros);
  exponent -= static_cast<std::int64_t>(zeros);
  out.digits.resize(out.digits.find_last_not_of('0') + 1);
  if (out.digits.empty()) return {};
  out.exponent = exponent;
  return out;
}

std::strong_ordering compare(const Decimal& a, const Decimal& b) {
  const auto sign = [](const Decimal& number) { return number.digits.empty() ? 0 : number.negative ? -1 : 1; };
  if (sign(a) != sign(b)) return sign(a) <=> sign(b);
  if (sign(a) == 0) return std::strong_ordering::equal;
  auto larger = a.exponent <=> b.exponent;
  if (larger == std::strong_ordering::equal) larger = a.digits <=> b.digits;
  return a.negative ? (larger < 0   ? std::strong_ordering::greater
                       : larger > 0 ? std::strong_ordering::less
                                    : larger)
                    : larger;
}

void append_canonical(const Decimal& number, std::string& out) {
  if (number.negative) out += '-';
  out += number.digits;
  out += 'e';
  out += std::to_string(number.exponent);
}

bool is_multiple(const Decimal& number, const Decimal& divisor) {
  if (number.digits.empty()) return true;
  std::uint64_t modulus = 0;
  for (const char c : divisor.digits) modulus = modulus * 10 + static_cast<std::uint64_t>(c - '0');
  // As whole numbers: digits, times ten to the power of what their exponents leave.
  const std::int64_t shift = (number.exponent - static_cast<std::int64_t>(number.digits.size())) -
                             (divisor.exponent - static_cast<std::int64_t>(divisor.digits.size()));
  if (shift < 0) return false;  // no zero stands at the end of the digits
  std::uint64_t rest = 0;
  // Fits: the divisor has at most 18 digits.
  for (const char c : number.digits) rest = (rest * 10 + static_cast<std::uint64_t>(c - '0')) % modulus;
  return multiply(rest, power_of_ten(static_cast<std::uint64_t>(shift), modulus), modulus) == 0;
}

}  // namespace sidecar::formats
