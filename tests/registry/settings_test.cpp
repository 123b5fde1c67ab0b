#include "registry/settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "security/tls_material.hpp"

namespace sidecar::registry {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

std::string same_file(std::string_view location) {
  return std::string(location);
}

Properties with(Properties more) {
  more.try_emplace("schema.registry.url", "http://localhost:8081");
  return more;
}

RegistrySettings settings_of(Properties more) {
  auto settings = read_settings(with(std::move(more)), same_file);
  if (!settings) throw std::runtime_error(settings.error().front().key + " " + settings.error().front().text);
  return std::move(*settings);
}

/// `key text` of each problem.
std::vector<std::string> problems_of(const Properties& properties) {
  const auto settings = read_settings(properties, same_file);
  std::vector<std::string> lines;
  if (!settings)
    for (const auto& problem : settings.error()) lines.push_back(problem.key + " " + problem.text);
  return lines;
}

TEST(RegistrySettings, HaveDefaults) {
  const auto settings = settings_of({});
  EXPECT_THAT(settings.urls, ElementsAre("http://localhost:8081"));
  EXPECT_TRUE(settings.authorization.empty());
  EXPECT_EQ(settings.request_timeout, 5s);
  EXPECT_TRUE(settings.auto_register);
  EXPECT_FALSE(settings.normalize);
  EXPECT_FALSE(settings.use_latest_version);
  EXPECT_TRUE(settings.latest_compatibility_strict);
  EXPECT_EQ(settings.key_subjects, SubjectStrategy::topic_name);
  EXPECT_EQ(settings.cache_entries_max, 100U);
  EXPECT_EQ(settings.latest_age, 30s);
  EXPECT_EQ(settings.not_found_age, 5s);
  EXPECT_TRUE(settings.verify_hostname);
  EXPECT_EQ(settings.trusted, nullptr);
  EXPECT_EQ(settings.key_store, nullptr);
}

TEST(RegistrySettings, TakeAListOfUrlsWithPaths) {
  const auto settings =
      settings_of({{"schema.registry.url", " http://a:1/ , https://b/apis/ccompat/v7/,http://[::1]:8081"}});
  EXPECT_THAT(settings.urls, ElementsAre("http://a:1", "https://b/apis/ccompat/v7", "http://[::1]:8081"));
}

TEST(RegistrySettings, RefuseWhatIsNoUrlWithoutShowingIt) {
  for (const auto* url :
       {"localhost:8081", "mock://scope", "ftp://user:hush@host", "http://", "http://a,", "file:///hush",
        "http://user:hush@a?x=1", "http://a#hush", "http://user:hush@:80", "http://a b"}) {
    const auto problems = problems_of({{"schema.registry.url", url}});
    ASSERT_EQ(problems.size(), 1U) << url;
    EXPECT_THAT(problems.front(), HasSubstr("schema.registry.url entry ")) << url;
    EXPECT_EQ(problems.front().find("hush"), std::string::npos) << problems.front();
  }
  EXPECT_THAT(problems_of({}), ElementsAre("schema.registry.url is needed: the URL of the schema registry"));
  EXPECT_THAT(problems_of({{"schema.registry.url", std::nullopt}}),
              ElementsAre("schema.registry.url is needed: the URL of the schema registry"));
}

TEST(RegistrySettings, RegisterOnlyWhenNeitherNameSaysNo) {
  const auto auto_register = [](Properties more) { return settings_of(std::move(more)).auto_register; };
  EXPECT_FALSE(auto_register({{"auto.register.schemas", "false"}}));
  EXPECT_FALSE(auto_register({{"schema.registry.auto.register.schemas", "False"}}));
  EXPECT_FALSE(auto_register({{"schema.registry.auto.register.schemas", "true"}, {"auto.register.schemas", "false"}}));
  EXPECT_TRUE(auto_register({{"schema.registry.auto.register.schemas", "true"}, {"auto.register.schemas", "TRUE"}}));
}

TEST(RegistrySettings, ReadBothSpellings) {
  const auto settings = settings_of({{"schema.registry.normalize.schemas", "true"},
                                     {"use.latest.version", "true"},
                                     {"schema.registry.latest.compatibility.strict", "false"},
                                     {"latest.compatibility.strict", "true"},
                                     {"schema.registry.cache", "1"},
                                     {"latest.cache.ttl.sec", "7"},
                                     {"schema.registry.request.timeout.ms", "250"}});
  EXPECT_TRUE(settings.normalize);
  EXPECT_TRUE(settings.use_latest_version);
  EXPECT_FALSE(settings.latest_compatibility_strict);
  EXPECT_EQ(settings.cache_entries_max, 1U);
  EXPECT_EQ(settings.latest_age, 7s);
  EXPECT_EQ(settings.request_timeout, 250ms);
  EXPECT_EQ(settings_of({{"schema.registry.latest.cache.ttl.sec", "0"}}).latest_age, 0s);
  EXPECT_GT(settings_of({{"schema.registry.latest.cache.ttl.sec", "-1"}}).latest_age, 24h * 365 * 50);
}

TEST(RegistrySettings, ReportEveryProblemAtOnce) {
  EXPECT_THAT(
      problems_of({{"schema.registry.url", "http://a,x"},
                   {"schema.registry.cache", "0"},
                   {"schema.registry.request.timeout.ms", "5s"},
                   {"latest.cache.ttl.sec", "-2"},
                   {"auto.register.schemas", "yes"},
                   {"key.subject.name.strategy", "io.confluent.AssociatedNameStrategy"},
                   {"basic.auth.credentials.source", "SASL_INHERIT"},
                   {"schema.registry.ssl.endpoint.identification.algorithm", "none"}}),
      ElementsAre("schema.registry.url entry 2 is no http or https URL", "auto.register.schemas must be true or false",
                  "schema.registry.cache must be a whole number from 1 to 1000000",
                  "schema.registry.request.timeout.ms must be a whole number from 1 to 300000",
                  "latest.cache.ttl.sec must be a whole number from -1 to 2147483647",
                  "key.subject.name.strategy must be TopicName, RecordName or TopicRecordName",
                  "basic.auth.credentials.source must be USER_INFO or URL",
                  "schema.registry.ssl.endpoint.identification.algorithm must be https, or empty to switch the "
                  "check of host names off"));
}

TEST(RegistrySettings, KnowNameStrategiesByClassAndByShortName) {
  const std::pair<const char*, SubjectStrategy> rows[] = {
      {"io.confluent.kafka.serializers.subject.TopicNameStrategy", SubjectStrategy::topic_name},
      {"io.confluent.kafka.serializers.subject.RecordNameStrategy", SubjectStrategy::record_name},
      {"io.confluent.kafka.serializers.subject.TopicRecordNameStrategy", SubjectStrategy::topic_record_name},
      {"topicname", SubjectStrategy::topic_name},
      {"RecordName", SubjectStrategy::record_name},
      {"TOPICRECORDNAME", SubjectStrategy::topic_record_name},
      {"topicRecordNameStrategy", SubjectStrategy::topic_record_name},
  };
  for (const auto& [name, strategy] : rows) {
    EXPECT_EQ(settings_of({{"value.subject.name.strategy", name}}).value_subjects, strategy) << name;
    EXPECT_EQ(settings_of({{"schema.registry.key.subject.name.strategy", name}}).key_subjects, strategy) << name;
  }
  EXPECT_EQ(subject_of(SubjectStrategy::topic_name, "orders", true, "a.B"), "orders-key");
  EXPECT_EQ(subject_of(SubjectStrategy::topic_name, "orders", false, "a.B"), "orders-value");
  EXPECT_EQ(subject_of(SubjectStrategy::record_name, "orders", false, "a.B"), "a.B");
  EXPECT_EQ(subject_of(SubjectStrategy::topic_record_name, "orders", true, "a.B"), "orders-a.B");
}

TEST(RegistrySettings, FindCredentialsInUserInfoOrInTheUrl) {
  const auto header = [](Properties more) { return settings_of(std::move(more)).authorization.reveal(); };
  // RFC 7617, section 2.
  EXPECT_EQ(header({{"basic.auth.user.info", "Aladdin:open sesame"}}), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  EXPECT_EQ(header({{"schema.registry.basic.auth.user.info", "Aladdin:open sesame"},
                    {"schema.registry.basic.auth.credentials.source", "user_info"},
                    {"schema.registry.url", "http://other:one@a"}}),
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  EXPECT_EQ(header({{"schema.registry.url", "http://Aladdin:open%20sesame@a,http://Aladdin:open%20sesame@b"}}),
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  EXPECT_EQ(header({{"basic.auth.credentials.source", "URL"}, {"basic.auth.user.info", "other:one"}}), "");
  EXPECT_EQ(header({{"bearer.auth.credentials.source", "STATIC_TOKEN"}, {"bearer.auth.token", "a.b-c"}}),
            "Bearer a.b-c");
  EXPECT_THAT(settings_of({{"schema.registry.url", "http://Aladdin:hush@a/v7"}}).urls, ElementsAre("http://a/v7"));
}

TEST(RegistrySettings, RefuseCredentialsThatCannotBeUsed) {
  const std::pair<Properties, std::string> rows[] = {
      {{{"basic.auth.credentials.source", "USER_INFO"}},
       "basic.auth.user.info is needed with basic.auth.credentials.source=USER_INFO"},
      {{{"basic.auth.user.info", "hush"}}, "basic.auth.user.info must have the form user:password"},
      {{{"schema.registry.url", "http://a:hush@x,http://b:hush@y"}},
       "schema.registry.url must have the same user information in every entry"},
      {{{"schema.registry.url", "http://x,http://b:hush@y"}},
       "schema.registry.url must have the same user information in every entry"},
      {{{"bearer.auth.credentials.source", "OAUTHBEARER"}},
       "bearer.auth.credentials.source must be STATIC_TOKEN, the only source of tokens that there is"},
      {{{"bearer.auth.credentials.source", "STATIC_TOKEN"}},
       "bearer.auth.token is needed with bearer.auth.credentials.source=STATIC_TOKEN"},
      {{{"bearer.auth.token", "hush\r\nX-Evil: 1"}}, "bearer.auth.token holds a character that no token has"},
      {{{"bearer.auth.token", "hush"}, {"basic.auth.user.info", "a:b"}},
       "bearer.auth.token cannot be used beside basic authentication"},
  };
  for (const auto& [more, problem] : rows) EXPECT_THAT(problems_of(with(more)), ElementsAre(problem));
}

TEST(RegistrySettings, OpenStoresOfBothKinds) {
  const security::test::TempDir dir;
  const auto authority = security::test::make_authority("authority");
  const auto leaf = security::test::make_leaf(authority, "client", "DNS:client");
  const auto trust_pem = dir.write("trust.pem", security::test::pem(*authority.certificate));
  const auto trust_p12 =
      dir.write("trust.p12", security::test::pkcs12(nullptr, nullptr, {authority.certificate.get()}, "hush"));
  const auto key_pem =
      dir.write("key.pem", security::test::pem(*leaf.key, "hush") + security::test::pem(*leaf.certificate));
  const auto key_p12 = dir.write(
      "key.p12", security::test::pkcs12(leaf.key.get(), leaf.certificate.get(), {authority.certificate.get()}, "hush"));
  const auto pem = settings_of({{"schema.registry.ssl.truststore.location", trust_pem},
                                {"schema.registry.ssl.truststore.type", "PEM"},
                                {"schema.registry.ssl.keystore.location", key_pem},
                                {"schema.registry.ssl.key.password", "hush"},
                                {"schema.registry.ssl.endpoint.identification.algorithm", ""}});
  ASSERT_NE(pem.trusted, nullptr);
  EXPECT_EQ(pem.trusted->size(), 1U);
  ASSERT_NE(pem.key_store, nullptr);
  EXPECT_TRUE(pem.key_store->chain.empty());
  EXPECT_FALSE(pem.verify_hostname);
  const auto p12 = settings_of({{"schema.registry.ssl.truststore.location", trust_p12},
                                {"schema.registry.ssl.truststore.password", "hush"},
                                {"schema.registry.ssl.keystore.location", key_p12},
                                {"schema.registry.ssl.keystore.password", "hush"},
                                {"schema.registry.ssl.endpoint.identification.algorithm", "HTTPS"}});
  EXPECT_EQ(p12.trusted->size(), 1U);
  EXPECT_EQ(p12.key_store->chain.size(), 1U);
  EXPECT_TRUE(p12.verify_hostname);
}

TEST(RegistrySettings, NameTheStoreThatDoesNotOpen) {
  const security::test::TempDir dir;
  const auto jks = dir.write("trust.jks", "\xFE\xED\xFE\xED....");
  const auto problems = problems_of(with({{"schema.registry.ssl.truststore.location", jks},
                                          {"schema.registry.ssl.truststore.password", "hush"},
                                          {"schema.registry.ssl.keystore.location", dir.file("absent.p12")}}));
  ASSERT_EQ(problems.size(), 2U);
  EXPECT_THAT(problems[0], HasSubstr("schema.registry.ssl.truststore.location cannot be used: "));
  EXPECT_THAT(problems[0], HasSubstr("convert it with keytool"));
  EXPECT_THAT(problems[1], HasSubstr("schema.registry.ssl.keystore.location cannot be used: "));
  EXPECT_THAT(problems[1], HasSubstr("absent.p12"));
}

}  // namespace
}  // namespace sidecar::registry
