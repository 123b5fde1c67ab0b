#include "base/simd.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <random>

#include "base/cpu.hpp"

namespace sidecar {
namespace {

/// `base_test` runs a second time with this variable set, as if on a processor without wide vectors.
class NarrowVectors : public ::testing::Environment {
 public:
  void SetUp() override { cpu::without_wide_vectors = std::getenv("SIDECAR_TEST_NARROW_VECTORS") != nullptr; }
};
const auto* const narrow = ::testing::AddGlobalTestEnvironment(new NarrowVectors);

TEST(Simd, EveryQuestionMeansWhatThePlainCodeSays) {
  std::mt19937 random{1};
  std::array<char, simd::width> block{};
  for (int round = 0; round < 2000; ++round) {
    for (std::size_t i = 0; i < block.size(); ++i) {
      // Every byte in every place at least once, the others random.
      const auto value =
          static_cast<std::size_t>(round) % block.size() == i ? static_cast<unsigned>(round) / block.size() : random();
      block[i] = static_cast<char>(value);
    }
    ASSERT_EQ(simd::string_specials(block.data()), simd::plain::string_specials(block.data()));
    ASSERT_EQ(simd::escaped(block.data()), simd::plain::escaped(block.data()));
    ASSERT_EQ(simd::non_ascii(block.data()), simd::plain::non_ascii(block.data()));
    ASSERT_EQ(simd::low_or_non_ascii(block.data()), simd::plain::low_or_non_ascii(block.data()));
    ASSERT_EQ(simd::non_digits(block.data()), simd::plain::non_digits(block.data()));
    ASSERT_EQ(simd::non_spaces(block.data()), simd::plain::non_spaces(block.data()));
    for (const char wanted : {'"', '\\', '\0', '\xFF', 'a'}) {
      ASSERT_EQ(simd::equal_to(block.data(), wanted), simd::plain::equal_to(block.data(), wanted));
    }
    std::array<char, simd::width> copy{};
    simd::copy(copy.data(), block.data());
    ASSERT_EQ(copy, block);
  }
}

TEST(Simd, EachQuestionFindsExactlyItsBytes) {
  std::array<char, simd::width> block{};
  for (unsigned c = 0; c < 256; ++c) {
    block.fill(static_cast<char>(c));
    const auto all = [](bool yes) { return yes ? 0xFFFFU : 0U; };
    EXPECT_EQ(simd::string_specials(block.data()), all(c < 0x20 || c > 0x7F || c == '"' || c == '\\')) << c;
    EXPECT_EQ(simd::escaped(block.data()), all(c < 0x20 || c == '"' || c == '\\')) << c;
    EXPECT_EQ(simd::non_ascii(block.data()), all(c > 0x7F)) << c;
    EXPECT_EQ(simd::low_or_non_ascii(block.data()), all(c < 0x20 || c > 0x7F)) << c;
    EXPECT_EQ(simd::non_digits(block.data()), all(c < '0' || c > '9')) << c;
    EXPECT_EQ(simd::non_spaces(block.data()), all(c != ' ' && c != '\t' && c != '\n' && c != '\r')) << c;
  }
}

}  // namespace
}  // namespace sidecar
