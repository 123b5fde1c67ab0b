#include "kafka/property_rules.hpp"

#include <algorithm>
#include <array>
#include <memory>

#include <librdkafka/rdkafka.h>

namespace sidecar::kafka {
namespace {

using enum Treatment;

constexpr std::string_view native = "a setting of Java's own";
constexpr std::string_view registry = "read by the schema registry client";
constexpr std::string_view streams = "read by stream processing";

// Sources: the configuration classes of Apache Kafka 4 (ProducerConfig, ConsumerConfig, CommonClientConfigs,
// SaslConfigs, SslConfigs) and the properties of librdkafka 2.15.
constexpr PropertyRule rules[] = {
    {"acks", true, false, computed, "acks",
     "`all` or `-1`; `0` and `1` only with `enable.idempotence` false. Default `all`"},
    {"allow.auto.create.topics", false, true, passed, "", "Default true, as in Java"},
    {"application.id", true, true, dropped, "", streams},
    {"application.server", true, true, dropped, "", streams},
    {"auto.commit.interval.ms", false, true, passed, "", "Default 5000; no effect while the sidecar commits itself"},
    {"auto.include.jmx.reporter", true, true, dropped, "", native},
    {"auto.offset.reset", false, true, computed, "auto.offset.reset",
     "`earliest`, `latest`, `none` (becomes `error`). Default `latest`"},
    {"auto.register.schemas", true, true, dropped, "", registry},
    {"basic.auth.credentials.source", true, true, dropped, "", registry},
    {"basic.auth.user.info", true, true, dropped, "", registry},
    {"batch.size", true, false, computed, "batch.size",
     "Default 1000000. Small values cost throughput and get a warning"},
    {"bearer.auth.credentials.source", true, true, dropped, "", registry},
    {"bearer.auth.token", true, true, dropped, "", registry},
    {"bootstrap.servers", true, true, computed, "bootstrap.servers", "Needed. Comma list or YAML list of `host:port`"},
    {"buffer.memory", true, false, computed, "queue.buffering.max.kbytes, queue.buffering.max.messages",
     "Bytes / 1024. Default 33554432"},
    {"check.crcs", false, true, passed, "", "Default true, as in Java"},
    {"client.dns.lookup", true, true, computed, "client.dns.lookup", "`default` becomes `use_all_dns_ips`"},
    {"client.id", true, true, computed, "client.id", "Default `<serviceId>-<producer or consumer>-<host name>`"},
    {"client.rack", true, true, passed, "", "Rack of this client, for reading from the nearest replica"},
    {"compression.gzip.level", true, false, computed, "compression.level", "Counts while `compression.type` is gzip"},
    {"compression.lz4.level", true, false, computed, "compression.level", "Counts while `compression.type` is lz4"},
    {"compression.type", true, false, passed, "", "`none`, `gzip`, `snappy`, `lz4`, `zstd`"},
    {"compression.zstd.level", true, false, computed, "compression.level", "Counts while `compression.type` is zstd"},
    {"config.providers", true, true, unsupported, "", native},
    {"connections.max.idle.ms", true, true, computed, "connections.max.idle.ms", "-1 becomes 0: never"},
    {"default.api.timeout.ms", false, true, limit, "", "Limit of calls that ask the cluster. Default 60000"},
    {"delivery.timeout.ms", true, false, computed, "delivery.timeout.ms", "1 or more. Default 120000"},
    {"enable.auto.commit", false, true, fixed, "enable.auto.commit=false",
     "The sidecar commits what was processed; for active instances it is the default of `autoCommitEnable`"},
    {"enable.idempotence", true, false, passed, "", "Default true"},
    {"enable.metrics.push", true, true, passed, "", "Client metrics to the broker (KIP-714)"},
    {"exclude.internal.topics", false, true, dropped, "", native},
    {"fetch.max.bytes", false, true, computed, "fetch.max.bytes, message.max.bytes, receive.message.max.bytes",
     "Default 1000000. `message.max.bytes` follows it, between 1000 and 1000000"},
    {"fetch.max.wait.ms", false, true, renamed, "fetch.wait.max.ms", "Default 20 (Java: 500): a longer wait stalls full neighbours"},
    {"fetch.min.bytes", false, true, computed, "fetch.min.bytes", "0 becomes 1. Default 1"},
    {"group.id", false, true, passed, "", "Needed"},
    {"group.instance.id", false, true, passed, "", "Static membership; usually holds `${HOSTNAME}`"},
    {"group.protocol", false, true, passed, "", "`classic` or `consumer` (KIP-848)"},
    {"group.remote.assignor", false, true, passed, "", "With `group.protocol: consumer`"},
    {"heartbeat.interval.ms", false, true, computed, "heartbeat.interval.ms",
     "Below `session.timeout.ms`. Default 3000; left out with `group.protocol: consumer`"},
    {"interceptor.classes", true, true, dropped, "", native},
    {"internal.auto.downgrade.txn.commit", true, false, dropped, "", native},
    {"internal.leave.group.on.close", false, true, dropped, "", native},
    {"isolation.level", false, true, passed, "", "Default `read_uncommitted`, as in Java"},
    {"key.deserializer", true, true, dropped, "", native},
    {"key.serializer", true, true, dropped, "", native},
    {"key.subject.name.strategy", true, true, dropped, "", registry},
    {"latest.cache.ttl.sec", true, true, dropped, "", registry},
    {"latest.compatibility.strict", true, true, dropped, "", registry},
    {"linger.ms", true, false, computed, "linger.ms", "Default 0. Every request waits that long"},
    {"max.block.ms", true, false, computed, "topic.metadata.propagation.max.ms",
     "Longest wait for a topic to appear and for room in the queue. Default 60000"},
    {"max.in.flight.requests.per.connection", true, false, passed, "",
     "At most 5 with `enable.idempotence`. Default 5"},
    {"max.message.size", true, false, limit, "", "Older name of `max.request.size`"},
    {"max.partition.fetch.bytes", false, true, computed, "max.partition.fetch.bytes", "Default 262144"},
    {"max.poll.interval.ms", false, true, passed, "",
     "Not below `session.timeout.ms`. Default 300000; a slow backend never exceeds it"},
    {"max.poll.records", false, true, limit, "", "Default of `kafka-consumer.maxBatchRecords`. Default 100"},
    {"max.request.size", true, false, limit, "message.max.bytes",
     "Largest record, kept by the sidecar; `message.max.bytes` stands at its maximum. Default 1048576"},
    {"metadata.max.age.ms", true, true, computed, "topic.metadata.refresh.interval.ms, metadata.max.age.ms",
     "The refresh; the cache lives three times as long. Default 300000"},
    {"metadata.max.idle.ms", true, false, dropped, "", native},
    {"metadata.recovery.rebootstrap.trigger.ms", true, true, passed, "", ""},
    {"metadata.recovery.strategy", true, true, passed, "", "`none` or `rebootstrap`"},
    {"metric.reporters", true, true, dropped, "", native},
    {"metrics.num.samples", true, true, dropped, "", native},
    {"metrics.recording.level", true, true, dropped, "", native},
    {"metrics.sample.window.ms", true, true, dropped, "", native},
    {"normalize.schemas", true, true, dropped, "", registry},
    {"num.stream.threads", true, true, dropped, "", streams},
    {"partition.assignment.strategy", false, true, computed, "partition.assignment.strategy",
     "Class names or `range`, `roundrobin`, `cooperative-sticky`; Java's pair of range and cooperative-sticky becomes "
     "`range` "
     "with a warning. Default `range`; left out with `group.protocol: consumer`"},
    {"partitioner.adaptive.partitioning.enable", true, false, dropped, "", native},
    {"partitioner.availability.timeout.ms", true, false, dropped, "", native},
    {"partitioner.class", true, false, computed, "partitioner", "Only the default: murmur2 of the key, as in Java"},
    {"partitioner.ignore.keys", true, false, computed, "", "Only false"},
    {"processing.guarantee", true, true, dropped, "", streams},
    {"receive.buffer.bytes", true, true, computed, "socket.receive.buffer.bytes", "-1 becomes 0: as the system likes"},
    {"reconnect.backoff.max.ms", true, true, passed, "", "Default 1000, as in Java"},
    {"reconnect.backoff.ms", true, true, passed, "", "Default 50, as in Java"},
    {"request.timeout.ms", true, false, passed, "", "How long a broker may wait for its replicas. Default 30000"},
    {"request.timeout.ms", false, true, renamed, "socket.timeout.ms", "Default 30000"},
    {"retries", true, false, computed, "retries",
     "Best left out: delivery.timeout.ms is the limit. Few retries get a warning"},
    {"retry.backoff.max.ms", true, true, passed, "", "Default 1000"},
    {"retry.backoff.ms", true, true, passed, "", "Default 100"},
    {"sasl.client.callback.handler.class", true, true, unsupported, "", native},
    {"sasl.jaas.config", true, true, computed, "sasl.username, sasl.password; sasl.kerberos.*; sasl.oauthbearer.*",
     "Modules Plain, Scram, Krb5 and OAuthBearer"},
    {"sasl.jaas.config.module", true, true, computed, "", "With the next two, instead of `sasl.jaas.config`"},
    {"sasl.jaas.config.password", true, true, computed, "sasl.password", "As it is: nothing needs escaping"},
    {"sasl.jaas.config.username", true, true, computed, "sasl.username", ""},
    {"sasl.kerberos.kinit.cmd", true, true, passed, "", "librdkafka's template, not Java's path"},
    {"sasl.kerberos.min.time.before.relogin", true, true, passed, "", ""},
    {"sasl.kerberos.service.name", true, true, passed, "", ""},
    {"sasl.kerberos.ticket.renew.jitter", true, true, dropped, "", native},
    {"sasl.kerberos.ticket.renew.window.factor", true, true, dropped, "", native},
    {"sasl.login.callback.handler.class", true, true, computed, "sasl.oauthbearer.method=oidc",
     "OAuthBearerLoginCallbackHandler only"},
    {"sasl.login.class", true, true, unsupported, "", native},
    {"sasl.login.connect.timeout.ms", true, true, dropped, "", native},
    {"sasl.login.read.timeout.ms", true, true, dropped, "", native},
    {"sasl.login.refresh.buffer.seconds", true, true, dropped, "", native},
    {"sasl.login.refresh.min.period.seconds", true, true, dropped, "", native},
    {"sasl.login.refresh.window.factor", true, true, dropped, "", native},
    {"sasl.login.refresh.window.jitter", true, true, dropped, "", native},
    {"sasl.login.retry.backoff.max.ms", true, true, dropped, "", native},
    {"sasl.login.retry.backoff.ms", true, true, dropped, "", native},
    {"sasl.mechanism", true, true, computed, "sasl.mechanism", "Default that of the login module, else GSSAPI"},
    {"sasl.oauthbearer.token.endpoint.url", true, true, computed,
     "sasl.oauthbearer.token.endpoint.url, sasl.oauthbearer.method", "Sets `sasl.oauthbearer.method` to oidc"},
    {"security.protocol", true, true, computed, "security.protocol", "In any case. Default PLAINTEXT"},
    {"security.providers", true, true, unsupported, "", native},
    {"send.buffer.bytes", true, true, computed, "socket.send.buffer.bytes", "-1 becomes 0: as the system likes"},
    {"session.timeout.ms", false, true, computed, "session.timeout.ms",
     "Default 45000; left out with `group.protocol: consumer`"},
    {"socket.connection.setup.timeout.max.ms", true, true, dropped, "", native},
    {"socket.connection.setup.timeout.ms", true, true, passed, "", ""},
    {"ssl.cipher.suites", true, true, computed, "ssl.cipher.suites", "Java's or OpenSSL's names"},
    {"ssl.enabled.protocols", true, true, unsupported, "", "TLS 1.2 and 1.3 are always offered"},
    {"ssl.endpoint.identification.algorithm", true, true, computed, "ssl.endpoint.identification.algorithm",
     "`https`; an empty text switches the check off"},
    {"ssl.engine.factory.class", true, true, unsupported, "", native},
    {"ssl.key.password", true, true, passed, "", ""},
    {"ssl.keymanager.algorithm", true, true, unsupported, "", native},
    {"ssl.keystore.certificate.chain", true, true, renamed, "ssl.certificate.pem", "PEM text"},
    {"ssl.keystore.key", true, true, renamed, "ssl.key.pem", "PEM text"},
    {"ssl.keystore.location", true, true, computed,
     "ssl.keystore.location and .password, or ssl.certificate.location and ssl.key.location",
     "PKCS12 or PEM, recognised by content"},
    {"ssl.keystore.password", true, true, computed, "ssl.keystore.password", ""},
    {"ssl.keystore.type", true, true, dropped, "", "Stores are recognised by their content"},
    {"ssl.protocol", true, true, unsupported, "", "TLS 1.2 and 1.3 are always offered"},
    {"ssl.provider", true, true, unsupported, "", native},
    {"ssl.secure.random.implementation", true, true, unsupported, "", native},
    {"ssl.trustmanager.algorithm", true, true, unsupported, "", native},
    {"ssl.truststore.certificates", true, true, renamed, "ssl.ca.pem", "PEM text"},
    {"ssl.truststore.location", true, true, computed, "ssl.ca.location or ssl.ca.pem",
     "PEM or PKCS12, recognised by content; must exist only where the protocol uses SSL. Empty: the system's "
     "authorities"},
    {"ssl.truststore.password", true, true, computed, "", ""},
    {"ssl.truststore.type", true, true, dropped, "", "Stores are recognised by their content"},
    {"state.dir", true, true, dropped, "", streams},
    {"transaction.timeout.ms", true, false, passed, "", ""},
    {"transactional.id", true, false, passed, "",
     "The sidecar produces without transactions and refuses to start with an id"},
    {"use.latest.version", true, true, dropped, "", registry},
    {"value.deserializer", true, true, dropped, "", native},
    {"value.serializer", true, true, dropped, "", native},
    {"value.subject.name.strategy", true, true, dropped, "", registry},

    // librdkafka's own, that the engine depends on.
    {"delivery.report.only.error", true, false, fixed, "delivery.report.only.error=false", "Every record is answered"},
    {"enable.auto.offset.store", false, true, fixed, "enable.auto.offset.store=false",
     "Only processed records are committed"},
    {"enable.partition.eof", false, true, fixed, "enable.partition.eof=false", "No end-of-partition events"},
    {"receive.message.max.bytes", true, true, computed, "receive.message.max.bytes",
     "Never lowered: a low value reads nothing, for ever"},
};

struct FreeConf {
  void operator()(rd_kafka_conf_t* conf) const noexcept { rd_kafka_conf_destroy(conf); }
  void operator()(rd_kafka_topic_conf_t* conf) const noexcept { rd_kafka_topic_conf_destroy(conf); }
};

/// Only setting tells: reading answers "unknown" for a property without a value, too. Properties of topics are found as
/// well.
bool librdkafka_knows(const std::string& name) {
  const std::unique_ptr<rd_kafka_conf_t, FreeConf> conf(rd_kafka_conf_new());
  return rd_kafka_conf_set(conf.get(), name.c_str(), nullptr, nullptr, 0) != RD_KAFKA_CONF_UNKNOWN;
}

bool is_prefix_of_others(std::string_view name) {
  static constexpr std::array<std::string_view, 3> prefixes{"schema.registry.", "basic.auth.", "metrics."};
  return std::ranges::any_of(prefixes, [&](std::string_view prefix) { return name.starts_with(prefix); });
}

}  // namespace

std::span<const PropertyRule> property_rules() {
  return rules;
}

const PropertyRule* find_rule(ClientKind kind, std::string_view name) {
  static constexpr PropertyRule others{"", true, true, dropped, "", registry};
  for (const auto& rule : rules)
    if (rule.name == name && (kind == ClientKind::producer ? rule.producer : rule.consumer)) return &rule;
  return is_prefix_of_others(name) ? &others : nullptr;
}

bool is_known_property(ClientKind kind, const std::string& name) {
  return find_rule(kind, name) != nullptr || name.starts_with("additionalKafkaProperties.") || librdkafka_knows(name);
}

std::vector<std::string> known_properties(ClientKind kind) {
  std::vector<std::string> names;
  for (const auto& rule : rules)
    if (kind == ClientKind::producer ? rule.producer : rule.consumer) names.emplace_back(rule.name);
  for (const auto* each : {"schema.registry.url", "schema.registry.cache", "schema.registry.auto.register.schemas",
                           "schema.registry.ssl.truststore.location", "schema.registry.ssl.truststore.password"})
    names.emplace_back(each);

  const std::unique_ptr<rd_kafka_conf_t, FreeConf> conf(rd_kafka_conf_new());
  const std::unique_ptr<rd_kafka_topic_conf_t, FreeConf> topic(rd_kafka_topic_conf_new());
  const auto add_dump = [&names](const char** dump, std::size_t size) {
    for (std::size_t i = 0; i + 1 < size; i += 2) {
      const std::string_view name(dump[i]);
      // Pointers to functions and objects are no settings.
      if (!name.ends_with("_cb") && name != "opaque" && name != "builtin.features" && name != "default_topic_conf")
        names.emplace_back(name);
    }
    rd_kafka_conf_dump_free(dump, size);
  };
  std::size_t size = 0;
  add_dump(rd_kafka_conf_dump(conf.get(), &size), size);
  add_dump(rd_kafka_topic_conf_dump(topic.get(), &size), size);
  for (const auto* unset :  // librdkafka lists only what has a value
       {"group.id",
        "group.instance.id",
        "sasl.username",
        "sasl.password",
        "ssl.ca.location",
        "ssl.ca.pem",
        "ssl.key.location",
        "ssl.key.pem",
        "ssl.certificate.location",
        "ssl.certificate.pem",
        "ssl.crl.location",
        "ssl.curves.list",
        "ssl.sigalgs.list",
        "sasl.kerberos.keytab",
        "sasl.oauthbearer.config",
        "sasl.oauthbearer.client.id",
        "sasl.oauthbearer.client.secret",
        "sasl.oauthbearer.scope",
        "sasl.oauthbearer.extensions",
        "topic.blacklist",
        "plugin.library.paths"})
    names.emplace_back(unset);
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  return names;
}

}  // namespace sidecar::kafka
