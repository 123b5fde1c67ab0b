#include "kafka/translate.hpp"

#include <array>
#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>

namespace sidecar::kafka {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const std::string stores = std::string(SIDECAR_TEST_DATA) + "/stores";

JavaProperties with(const JavaProperties& more) {
  JavaProperties properties = more;
  properties.try_emplace("bootstrap.servers", "b:1");
  properties.try_emplace("group.id", "g");
  return properties;
}
auto run(ClientKind kind, const JavaProperties& more) {
  auto properties = with(more);
  if (kind == ClientKind::producer) properties.erase("group.id");
  return translate(kind, properties, {"svc", "host", {stores}});
}

std::string lines(const std::vector<PropertyIssue>& issues) {
  std::string text;
  for (const auto& issue : issues) text += issue.key + " " + issue.text + "\n";
  return text;
}

/// Gives the translation to librdkafka and reads one value back; "<unset>" when it has none.
std::string read_back(const Translation& translation, const std::string& name) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  std::array<char, 512> why{};
  for (const auto& [key, value] : translation.properties)
    EXPECT_EQ(rd_kafka_conf_set(conf, key.c_str(), value.c_str(), why.data(), why.size()), RD_KAFKA_CONF_OK)
        << key << ": " << why.data();
  std::string value(8192, '\0');
  std::size_t size = value.size();
  const auto found = rd_kafka_conf_get(conf, name.c_str(), value.data(), &size);
  rd_kafka_conf_destroy(conf);
  return found == RD_KAFKA_CONF_OK ? std::string(value.c_str()) : "<unset>";
}

// Every row of the translation table, read back from librdkafka.

struct Row {
  const char* name;
  ClientKind kind;
  JavaProperties java;
  const char* target;
  std::string value;
};
constexpr auto P = ClientKind::producer;
constexpr auto C = ClientKind::consumer;

class Table : public testing::TestWithParam<Row> {};
TEST_P(Table, ReadsBack) {
  const auto& row = GetParam();
  const auto translation = run(row.kind, row.java);
  ASSERT_TRUE(translation) << lines(translation.error());
  EXPECT_EQ(read_back(*translation, row.target), row.value);
}
const auto row_name = [](const testing::TestParamInfo<Row>& row) { return row.param.name; };

INSTANTIATE_TEST_SUITE_P(
    Passed, Table,
    testing::Values(
        Row{"servers", P, {{"bootstrap.servers", "a:1, b:2 ,"}}, "bootstrap.servers", "a:1,b:2"},
        Row{"acks_all", P, {{"acks", "all"}}, "acks", "-1"}, Row{"acks_minus_one", P, {{"acks", "-1"}}, "acks", "-1"},
        Row{"acks_1", P, {{"acks", "1"}, {"enable.idempotence", "false"}}, "acks", "1"},
        Row{"acks_0", P, {{"acks", "0"}, {"enable.idempotence", "false"}}, "acks", "0"},
        Row{"retries", P, {{"retries", "50"}}, "retries", "50"},
        Row{"batch_size", P, {{"batch.size", "200000"}}, "batch.size", "200000"},
        Row{"batch_size_0", P, {{"batch.size", "0"}}, "batch.size", "1"},
        Row{"linger", P, {{"linger.ms", "7"}}, "linger.ms", "7"},
        Row{"in_flight",
            P,
            {{"max.in.flight.requests.per.connection", "3"}},
            "max.in.flight.requests.per.connection",
            "3"},
        Row{"idempotence_off", P, {{"enable.idempotence", "no"}}, "enable.idempotence", "false"},
        Row{"compression", P, {{"compression.type", "ZSTD"}}, "compression.type", "zstd"},
        Row{"compression_level",
            P,
            {{"compression.type", "zstd"}, {"compression.zstd.level", "5"}},
            "compression.level",
            "5"},
        Row{"level_of_another",
            P,
            {{"compression.type", "gzip"}, {"compression.zstd.level", "5"}},
            "compression.level",
            "-1"},
        Row{"client_id", P, {{"client.id", "me"}}, "client.id", "me"},
        Row{"client_rack", C, {{"client.rack", "rack1"}}, "client.rack", "rack1"},
        Row{"delivery_timeout", P, {{"delivery.timeout.ms", "9000"}}, "delivery.timeout.ms", "9000"},
        Row{"request_timeout", P, {{"request.timeout.ms", "4000"}}, "request.timeout.ms", "4000"},
        Row{"transactional_id", P, {{"transactional.id", "t"}}, "transactional.id", "t"},
        Row{"transaction_timeout", P, {{"transaction.timeout.ms", "1000"}}, "transaction.timeout.ms", "1000"},
        Row{"group_id", C, {{"group.id", "billing"}}, "group.id", "billing"},
        Row{"group_instance_id", C, {{"group.instance.id", "pod-1"}}, "group.instance.id", "pod-1"},
        Row{"session", C, {{"session.timeout.ms", "10000"}}, "session.timeout.ms", "10000"},
        Row{"heartbeat", C, {{"heartbeat.interval.ms", "1000"}}, "heartbeat.interval.ms", "1000"},
        Row{"poll_interval", C, {{"max.poll.interval.ms", "60000"}}, "max.poll.interval.ms", "60000"},
        Row{"partition_fetch", C, {{"max.partition.fetch.bytes", "100000"}}, "max.partition.fetch.bytes", "100000"},
        Row{"fetch_min", C, {{"fetch.min.bytes", "10"}}, "fetch.min.bytes", "10"},
        Row{"fetch_min_0", C, {{"fetch.min.bytes", "0"}}, "fetch.min.bytes", "1"},
        Row{"auto_commit_interval", C, {{"auto.commit.interval.ms", "77"}}, "auto.commit.interval.ms", "77"},
        Row{"protocol_any_case", C, {{"security.protocol", "PlainText"}}, "security.protocol", "plaintext"},
        Row{"reconnect_backoff", P, {{"reconnect.backoff.ms", "10"}}, "reconnect.backoff.ms", "10"},
        Row{"reconnect_backoff_max", P, {{"reconnect.backoff.max.ms", "2000"}}, "reconnect.backoff.max.ms", "2000"},
        Row{"retry_backoff", P, {{"retry.backoff.ms", "20"}}, "retry.backoff.ms", "20"},
        Row{"group_protocol", C, {{"group.protocol", "consumer"}}, "group.protocol", "consumer"},
        Row{"check_crcs", C, {{"check.crcs", "false"}}, "check.crcs", "false"},
        Row{"own_name", P, {{"queue.buffering.max.messages", "5"}}, "queue.buffering.max.messages", "5"},
        Row{"alias_of_librdkafka", P, {{"message.timeout.ms", "9000"}}, "delivery.timeout.ms", "9000"},
        Row{"null_is_left_out", P, {{"linger.ms", std::nullopt}}, "linger.ms", "5"},
        Row{"null_keeps_idempotence", P, {{"enable.idempotence", std::nullopt}}, "enable.idempotence", "true"},
        Row{"lower_priority_map", P, {{"additionalKafkaProperties.linger.ms", "9"}}, "linger.ms", "9"},
        Row{"lower_priority_loses",
            P,
            {{"additionalKafkaProperties.linger.ms", "9"}, {"linger.ms", "1"}},
            "linger.ms",
            "1"}),
    row_name);

