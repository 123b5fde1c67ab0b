#include "app/config_commands.hpp"

#include <cstdlib>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/config_reading.hpp"
#include "config/render.hpp"
#include "support/temp_dir.hpp"

namespace sidecar::app {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::filesystem::path data = SIDECAR_TEST_DATA;

LoadOptions options(std::vector<std::filesystem::path> dirs,
                    std::vector<std::pair<std::string, std::string>> set = {}) {
  LoadOptions result;
  result.config_dirs = std::move(dirs);
  result.set = std::move(set);
  result.host_name = "host-1";
  result.environment = [](const std::string&) { return std::nullopt; };
  return result;
}

std::string without(std::string text, const std::string& part) {
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part)) text.erase(at, part.size());
  return text;
}

std::string text_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

TEST(Validate, PrintsEveryProblemAndWarningOfABadConfigurationAtOnce) {
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_EQ(validate(options({data / "bad"}), out, err), 2);
  EXPECT_EQ(out.str(), "");
  EXPECT_EQ(without(err.str(), (data / "bad").string() + "/"), text_of(data / "bad" / "expected.txt"));
}

TEST(Validate, IsContentWithTheSmallestConfiguration) {
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_EQ(validate(options({data / "smallest"}), out, err), 0);
  EXPECT_EQ(out.str(), "The configuration is valid.\n");
}

TEST(Show, NamesTheSourceOfEveryValueAndMasksSecrets) {
  std::ostringstream out;
  std::ostringstream err;
  const auto from = options({data / "smallest"}, {{"kafka-producer.security.protocol", "SASL_PLAINTEXT"},
                                                  {"kafka-producer.username", "me"},
                                                  {"kafka-producer.password", "hidden-1"},
                                                  {"server.keystorePass", "hidden-2"},
                                                  {"kafka-producer.schema.registry.url", "http://u:hidden-3@h"},
                                                  {"kafka-producer.basic.auth.user.info", "u:hidden-4"},
                                                  {"metrics.serverPass", "hidden-5"}});
  EXPECT_EQ(config_show(from, out, err), 0) << err.str();
  const auto shown = without(out.str(), (data / "smallest").string() + "/");
  EXPECT_THAT(shown, HasSubstr("kafka-consumer.topic: orders  # values.yml:11\n"));
  EXPECT_THAT(shown, HasSubstr("server.ip: 0.0.0.0  # built-in server.yml\n"));
  EXPECT_THAT(shown, HasSubstr("server.keystorePass: \"***\"  # --set\n"));
  EXPECT_THAT(shown, HasSubstr("#   sasl.username: me\n#   security.protocol: sasl_plaintext\n"));
  EXPECT_THAT(shown, HasSubstr("#   sasl.password: ***\n"));
  EXPECT_THAT(shown + err.str(), Not(HasSubstr("hidden")));
}

TEST(Show, StillShowsWhatCouldBeReadOfABadConfiguration) {
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_EQ(config_show(options({data / "bad"}), out, err), 2);
  EXPECT_THAT(out.str(), HasSubstr("server.ioThreads: 4"));
  EXPECT_THAT(err.str(), HasSubstr("server.httpPort must be a whole number"));
}

/// Every effective value, without its source.
std::string effective(const LoadOptions& from) {
  const auto reading = read_configuration(from);
  std::vector<config::Effective> values = reading->loader->effective();
  for (auto& each : values) each.value.origin = {};
  std::ostringstream out;
  config::show(out, values);
  return out.str();
}

TEST(Defaults, LoadedAgainAreTheBuiltInOnes) {
  const test::TempDir dir;
  const test::TempDir empty;
  std::ostringstream out;
  std::ostringstream err;
  ASSERT_EQ(config_defaults(dir.path() / "new", out, err), 0) << err.str();
  EXPECT_EQ(effective(options({dir.path() / "new"})), effective(options({empty.path()})));

  const std::vector<std::pair<std::string, std::string>> working{
      {"server.enableHttp", "true"},
      {"server.enableHttps", "false"},
      {"security.enableVerifyJwt", "false"},
      {"kafka-producer.security.protocol", "PLAINTEXT"},
      {"kafka-producer.keyFormat", "string"},
      {"kafka-producer.valueFormat", "json"},
      {"kafka-consumer.security.protocol", "PLAINTEXT"},
      {"kafka-consumer.keyFormat", "string"},
      {"kafka-consumer.valueFormat", "json"},
      {"service.com.networknt.server.StartupHookProvider",
       "com.networknt.mesh.kafka.ProducerStartupHook,com.networknt.mesh.kafka.ReactiveConsumerStartupHook"}};
  const auto written = load_settings(options({dir.path() / "new"}, working));
  const auto built_in = load_settings(options({empty.path()}, working));
  ASSERT_TRUE(written && built_in);
  EXPECT_EQ(written->settings.producer.properties, built_in->settings.producer.properties);
  EXPECT_EQ(written->settings.consumer.properties, built_in->settings.consumer.properties);
  EXPECT_EQ(written->settings.reactive.batch_records_max, built_in->settings.reactive.batch_records_max);
  EXPECT_EQ(written->warnings.size(), built_in->warnings.size());
}

TEST(Defaults, OverwriteNothing) {
  const test::TempDir dir;
  dir.write("server.yml", "mine: true\n");
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_EQ(config_defaults(dir.path(), out, err), 1);
  EXPECT_EQ(err.str(), (dir.path() / "server.yml").string() + ": exists already; nothing was written\n");
  EXPECT_EQ(text_of(dir.path() / "server.yml"), "mine: true\n");
  EXPECT_FALSE(std::filesystem::exists(dir.path() / "values.yml"));
}

TEST(Defaults, ADirectoryThatCannotBeMadeIsNamed) {
  const test::TempDir dir;
  dir.write("file", "");
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_EQ(config_defaults(dir.path() / "file" / "sub", out, err), 1);
  EXPECT_THAT(err.str(), HasSubstr("cannot be made"));
}

// The written page is what the code says. After a change: `kafka-sidecar config reference > docs/configuration.md`.
TEST(Reference, TheWrittenPageIsUpToDate) {
  std::ostringstream out;
  ASSERT_EQ(config_reference(out), 0);
  EXPECT_TRUE(text_of(std::filesystem::path(SIDECAR_DOCS) / "configuration.md") == out.str())
      << "docs/configuration.md differs from the code: run `kafka-sidecar config reference > docs/configuration.md`";
}

}  // namespace
}  // namespace sidecar::app
