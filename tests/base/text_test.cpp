#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>

#include "base/json_reader.hpp"
#include "base/json_writer.hpp"
#include "base/utf8.hpp"
#include "support/vectors.hpp"

namespace sidecar {
namespace {

std::string json_string(std::string_view text) {
  std::string out = "before";
  append_json_string(out, text);
  EXPECT_EQ(out.substr(0, 6), "before");
  return out.substr(6);
}

/// The same, one code point at a time.
std::string json_string_slowly(std::string_view text) {
  std::string out = "\"";
  for (std::size_t i = 0; i < text.size();) {
    const Utf8Step step = next_utf8(text, i);
    const auto c = static_cast<unsigned char>(text[i]);
    if (!step.valid) {
      out += "\xEF\xBF\xBD";
    } else if (c == '"' || c == '\\') {
      out += {'\\', text[i]};
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c < 0x20) {
      out += "\\u00";
      out += "0123456789abcdef"[c >> 4];
      out += "0123456789abcdef"[c & 15];
    } else {
      out += text.substr(i, step.length);
    }
    i += step.length;
  }
  return out + '"';
}

TEST(AppendJsonString, EscapesWhatMustBeEscapedAndNothingElse) {
  EXPECT_EQ(json_string(""), R"("")");
  EXPECT_EQ(json_string("plain"), R"("plain")");
  EXPECT_EQ(json_string("a\"b\\c/d"), R"("a\"b\\c/d")");
  EXPECT_EQ(json_string("\n\r\t\b\f\x01\x1f\x7f"), "\"\\n\\r\\t\\u0008\\u000c\\u0001\\u001f\x7f\"");
  EXPECT_EQ(json_string(std::string_view("\0", 1)), "\"\\u0000\"");
  EXPECT_EQ(json_string("é灯🚢"), "\"é灯🚢\"");
}

TEST(AppendJsonString, ReplacesEachMaximalSubpartOfBadUtf8) {
  // Unicode 15, table 3-8.
  EXPECT_EQ(json_string("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41"),
            "\"\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFDA\"");
  EXPECT_EQ(json_string("\xED\xA0\x80"), "\"\uFFFD\uFFFD\uFFFD\"");
  EXPECT_EQ(json_string("\xE2\x82"), "\"\uFFFD\"");
  EXPECT_EQ(json_string("\xF0\x9F\x9A"), "\"\uFFFD\"");
}

TEST(AppendJsonString, IsAlwaysJsonThatReadsBackTheSame) {
  static constexpr std::string_view pieces[] = {"a",
                                                "plain text of some length",
                                                "\"",
                                                "\\",
                                                "\n",
                                                std::string_view("\0", 1),
                                                "é",
                                                "灯",
                                                "🚢",
                                                "\xC3",
                                                "\xE2\x82",
                                                "\xFF",
                                                "\xED\xA0\x80",
                                                "\x1f",
                                                "0123456789abcdef"};
  std::mt19937 random{5};
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    for (std::size_t i = random() % 20; i > 0; --i) text += pieces[random() % std::size(pieces)];
    const std::string json = json_string(text);
    ASSERT_EQ(json, json_string_slowly(text));
    ASSERT_TRUE(validate_json(json, 0));
    if (is_utf8(text)) ASSERT_EQ(sidecar::testing::string_by_boost(json), text);
  }
  for (const auto& vector : sidecar::testing::utf8_vectors())
    EXPECT_EQ(json_string(vector.bytes), json_string_slowly(vector.bytes));
}

TEST(AppendJsonString, GrowsForTextThatIsAllEscapes) {
  for (const std::size_t size : {1U, 15U, 16U, 17U, 1000U, 100000U}) {
    for (const char c : {'"', '\x01', '\xFF'}) {
      const std::string text(size, c);
      ASSERT_EQ(json_string(text), json_string_slowly(text));
    }
  }
}

TEST(IsUtf8, AgreesWithTheSlowStepsOnRandomBytes) {
  std::mt19937 random{17};
  static constexpr std::string_view pieces[] = {
      "a", "0123456789abcdef", "é", "灯", "🚢", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xF4\x8F\xBF\xBF"};
  for (int round = 0; round < 50000; ++round) {
    std::string text;
    for (std::size_t i = random() % 12; i > 0; --i) text += pieces[random() % std::size(pieces)];
    if (!text.empty() && random() % 2 == 0) text[random() % text.size()] = static_cast<char>(random());
    bool valid = true;
    for (std::size_t i = 0; i < text.size() && valid;) {
      const Utf8Step step = next_utf8(text, i);
      valid = step.valid;
      i += step.length;
    }
    ASSERT_EQ(is_utf8(text), valid) << ::testing::PrintToString(text);
  }
}

TEST(IsUtf8, JudgesEverySequenceOfUpToFourBytesOnTheEdges) {
  static constexpr unsigned char edges[] = {0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0,
                                            0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF,
                                            0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xF7, 0xF8, 0xFF};
  for (const auto a : edges) {
    for (const auto b : edges) {
      for (const auto c : edges) {
        for (const auto d : edges) {
          // With text behind it the sequence is read as one word, without it byte by byte.
          const std::string alone{static_cast<char>(a), static_cast<char>(b), static_cast<char>(c),
                                  static_cast<char>(d)};
          bool valid = true;
          for (std::size_t i = 0; i < alone.size() && valid;) {
            const Utf8Step step = next_utf8(alone, i);
            valid = step.valid;
            i += step.length;
          }
          ASSERT_EQ(is_utf8(alone), valid) << ::testing::PrintToString(alone);
          ASSERT_EQ(is_utf8(alone + "more text"), valid) << ::testing::PrintToString(alone);
          ASSERT_EQ(is_utf8("twenty-nine bytes of ASCII..." + alone), valid) << ::testing::PrintToString(alone);
          ASSERT_EQ(is_utf8(alone + "thirty and more bytes of plain ASCII text"), valid)
              << ::testing::PrintToString(alone);
        }
      }
    }
  }
}

TEST(IsUtf8, FindsAFaultAnywhereInALongText) {
  for (const std::string& piece :
       {"a", "é", "灯", "🚢", "aé灯🚢", "\xED\x9F\xBF\xEE\x80\x80", "\xF4\x8F\xBF\xBF\xF0\x90\x80\x80"}) {
    std::string text;
    while (text.size() < 200) text += piece;
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
      const std::string prefix = text.substr(0, cut);
      const bool whole = utf8_prefix(text, cut).size() == cut;
      ASSERT_EQ(is_utf8(prefix), whole) << piece << ' ' << cut;
      ASSERT_EQ(is_utf8(prefix + "and some ASCII behind it, longer than a vector"), whole) << piece << ' ' << cut;
    }
    for (std::size_t at = 0; at < text.size(); ++at) {
      for (const unsigned bad : {0x41U, 0x80U, 0x8FU, 0x90U, 0x9FU, 0xA0U, 0xBFU, 0xC0U, 0xC1U, 0xC2U, 0xDFU, 0xE0U,
                                 0xEDU, 0xEFU, 0xF0U, 0xF4U, 0xF5U, 0xFFU}) {
        std::string other = text;
        other[at] = static_cast<char>(bad);
        bool valid = true;
        for (std::size_t i = 0; i < other.size() && valid;) {
          const Utf8Step step = next_utf8(other, i);
          valid = step.valid;
          i += step.length;
        }
        ASSERT_EQ(is_utf8(other), valid) << piece << ' ' << at << ' ' << bad;
      }
    }
  }
}

TEST(Utf8Prefix, CutsBetweenCodePoints) {
  EXPECT_EQ(utf8_prefix("aé", 2), "a");
  EXPECT_EQ(utf8_prefix("aé", 3), "aé");
  EXPECT_EQ(utf8_prefix("🚢", 3), "");
}

}  // namespace
}  // namespace sidecar