INSTANTIATE_TEST_SUITE_P(
    Translated, Table,
    testing::Values(
        Row{"buffer_memory", P, {{"buffer.memory", "2097152"}}, "queue.buffering.max.kbytes", "2048"},
        Row{"buffer_memory_small", P, {{"buffer.memory", "10"}}, "queue.buffering.max.kbytes", "1"},
        Row{"buffer_memory_raises_messages",
            P,
            {{"buffer.memory", "268435456"}},
            "queue.buffering.max.messages",
            "1048576"},
        Row{"request_size_is_kept_here", P, {{"max.request.size", "5000"}}, "message.max.bytes", "1000000000"},
        Row{"max_block", P, {{"max.block.ms", "7000"}}, "topic.metadata.propagation.max.ms", "7000"},
        Row{"fetch_max", C, {{"fetch.max.bytes", "102400"}}, "fetch.max.bytes", "102400"},
        Row{"fetch_max_bounds_messages", C, {{"fetch.max.bytes", "102400"}}, "message.max.bytes", "102400"},
        Row{"fetch_max_large", C, {{"fetch.max.bytes", "52428800"}}, "message.max.bytes", "1000000"},
        Row{"fetch_max_small", C, {{"fetch.max.bytes", "10"}}, "message.max.bytes", "1000"},
        Row{"fetch_max_raises_receive",
            C,
            {{"fetch.max.bytes", "200000000"}},
            "receive.message.max.bytes",
            "200000512"},
        Row{"receive_is_never_lowered",
            C,
            {{"receive.message.max.bytes", "1000"}},
            "receive.message.max.bytes",
            "100000000"},
        Row{"receive_may_be_raised",
            C,
            {{"receive.message.max.bytes", "150000000"}},
            "receive.message.max.bytes",
            "150000000"},
        Row{"fetch_max_wait", C, {{"fetch.max.wait.ms", "250"}}, "fetch.wait.max.ms", "250"},
        Row{"poll_records_stay_here", C, {{"max.poll.records", "7"}}, "max.poll.records", "500"},
        Row{"consumer_request_timeout", C, {{"request.timeout.ms", "9000"}}, "socket.timeout.ms", "9000"},
        Row{"metadata_age", P, {{"metadata.max.age.ms", "60000"}}, "topic.metadata.refresh.interval.ms", "60000"},
        Row{"metadata_age_cache", P, {{"metadata.max.age.ms", "60000"}}, "metadata.max.age.ms", "180000"},
        Row{"metadata_age_absent", P, {}, "metadata.max.age.ms", "900000"},
        Row{"send_buffer", P, {{"send.buffer.bytes", "4096"}}, "socket.send.buffer.bytes", "4096"},
        Row{"send_buffer_system", P, {{"send.buffer.bytes", "-1"}}, "socket.send.buffer.bytes", "0"},
        Row{"receive_buffer_system", C, {{"receive.buffer.bytes", "-1"}}, "socket.receive.buffer.bytes", "0"},
        Row{"idle", C, {{"connections.max.idle.ms", "540000"}}, "connections.max.idle.ms", "540000"},
        Row{"idle_never", C, {{"connections.max.idle.ms", "-1"}}, "connections.max.idle.ms", "0"},
        Row{"range",
            C,
            {{"partition.assignment.strategy", "org.apache.kafka.clients.consumer.RangeAssignor"}},
            "partition.assignment.strategy",
            "range"},
        Row{"roundrobin",
            C,
            {{"partition.assignment.strategy", "org.apache.kafka.clients.consumer.RoundRobinAssignor"}},
            "partition.assignment.strategy",
            "roundrobin"},
        Row{"two_eager",
            C,
            {{"partition.assignment.strategy", "RangeAssignor,RoundRobinAssignor"}},
            "partition.assignment.strategy",
            "range,roundrobin"},
        Row{"cooperative",
            C,
            {{"partition.assignment.strategy", "org.apache.kafka.clients.consumer.CooperativeStickyAssignor"}},
            "partition.assignment.strategy",
            "cooperative-sticky"},
        Row{"sticky",
            C,
            {{"partition.assignment.strategy", "org.apache.kafka.clients.consumer.StickyAssignor"}},
            "partition.assignment.strategy",
            "cooperative-sticky"},
        Row{"javas_pair",
            C,
            {{"partition.assignment.strategy",
              "org.apache.kafka.clients.consumer.RangeAssignor, "
              "org.apache.kafka.clients.consumer.CooperativeStickyAssignor"}},
            "partition.assignment.strategy",
            "range"},
        Row{"reset_none", C, {{"auto.offset.reset", "none"}}, "auto.offset.reset", "error"},
        Row{"reset_earliest", C, {{"auto.offset.reset", "earliest"}}, "auto.offset.reset", "smallest"},
        Row{"reset_latest", C, {{"auto.offset.reset", "Latest"}}, "auto.offset.reset", "largest"},
        Row{"isolation", C, {{"isolation.level", "read_committed"}}, "isolation.level", "read_committed"},
        Row{"auto_create", C, {{"allow.auto.create.topics", "false"}}, "allow.auto.create.topics", "false"},
        Row{"partitioner_default_class",
            P,
            {{"partitioner.class", "org.apache.kafka.clients.producer.internals.DefaultPartitioner"}},
            "partitioner",
            "murmur2_random"},
        Row{"ignore_keys_false", P, {{"partitioner.ignore.keys", "false"}}, "partitioner", "murmur2_random"},
        Row{"dns_default", C, {{"client.dns.lookup", "default"}}, "client.dns.lookup", "use_all_dns_ips"},
        Row{"dns_other",
            C,
            {{"client.dns.lookup", "resolve_canonical_bootstrap_servers_only"}},
            "client.dns.lookup",
            "resolve_canonical_bootstrap_servers_only"}),
    row_name);

