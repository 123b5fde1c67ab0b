#include "kafka/jaas.hpp"

#include <gtest/gtest.h>

namespace sidecar::kafka {
namespace {

TEST(ParseJaas, ReadsModuleAndOptions) {
  const auto entry = parse_jaas(
      R"(org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password='p q' serviceName=kafka;)");
  ASSERT_TRUE(entry) << entry.error();
  EXPECT_EQ(entry->module, "org.apache.kafka.common.security.plain.PlainLoginModule");
  EXPECT_EQ(entry->options,
            (std::map<std::string, std::string>{{"username", "u"}, {"password", "p q"}, {"serviceName", "kafka"}}));
}

TEST(ParseJaas, AllowsSpaceLinesAndComments) {
  const auto entry = parse_jaas("  M /* a; b */ Required\n  // c = d;\n  key = \"v\" ; \n");
  ASSERT_TRUE(entry) << entry.error();
  EXPECT_EQ(entry->options.at("key"), "v");
}

struct Escape {
  const char* name;
  const char* written;
  std::string meant;
};
class Escapes : public testing::TestWithParam<Escape> {};
TEST_P(Escapes, AreThoseOfJava) {
  const auto entry = parse_jaas("M required password=\"" + std::string(GetParam().written) + "\";");
  ASSERT_TRUE(entry) << entry.error();
  EXPECT_EQ(entry->options.at("password"), GetParam().meant);
}
INSTANTIATE_TEST_SUITE_P(
    Rows, Escapes,
    testing::Values(Escape{"quote", R"(a\"b)", "a\"b"}, Escape{"backslash", R"(a\\b)", "a\\b"},
                    Escape{"backslash_at_the_end", R"(ab\\)", "ab\\"}, Escape{"other_sign", R"(a\$b\;)", "a$b;"},
                    Escape{"controls", R"(\n\t\r\f\b)", "\n\t\r\f\b"}, Escape{"octal", R"(\101\7\0608)", "A\a08"},
                    Escape{"octal_stops_at_377", R"(\4011)", " 11"},
                    Escape{"signs_of_the_language", "=;'//x /*", "=;'//x /*"}, Escape{"other_quote", "it's", "it's"},
                    Escape{"utf8", "p\xC3\xA4ss", "p\xC3\xA4ss"}, Escape{"empty", "", ""}),
    [](const auto& row) { return row.param.name; });

struct Bad {
  const char* text;
  const char* problem;
};
class BadJaas : public testing::TestWithParam<Bad> {};
TEST_P(BadJaas, SaysWhatIsMissing) {
  const auto entry = parse_jaas(GetParam().text);
  ASSERT_FALSE(entry);
  EXPECT_EQ(entry.error(), GetParam().problem);
}
INSTANTIATE_TEST_SUITE_P(
    Rows, BadJaas,
    testing::Values(
        Bad{"", "names no login module"}, Bad{"  ;", "names no login module"},
        Bad{"M", "needs required, requisite, sufficient or optional after the login module"},
        Bad{"M username=\"u\";", "needs required, requisite, sufficient or optional after the login module"},
        Bad{"M required", "does not end with a semicolon"}, Bad{"M required a=\"b\"", "does not end with a semicolon"},
        Bad{"M required a=\"b;", "has a quote that is not closed"},
        Bad{"M required a=\"b\n\";", "has a quote that is not closed"},
        Bad{"M required \"a;", "has a quote that is not closed"}, Bad{"M required a;", "has an option without '='"},
        Bad{"M required =b;", "has an option without a name"}, Bad{"M required a=;", "has an option without a value"},
        Bad{"M required a==;", "has an option without a value"},
        Bad{"M required; N required;", "holds more than one login module, or text behind the semicolon"}));

}  // namespace
}  // namespace sidecar::kafka
