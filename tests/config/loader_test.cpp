#include "config/loader.hpp"

#include <algorithm>
#include <sstream>

#include <gtest/gtest.h>

#include "config/render.hpp"
#include "support/temp_dir.hpp"

namespace sidecar::config {
namespace {

/// A small product: one file with a few keys and a map of properties.
struct Product {
  std::uint16_t port = 80;
  std::string host = "localhost";
  bool verify = true;
  std::optional<int> limit;
  PropertyMap properties;
};
FileSchema describe(Product& p) {
  FileSchema file("web", "A server.");
  file.also_known_as("old-web");
  file.integer("port", p.port, {1, 65535}, "Port.");
  file.text("host", p.host, "Host.");
  file.flag("tls.verify", p.verify, "Verify.").in_values_as("verify");
  file.integer("limit", p.limit, at_least(1), "none", "Limit.");
  file.ignored({{"threads", "8"}});
  PropertiesSpec spec;
  spec.defaults = {
      {"acks", "acks", "all", ""}, {"user", "username", std::nullopt, ""}, {"retries", "retries", "3", ""}};
  spec.names = {"acks", "retries", "linger.ms", "user"};
  spec.known = [names = spec.names](const std::string& name) { return std::ranges::find(names, name) != names.end(); };
  file.properties("properties", p.properties, std::move(spec), "Properties.");
  return file;
}

struct Loaded {
  Product product;
  std::vector<std::string> problems;
  std::vector<std::string> warnings;
  std::string shown;
};
Loaded load(const test::TempDir& dir, std::map<std::string, std::string> environment = {},
            std::vector<std::pair<std::string, std::string>> set = {}) {
  Surroundings surroundings;
  surroundings.dirs = {dir.path()};
  surroundings.set = std::move(set);
  surroundings.environment = [environment](const std::string& name) -> std::optional<std::string> {
    const auto found = environment.find(name);
    return found == environment.end() ? std::nullopt : std::optional(found->second);
  };
  Loaded loaded;
  Loader loader(std::move(surroundings));
  loader.read(describe(loaded.product));
  loader.finish();
  const auto lines = [&dir](const std::vector<Problem>& problems) {
    std::vector<std::string> result;
    for (const auto& problem : problems) {
      auto line = to_line(problem);
      const auto at = line.find(dir.path().string());
      if (at == 0) line.erase(0, dir.path().string().size() + 1);
      result.push_back(std::move(line));
    }
    return result;
  };
  loaded.problems = lines(loader.problems());
  loaded.warnings = lines(loader.warnings());
  std::ostringstream out;
  show(out, loader.effective());
  loaded.shown = out.str();
  return loaded;
}
std::string property(const Loaded& loaded, const std::string& name) {
  const auto found = loaded.product.properties.find(name);
  return found == loaded.product.properties.end() ? "<absent>" : found->second.text.value_or("<null>");
}

TEST(Loader, WithoutFilesTheBuiltInDefaultsCount) {
  const test::TempDir dir;
  const auto loaded = load(dir);
  EXPECT_EQ(loaded.product.port, 80);
  EXPECT_EQ(loaded.product.limit, std::nullopt);
  EXPECT_EQ(property(loaded, "acks"), "all");
  EXPECT_EQ(property(loaded, "user"), "<null>");
  EXPECT_TRUE(loaded.problems.empty());
  EXPECT_TRUE(loaded.warnings.empty());
}

TEST(Loader, PrecedenceIsSetEnvironmentValuesFileDefault) {
  const test::TempDir dir;
  dir.write("web.yml", "port: 1001\nhost: from-file\n");
  EXPECT_EQ(load(dir).product.port, 1001);
  EXPECT_EQ(load(dir).product.host, "from-file");
  dir.write("values.yml", "web.port: 1002\n");
  EXPECT_EQ(load(dir).product.port, 1002);
  EXPECT_EQ(load(dir, {{"WEB_PORT", "1003"}}).product.port, 1003);
  EXPECT_EQ(load(dir, {{"WEB_PORT", "1003"}}, {{"web.port", "1004"}}).product.port, 1004);
}

TEST(Loader, AKeyMissingInAnExternalFileTakesTheBuiltInDefault) {
  const test::TempDir dir;
  dir.write("web.yml", "host: h\n");
  EXPECT_EQ(load(dir).product.port, 80);
}

TEST(Loader, ReadsNestedAndFlatPathsAndTheOlderFileName) {
  const test::TempDir dir;
  dir.write("old-web.yml", "tls:\n  verify: false\n");
  EXPECT_FALSE(load(dir).product.verify);
  dir.write("web.yml", "port: 81\n");  // the newer name wins as a whole
  EXPECT_TRUE(load(dir).product.verify);
  dir.write("values.yml", "old-web.verify: false\n");
  EXPECT_FALSE(load(dir).product.verify);
}

TEST(Loader, PropertiesOfAnExternalFileAreTakenWhole) {
  const test::TempDir dir;
  dir.write("web.yml", "properties:\n  linger.ms: 5\n  nested: {a: 1, b: [x, y]}\n  none:\n");
  const auto loaded = load(dir);
  EXPECT_EQ(property(loaded, "acks"), "<absent>");
  EXPECT_EQ(property(loaded, "linger.ms"), "5");
  EXPECT_EQ(property(loaded, "nested.a"), "1");
  EXPECT_EQ(property(loaded, "nested.b"), "x,y");
  EXPECT_EQ(property(loaded, "none"), "<null>");
}

TEST(Loader, KnownPropertyNamesInValuesJoinTheProperties) {
  const test::TempDir dir;
  dir.write("web.yml", "properties:\n  linger.ms: 5\n");
  dir.write("values.yml", "web.linger.ms: 6\nweb.retries: 9\n");
  const auto loaded = load(dir, {{"WEB_ACKS", "1"}});
  EXPECT_EQ(property(loaded, "linger.ms"), "6");
  EXPECT_EQ(property(loaded, "retries"), "9");
  EXPECT_EQ(property(loaded, "acks"), "1");
  EXPECT_TRUE(loaded.warnings.empty());
}

TEST(Loader, ADefaultPropertyFollowsItsPlaceholder) {
  const test::TempDir dir;
  dir.write("values.yml", "web.username: u\n");
  EXPECT_EQ(property(load(dir), "user"), "u");
  dir.write("web.yml", "properties: {acks: all}\n");
  EXPECT_EQ(load(dir).warnings,
            std::vector<std::string>{"values.yml:1:1: web.username is not used: no file refers to it"});
}

TEST(Loader, EveryProblemIsReportedAtOnceWithItsPlace) {
  const test::TempDir dir;
  dir.write("web.yml", "port: http\ntls:\n  verify: perhaps\nlimit: [1]\n");
  dir.write("values.yml", "web.host: {a: 1}\n");
  EXPECT_EQ(load(dir).problems, (std::vector<std::string>{
                                    "values.yml:1:11: web.host must be one value, not a map",
                                    "web.yml:1:7: web.port must be a whole number (1 to 65535), not 'http'",
                                    "web.yml:3:11: web.verify must be true or false, not 'perhaps'",
                                    "web.yml:4:8: web.limit must be one value, not a list",
                                }));
}

TEST(Loader, UnknownKeysGetOneWarningEachWithTheNearestKey) {
  const test::TempDir dir;
  dir.write("web.yml", "prot: 80\ntls: {verifyy: true}\nquite-different: 1\n");
  dir.write("values.yml", "web.prot: 80\nweb:\n  port: 80\nother.key: 1\n");
  const auto loaded = load(dir, {}, {{"web.hsot", "x"}});
  EXPECT_EQ(loaded.warnings,
            (std::vector<std::string>{
                "--set: web.hsot is not known and ignored; did you mean web.host?",
                "values.yml:1:1: web.prot is not known and ignored; did you mean web.port?",
                "values.yml:2:1: web is not known and ignored; keys are written flat here: web.NAME: value",
                "values.yml:4:1: other.key is not known and ignored",
                "web.yml:1:1: prot is not known and ignored; did you mean port?",
                "web.yml:2:7: tls.verifyy is not known and ignored; did you mean tls.verify?",
                "web.yml:3:1: quite-different is not known and ignored",
            }));
  EXPECT_TRUE(loaded.problems.empty());
}

TEST(Loader, AFileWithAMisspeltNameIsFound) {
  const test::TempDir dir;
  dir.write("wep.yml", "port: 81\n");
  dir.write("logback-settings.json", "{}");
  EXPECT_EQ(load(dir).warnings, std::vector<std::string>{"wep.yml: is not read; did you mean web.yml?"});
}

TEST(Loader, AValueWhosePlaceholderFailedIsReportedOnce) {
  const test::TempDir dir;
  dir.write("web.yml", "port: ${nobody}\n");
  EXPECT_EQ(load(dir).problems.size(), 1U);
}

TEST(Show, ListsEffectiveValuesWithTheirSourceAndNoSecrets) {
  const test::TempDir dir;
  dir.write("web.yml",
            "port: ${p:81}\nproperties:\n  acks: all\n  sasl.password: hidden-1\n  url: http://u:hidden-2@h\n");
  dir.write("values.yml", "web.host: 'a b'\n");
  const auto shown = load(dir).shown;
  EXPECT_NE(shown.find("web.port: 81  # " + (dir.path() / "web.yml").string() + ":1\n"), std::string::npos) << shown;
  EXPECT_NE(shown.find("web.host: \"a b\"  # "), std::string::npos) << shown;
  EXPECT_NE(shown.find("web.sasl.password: \"***\""), std::string::npos) << shown;
  EXPECT_EQ(shown.find("hidden"), std::string::npos) << shown;
  EXPECT_EQ(shown.find("web.threads"), std::string::npos) << shown;
}

}  // namespace
}  // namespace sidecar::config
