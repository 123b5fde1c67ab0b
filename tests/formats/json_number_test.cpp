#include "formats/json_number.hpp"

#include <gtest/gtest.h>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <string>

namespace sidecar::formats {
namespace {

template <class Real>
void expect_as_the_standard_library_reads(unsigned digits_max) {
  std::mt19937_64 random(digits_max);
  for (int i = 0; i < 200'000; ++i) {
    std::string text = random() % 2 == 0 ? "-" : "";
    const std::size_t before = 1 + random() % digits_max;
    for (std::size_t k = 0; k < before; ++k)
      text += static_cast<char>((k == 0 && before > 1 ? '1' : '0') + random() % 9);
    if (random() % 4 != 0) {
      text += '.';
      for (std::size_t k = 0; k < 1 + random() % digits_max; ++k) text += static_cast<char>('0' + random() % 10);
    }
    Real expected = 0;
    ASSERT_EQ(std::from_chars(text.data(), text.data() + text.size(), expected).ec, std::errc());
    const auto value = real_number<Real>(text);
    ASSERT_TRUE(value) << text;
    ASSERT_EQ(std::memcmp(&*value, &expected, sizeof expected), 0) << text << ' ' << *value << ' ' << expected;
  }
}

TEST(JsonNumber, ShortNumbersAreRoundedAsLongOnesAre) {
  expect_as_the_standard_library_reads<double>(12);
  expect_as_the_standard_library_reads<float>(6);
  EXPECT_TRUE(std::signbit(*real_number<double>("-0.0")));
  EXPECT_TRUE(std::signbit(*real_number<float>("-0")));
}

TEST(JsonNumber, WholeNumbersAreExactHoweverTheyAreWritten) {
  struct Row {
    std::string_view text;
    std::int64_t value;
  };
  const Row rows[] = {{"0", 0},
                      {"-0", 0},
                      {"5.0", 5},
                      {"-5.000", -5},
                      {"50e-1", 5},
                      {"0.5E1", 5},
                      {"1e+3", 1000},
                      {"0e99999999999999999999", 0},
                      {"0.000e-99999999999999999999", 0},
                      {"9223372036854775807.0", 9223372036854775807},
                      {"-9223372036854775808.00e0", std::numeric_limits<std::int64_t>::min()},
                      {"9007199254740993.0", 9007199254740993},
                      {"100000000000000000000e-2", 1'000'000'000'000'000'000}};
  for (const auto& row : rows) EXPECT_EQ(whole_number<std::int64_t>(row.text), row.value) << row.text;
  for (const std::string_view none :
       {"0.5", "-1e-1", "9223372036854775808", "9223372036854775808.0", "-9223372036854775809", "1e19",
        "1e99999999999999999999", "1e-99999999999999999999", "123456789012345678901234567890"})
    EXPECT_EQ(whole_number<std::int64_t>(none), std::nullopt) << none;
  EXPECT_EQ(whole_number<std::uint64_t>("18446744073709551615"), 18446744073709551615U);
  EXPECT_EQ(whole_number<std::uint64_t>("1.8446744073709551615e19"), 18446744073709551615U);
  EXPECT_EQ(whole_number<std::uint64_t>("18446744073709551616.0"), std::nullopt);
  EXPECT_EQ(whole_number<std::uint64_t>("-1"), std::nullopt);
  EXPECT_EQ(whole_number<std::uint32_t>("4294967295"), 4294967295U);
  EXPECT_EQ(whole_number<std::uint32_t>("4294967296"), std::nullopt);
  EXPECT_EQ(whole_number<std::uint32_t>("-0.0"), 0U);
  EXPECT_EQ(whole_number<std::int32_t>("-2147483648"), std::numeric_limits<std::int32_t>::min());
  EXPECT_EQ(whole_number<std::int32_t>("2147483648"), std::nullopt);
  EXPECT_EQ(whole_number<std::int32_t>("1" + std::string(100'000, '0') + "e-100000"), 1);
}

TEST(JsonNumber, RealNumbersAreRoundedAndBounded) {
  EXPECT_EQ(real_number<double>("0.1"), 0.1);
  EXPECT_EQ(real_number<float>("0.1"), 0.1F);
  EXPECT_EQ(real_number<double>("1e400"), std::nullopt);
  EXPECT_EQ(real_number<double>("-1e99999999999999999999"), std::nullopt);
  EXPECT_EQ(real_number<float>("3.4028235e38"), std::numeric_limits<float>::max());
  EXPECT_EQ(real_number<float>("3.4028236e38"), std::nullopt);
  EXPECT_EQ(real_number<float>("1e-60"), 0.0F);
  const auto minus_zero = real_number<double>("-1e-400");
  ASSERT_TRUE(minus_zero);
  EXPECT_EQ(*minus_zero, 0.0);
  EXPECT_TRUE(std::signbit(*minus_zero));
}

TEST(JsonNumber, KnowsANumber) {
  for (const std::string_view good : {"0", "-1", "1.5", "1e5", "-0.0E+1"}) EXPECT_TRUE(is_json_number(good)) << good;
  for (const std::string_view bad :
       {"", "-", "+1", " 1", "1 ", "01", "1.", ".5", "1e", "0x1", "NaN", "1,2", "[1]", "\"1\""})
    EXPECT_FALSE(is_json_number(bad)) << bad;
}

}  // namespace
}  // namespace sidecar::formats
