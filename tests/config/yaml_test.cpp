#include <gtest/gtest.h>

#include "config/value.hpp"

namespace sidecar::config {
namespace {

struct Read {
  Value value;
  std::vector<std::string> problems;
};
Read read(const std::string& text) {
  std::vector<Problem> problems;
  Read result{parse_yaml(text, {"f.yml"}, true, problems), {}};
  for (const auto& problem : problems) result.problems.push_back(to_line(problem));
  return result;
}

TEST(Yaml, RemembersLineAndColumnOfEveryValue) {
  const auto [root, problems] = read("a: 1\nb:\n  c: [x, 'y']\n");
  ASSERT_TRUE(problems.empty());
  EXPECT_EQ(root.find("a")->origin, (Origin{"f.yml", 1, 4}));
  const auto* list = root.find("b")->find("c");
  ASSERT_NE(list, nullptr);
  EXPECT_EQ(list->items.at(1).text, "y");
  EXPECT_EQ(list->items.at(1).origin, (Origin{"f.yml", 3, 10}));
}

TEST(Yaml, KeepsScalarsAsTheyAreWritten) {
  const auto root = read("a: 007\nb: yes\nc: 1_000\nd: 1.50\n").value;
  EXPECT_EQ(root.find("a")->text, "007");
  EXPECT_EQ(root.find("b")->text, "yes");
  EXPECT_EQ(root.find("c")->text, "1_000");
  EXPECT_EQ(root.find("d")->text, "1.50");
}

TEST(Yaml, TellsNullFromText) {
  const auto root = read("a:\nb: ~\nc: null\nd: 'null'\ne: ''\n").value;
  for (const auto* key : {"a", "b", "c"}) EXPECT_EQ(root.find(key)->kind, Value::Kind::null) << key;
  for (const auto* key : {"d", "e"}) EXPECT_EQ(root.find(key)->kind, Value::Kind::text) << key;
}

TEST(Yaml, ReadsJson) {
  const auto [root, problems] = read("{\"a\": {\"b\": [1, true, null]}, \"c\": \"\\u00e4/\\/\"}");
  ASSERT_TRUE(problems.empty());
  EXPECT_EQ(root.find("a")->find("b")->items.size(), 3U);
  EXPECT_EQ(root.find("c")->text, "\xC3\xA4//");
}

TEST(Yaml, ResolvesAliasesAndMergeKeys) {
  const auto root = read("base: &b {x: 1, y: 2}\nother:\n  <<: *b\n  y: 3\nsame: *b\n").value;
  EXPECT_EQ(root.find("other")->find("x")->text, "1");
  EXPECT_EQ(root.find("other")->find("y")->text, "3");
  EXPECT_EQ(root.find("other")->find("<<"), nullptr);
  EXPECT_EQ(root.find("same")->find("y")->text, "2");
}

TEST(Yaml, AnEmptyFileIsNull) {
  for (const auto* text : {"", "# only a comment\n", "---\n"}) {
    const auto [root, problems] = read(text);
    EXPECT_TRUE(problems.empty()) << text;
    EXPECT_EQ(root.kind, Value::Kind::null) << text;
  }
}

struct Bad {
  const char* text;
  const char* problem;
};
class BadYaml : public testing::TestWithParam<Bad> {};
TEST_P(BadYaml, IsAProblemWithItsPlace) {
  const auto problems = read(GetParam().text).problems;
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems.front(), GetParam().problem);
}
INSTANTIATE_TEST_SUITE_P(
    Rows, BadYaml,
    testing::Values(Bad{"a: 1\nb: [1,\n", "f.yml:3:1: is not valid YAML: end of sequence flow not found"},
                    Bad{"a: b: c\n", "f.yml:1:5: is not valid YAML: illegal map value"},
                    Bad{"a: 1\nb: 2\na: 3\n", "f.yml:3:1: a stands here a second time (first in line 1)"},
                    Bad{"? [x]\n: 1\n", "f.yml:1:3: a key must be a text"},
                    Bad{"a: *nobody\n", "f.yml:1:4: is not valid YAML: the referenced anchor is not defined"},
                    Bad{"a: 1\n---\nb: 2\n", "f.yml:2:1: a second YAML document starts here"}));

TEST(Yaml, AliasesCannotMultiplyASmallFileWithoutBound) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    const auto before = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 10; ++j) text += (j > 0 ? ", " : "") + before;
    text += "]\n";
  }
  const auto problems = read(text).problems;
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems.front(), "f.yml: holds more than a million values");
}

TEST(Yaml, DeepNestingIsAProblemNotACrash) {
  const auto problems = read(std::string(100000, '[')).problems;
  EXPECT_EQ(problems.size(), 1U);
}

TEST(ParseBool, KnowsTheWordsOfYamlInAnyCase) {
  for (const auto* word : {"true", "Yes", "ON", "y"}) EXPECT_EQ(parse_bool(word), true) << word;
  for (const auto* word : {"false", "No", "OFF", "n"}) EXPECT_EQ(parse_bool(word), false) << word;
  for (const auto* word : {"", "1", "truee", "maybe"}) EXPECT_EQ(parse_bool(word), std::nullopt) << word;
}

}  // namespace
}  // namespace sidecar::config
