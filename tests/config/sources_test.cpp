#include "config/sources.hpp"

#include <gtest/gtest.h>

#include "support/temp_dir.hpp"

namespace sidecar::config {
namespace {

using Environment = std::map<std::string, std::string>;

Surroundings surroundings(std::vector<std::filesystem::path> dirs, Environment environment = {},
                          std::vector<std::pair<std::string, std::string>> set = {}) {
  Surroundings result;
  result.dirs = std::move(dirs);
  result.set = std::move(set);
  result.host_name = "host-7";
  result.environment = [environment = std::move(environment)](const std::string& name) -> std::optional<std::string> {
    const auto found = environment.find(name);
    return found == environment.end() ? std::nullopt : std::optional(found->second);
  };
  return result;
}

/// Reads `x.yml` beside a `values.yml`.
struct Outcome {
  Value value;
  std::vector<std::string> problems;
};
Outcome read(std::string_view file, std::string_view values = "", Environment environment = {}) {
  const test::TempDir dir;
  dir.write("x.yml", file);
  if (!values.empty()) dir.write("values.yml", values);
  Sources sources(surroundings({dir.path()}, std::move(environment)));
  Outcome outcome{sources.read_file("x").value(), {}};
  for (const auto& problem : sources.problems)
    outcome.problems.push_back(
        to_line({{problem.origin.line > 0 ? "f" : problem.origin.source, problem.origin.line, problem.origin.column},
                 problem.text}));
  return outcome;
}
std::string text_of(std::string_view scalar, std::string_view values = "", Environment environment = {}) {
  const auto outcome = read("v: " + std::string(scalar), values, std::move(environment));
  EXPECT_TRUE(outcome.problems.empty()) << outcome.problems.front();
  const auto* value = outcome.value.find("v");
  return value->kind == Value::Kind::null ? "<null>" : value->kind == Value::Kind::text ? value->text : "<tree>";
}

// Every form of a placeholder.

struct Form {
  const char* name;
  const char* scalar;
  const char* values;
  const char* result;
};
class Placeholder : public testing::TestWithParam<Form> {};
TEST_P(Placeholder, Becomes) {
  EXPECT_EQ(text_of(GetParam().scalar, GetParam().values), GetParam().result);
}
INSTANTIATE_TEST_SUITE_P(
    Forms, Placeholder,
    testing::Values(
        Form{"default", "${k:one}", "", "one"}, Form{"value_before_default", "${k:one}", "k: two", "two"},
        Form{"value", "${k}", "k: two", "two"}, Form{"empty_default_is_null", "${k:}", "", "<null>"},
        Form{"empty_default_with_value", "${k:}", "k: two", "two"},
        Form{"null_in_values_is_null_not_the_default", "${k:one}", "k:", "<null>"},
        Form{"question_mark_with_value", "${k:?give it}", "k: two", "two"},
        Form{"dollar_keeps_the_text", "${k:$}", "", "${k}"}, Form{"dollar_with_value", "${k:$}", "k: two", "two"},
        Form{"default_with_colons", "${k:http://localhost:8081}", "", "http://localhost:8081"},
        Form{"default_ends_at_the_first_brace", "'${k:a{b}c}'", "", "a{bc}"},
        Form{"inside_text", "a${k:1}b${l:2}c", "k: true", "atrueb2c"},
        Form{"null_inside_text_is_nothing", "a${k:}b", "", "ab"}, Form{"quoted", "\"${k:one}\"", "", "one"},
        Form{"list_as_whole_value", "${k:}", "k: [1, 2]", "<tree>"},
        Form{"map_as_whole_value", "${k:}", "k: {a: 1}", "<tree>"},
        Form{"values_may_refer_to_each_other", "${k}", "k: ${l}/${m:x}\nl: two", "two/x"},
        Form{"not_a_placeholder", "$k } ${", "", "$k } ${"}, Form{"empty_braces_stay", "a${}b", "", "a${}b"},
        Form{"upper_case_key_in_values", "${kafka-producer.password}", "KAFKA_PRODUCER_PASSWORD: two", "two"},
        Form{"a_value_is_not_substituted_twice", "${k}", "k: ${l:$}", "${l}"},
        Form{"host_name", "${HOSTNAME}", "", "host-7"},
        Form{"host_name_in_values", "${k}", "k: id-${HOSTNAME}", "id-host-7"}),
    [](const auto& row) { return row.param.name; });

TEST(PlaceholderErrors, AMissingValueNamesKeyPlaceAndVariable) {
  const auto outcome = read("a: 1\nv: ${my.key}\n");
  ASSERT_EQ(outcome.problems.size(), 1U);
  EXPECT_EQ(outcome.problems[0],
            "f:2:4: ${my.key}: nobody gives this value: set my.key in values.yml or MY_KEY in the environment");
  EXPECT_TRUE(outcome.value.find("v")->broken);
}

TEST(PlaceholderErrors, TheTextBehindTheQuestionMarkIsTheProblem) {
  EXPECT_EQ(read("v: ${my.key:?say which broker}\n").problems,
            std::vector<std::string>{"f:1:4: my.key: say which broker"});
  EXPECT_EQ(read("v: ${my.key:?}\n").problems, std::vector<std::string>{"f:1:4: my.key: a value is needed"});
}

TEST(PlaceholderErrors, AListCannotStandInsideAText) {
  EXPECT_EQ(read("v: a${k}\n", "k: [1]").problems,
            std::vector<std::string>{"f:1:4: ${k}: a list or map cannot stand inside a text"});
}

TEST(PlaceholderErrors, ValuesThatReferToThemselvesAreFound) {
  const auto outcome = read("v: ${a}\n", "a: x${b}\nb: ${a}\n");
  ASSERT_EQ(outcome.problems.size(), 1U);
  EXPECT_EQ(outcome.problems[0], "f:1:4: a: refers to itself (a -> b -> a)");
}

TEST(Substitution, ReplacesInMapKeys) {
  const auto outcome = read("/health/${server.serviceId}: x\n", "server.serviceId: pet");
  EXPECT_NE(outcome.value.find("/health/pet"), nullptr);
}

TEST(Substitution, LeavesCommentsAlone) {
  EXPECT_TRUE(read("# ${nobody}\nv: 1 # ${nobody}\n").problems.empty());
}

TEST(Substitution, KeepsThePlaceWhereAPersonWroteTheValue) {
  const auto outcome = read("a: 1\nv: ${k:1}\n", "\n\nk: 2");
  EXPECT_EQ(outcome.value.find("v")->origin.line, 3);
}

TEST(Substitution, EmptyDefaultIsAnEmptyTextWhereConfigSaysSo) {
  const test::TempDir dir;
  dir.write("x.yml", "v: ${k:}");
  dir.write("config.yml", "allowDefaultValueEmpty: true\nexclusionConfigFileList: [raw]\n");
  dir.write("raw.yml", "v: ${k:}");
  Sources sources(surroundings({dir.path()}));
  const auto tree = sources.read_file("x").value();
  EXPECT_EQ(tree.find("v")->kind, Value::Kind::text);
  EXPECT_EQ(tree.find("v")->text, "");
  EXPECT_EQ(sources.read_file("raw").value().find("v")->text, "${k:}");
}

TEST(Substitution, OpenapiIsNotSubstituted) {
  const test::TempDir dir;
  dir.write("openapi.yaml", "v: ${k}");
  Sources sources(surroundings({dir.path()}));
  EXPECT_EQ(sources.read_file("openapi").value().find("v")->text, "${k}");
}

// Where a value comes from.

struct Order {
  const char* name;
  Environment environment;
  bool set;
  bool values;
  const char* result;
};
class Injection : public testing::TestWithParam<Order> {};
TEST_P(Injection, TakesTheFirstSource) {
  const test::TempDir dir;
  if (GetParam().values) dir.write("values.yml", "a.b-c: values");
  std::vector<std::pair<std::string, std::string>> set;
  if (GetParam().set) set = {{"a.b-c", "older"}, {"a.b-c", "set"}};
  Sources sources(surroundings({dir.path()}, GetParam().environment, set));
  const auto found = sources.find("a.b-c");
  EXPECT_EQ(found ? found->text : "<none>", GetParam().result);
}
INSTANTIATE_TEST_SUITE_P(
    Rows, Injection,
    testing::Values(
        Order{"set_wins", {{"A_B_C", "env"}}, true, true, "set"},
        Order{"environment_over_values", {{"A_B_C", "env"}}, false, true, "env"},
        Order{"values_alone", {}, false, true, "values"}, Order{"nobody", {}, false, false, "<none>"},
        Order{"order_1_values_first", {{"A_B_C", "env"}, {"injection_order", "1"}}, false, true, "values"},
        Order{"order_1_environment_then", {{"A_B_C", "env"}, {"injection_order", "1"}}, false, false, "env"},
        Order{"order_0_no_environment", {{"A_B_C", "env"}, {"injection_order", "0"}}, false, false, "<none>"},
        Order{"order_0_set_still_counts", {{"A_B_C", "env"}, {"injection_order", "0"}}, true, true, "set"},
        Order{"order_2_is_the_default", {{"A_B_C", "env"}, {"INJECTION_ORDER", "2"}}, false, true, "env"}),
    [](const auto& row) { return row.param.name; });

TEST(InjectionOrder, MustBeANumberFromZeroToTwo) {
  const Sources sources(surroundings({}, {{"injection_order", "3"}}));
  ASSERT_EQ(sources.problems.size(), 1U);
  EXPECT_EQ(to_line(sources.problems[0]), "environment injection_order: must be 0, 1 or 2");
}

TEST(EnvironmentName, IsUpperCaseWithUnderscores) {
  EXPECT_EQ(environment_name("kafka-producer.bootstrap.servers"), "KAFKA_PRODUCER_BOOTSTRAP_SERVERS");
  EXPECT_EQ(environment_name("a1.\xC3\xA4"), "A1___");
}

// Files.

TEST(FindFile, TheLastDirectoryThatHoldsItWins) {
  const test::TempDir first;
  const test::TempDir second;
  const test::TempDir third;
  first.write("x.yml", "v: 1");
  second.write("x.json", "{\"v\": 2}");
  Sources sources(surroundings({first.path(), second.path(), third.path()}));
  EXPECT_EQ(sources.read_file("x").value().find("v")->text, "2");
}

TEST(FindFile, YmlWinsOverYamlOverJsonInOneDirectory) {
  const test::TempDir dir;
  dir.write("x.json", "{\"v\": \"json\"}");
  Sources one(surroundings({dir.path()}));
  EXPECT_EQ(one.read_file("x").value().find("v")->text, "json");
  dir.write("x.yaml", "v: yaml");
  Sources two(surroundings({dir.path()}));
  EXPECT_EQ(two.read_file("x").value().find("v")->text, "yaml");
  dir.write("x.yml", "v: yml");
  Sources three(surroundings({dir.path()}));
  EXPECT_EQ(three.read_file("x").value().find("v")->text, "yml");
}

TEST(FindFile, NothingWhereNoDirectoryHoldsIt) {
  const test::TempDir dir;
  Sources sources(surroundings({dir.path()}));
  EXPECT_FALSE(sources.read_file("x"));
}

TEST(Unused, ListsKeysThatNobodyAskedFor) {
  const test::TempDir dir;
  dir.write("values.yml", "a: ${b}\nb: 1\nc: 2\n");
  Sources sources(surroundings({dir.path()}, {}, {{"d", "3"}, {"a", "4"}}));
  EXPECT_EQ(sources.find("b")->text, "1");
  EXPECT_EQ(sources.find("a")->text, "4");
  std::string names;
  for (const auto& [key, value] : sources.unused()) names += key + " ";
  EXPECT_EQ(names, "c d ");
}

// Encrypted values.

constexpr const char* encrypted = "CRYPT:00112233445566778899aabbccddeeff:795de8fffca0408b0cca4a7ee9b2269c";
constexpr const char* decrypted = "s3cr\\et\"p\xC3\xA4ss";

TEST(Encrypted, WorksInFilesInValuesAndInTheEnvironment) {
  const Environment password{{"light_4j_config_password", "light"}};
  EXPECT_EQ(text_of(encrypted, "", password), decrypted);
  EXPECT_EQ(text_of("${k}", "k: " + std::string(encrypted), password), decrypted);
  EXPECT_EQ(text_of("${k}", "", {{"LIGHT_4J_CONFIG_PASSWORD", "light"}, {"K", encrypted}}), decrypted);
  EXPECT_EQ(text_of("x=${k}!", "k: " + std::string(encrypted), password), "x=" + std::string(decrypted) + "!");
}

TEST(Encrypted, MarksWhatItBecomesAsSecret) {
  const auto outcome = read("v: x${k}", "k: " + std::string(encrypted), {{"light_4j_config_password", "light"}});
  EXPECT_TRUE(outcome.value.find("v")->secret);
}

TEST(Encrypted, AMissingOrWrongPasswordIsAProblemWithoutTheValue) {
  const auto none = read("v: " + std::string(encrypted)).problems;
  EXPECT_EQ(none, std::vector<std::string>{
                      "f:1:4: an encrypted value needs the environment variable light_4j_config_password"});
  const auto wrong = read("v: ${k}", "k: " + std::string(encrypted), {{"light_4j_config_password", "dark"}}).problems;
  EXPECT_EQ(wrong, std::vector<std::string>{
                       "f:1:4: an encrypted value does not open with the password in light_4j_config_password"});
}

TEST(Expand, ReadsListsAndMapsWrittenAsText) {
  Sources sources(surroundings({}));
  const auto expand = [&](const char* text) { return sources.expand(Value::of_text(text, {"--set"})); };
  EXPECT_EQ(expand("[\"a\", \"b\"]").items.size(), 2U);
  EXPECT_EQ(expand("{\"a\": 1}").entries.size(), 1U);
  EXPECT_EQ(expand("- a\n- b\n- c\n").items.size(), 3U);
  EXPECT_EQ(expand("a, b: c").kind, Value::Kind::text);
  EXPECT_EQ(expand("-1").kind, Value::Kind::text);
  EXPECT_TRUE(sources.problems.empty());
  EXPECT_TRUE(expand("[a").broken);
  EXPECT_EQ(sources.problems.size(), 1U);
}

TEST(Unused, AValueThatTheEnvironmentOverridesIsNotAmongThem) {
  const test::TempDir dir;
  dir.write("x.yml", "v: ${server.httpPort:1}");
  dir.write("values.yml", "server.httpPort: 2\nserver.htpPort: 3\n");
  Sources sources(surroundings({dir.path()}, {{"SERVER_HTTPPORT", "4"}}));
  EXPECT_EQ(sources.read_file("x").value().find("v")->text, "4");
  const auto unused = sources.unused();
  ASSERT_EQ(unused.size(), 1U);
  EXPECT_EQ(unused.front().first, "server.htpPort");
}

}  // namespace
}  // namespace sidecar::config
