#include "consume/active/topic_pattern.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sidecar::consume::active {
namespace {

struct PatternCase {
  std::string name;
  std::string pattern;
  std::string portable;
  std::vector<std::string> matching;
  std::vector<std::string> other;
};

class Patterns : public testing::TestWithParam<PatternCase> {};

TEST_P(Patterns, MatchWholeNames) {
  const auto& row = GetParam();
  const auto portable = portable_pattern(row.pattern);
  ASSERT_TRUE(portable) << portable.error();
  EXPECT_EQ(*portable, row.portable);
  for (const auto& topic : row.matching) EXPECT_TRUE(matches_topic(*portable, topic)) << topic;
  for (const auto& topic : row.other) EXPECT_FALSE(matches_topic(*portable, topic)) << topic;
}

INSTANTIATE_TEST_SUITE_P(
    Rows, Patterns,
    testing::Values(
        PatternCase{"plain", "cart", "^(cart)$", {"cart"}, {"carts", "a-cart", ""}},
        PatternCase{"alternatives_are_anchored_together", "a|b", "^(a|b)$", {"a", "b"}, {"ab", "ax", "xb"}},
        PatternCase{"any_character", "cart-.*", "^(cart-.*)$", {"cart-", "cart-1"}, {"cart", "my-cart-1"}},
        PatternCase{"own_anchors", "^cart$", "^(^cart$)$", {"cart"}, {"carts"}},
        PatternCase{"escaped_dot", R"(a\.b)", R"(^(a\.b)$)", {"a.b"}, {"axb"}},
        PatternCase{"escaped_hyphen", R"(a\-b\_c)", "^(a-b_c)$", {"a-b_c"}, {"a_b_c"}},
        PatternCase{"digits", R"(c\d+)", "^(c[0-9]+)$", {"c1", "c22"}, {"c", "cd", "c1x"}},
        PatternCase{"no_digits", R"(\D)", "^([^0-9])$", {"a", "."}, {"1"}},
        PatternCase{"word_characters", R"(\w\W)", "^([A-Za-z0-9_][^A-Za-z0-9_])$", {"a.", "_-"}, {"aa", ".."}},
        PatternCase{"group_without_capture", "(?:a|b)c", "^((a|b)c)$", {"ac", "bc"}, {"abc"}},
        PatternCase{"lazy_is_greedy_for_a_whole_name", "a+?b*?c??", "^(a+b*c?)$", {"a", "aabbc"}, {"b", "acc"}},
        PatternCase{"lazy_count", "a{2,3}?", "^(a{2,3})$", {"aa", "aaa"}, {"a", "aaaa"}},
        PatternCase{"class", "[a-c.]x", "^([a-c.]x)$", {"ax", ".x"}, {"dx"}},
        PatternCase{"negated_class", "[^a]", "^([^a])$", {"b"}, {"a"}},
        PatternCase{"shorthand_in_a_class", R"([\d.]\.[\w])", R"(^([0-9.]\.[A-Za-z0-9_])$)", {"1.a", "..x"}, {"a.a"}},
        PatternCase{"hyphen_in_a_class_is_no_range", R"([a\-c])", "^([ac-])$", {"a", "c", "-"}, {"b"}},
        PatternCase{"dot_in_a_class", R"([\.\_])", "^([._])$", {".", "_"}, {"\\", "a"}}),
    [](const auto& row) { return row.param.name; });

struct RefusedCase {
  std::string name;
  std::string pattern;
  std::string words;
};

class RefusedPatterns : public testing::TestWithParam<RefusedCase> {};

TEST_P(RefusedPatterns, AreNeverTakenForSomethingElse) {
  const auto portable = portable_pattern(GetParam().pattern);
  ASSERT_FALSE(portable) << *portable;
  EXPECT_THAT(portable.error(), testing::HasSubstr(GetParam().words));
}

INSTANTIATE_TEST_SUITE_P(
    Rows, RefusedPatterns,
    testing::Values(RefusedCase{"empty", "", "empty"}, RefusedCase{"long", std::string(1001, 'a'), "1000"},
                    RefusedCase{"null_byte", std::string("a\0b", 3), "null byte"},
                    RefusedCase{"look_ahead", "(?=a)b", "(?:"}, RefusedCase{"look_behind", "(?<!a)b", "(?:"},
                    RefusedCase{"flag", "(?i)a", "(?:"}, RefusedCase{"named_group", "(?<n>a)", "(?:"},
                    RefusedCase{"back_reference", R"((a)\1)", "\\1"}, RefusedCase{"word_border", R"(\bcart)", "\\b"},
                    RefusedCase{"property", R"(\p{L})", "\\p"}, RefusedCase{"quotation", R"(\Qa.b\E)", "\\Q"},
                    RefusedCase{"possessive", "a++", "possessive"}, RefusedCase{"possessive_star", "a*+", "possessive"},
                    RefusedCase{"intersection", "[a-z&&b]", "&&"},
                    RefusedCase{"nested_class", "[a[b]]", "classes inside"},
                    RefusedCase{"posix_class", "[[:alpha:]]", "classes inside"},
                    RefusedCase{"escape_in_a_class", R"([\s])", "in a class"},
                    RefusedCase{"open_class", "[a", "closed"}, RefusedCase{"open_group", "(a", ""},
                    RefusedCase{"lone_backslash", "a\\", "backslash"}, RefusedCase{"nothing_to_repeat", "*a{2", ""}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace sidecar::consume::active
