#include "app/settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/problem.hpp"
#include "support/temp_dir.hpp"

namespace sidecar::app {
namespace {

using consume::reactive::UndecodablePolicy;
using formats::Format;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::filesystem::path data = SIDECAR_TEST_DATA;

using Pairs = std::vector<std::pair<std::string, std::string>>;
using Environment = std::map<std::string, std::string>;

LoadOptions options(std::vector<std::filesystem::path> dirs, Pairs set = {}, Environment environment = {}) {
  LoadOptions result;
  result.config_dirs = std::move(dirs);
  result.set = std::move(set);
  result.host_name = "host-1";
  result.environment = [environment = std::move(environment)](const std::string& name) -> std::optional<std::string> {
    const auto found = environment.find(name);
    return found == environment.end() ? std::nullopt : std::optional(found->second);
  };
  return result;
}

std::vector<std::string> texts(const std::vector<config::Problem>& problems) {
  std::vector<std::string> result;
  for (const auto& problem : problems) result.push_back(problem.text);
  return result;
}

LoadedSettings load(const LoadOptions& from) {
  auto loaded = load_settings(from);
  if (loaded) return std::move(*loaded);
  std::string all;
  for (const auto& problem : loaded.error().problems) all += to_line(problem) + "\n";
  ADD_FAILURE() << all;
  return {};
}
/// The smallest configuration with a few keys changed.
LoadedSettings with(Pairs set) {
  return load(options({data / "smallest"}, std::move(set)));
}
std::vector<std::string> problems_with(Pairs set) {
  const auto loaded = load_settings(options({data / "smallest"}, std::move(set)));
  return loaded ? std::vector<std::string>{} : texts(loaded.error().problems);
}
std::vector<std::string> warnings_with(Pairs set) {
  return texts(with(std::move(set)).warnings);
}

TEST(Smallest, LoadsAndMeansWhatItSays) {
  const auto settings = with({}).settings;
  EXPECT_TRUE(settings.components.producer);
  EXPECT_TRUE(settings.components.reactive);
  EXPECT_TRUE(settings.server.enable_http);
  EXPECT_FALSE(settings.server.enable_https);
  EXPECT_EQ(settings.server.http_port, 8080);
  EXPECT_FALSE(settings.security.enable_verify_jwt);
  EXPECT_EQ(settings.produce.key_format, Format::string);
  EXPECT_EQ(settings.produce.value_format, Format::json);
  EXPECT_EQ(settings.reactive.formats.key, Format::string);
  EXPECT_EQ(settings.reactive.formats.value, Format::json);
  EXPECT_THAT(settings.reactive.topics, ElementsAre("orders"));
  EXPECT_THAT(settings.consumer.topics, ElementsAre("orders"));
  EXPECT_EQ(settings.reactive.group_id, "billing");
  EXPECT_EQ(settings.reactive.backend_api_host, "http://localhost:8081");
  EXPECT_EQ(settings.producer.properties.at("bootstrap.servers"), "localhost:9092");
  EXPECT_EQ(settings.producer.properties.at("security.protocol"), "plaintext");
  EXPECT_EQ(settings.producer.properties.at("client.id"), "com.networknt.kafka-sidecar-1.0.0-producer-host-1");
  EXPECT_EQ(settings.consumer.properties.at("client.id"), "com.networknt.kafka-sidecar-1.0.0-consumer-host-1");
  EXPECT_EQ(settings.consumer.properties.at("group.id"), "billing");
  EXPECT_EQ(settings.consumer.properties.at("auto.offset.reset"), "earliest");
}

TEST(Smallest, OnlyTheMissingAuditIsWorthAWarning) {
  EXPECT_THAT(warnings_with({}), ElementsAre(HasSubstr("the audit is not part of this version")));
  EXPECT_THAT(warnings_with({{"kafka-producer.auditEnabled", "false"},
                             {"kafka-consumer.auditEnabled", "false"},
                             {"audit.enabled", "false"}}),
              IsEmpty());
}

TEST(BuiltIn, WithoutAnyFileEveryThingThatCannotBeHonouredIsNamed) {
  const test::TempDir empty;
  const auto loaded = load_settings(options({empty.path()}));
  ASSERT_FALSE(loaded);
  const auto problems = texts(loaded.error().problems);
  EXPECT_THAT(problems, Contains(HasSubstr("security.enableVerifyJwt must be set to false")));
  EXPECT_THAT(problems, Contains(HasSubstr("kafka-producer.ssl.truststore.location cannot be used")));
  EXPECT_THAT(problems, Not(Contains(HasSubstr("kafka-consumer"))));
}

TEST(BuiltIn, OnlyTheProducerRuns) {
  const test::TempDir empty;
  const auto settings = load(options({empty.path()}, {{"server.enableHttp", "true"},
                                                      {"server.enableHttps", "false"},
                                                      {"security.enableVerifyJwt", "false"},
                                                      {"kafka-producer.security.protocol", "PLAINTEXT"},
                                                      {"kafka-producer.keyFormat", "string"},
                                                      {"kafka-producer.valueFormat", "json"}}))
                            .settings;
  EXPECT_TRUE(settings.components.producer);
  EXPECT_FALSE(settings.components.reactive);
  EXPECT_TRUE(settings.consumer.properties.empty());
  EXPECT_TRUE(settings.client.verify_hostname);
}

TEST(Java, AConfigurationInTheJavaSidecarsStylesLoads) {
  const auto loaded = load(options(
      {data / "java"}, {},
      {{"KAFKA_PRODUCER_PASSWORD", R"(p\\\"w)"}, {"KAFKA_CONSUMER_PASSWORD", R"(p\"w)"}, {"HOSTNAME", "pod-3"}}));
  const auto& settings = loaded.settings;
  EXPECT_EQ(settings.server.service_id, "com.acme.orders-1.0.0");
  EXPECT_EQ(settings.produce.service_id, "com.acme.orders-1.0.0");
  EXPECT_TRUE(settings.produce.inject_caller_id);
  const auto& producer = settings.producer.properties;
  EXPECT_EQ(producer.at("bootstrap.servers"), "kafka-1:9093,kafka-2:9093");
  EXPECT_EQ(producer.at("sasl.username"), "writer");
  EXPECT_EQ(producer.at("sasl.password"), R"(p\"w)");  // the JAAS text unescapes it
  EXPECT_EQ(producer.at("client.id"), "com.acme.orders-1.0.0-producer-host-1");
  EXPECT_THAT(producer.at("ssl.ca.pem"), HasSubstr("BEGIN CERTIFICATE"));
  EXPECT_EQ(producer.at("linger.ms"), "1");
  EXPECT_FALSE(producer.contains("key.serializer"));
  const auto& consumer = settings.consumer.properties;
  EXPECT_EQ(consumer.at("sasl.password"), R"(p\"w)");  // a fixed key is taken as it is
  EXPECT_EQ(consumer.at("sasl.mechanism"), "SCRAM-SHA-512");
  EXPECT_EQ(consumer.at("group.instance.id"), "orders-pod-3");
  EXPECT_EQ(consumer.at("partition.assignment.strategy"), "range");
  EXPECT_EQ(consumer.at("fetch.max.bytes"), "102400");
  EXPECT_EQ(settings.reactive.batch_records_max, 250U);
  EXPECT_EQ(settings.reactive.backend_timeout.count(), 60000);
  EXPECT_THAT(settings.reactive.topics, ElementsAre("orders", "refunds"));
  EXPECT_THAT(texts(loaded.warnings),
              Contains(HasSubstr("without effect in this version: server.environment, audit.headers")));
}

// Stores.

/// The smallest configuration over HTTPS, with the stores of the tests.
std::vector<std::string> problems_with_https(Pairs set) {
  set.insert(
      set.begin(),
      {{"server.enableHttps", "true"}, {"server.keystoreName", "keystore.p12"}, {"server.keystorePass", "changeit"}});
  const auto loaded = load_settings(options({data / "stores", data / "smallest"}, std::move(set)));
  return loaded ? std::vector<std::string>{} : texts(loaded.error().problems);
}

TEST(Stores, AreOpenedWhereTheyAreNeeded) {
  EXPECT_THAT(problems_with_https({}), IsEmpty());
  EXPECT_THAT(problems_with_https({{"server.keystoreName", "none"}}),
              ElementsAre(testing::AllOf(HasSubstr("there is no key store none"), HasSubstr("server.keystoreName"),
                                         HasSubstr("server.enableHttps: false"))));
  EXPECT_THAT(
      problems_with_https({{"server.keystorePass", "wrong"}}),
      ElementsAre(testing::AllOf(HasSubstr("server.keystoreName cannot be used"), HasSubstr("wrong password"))));
  EXPECT_THAT(problems_with_https({{"server.enableTwoWayTls", "true"}}),
              ElementsAre(HasSubstr("there is no trust store server.truststore")));
  EXPECT_THAT(problems_with_https({{"server.enableTwoWayTls", "true"}, {"server.truststoreName", "ca.pem"}}),
              IsEmpty());
}

TEST(Stores, OfTheClientMatterToAnHttpsBackendAlone) {
  const Pairs broken{{"client.trustStore", "truststore.jks"}, {"client.loadKeyStore", "true"}};
  EXPECT_THAT(problems_with_https(broken), IsEmpty());
  auto https = broken;
  https.emplace_back("kafka-consumer.backendApiHost", "https://localhost:8444");
  EXPECT_THAT(problems_with_https(https),
              testing::UnorderedElementsAre(HasSubstr("client.trustStore cannot be used"),
                                            HasSubstr("there is no key store client.keystore")));
  EXPECT_THAT(problems_with_https({{"kafka-consumer.backendApiHost", "https://localhost:8444"},
                                   {"client.loadDefaultTrustStore", "false"}}),
              ElementsAre(HasSubstr("there is no trust store client.truststore")));
}

// Defaults that follow other keys.

TEST(ComputedDefault, BackendTimeoutFollowsInstanceTimeout) {
  EXPECT_EQ(with({}).settings.reactive.backend_timeout.count(), 300000);
  EXPECT_EQ(with({{"kafka-consumer.instanceTimeoutMs", "5000"}}).settings.reactive.backend_timeout.count(), 5000);
  EXPECT_EQ(with({{"kafka-consumer.instanceTimeoutMs", "5000"}, {"kafka-consumer.backendTimeoutMs", "7"}})
                .settings.reactive.backend_timeout.count(),
            7);
}

TEST(ComputedDefault, BatchRecordsFollowPollRecords) {
  EXPECT_EQ(with({}).settings.reactive.batch_records_max, 100U);
  EXPECT_EQ(with({{"kafka-consumer.max.poll.records", "7"}}).settings.reactive.batch_records_max, 7U);
  EXPECT_EQ(with({{"kafka-consumer.max.poll.records", "7"}, {"kafka-consumer.maxBatchRecords", "8"}})
                .settings.reactive.batch_records_max,
            8U);
}

TEST(ComputedDefault, RequestTimeoutFollowsDeliveryTimeout) {
  EXPECT_EQ(with({}).settings.producer.request_timeout.count(), 125000);
  EXPECT_EQ(with({{"kafka-producer.delivery.timeout.ms", "1000"}}).settings.producer.request_timeout.count(), 6000);
  EXPECT_EQ(with({{"kafka-producer.requestTimeoutMs", "1234"}}).settings.producer.request_timeout.count(), 1234);
}

TEST(ComputedDefault, HealthHostFollowsTheBackend) {
  EXPECT_EQ(with({}).settings.health.downstream_host, "http://localhost:8081");
  EXPECT_EQ(with({{"health.downstreamHost", "http://h:1"}}).settings.health.downstream_host, "http://h:1");
}

TEST(ComputedDefault, UndecodableRecordsFollowTheDeadLetters) {
  EXPECT_EQ(with({}).settings.reactive.undecodable_policy, UndecodablePolicy::deadletter);
  EXPECT_EQ(with({{"kafka-consumer.deadLetterEnabled", "false"}}).settings.reactive.undecodable_policy,
            UndecodablePolicy::stop);
  EXPECT_EQ(with({{"kafka-consumer.undecodablePolicy", "skip"}}).settings.reactive.undecodable_policy,
            UndecodablePolicy::skip);
}

TEST(ComputedDefault, TheJsonDepthIsOneForAll) {
  const auto settings = with({{"server.maxJsonDepth", "9"}}).settings;
  EXPECT_EQ(settings.produce.json_depth_max, 9U);
  EXPECT_EQ(settings.reactive.json_depth_max, 9U);
}

TEST(Limits, GoWhereTheyAreKept) {
  const auto settings = with({{"kafka-producer.max.request.size", "5000"},
                              {"kafka-producer.max.block.ms", "70"},
                              {"kafka-consumer.prefetchMaxBytes", "2000000"}})
                            .settings;
  EXPECT_EQ(settings.producer.record_bytes_max, 5000);
  EXPECT_EQ(settings.producer.block_max.count(), 70);
  EXPECT_EQ(settings.consumer.prefetch_bytes_max, 2000000);
  EXPECT_EQ(settings.reactive.prefetch_bytes_max, 2000000);
}

// Components.

constexpr const char* hooks = "service.com.networknt.server.StartupHookProvider";
const std::string prefix = "com.networknt.mesh.kafka.";

TEST(Hooks, MayBeGivenAsTextInAnyOrder) {
  const auto list =
      with({{hooks, prefix + "ReactiveConsumerStartupHook," + prefix + "ProducerStartupHook"}}).settings.components;
  EXPECT_TRUE(list.producer && list.reactive);
  const auto json = with({{hooks, "[\"" + prefix + "ProducerStartupHook\"]"}}).settings.components;
  EXPECT_TRUE(json.producer && !json.reactive);
  const auto none = with({{hooks, ""}}).settings.components;
  EXPECT_FALSE(none.producer || none.reactive);
}

TEST(Hooks, AreReadFromServiceYmlInTheJavaSidecarsForm) {
  const test::TempDir dir;
  std::filesystem::copy(data / "smallest", dir.path(), std::filesystem::copy_options::recursive);
  dir.write("service.yml",
            "singletons:\n"
            "- com.networknt.registry.URL:\n  - com.networknt.registry.URLImpl:\n      protocol: light\n"
            "- com.networknt.server.StartupHookProvider:\n  - com.networknt.mesh.kafka.ReactiveConsumerStartupHook\n"
            "  - com.networknt.mesh.kafka.ProducerStartupHook\n");
  std::ofstream(dir.path() / "values.yml", std::ios::trunc)
      << "server.enableHttp: true\nserver.enableHttps: false\nsecurity.enableVerifyJwt: "
         "false\nkafka-producer.security.protocol: PLAINTEXT\n"
         "kafka-producer.keyFormat: string\nkafka-producer.valueFormat: json\nkafka-consumer.security.protocol: "
         "PLAINTEXT\n"
         "kafka-consumer.keyFormat: string\nkafka-consumer.valueFormat: json\n";
  const auto components = load(options({dir.path()})).settings.components;
  EXPECT_TRUE(components.producer && components.reactive);
}

TEST(Hooks, UnknownOnesAreAProblemWithTheNearestName) {
  EXPECT_THAT(problems_with({{hooks, prefix + "ProducerStartupHok"}}),
              ElementsAre(HasSubstr("did you mean com.networknt.mesh.kafka.ProducerStartupHook?")));
  EXPECT_THAT(problems_with({{hooks, "com.acme.MyHook"}}),
              ElementsAre(HasSubstr("names com.acme.MyHook, which is not known")));
}

class LaterHook : public testing::TestWithParam<const char*> {};
TEST_P(LaterHook, IsAProblemThatNamesIt) {
  EXPECT_THAT(problems_with({{hooks, prefix + "ProducerStartupHook," + prefix + GetParam()}}),
              ElementsAre(testing::AllOf(HasSubstr(std::string("names ") + GetParam()),
                                         HasSubstr("is not part of this version"))));
}
INSTANTIATE_TEST_SUITE_P(Rows, LaterHook,
                         testing::Values("AdminClientStartupHook", "AuditProducerStartupHook",
                                         "KsqldbActiveConsumerStartupHook",
                                         "KsqldbReactiveConsumerStartupHook", "MessageReplayStreamStartupHook"));

TEST(Hooks, DeadLettersNeedTheProducer) {
  EXPECT_THAT(problems_with({{hooks, prefix + "ReactiveConsumerStartupHook"}}),
              ElementsAre(HasSubstr("add com.networknt.mesh.kafka.ProducerStartupHook")));
  const auto alone =
      with({{hooks, prefix + "ReactiveConsumerStartupHook"}, {"kafka-consumer.deadLetterEnabled", "false"}}).settings;
  EXPECT_FALSE(alone.components.producer);
  EXPECT_TRUE(alone.producer.properties.empty());
}

TEST(Hooks, TheActiveConsumerNeedsNeitherTopicsNorABackendNorTheProducer) {
  const auto settings = with({{hooks, prefix + "ActiveConsumerStartupHook"},
                              {"kafka-consumer.topic", ""},
                              {"kafka-consumer.backendApiHost", ""},
                              {"kafka-consumer.enable.auto.commit", "true"},
                              {"kafka-consumer.default.api.timeout.ms", "7"},
                              {"kafka-consumer.instanceTimeoutMs", "8"},
                              {"kafka-consumer.maxInstances", "9"},
                              {"kafka-consumer.requestMaxBytes", "10"}})
                            .settings;
  EXPECT_TRUE(settings.components.active);
  EXPECT_FALSE(settings.components.reactive || settings.components.producer);
  const auto& active = settings.active;
  EXPECT_TRUE(active.consumer.auto_commit);
  EXPECT_EQ(active.consumer.properties.at("fetch.wait.max.ms"), "100") << "idle instances ask less often";
  EXPECT_EQ(active.api_timeout, std::chrono::milliseconds(7));
  EXPECT_EQ(active.instance_timeout, std::chrono::milliseconds(8));
  EXPECT_EQ(active.instances_max, 9U);
  EXPECT_EQ(active.request_bytes_max, 10U);
}

TEST(Hooks, AFetchWaitThatWasChosenCountsForTheActiveConsumer) {
  const auto settings =
      with({{hooks, prefix + "ActiveConsumerStartupHook"}, {"kafka-consumer.fetch.max.wait.ms", "33"}}).settings;
  EXPECT_EQ(settings.active.consumer.properties.at("fetch.wait.max.ms"), "33");
}

// Problems and warnings that cross keys.

struct Rule {
  const char* name;
  Pairs set;
  const char* text;
};
class ProblemRule : public testing::TestWithParam<Rule> {};
TEST_P(ProblemRule, IsTheOnlyProblem) {
  EXPECT_THAT(problems_with(GetParam().set), ElementsAre(HasSubstr(GetParam().text)));
}
INSTANTIATE_TEST_SUITE_P(
    Rows, ProblemRule,
    testing::Values(
        Rule{"tokens", {{"security.enableVerifyJwt", "true"}}, "security.enableVerifyJwt must be set to false"},
        Rule{"no_listener", {{"server.enableHttp", "false"}}, "there would be no listener"},
        Rule{"ports_upside_down", {{"server.minPort", "3000"}}, "server.minPort must not be above server.maxPort"},
        Rule{"registry_must_not_fail",
             {{"server.enableRegistry", "true"}, {"server.startOnRegistryFailure", "false"}},
             "server.enableRegistry cannot be honoured"},
        Rule{"registry_url",
             {{"kafka-producer.schema.registry.url", "registry:8081"}},
             "kafka-producer.schema.registry.url"},
        Rule{"registry_cache", {{"kafka-consumer.schema.registry.cache", "many"}}, "kafka-consumer.schema.registry.cache"},
        Rule{"other_dispatch", {{"kafka-consumer.dispatch", "key"}}, "kafka-consumer.dispatch must be"},
        Rule{"no_topic", {{"kafka-consumer.topic", " , "}}, "kafka-consumer.topic is needed"},
        Rule{"bad_topic", {{"kafka-consumer.topic", "a b"}}, "kafka-consumer.topic names 'a b'"},
        Rule{"long_letter_topic",
             {{"kafka-consumer.topic", std::string(246, 'a')}},
             "kafka-consumer.deadLetterTopicExt makes"},
        Rule{"no_letter_ext",
             {{"kafka-consumer.deadLetterTopicExt", ""}},
             "kafka-consumer.deadLetterTopicExt is needed"},
        Rule{"no_scheme",
             {{"kafka-consumer.backendApiHost", "localhost:8081"}},
             "kafka-consumer.backendApiHost must have the form"},
        Rule{"host_with_path",
             {{"kafka-consumer.backendApiHost", "http://h:1/x"}},
             "kafka-consumer.backendApiHost must have the form"},
        Rule{"relative_path",
             {{"kafka-consumer.backendApiPath", "records"}},
             "kafka-consumer.backendApiPath must start with /"},
        Rule{"letters_off_but_wanted",
             {{"kafka-consumer.deadLetterEnabled", "false"}, {"kafka-consumer.undecodablePolicy", "deadletter"}},
             "kafka-consumer.undecodablePolicy is deadletter, but"},
        Rule{"backoff_upside_down",
             {{"kafka-consumer.retryBackoffMaxMs", "99"}},
             "must not be below kafka-consumer.waitPeriod"},
        Rule{"acks", {{"kafka-producer.acks", "1"}}, "kafka-producer.acks 1 contradicts enable.idempotence"},
        Rule{"transactions",
             {{"kafka-producer.transactional.id", "t"}},
             "kafka-producer.transactional.id makes librdkafka refuse every record"},
        Rule{"health_host",
             {{"health.downstreamEnabled", "true"}, {"health.downstreamHost", "h"}},
             "health.downstreamHost must have the form"}),
    [](const auto& row) { return row.param.name; });

class WarningRule : public testing::TestWithParam<Rule> {};
TEST_P(WarningRule, IsSaidOnce) {
  auto warnings = warnings_with(GetParam().set);
  std::erase_if(warnings,
                [](const std::string& line) { return line.find("the audit is not part") != std::string::npos; });
  EXPECT_THAT(warnings, ElementsAre(HasSubstr(GetParam().text)));
}
INSTANTIATE_TEST_SUITE_P(
    Rows, WarningRule,
    testing::Values(Rule{"registry", {{"server.enableRegistry", "true"}}, "server.enableRegistry has no effect"},
                    Rule{"remote_access", {{"server.remoteAccess", "allow"}}, "server.remoteAccess is allow"},
                    Rule{"discard",
                         {{"kafka-consumer.deadLetterEnabled", "false"}},
                         "kafka-consumer.unprocessedPolicy is discard and dead letters are off"},
                    Rule{"host_names",
                         {{"client.verifyHostname", "false"}, {"kafka-consumer.backendApiHost", "https://h:1"}},
                         "client.verifyHostname is false"},
                    Rule{"small_requests",
                         {{"kafka-consumer.requestMaxBytes", "102400"}, {"kafka-consumer.fetch.max.bytes", "102401"}},
                         "kafka-consumer.requestMaxBytes is 102400, below fetch.max.bytes, 102401"},
                    Rule{"retries", {{"kafka-producer.retries", "3"}}, "kafka-producer.retries 3 end within a second"},
                    Rule{"session_timeout_of_the_broker",
                         {{"kafka-consumer.group.protocol", "consumer"}, {"kafka-consumer.session.timeout.ms", "9000"}},
                         "kafka-consumer.session.timeout.ms is left out: with group.protocol consumer the broker decides it"},
                    Rule{"unknown",
                         {{"kafka-producer.lingre.ms", "3"}},
                         "kafka-producer.lingre.ms is not known and ignored; did you mean kafka-producer.linger.ms?"},
                    Rule{"later_component",
                         {{"metrics.serverHost", "influx"}, {"kafka-streams.application.id", "x"}},
                         "without effect in this version: kafka-streams.application.id, metrics.serverHost"}),
    [](const auto& row) { return row.param.name; });

TEST(WarningRule, NothingIsSaidWhereNothingIsWrong) {
  const Pairs quiet{
      {"kafka-producer.auditEnabled", "false"}, {"kafka-consumer.auditEnabled", "false"}, {"audit.enabled", "false"}};
  auto same_size = quiet;
  same_size.insert(same_size.end(),
                   {{"kafka-consumer.requestMaxBytes", "102400"}, {"kafka-consumer.fetch.max.bytes", "102400"}});
  EXPECT_THAT(warnings_with(same_size), IsEmpty());
  auto plain_backend = quiet;
  plain_backend.emplace_back("client.verifyHostname", "false");  // of no matter to an http backend
  EXPECT_THAT(warnings_with(plain_backend), IsEmpty());
  auto retry = quiet;
  retry.insert(retry.end(),
               {{"kafka-consumer.deadLetterEnabled", "false"}, {"kafka-consumer.unprocessedPolicy", "retry"}});
  EXPECT_THAT(warnings_with(retry), IsEmpty());
  auto new_protocol = quiet;  // the built-in session timeout and assignor give way in silence
  new_protocol.emplace_back("kafka-consumer.group.protocol", "consumer");
  EXPECT_THAT(warnings_with(new_protocol), IsEmpty());
  auto auto_commit = quiet;  // what active instances begin with
  auto_commit.insert(auto_commit.end(), {{hooks, prefix + "ActiveConsumerStartupHook"},
                                         {"kafka-consumer.enable.auto.commit", "true"}});
  EXPECT_THAT(warnings_with(auto_commit), IsEmpty());
}

// Where files are looked for.

TEST(Directories, TheCommandLineReplacesTheEnvironment) {
  const Environment environment{{"LIGHT_4J_CONFIG_DIR", (data / "java").string()}};
  const auto settings = load(options({data / "smallest"}, {}, environment)).settings;
  EXPECT_EQ(settings.reactive.topics, std::vector<std::string>{"orders"});
  EXPECT_THAT(settings.config_dirs, ElementsAre(data / "smallest"));
}

TEST(Directories, TheEnvironmentIsAPathList) {
  const test::TempDir second;
  second.write("server.yml", "httpPort: 9999\n");
  const auto loaded = load(options(
      {}, {},
      {{"LIGHT_4J_CONFIG_DIR", (data / "smallest").string() + "::" + second.path().string() + ":/no/such/dir"}}));
  EXPECT_THAT(loaded.settings.config_dirs, ElementsAre(data / "smallest", second.path()));
  EXPECT_EQ(loaded.settings.server.http_port, 8080);  // values.yml over the literal of a file
  EXPECT_THAT(texts(loaded.warnings), Contains("there is no directory /no/such/dir"));
}

TEST(Directories, AMissingOneOnTheCommandLineIsAProblem) {
  const auto loaded = load_settings(options({data / "smallest", "/no/such/dir"}));
  ASSERT_FALSE(loaded);
  ASSERT_EQ(loaded.error().problems.size(), 1U);
  EXPECT_EQ(to_line(loaded.error().problems[0]), "--config-dir: there is no directory /no/such/dir");
}

TEST(Problems, ComeTogetherWithTheWarningsThatMayExplainThem) {
  const auto loaded = load_settings(
      options({data / "smallest"}, {{"security.enableVerifyJwt", "true"}, {"security.enableVerifyJwtt", "false"}}));
  ASSERT_FALSE(loaded);
  EXPECT_THAT(texts(loaded.error().warnings), Contains(HasSubstr("did you mean security.enableVerifyJwt?")));
}

}  // namespace
}  // namespace sidecar::app
