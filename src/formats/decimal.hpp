/// JSON numbers as what they say, without rounding.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace sidecar::formats {

/// ±0.d1d2d3... times ten to the power of `exponent`: digits without a zero in front or at the end; none for zero,
/// whose exponent is 0. Exponents beyond ±10^15 stay there: no two numbers that differ are made equal by that in
/// practice, and none costs memory or time for its size.
struct Decimal {
  bool negative = false;
  std::string digits{};
  std::int64_t exponent = 0;

  [[nodiscard]] bool is_whole() const { return exponent >= static_cast<std::int64_t>(digits.size()); }
  friend bool operator==(const Decimal&, const Decimal&) = default;
};

/// Precondition: a JSON number.
[[nodiscard]] Decimal to_decimal(std::string_view text);
[[nodiscard]] std::strong_ordering compare(const Decimal& a, const Decimal& b);
/// The same text for equal numbers.
void append_canonical(const Decimal& number, std::string& out);

/// A divisor of at most this many digits can be used.
inline constexpr std::size_t divisor_digits_max = 18;
/// Whether `number` is a whole multiple. Precondition: `divisor` is above zero, with at most `divisor_digits_max`
/// digits.
[[nodiscard]] bool is_multiple(const Decimal& number, const Decimal& divisor);

}  // namespace sidecar::formats