JavaProperties sasl(const char* mechanism, const char* jaas) {
  return {{"security.protocol", "SASL_PLAINTEXT"}, {"sasl.mechanism", mechanism}, {"sasl.jaas.config", jaas}};
}
JavaProperties ssl(JavaProperties more) {
  more.emplace("security.protocol", "SSL");
  return more;
}
constexpr const char* plain =
    R"(org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password="p\"\\w";)";
constexpr const char* scram =
    R"(org.apache.kafka.common.security.scram.ScramLoginModule required username="u" password="p";)";
constexpr const char* kerberos =
    R"(com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true keyTab="/k.keytab" principal="me@REALM" serviceName="kfk";)";
constexpr const char* oauth =
    R"(org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required clientId="id" clientSecret="s" scope="sc" extension_a="1" extension_b="2";)";
constexpr const char* unsecured =
    R"(org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="me";)";
JavaProperties with_token_url(JavaProperties properties) {
  properties.emplace("sasl.oauthbearer.token.endpoint.url", "https://idp/token");
  return properties;
}

INSTANTIATE_TEST_SUITE_P(
    Security, Table,
    testing::Values(
        Row{"plain_user", P, sasl("PLAIN", plain), "sasl.username", "u"},
        Row{"plain_password", P, sasl("PLAIN", plain), "sasl.password", "p\"\\w"},
        Row{"plain_mechanism", P, sasl("plain", plain), "sasl.mechanism", "PLAIN"},
        Row{"scram_user", C, sasl("SCRAM-SHA-512", scram), "sasl.username", "u"},
        Row{"scram_mechanism", C, sasl("SCRAM-SHA-256", scram), "sasl.mechanism", "SCRAM-SHA-256"},
        Row{"kerberos_keytab", C, sasl("GSSAPI", kerberos), "sasl.kerberos.keytab", "/k.keytab"},
        Row{"kerberos_principal", C, sasl("GSSAPI", kerberos), "sasl.kerberos.principal", "me@REALM"},
        Row{"kerberos_service", C, sasl("GSSAPI", kerberos), "sasl.kerberos.service.name", "kfk"},
        Row{"oauth_id", C, with_token_url(sasl("OAUTHBEARER", oauth)), "sasl.oauthbearer.client.id", "id"},
        Row{"oauth_secret", C, with_token_url(sasl("OAUTHBEARER", oauth)), "sasl.oauthbearer.client.secret", "s"},
        Row{"oauth_scope", C, with_token_url(sasl("OAUTHBEARER", oauth)), "sasl.oauthbearer.scope", "sc"},
        Row{"oauth_extensions", C, with_token_url(sasl("OAUTHBEARER", oauth)), "sasl.oauthbearer.extensions",
            "a=1,b=2"},
        Row{"oauth_method", C, with_token_url(sasl("OAUTHBEARER", oauth)), "sasl.oauthbearer.method", "oidc"},
        Row{"oauth_url", C, with_token_url(sasl("OAUTHBEARER", oauth)), "sasl.oauthbearer.token.endpoint.url",
            "https://idp/token"},
        Row{"oauth_unsecured", C, sasl("OAUTHBEARER", unsecured), "sasl.oauthbearer.config", "principal=me"},
        Row{"fixed_keys",
            P,
            {{"security.protocol", "SASL_PLAINTEXT"},
             {"sasl.mechanism", "SCRAM-SHA-512"},
             {"sasl.jaas.config.module", "org.apache.kafka.common.security.scram.ScramLoginModule"},
             {"sasl.jaas.config.username", "u"},
             {"sasl.jaas.config.password", "a\"b\\c "}},
            "sasl.password",
            "a\"b\\c "},
        Row{"jaas_counts_more_than_fixed_keys",
            P,
            {{"security.protocol", "SASL_PLAINTEXT"},
             {"sasl.jaas.config", plain},
             {"sasl.jaas.config.username", "other"}},
            "sasl.username",
            "u"},
        Row{"own_names_count_most",
            P,
            {{"security.protocol", "SASL_PLAINTEXT"}, {"sasl.jaas.config", plain}, {"sasl.username", "own"}},
            "sasl.username",
            "own"},
        Row{"mechanism_of_the_module",
            P,
            {{"security.protocol", "SASL_PLAINTEXT"}, {"sasl.jaas.config", plain}},
            "sasl.mechanism",
            "PLAIN"},
        Row{"no_sasl_without_it",
            P,
            {{"security.protocol", "PLAINTEXT"}, {"sasl.jaas.config", "nonsense"}, {"sasl.mechanism", "NONSENSE"}},
            "sasl.username",
            "<unset>"},
        Row{"trust_pem", P, ssl({{"ssl.truststore.location", stores + "/ca.pem"}}), "ssl.ca.location",
            stores + "/ca.pem"},
        Row{"trust_relative", P, ssl({{"ssl.truststore.location", "ca.pem"}}), "ssl.ca.location", stores + "/ca.pem"},
        Row{"trust_missing_without_ssl",
            P,
            {{"ssl.truststore.location", "/no/such/file"}},
            "ssl.ca.location",
            "<unset>"},
        Row{"trust_inline", P, ssl({{"ssl.truststore.certificates", "-----BEGIN CERTIFICATE-----"}}), "ssl.ca.pem",
            "-----BEGIN CERTIFICATE-----"},
        Row{"key_pkcs12", P,
            ssl({{"ssl.keystore.location", stores + "/keystore.p12"},
                 {"ssl.keystore.password", "changeit"},
                 {"ssl.keystore.type", "JKS"}}),
            "ssl.keystore.location", stores + "/keystore.p12"},
        Row{"key_pkcs12_password", P,
            ssl({{"ssl.keystore.location", stores + "/keystore.p12"}, {"ssl.keystore.password", "changeit"}}),
            "ssl.keystore.password", "changeit"},
        Row{"key_pem", P, ssl({{"ssl.keystore.location", stores + "/keystore.pem"}}), "ssl.key.location",
            stores + "/keystore.pem"},
        Row{"certificate_pem", P, ssl({{"ssl.keystore.location", stores + "/keystore.pem"}}),
            "ssl.certificate.location", stores + "/keystore.pem"},
        Row{"key_password", P,
            ssl({{"ssl.keystore.location", stores + "/keystore-encrypted.pem"}, {"ssl.key.password", "changeit"}}),
            "ssl.key.password", "changeit"},
        Row{"key_inline", P, ssl({{"ssl.keystore.key", "K"}, {"ssl.keystore.certificate.chain", "C"}}), "ssl.key.pem",
            "K"},
        Row{"chain_inline", P, ssl({{"ssl.keystore.key", "K"}, {"ssl.keystore.certificate.chain", "C"}}),
            "ssl.certificate.pem", "C"},
        Row{"name_check", P, ssl({{"ssl.endpoint.identification.algorithm", "HTTPS"}}),
            "ssl.endpoint.identification.algorithm", "https"},
        Row{"name_check_off", P, ssl({{"ssl.endpoint.identification.algorithm", ""}}),
            "ssl.endpoint.identification.algorithm", "none"},
        Row{"name_check_placeholder", P, ssl({{"ssl.endpoint.identification.algorithm", "algo-name"}}),
            "ssl.endpoint.identification.algorithm", "https"},
        Row{"cipher_suites", P,
            ssl({{"ssl.cipher.suites", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, ECDHE-RSA-AES256-GCM-SHA384"}}),
            "ssl.cipher.suites", "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384"}),
    row_name);

INSTANTIATE_TEST_SUITE_P(
    Defaults, Table,
    testing::Values(
        Row{"producer_id", P, {}, "client.id", "svc-producer-host"},
        Row{"consumer_id", C, {{"client.id", std::nullopt}}, "client.id", "svc-consumer-host"},
        Row{"p_acks", P, {}, "acks", "-1"}, Row{"p_idempotence", P, {}, "enable.idempotence", "true"},
        Row{"p_in_flight", P, {}, "max.in.flight.requests.per.connection", "5"},
        Row{"p_batch", P, {}, "batch.size", "1000000"}, Row{"p_linger", P, {}, "linger.ms", "0"},
        Row{"p_delivery", P, {}, "delivery.timeout.ms", "120000"},
        Row{"p_request", P, {}, "request.timeout.ms", "30000"}, Row{"p_retries", P, {}, "retries", "2147483647"},
        Row{"p_message", P, {}, "message.max.bytes", "1000000000"},
        Row{"p_queue", P, {}, "queue.buffering.max.kbytes", "32768"},
        Row{"p_propagation", P, {}, "topic.metadata.propagation.max.ms", "60000"},
        Row{"p_partitioner", P, {}, "partitioner", "murmur2_random"},
        Row{"p_reports", P, {{"delivery.report.only.error", "true"}}, "delivery.report.only.error", "false"},
        Row{"keepalive", P, {}, "socket.keepalive.enable", "true"},
        Row{"close_log", C, {}, "log.connection.close", "false"},
        Row{"backoff", C, {}, "reconnect.backoff.max.ms", "1000"},
        Row{"protocol", C, {}, "security.protocol", "plaintext"},
        Row{"c_session", C, {}, "session.timeout.ms", "45000"},
        Row{"c_heartbeat", C, {}, "heartbeat.interval.ms", "3000"},
        Row{"c_poll", C, {}, "max.poll.interval.ms", "300000"},
        Row{"c_commit_interval", C, {}, "auto.commit.interval.ms", "5000"},
        Row{"c_fetch_min", C, {}, "fetch.min.bytes", "1"}, Row{"c_fetch_wait", C, {}, "fetch.wait.max.ms", "20"},
        Row{"c_reset", C, {}, "auto.offset.reset", "largest"},
        Row{"c_isolation", C, {}, "isolation.level", "read_uncommitted"},
        Row{"c_create", C, {}, "allow.auto.create.topics", "true"}, Row{"c_crcs", C, {}, "check.crcs", "true"},
        Row{"c_assignor", C, {}, "partition.assignment.strategy", "range"},
        Row{"c_fetch", C, {}, "fetch.max.bytes", "1000000"}, Row{"c_message", C, {}, "message.max.bytes", "1000000"},
        Row{"c_partition_fetch", C, {}, "max.partition.fetch.bytes", "262144"},
        Row{"c_queue_bytes", C, {}, "queued.max.messages.kbytes", "250"},
        Row{"c_queue_records", C, {}, "queued.min.messages", "10000"},
        Row{"c_queue_backoff", C, {}, "fetch.queue.backoff.ms", "10"},
        Row{"c_receive", C, {}, "receive.message.max.bytes", "100000000"},
        Row{"c_store", C, {{"enable.auto.offset.store", "true"}}, "enable.auto.offset.store", "false"},
        Row{"c_commit", C, {{"enable.auto.commit", "true"}}, "enable.auto.commit", "false"},
        Row{"c_eof", C, {{"enable.partition.eof", "true"}}, "enable.partition.eof", "false"}),
    row_name);

TEST(TrustStoreOfPkcs12, BecomesPemText) {
  const auto translation =
      run(P, ssl({{"ssl.truststore.location", stores + "/truststore.p12"}, {"ssl.truststore.password", "changeit"}}));
  ASSERT_TRUE(translation) << lines(translation.error());
  EXPECT_THAT(read_back(*translation, "ssl.ca.pem"), testing::StartsWith("-----BEGIN CERTIFICATE-----"));
  EXPECT_FALSE(translation->properties.contains("ssl.ca.location"));
}

/// What was translated is a working configuration as a whole: a client can be made from it.
class WholeConfiguration : public testing::TestWithParam<Row> {};
TEST_P(WholeConfiguration, MakesAClient) {
  const auto translation = run(GetParam().kind, GetParam().java);
  ASSERT_TRUE(translation) << lines(translation.error());
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  std::array<char, 512> why{};
  for (const auto& [key, value] : translation->properties)
    rd_kafka_conf_set(conf, key.c_str(), value.c_str(), why.data(), why.size());
  rd_kafka_conf_set(conf, "bootstrap.servers", "127.0.0.1:1", why.data(), why.size());
  rd_kafka_conf_set(conf, "log_level", "0", why.data(), why.size());
  const auto type = GetParam().kind == P ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER;
  rd_kafka_t* client = rd_kafka_new(type, conf, why.data(), why.size());
  ASSERT_NE(client, nullptr) << why.data();
  rd_kafka_destroy(client);
}
INSTANTIATE_TEST_SUITE_P(
    Rows, WholeConfiguration,
    testing::Values(
        Row{"producer", P, {}, "", ""}, Row{"consumer", C, {}, "", ""},
        Row{"consumer_protocol",
            C,
            {{"group.protocol", "consumer"},
             {"session.timeout.ms", "45000"},
             {"heartbeat.interval.ms", "3000"},
             {"partition.assignment.strategy", "range"}},
            "",
            ""},
        Row{"cooperative", C, {{"partition.assignment.strategy", "cooperative-sticky"}}, "", ""},
        Row{"small_fetch", C, {{"fetch.max.bytes", "10"}}, "", ""},
        Row{"large_fetch", C, {{"fetch.max.bytes", "200000000"}}, "", ""},
        Row{"acks_1", P, {{"acks", "1"}, {"enable.idempotence", "false"}}, "", ""},
        Row{"plain", P, sasl("PLAIN", plain), "", ""}, Row{"scram", C, sasl("SCRAM-SHA-512", scram), "", ""},
        Row{"oauth", C, with_token_url(sasl("OAUTHBEARER", oauth)), "", ""},
        Row{"unsecured", C, sasl("OAUTHBEARER", unsecured), "", ""},
        Row{"pem", P, ssl({{"ssl.truststore.location", "ca.pem"}, {"ssl.keystore.location", "keystore.pem"}}), "", ""},
        Row{"encrypted_pem", P,
            ssl({{"ssl.keystore.location", "keystore-encrypted.pem"}, {"ssl.key.password", "changeit"}}), "", ""},
        Row{"pkcs12", P,
            ssl({{"ssl.truststore.location", "truststore.p12"},
                 {"ssl.truststore.password", "changeit"},
                 {"ssl.keystore.location", "keystore.p12"},
                 {"ssl.keystore.password", "changeit"}}),
            "", ""}),
    row_name);

TEST(ConsumerProtocol, LeavesOutWhatTheBrokerDecides) {
  const auto translation = run(C, {{"group.protocol", "consumer"}, {"session.timeout.ms", "45000"}});
  ASSERT_TRUE(translation) << lines(translation.error());
  for (const auto* name : {"session.timeout.ms", "heartbeat.interval.ms", "partition.assignment.strategy"})
    EXPECT_FALSE(translation->properties.contains(name)) << name;
  EXPECT_EQ(translation->limits.session_timeout, std::nullopt);
  EXPECT_EQ(lines(translation->warnings),
            "session.timeout.ms is left out: with group.protocol consumer the broker decides it\n");
}

TEST(Limits, AreKeptForTheApplication) {
  const auto producer =
      run(P, {{"max.request.size", "5000"}, {"max.block.ms", "7000"}, {"delivery.timeout.ms", "9000"}}).value().limits;
  EXPECT_EQ(producer.record_bytes_max, 5000);
  EXPECT_EQ(producer.block_max.count(), 7000);
  EXPECT_EQ(producer.delivery_timeout.count(), 9000);
  const auto consumer = run(C, {{"max.poll.records", "7"},
                                {"fetch.max.bytes", "2000"},
                                {"session.timeout.ms", "9000"},
                                {"default.api.timeout.ms", "8000"}})
                            .value()
                            .limits;
  EXPECT_EQ(consumer.poll_records_max, 7U);
  EXPECT_EQ(consumer.fetch_bytes_max, 2000);
  EXPECT_EQ(consumer.session_timeout->count(), 9000);
  EXPECT_EQ(consumer.api_timeout.count(), 8000);
}

TEST(Limits, TheOlderNameOfTheRequestSizeCounts) {
  EXPECT_EQ(run(P, {{"max.message.size", "5000"}}).value().limits.record_bytes_max, 5000);
  EXPECT_EQ(run(P, {{"max.message.size", "5000"}, {"max.request.size", "6000"}}).value().limits.record_bytes_max, 6000);
}

TEST(Dropped, PropertiesOfJavaNeverReachLibrdkafka) {
  const auto plain_one = run(C, {}).value();
  const auto translation = run(C, {{"key.deserializer", "x"},
                                   {"value.deserializer", "x"},
                                   {"key.serializer", "x"},
                                   {"value.serializer", "x"},
                                   {"interceptor.classes", "x"},
                                   {"metric.reporters", "x"},
                                   {"metrics.num.samples", "2"},
                                   {"metrics.other", "2"},
                                   {"state.dir", "/tmp"},
                                   {"application.id", "x"},
                                   {"application.server", "x"},
                                   {"processing.guarantee", "x"},
                                   {"num.stream.threads", "1"},
                                   {"schema.registry.url", "http://r"},
                                   {"auto.register.schemas", "true"},
                                   {"basic.auth.user.info", "u:p"},
                                   {"exclude.internal.topics", "true"}});
  ASSERT_TRUE(translation) << lines(translation.error());
  EXPECT_EQ(translation->properties, plain_one.properties);
  EXPECT_THAT(translation->warnings, IsEmpty());
}

// Warnings and problems.

struct Complaint {
  const char* name;
  ClientKind kind;
  JavaProperties java;
  const char* line;  ///< Start of the only line.
};
class Warns : public testing::TestWithParam<Complaint> {};
TEST_P(Warns, OnceAndGoesOn) {
  const auto translation = run(GetParam().kind, GetParam().java);
  ASSERT_TRUE(translation) << lines(translation.error());
  ASSERT_THAT(translation->warnings, SizeIs(1)) << lines(translation->warnings);
  EXPECT_THAT(lines(translation->warnings), HasSubstr(GetParam().line));
}
INSTANTIATE_TEST_SUITE_P(
    Rows, Warns,
    testing::Values(
        Complaint{"unknown", P, {{"lingre.ms", "1"}}, "lingre.ms is not known and ignored; did you mean linger.ms?"},
        Complaint{
            "unknown_far", P, {{"something.else.entirely", "1"}}, "something.else.entirely is not known and ignored\n"},
        Complaint{"few_retries", P, {{"retries", "3"}}, "retries 3 end within a second"},
        Complaint{"small_batch", P, {{"batch.size", "16384"}}, "batch.size 16384 costs throughput"},
        Complaint{"long_linger", P, {{"linger.ms", "100"}}, "linger.ms makes every produce request wait 100 ms"},
        Complaint{"small_partition_fetch",
                  C,
                  {{"max.partition.fetch.bytes", "100"}},
                  "max.partition.fetch.bytes 100 costs throughput"},
        Complaint{"mixed_assignors",
                  C,
                  {{"partition.assignment.strategy", "RangeAssignor,CooperativeStickyAssignor"}},
                  "is taken as range"},
        Complaint{"auto_commit", C, {{"enable.auto.commit", "true"}}, "enable.auto.commit is always false"},
        Complaint{"tls_versions", P, ssl({{"ssl.enabled.protocols", "TLSv1.2"}}), "ssl.enabled.protocols is ignored"},
        Complaint{"placeholder", P, ssl({{"ssl.endpoint.identification.algorithm", "algo-name"}}),
                  "is the placeholder algo-name and taken as https"},
        Complaint{
            "receive_limit", C, {{"receive.message.max.bytes", "1000"}}, "receive.message.max.bytes is never lowered"},
        Complaint{"two_names",
                  P,
                  {{"linger.ms", "1"}, {"queue.buffering.max.ms", "2"}},
                  "queue.buffering.max.ms is another name of linger.ms"},
        Complaint{"long_refresh", P, {{"metadata.max.age.ms", "86400000"}}, "metadata.max.age.ms is taken as 3600000"}),
    [](const auto& row) { return row.param.name; });

class Refuses : public testing::TestWithParam<Complaint> {};
TEST_P(Refuses, NamesTheKey) {
  const auto translation = run(GetParam().kind, GetParam().java);
  ASSERT_FALSE(translation);
  ASSERT_THAT(translation.error(), SizeIs(1)) << lines(translation.error());
  EXPECT_THAT(lines(translation.error()), HasSubstr(GetParam().line));
}
INSTANTIATE_TEST_SUITE_P(
    Rows, Refuses,
    testing::Values(
        Complaint{"no_servers", P, {{"bootstrap.servers", " , "}}, "bootstrap.servers is needed"},
        Complaint{"no_group", C, {{"group.id", std::nullopt}}, "group.id is needed"},
        Complaint{"acks_1", P, {{"acks", "1"}}, "acks 1 contradicts enable.idempotence"},
        Complaint{"acks_0_named",
                  P,
                  {{"acks", "0"}, {"enable.idempotence", "true"}},
                  "acks 0 contradicts enable.idempotence"},
        Complaint{"six_in_flight",
                  P,
                  {{"max.in.flight.requests.per.connection", "6"}},
                  "max.in.flight.requests.per.connection 6 contradicts enable.idempotence"},
        Complaint{"no_retries", P, {{"retries", "0"}}, "retries 0 contradicts enable.idempotence"},
        Complaint{"linger_above_delivery",
                  P,
                  {{"linger.ms", "50"}, {"delivery.timeout.ms", "50"}},
                  "linger.ms 50 must be below delivery.timeout.ms, 50"},
        Complaint{"delivery_for_ever",
                  P,
                  {{"delivery.timeout.ms", "0"}},
                  "delivery.timeout.ms must be a whole number from 1"},
        Complaint{"other_partitioner", P, {{"partitioner.class", "com.acme.Mine"}}, "partitioner.class names a class"},
        Complaint{"ignore_keys", P, {{"partitioner.ignore.keys", "true"}}, "partitioner.ignore.keys must be false"},
        Complaint{"other_assignor",
                  C,
                  {{"partition.assignment.strategy", "com.acme.Mine"}},
                  "partition.assignment.strategy names an assignor"},
        Complaint{"other_reset", C, {{"auto.offset.reset", "by_duration:PT1H"}}, "auto.offset.reset must be one of"},
        Complaint{"poll_below_session",
                  C,
                  {{"max.poll.interval.ms", "44999"}},
                  "max.poll.interval.ms 44999 must not be below session.timeout.ms, 45000"},
        Complaint{"beat_at_session",
                  C,
                  {{"heartbeat.interval.ms", "45000"}},
                  "heartbeat.interval.ms 45000 must be below session.timeout.ms, 45000"},
        Complaint{"message_above_fetch",
                  C,
                  {{"message.max.bytes", "2000000"}},
                  "message.max.bytes 2000000 must not be above fetch.max.bytes, 1000000"},
        Complaint{"backoff_upside_down",
                  C,
                  {{"reconnect.backoff.ms", "2000"}},
                  "reconnect.backoff.max.ms 1000 must not be below reconnect.backoff.ms, 2000"},
        Complaint{"protocol", P, {{"security.protocol", "TLS"}}, "security.protocol must be one of"},
        Complaint{"mechanism", P, sasl("AWS_MSK_IAM", plain), "sasl.mechanism must be one of"},
        Complaint{"scram_needs_its_mechanism",
                  P,
                  {{"security.protocol", "SASL_PLAINTEXT"}, {"sasl.jaas.config", scram}},
                  "sasl.mechanism must be one of"},
        Complaint{
            "no_password",
            P,
            {{"security.protocol", "SASL_PLAINTEXT"}, {"sasl.mechanism", "PLAIN"}, {"sasl.jaas.config.username", "u"}},
            "sasl.jaas.config is needed for the mechanism PLAIN, or the keys username and password"},
        Complaint{"password_with_space",
                  P,
                  {{"security.protocol", "SASL_PLAINTEXT"},
                   {"sasl.mechanism", "PLAIN"},
                   {"sasl.username", "u"},
                   {"sasl.password", " p"}},
                  "sasl.password starts with white space, which librdkafka drops"},
        Complaint{"bad_jaas", P, sasl("PLAIN", "M required password=\"hidden"),
                  "sasl.jaas.config has a quote that is not closed"},
        Complaint{"other_module", P, sasl("PLAIN", "com.acme.Login required;"),
                  "sasl.jaas.config names a login module other than"},
        Complaint{"oauth_without_url", P, sasl("OAUTHBEARER", oauth), "sasl.oauthbearer.token.endpoint.url is needed"},
        Complaint{"missing_trust_store", P, ssl({{"ssl.truststore.location", "/no/such/file"}}),
                  "ssl.truststore.location cannot be used: key or trust store /no/such/file: "},
        Complaint{"jks_trust_store", P, ssl({{"ssl.truststore.location", "truststore.jks"}}),
                  "(JKS), which this build cannot read"},
        Complaint{"jks_key_store", P, ssl({{"ssl.keystore.location", "truststore.jks"}}),
                  "(JKS), which this build cannot read"},
        Complaint{"wrong_store_password", P,
                  ssl({{"ssl.keystore.location", "keystore.p12"}, {"ssl.keystore.password", "hidden"}}),
                  ": wrong password"},
        Complaint{"librdkafka_range",
                  P,
                  {{"request.timeout.ms", "1000000"}},
                  "request.timeout.ms is refused by librdkafka: "},
        Complaint{
            "librdkafka_choice", P, {{"compression.type", "brotli"}}, "compression.type is refused by librdkafka: "},
        Complaint{"renamed_names_the_java_key",
                  C,
                  {{"fetch.max.wait.ms", "x"}},
                  "fetch.max.wait.ms is refused by librdkafka: "},
        Complaint{"own_name_of_librdkafka",
                  C,
                  {{"queued.min.messages", "0"}},
                  "queued.min.messages is refused by librdkafka: "},
        Complaint{"number", C, {{"max.poll.records", "many"}}, "max.poll.records must be a whole number from 1"}),
    [](const auto& row) { return row.param.name; });

TEST(Translate, ReportsEveryProblemAtOnceWithoutSecrets) {
  const auto translation = run(P, {{"bootstrap.servers", std::nullopt},
                                   {"acks", "1"},
                                   {"partitioner.class", "X"},
                                   {"security.protocol", "SASL_SSL"},
                                   {"sasl.mechanism", "PLAIN"},
                                   {"sasl.jaas.config", "M required password=\"hidden"},
                                   {"ssl.truststore.location", "truststore.p12"},
                                   {"ssl.truststore.password", "hidden"}});
  ASSERT_FALSE(translation);
  EXPECT_THAT(translation.error(), SizeIs(5)) << lines(translation.error());
  EXPECT_THAT(lines(translation.error()), testing::Not(HasSubstr("hidden")));
}

TEST(Rules, StandInOrderAndOncePerClient) {
  std::string last;
  for (const auto kind : {P, C}) {
    last.clear();
    for (const auto& rule : property_rules()) {
      if (rule.name == "delivery.report.only.error" || rule.name == "enable.auto.offset.store")
        break;  // librdkafka's own follow
      if (kind == P ? !rule.producer : !rule.consumer) continue;
      EXPECT_LT(last, rule.name);
      last = rule.name;
    }
  }
}

TEST(KnownProperty, KnowsJavaLibrdkafkaAndAliases) {
  for (const auto* name : {"acks", "sasl.jaas.config", "schema.registry.url", "queued.min.messages", "ssl.ca.pem",
                           "sasl.username", "metadata.broker.list", "message.timeout.ms"})
    EXPECT_TRUE(is_known_property(P, name)) << name;
  for (const auto* name : {"keyFormat", "topic", "auditEnabled", "backendApiHost", "", "bootstrap.server"})
    EXPECT_FALSE(is_known_property(C, name)) << name;
}

}  // namespace
}  // namespace sidecar::kafka
