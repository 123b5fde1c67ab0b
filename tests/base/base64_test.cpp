#include "base/base64.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "support/vectors.hpp"

namespace sidecar {
namespace {

/// Decodes a copy that stands alone on the heap, so that the address sanitizer sees a step outside.
std::optional<std::string> decoded(std::string_view text) {
  const auto bytes = std::make_unique<char[]>(text.size());
  std::ranges::copy(text, bytes.get());
  const auto size = base64_decode_in_place(bytes.get(), text.size());
  if (!size) {
    EXPECT_FALSE(size.error().empty());
    return std::nullopt;
  }
  return std::string(bytes.get(), *size);
}

std::string encoded(std::string_view bytes) {
  std::string out = "x";
  append_base64(out, bytes);
  return out.substr(1);
}

TEST(Base64, KnowsTheVectorsOfRfc4648) {
  const std::pair<const char*, const char*> rows[] = {{"", ""},
                                                      {"f", "Zg=="},
                                                      {"fo", "Zm8="},
                                                      {"foo", "Zm9v"},
                                                      {"foob", "Zm9vYg=="},
                                                      {"fooba", "Zm9vYmE="},
                                                      {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : rows) {
    EXPECT_EQ(encoded(bytes), text);
    EXPECT_EQ(decoded(text), bytes);
  }
}

TEST(Base64Decode, PassesTheVectorsButRefusesWhiteSpace) {
  const auto vectors = sidecar::testing::base64_vectors();
  ASSERT_GT(vectors.size(), 30U);
  for (const auto& vector : vectors) {
    SCOPED_TRACE(::testing::PrintToString(vector.in));
    const bool white_space = vector.in.find_first_of(" \t\n\f\r") != std::string::npos;
    EXPECT_EQ(decoded(vector.in), white_space ? std::nullopt : vector.bytes);
  }
}

TEST(Base64Decode, PaddingIsCompleteOrAbsent) {
  EXPECT_EQ(decoded("Zg"), "f");
  EXPECT_EQ(decoded("Zm8"), "fo");
  EXPECT_EQ(decoded("Zg="), std::nullopt);
  EXPECT_EQ(decoded("Zm8=="), std::nullopt);
  EXPECT_EQ(decoded("Zm9v="), std::nullopt);
  EXPECT_EQ(decoded("Zm9v===="), std::nullopt);
  EXPECT_EQ(decoded("Zg==Zg=="), std::nullopt);
  EXPECT_EQ(decoded("="), std::nullopt);
}

TEST(Base64Decode, BitsBehindTheLastByteAreIgnored) {
  EXPECT_EQ(decoded("Zh=="), "f");
  EXPECT_EQ(decoded("Zm9="), "fo");
}

TEST(Base64Decode, RefusesEveryByteOutsideTheAlphabetInEveryPlace) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::string good = encoded(std::string(60, '\x5a'));
  for (std::size_t place = 0; place < good.size(); ++place) {
    for (unsigned c = 0; c < 256; ++c) {
      std::string text = good;
      text[place] = static_cast<char>(c);
      const bool allowed =
          alphabet.find(text[place]) != std::string_view::npos || (c == '=' && place + 1 == text.size());
      ASSERT_EQ(decoded(text).has_value(), allowed) << place << ' ' << c;
    }
  }
}

TEST(Base64, ComesBackForEveryLengthAndContent) {
  std::mt19937 random{23};
  for (std::size_t size = 0; size < 300; ++size) {
    for (int round = 0; round < 20; ++round) {
      std::string bytes(size, '\0');
      for (char& c : bytes) c = static_cast<char>(random());
      const auto exact = std::make_unique<char[]>(size);
      std::ranges::copy(bytes, exact.get());
      const std::string text = encoded({exact.get(), size});
      ASSERT_EQ(text.size(), (size + 2) / 3 * 4);
      ASSERT_EQ(sidecar::testing::decode_base64(text), bytes);
      ASSERT_EQ(decoded(text), bytes);
      ASSERT_EQ(decoded(text.substr(0, text.find('='))), bytes);
    }
  }
}

}  // namespace
}  // namespace sidecar
