#include "config/schema.hpp"

#include <gtest/gtest.h>

#include "config/render.hpp"

namespace sidecar::config {
namespace {

enum class Colour { red, green };

struct Targets {
  bool flag = true;
  std::uint16_t port = 80;
  std::optional<int> open;
  std::chrono::milliseconds pause{50};
  std::string text = "x";
  Secret secret{"password"};
  std::vector<std::string> list{"a", "b"};
  Colour colour = Colour::green;
};

FileSchema describe(Targets& t) {
  FileSchema file("t", "A test.");
  file.flag("flag", t.flag, "A flag.");
  file.integer("port", t.port, {1, 65535}, "A port.");
  file.integer("open", t.open, at_least(1), "another", "A number.");
  file.milliseconds("pause", t.pause, 1, "A time.");
  file.text("text", t.text, "A text.");
  file.secret("secret", t.secret, "A secret.");
  file.list("list", t.list, "A list.");
  file.choice("colour", t.colour, FileSchema::Choices<Colour>{{"red", Colour::red}, {"green", Colour::green}},
              "A choice.");
  return file;
}

const Key& key_of(const FileSchema& file, std::string_view path) {
  for (const auto& key : file.keys())
    if (key.path == path) return key;
  throw std::runtime_error("no such key");
}

TEST(Schema, TakesItsDefaultsFromTheSettings) {
  Targets targets;
  const auto file = describe(targets);
  EXPECT_EQ(key_of(file, "flag").fallback, "true");
  EXPECT_EQ(key_of(file, "port").fallback, "80");
  EXPECT_EQ(key_of(file, "open").fallback, std::nullopt);
  EXPECT_EQ(key_of(file, "pause").fallback, "50");
  EXPECT_EQ(key_of(file, "list").fallback, "a,b");
  EXPECT_EQ(key_of(file, "colour").fallback, "green");
}

struct Case {
  const char* name;
  const char* key;
  const char* text;
  const char* wrong;  ///< Empty: accepted.
};
class Assign : public testing::TestWithParam<Case> {};
TEST_P(Assign, AcceptsOrSaysWhatIsWrong) {
  Targets targets;
  const auto file = describe(targets);
  EXPECT_EQ(key_of(file, GetParam().key).assign(Value::of_text(GetParam().text, {})), GetParam().wrong);
}
INSTANTIATE_TEST_SUITE_P(
    Rows, Assign,
    testing::Values(Case{"flag_word", "flag", "no", ""},
                    Case{"flag_other", "flag", "maybe", "must be true or false, not 'maybe'"},
                    Case{"port_low_end", "port", "1", ""}, Case{"port_high_end", "port", "65535", ""},
                    Case{"port_below", "port", "0", "must be a whole number (1 to 65535), not '0'"},
                    Case{"port_above", "port", "65536", "must be a whole number (1 to 65535), not '65536'"},
                    Case{"port_word", "port", "http", "must be a whole number (1 to 65535), not 'http'"},
                    Case{"port_decimal", "port", "80.5", "must be a whole number (1 to 65535), not '80.5'"},
                    Case{"port_unit", "port", "80 ", "must be a whole number (1 to 65535), not '80 '"},
                    Case{"port_underscore", "port", "8_080", ""},
                    Case{"huge", "open", "99999999999999999999",
                         "must be a whole number (1 to 2147483647), not '99999999999999999999'"},
                    Case{"pause", "pause", "0", "must be a number of ms (1 to 2147483647), not '0'"},
                    Case{"choice_any_case", "colour", "RED", ""},
                    Case{"choice_other", "colour", "blue", "must be one of red, green, not 'blue'"}),
    [](const auto& row) { return row.param.name; });

TEST(Assign, StoresTheTypedValue) {
  Targets targets;
  const auto file = describe(targets);
  const auto assign = [&](const char* key, const char* text) {
    return key_of(file, key).assign(Value::of_text(text, {}));
  };
  EXPECT_EQ(assign("flag", "off"), "");
  EXPECT_EQ(assign("port", "443"), "");
  EXPECT_EQ(assign("open", "7"), "");
  EXPECT_EQ(assign("list", " x , ,y"), "");
  EXPECT_EQ(assign("colour", "red"), "");
  EXPECT_EQ(assign("secret", "s3"), "");
  EXPECT_FALSE(targets.flag);
  EXPECT_EQ(targets.port, 443);
  EXPECT_EQ(targets.open, 7);
  EXPECT_EQ(targets.list, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(targets.colour, Colour::red);
  EXPECT_EQ(targets.secret.reveal(), "s3");
}

TEST(Assign, NullIsOnlyForKeysThatCanBeEmpty) {
  Targets targets;
  const auto file = describe(targets);
  const Value nothing;
  EXPECT_EQ(key_of(file, "port").assign(nothing), "needs a value");
  EXPECT_EQ(key_of(file, "flag").assign(nothing), "needs a value");
  EXPECT_EQ(key_of(file, "colour").assign(nothing), "needs a value");
  EXPECT_EQ(key_of(file, "open").assign(nothing), "");
  EXPECT_EQ(key_of(file, "text").assign(nothing), "");
  EXPECT_EQ(key_of(file, "list").assign(nothing), "");
  EXPECT_EQ(targets.text, "");
  EXPECT_TRUE(targets.list.empty());
}

TEST(SecretKey, CoversTheEndsThatTheContractNames) {
  for (const auto* key : {"server.keystorePass", "kafka-producer.sasl.password", "client.tokenKeyClientSecret",
                          "x.passphrase", "ssl.key.pem", "sasl.jaas.config", "schema.registry.basic.auth.user.info",
                          "x.accessToken", "ssl.keystore.key", "KAFKA_PRODUCER_PASSWORD"})
    EXPECT_TRUE(is_secret_key(key)) << key;
  for (const auto* key : {"server.httpPort", "ssl.keystore.location", "sasl.username", "passThroughClaims"})
    EXPECT_FALSE(is_secret_key(key)) << key;
}

TEST(WithoutCredentials, HidesTheUserInAUrl) {
  EXPECT_EQ(without_credentials("http://u:p@h:1/x, https://h2/a@b"), "http://***@h:1/x, https://h2/a@b");
  EXPECT_EQ(without_credentials("plain@text"), "plain@text");
}

TEST(DefaultFile, NestsDottedPathsOnce) {
  Targets targets;
  FileSchema file("n", "Nested.");
  file.flag("tls.one", targets.flag, "One.").in_values_as("one");
  file.text("tls.two", targets.text, "Two.").in_values_as("two");
  file.text("top", targets.text, "Top.");
  std::vector<Problem> problems;
  const auto tree = parse_yaml(default_file(file), {"n.yml"}, true, problems);
  ASSERT_TRUE(problems.empty()) << to_line(problems.front());
  EXPECT_EQ(tree.find("tls")->find("one")->text, "${n.one:true}");
  EXPECT_EQ(tree.find("tls")->find("two")->text, "${n.two:x}");
  EXPECT_EQ(tree.find("top")->text, "${n.top:x}");
}

}  // namespace
}  // namespace sidecar::config
