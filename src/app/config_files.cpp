#include "app/config_files.hpp"

#include "kafka/property_rules.hpp"

namespace sidecar::app {
namespace {

using config::at_least;
using config::FileSchema;
using config::PropertiesSpec;
using formats::Format;

FileSchema::Choices<Format> format_names() {
  return {{"binary", Format::binary},         {"json", Format::json},         {"avro", Format::avro},
          {"jsonschema", Format::jsonschema}, {"protobuf", Format::protobuf}, {"string", Format::string}};
}

PropertiesSpec properties_of(kafka::ClientKind kind, std::vector<PropertiesSpec::Default> own) {
  PropertiesSpec spec;
  spec.known = [kind](const std::string& name) { return kafka::is_known_property(kind, name); };
  spec.names = kafka::known_properties(kind);
  spec.defaults = std::move(own);
  const auto add = [&spec](const std::string& name, std::optional<std::string> fallback, std::string meaning) {
    spec.defaults.push_back({name, name, std::move(fallback), std::move(meaning)});
  };
  add("bootstrap.servers", "localhost:9092", "Brokers to ask first, host:port separated by commas.");
  add("client.id", std::nullopt, "Default `<serviceId>-<producer or consumer>-<host name>`.");
  add("security.protocol", "SASL_SSL", "PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL.");
  add("sasl.mechanism", "PLAIN", "PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, GSSAPI or OAUTHBEARER.");
  spec.defaults.push_back({"sasl.jaas.config.username", "username", std::nullopt, "User for PLAIN and SCRAM."});
  spec.defaults.push_back(
      {"sasl.jaas.config.password", "password", std::nullopt, "Its password, as it is: nothing needs escaping."});
  add("sasl.jaas.config", std::nullopt, "Instead of the two: a login module with its options, as for Java clients.");
  add("ssl.truststore.location", "/config/client.truststore",
      "PEM or PKCS12. Empty: the authorities the system trusts.");
  add("ssl.truststore.password", "password", "Of a PKCS12 trust store.");
  add("ssl.keystore.location", std::nullopt, "PEM or PKCS12 with key and certificate, where brokers ask for one.");
  add("ssl.keystore.password", std::nullopt, "Of a PKCS12 key store.");
  add("ssl.key.password", std::nullopt, "Of an encrypted key in PEM.");
  add("ssl.endpoint.identification.algorithm", "https", "An empty text switches the check of host names off.");
  add("schema.registry.url", default_registry_url, "For formats with a schema (formats.md); several are tried in order.");
  return spec;
}

PropertiesSpec producer_properties() {
  return properties_of(
      kafka::ClientKind::producer,
      {{"acks", "acks", "all", "all, or with enable.idempotence false: 1 or 0."},
       {"enable.idempotence", "enable.idempotence", "true", "No duplicates and no reordering inside the producer."},
       {"max.in.flight.requests.per.connection", "max.in.flight.requests.per.connection", "5",
        "At most 5 with idempotence."},
       {"delivery.timeout.ms", "delivery.timeout.ms", "120000", "How long a record may be tried."},
       {"request.timeout.ms", "request.timeout.ms", "30000", "How long a broker may wait for its replicas."},
       {"retries", "retries", std::nullopt, "Left out: delivery.timeout.ms is the limit."},
       {"linger.ms", "linger.ms", "0", "Every request waits that long for company; 1 helps above 32 connections."},
       {"batch.size", "batch.size", "1000000", "Most bytes in one batch."},
       {"compression.type", "compression.type", "none", "none, gzip, snappy, lz4 or zstd."},
       {"buffer.memory", "buffer.memory", "33554432", "Bytes of records that may wait."},
       {"max.block.ms", "max.block.ms", "60000", "Longest wait for a topic to appear and for room in the buffer."},
       {"max.request.size", "max.request.size", "1048576", "Largest record in bytes."},
       {"schema.registry.cache", "schema.registry.cache", "100", ""},
       {"schema.registry.auto.register.schemas", "schema.registry.auto.register.schemas", "true", ""}});
}

PropertiesSpec consumer_properties() {
  return properties_of(
      kafka::ClientKind::consumer,
      {{"group.id", "group.id", "group1", "Consumer group."},
       {"group.instance.id", "group.instance.id", std::nullopt,
        "Static membership, one id per replica: usually holds `${HOSTNAME}`."},
       {"group.protocol", "group.protocol", "classic", "classic, or consumer for KIP-848."},
       {"auto.offset.reset", "auto.offset.reset", "earliest",
        "Where a group without an offset begins: earliest, latest or none."},
       {"enable.auto.commit", "enable.auto.commit", "false", "Default of an active instance's autoCommitEnable. The reactive consumer commits what was processed, whatever it says."},
       {"isolation.level", "isolation.level", "read_uncommitted", "read_uncommitted or read_committed."},
       {"session.timeout.ms", "session.timeout.ms", "45000",
        "How long the group waits for a silent member. Not with group.protocol consumer."},
       {"heartbeat.interval.ms", "heartbeat.interval.ms", "3000", "Not with group.protocol consumer."},
       {"max.poll.interval.ms", "max.poll.interval.ms", "300000", "A slow backend never exceeds it."},
       {"partition.assignment.strategy", "partition.assignment.strategy", "range",
        "range, roundrobin or cooperative-sticky. Not with group.protocol consumer."},
       {"max.poll.records", "max.poll.records", "100", "Default of maxBatchRecords."},
       {"fetch.max.bytes", "fetch.max.bytes", "1000000", "Most bytes of one fetch."},
       {"max.partition.fetch.bytes", "max.partition.fetch.bytes", "262144", "Most bytes of one partition in a fetch."},
       {"fetch.min.bytes", "fetch.min.bytes", "1", ""},
       {"fetch.max.wait.ms", "fetch.max.wait.ms", "20",
        "How long a broker may hold back a fetch below fetch.min.bytes. While it does, partitions with a backlog may stand still."},
       {"request.timeout.ms", "request.timeout.ms", "30000", "Longest wait for a broker's answer."},
       {"client.rack", "client.rack", std::nullopt, "For reading from the nearest replica."},
       {"allow.auto.create.topics", "allow.auto.create.topics", "true", ""},
       {"schema.registry.auto.register.schemas", "schema.registry.auto.register.schemas", "false", ""}});
}

FileSchema server_file(Draft& draft) {
  FileSchema file("server", "The listener for the backend, its limits, and how the process stops.");
  auto& server = draft.settings.server;
  file.text("ip", server.ip, "Address to listen on.");
  file.flag("enableHttp", server.enable_http, "Listen for HTTP. HTTPS wins when both are on.");
  file.integer("httpPort", server.http_port, {0, 65535}, "0 picks a free port.");
  file.flag("enableHttps", server.enable_https, "Listen for HTTPS.");
  file.integer("httpsPort", server.https_port, {0, 65535}, "0 picks a free port.");
  file.text("keystoreName", server.keystore_name, "Key and certificate for HTTPS, in a configuration directory.");
  file.secret("keystorePass", server.keystore_pass, "Password of that store.");
  file.secret("keyPass", server.key_pass, "Password of the key in it.");
  file.flag("enableTwoWayTls", server.enable_two_way_tls, "Ask callers for a certificate.");
  file.text("truststoreName", server.truststore_name, "Authorities for callers' certificates.");
  file.secret("truststorePass", server.truststore_pass, "Password of that store.");
  file.flag("dynamicPort", server.dynamic_port, "Take the first free port from minPort to maxPort.");
  file.integer("minPort", server.port_min, {1, 65535}, "See dynamicPort.");
  file.integer("maxPort", server.port_max, {1, 65535}, "See dynamicPort.");
  file.text("serviceId", server.service_id, "Name of the service: in logs, in client.id, in caller_id.");
  file.integer("ioThreads", server.io_threads, {1, 1024},
               "Threads for HTTP connections, capped by the CPUs there are.");
  file.integer("backlog", server.backlog, {1, 1000000}, "Connections that may wait to be accepted.");
  file.text("serverString", server.server_string, "Value of the header Server; empty sends none.");
  file.milliseconds("shutdownGracefulPeriod", server.shutdown_graceful_period, 0,
                    "How long running requests may take on shutdown.");
  file.choice(
      "remoteAccess", server.remote_access,
      FileSchema::Choices<http::RemoteAccess>{{"auto", http::RemoteAccess::automatic},
                                              {"allow", http::RemoteAccess::allow},
                                              {"deny", http::RemoteAccess::deny}},
      "Who may call business routes: auto (this pod, unless tokens are checked), allow (anyone), deny (this pod).");
  file.integer("maxTransferFileSize", server.body_bytes_max, at_least(1), "Most bytes of a body; above: 413.");
  file.integer("maxRequestLineBytes", server.request_line_bytes_max, {16, 1 << 20}, "Above: 414.");
  file.integer("maxHeaderBytes", server.header_bytes_max, {64, 1 << 24}, "All field lines; above: 431.");
  file.integer("maxHeaderFields", server.header_fields_max, {1, 10000}, "Above: 431.");
  file.integer("maxJsonDepth", server.json_depth_max, {1, 10000}, "Nesting of JSON, envelope included; above: 400.");
  file.milliseconds("headerTimeoutMs", server.header_timeout, 1, "A header must arrive within.");
  file.milliseconds("bodyTimeoutMs", server.body_timeout, 1, "A body must arrive within.");
  file.milliseconds("idleTimeoutMs", server.idle_timeout, 1, "A connection without a request is closed after.");
  file.integer("maxConnections", server.connections_max, {1, 1000000}, "16 more are kept for health and metrics.");
  file.integer("maxRequestsInFlight", server.requests_in_flight_max, {1, 1000000}, "Above: 503 with Retry-After.");
  file.integer("maxBytesInFlight", server.bytes_in_flight_max, at_least(1),
               "Bytes of bodies in work; above: 503 with Retry-After.");
  file.flag("enableRegistry", draft.enable_registry, "Not done: discovery is left to Kubernetes. True gets a warning.");
  file.flag("startOnRegistryFailure", draft.start_on_registry_failure,
            "False together with enableRegistry stops the start.");
  file.ignored("enableHttp2", "true", "HTTP/1.1 is spoken.");
  file.ignored({{"bootstrapStoreName", ""},
                {"bootstrapStorePass", ""},
                {"serviceName", ""},
                {"environment", ""},
                {"buildNumber", "latest"},
                {"shutdownTimeout", ""},
                {"bufferSize", "16384"},
                {"workerThreads", "200"},
                {"alwaysSetDate", "false"},
                {"allowUnescapedCharactersInUrl", "false"},
                {"maskConfigProperties", "true"}});
  return file;
}

FileSchema producer_file(Draft& draft) {
  FileSchema file("kafka-producer", "Producing over HTTP, and dead letters.");
  auto& produce = draft.settings.produce;
  file.choice("keyFormat", produce.key_format, format_names(), "Format of keys when the request names none.");
  file.choice("valueFormat", produce.value_format, format_names(), "Format of values when the request names none.");
  file.integer("maxRecordsPerRequest", produce.records_per_request_max, {1, 1000000}, "Above: 400.");
  file.milliseconds("requestTimeoutMs", draft.produce_request_timeout, 1, "`delivery.timeout.ms` + 5000",
                    "After that a record without a report is answered as unknown.");
  file.flag("injectCallerId", produce.inject_caller_id, "Add the header caller_id to records.");
  file.flag("injectAuthorization", produce.inject_authorization,
            "Copy the header Authorization into records: a token in a log.");
  file.flag("auditEnabled", draft.producer_audit, "The audit is not part of this version; true gets a warning.");
  file.ignored({{"auditTarget", "logfile"},
                {"auditTopic", "sidecar-audit"},
                {"topic", "test1"},
                {"injectOpenTracing", "false"}});
  file.properties("properties", draft.producer_properties, producer_properties(), "Kafka properties of the producer.");
  return file;
}

FileSchema consumer_file(Draft& draft) {
  using consume::reactive::Dispatch;
  using consume::reactive::OversizePolicy;
  using consume::reactive::UndecodablePolicy;
  using consume::reactive::UnprocessedPolicy;
  using ActiveUndecodablePolicy = consume::active::UndecodablePolicy;
  FileSchema file("kafka-consumer",
                  "The reactive consumer: records go to the backend in batches; and the active one: the backend asks.");
  auto& active = draft.settings.active;
  auto& reactive = draft.settings.reactive;
  reactive.topics = {"test1"};
  file.list("topic", reactive.topics, "Topics to read.");
  file.choice("keyFormat", reactive.formats.key, format_names(), "Format of keys.");
  file.choice("valueFormat", reactive.formats.value, format_names(), "Format of values.");
  file.flag("useNoWrappingAvro", draft.no_wrapping_avro,
            "Avro: a union's value as it is, {\"count\":4}, instead of {\"count\":{\"int\":4}}.");
  file.flag("validateOnConsume", reactive.formats.schema.validate,
            "Check values in the format jsonschema against their schema, and in json against valueSchemaFiles.");
  file.list("valueSchemaFiles", draft.value_schema_files,
            "JSON Schemas for values in the format json: topic=file, in a configuration directory.");
  file.text("backendApiHost", reactive.backend_api_host,
            "Where the backend listens: http://host:port or https://host:port.");
  file.text("backendApiPath", reactive.backend_api_path, "Path of the POST.");
  file.flag("backendConnectionReset", reactive.backend_connection_reset, "A new connection for every POST.");
  file.milliseconds("backendTimeoutMs", draft.backend_timeout, 1, "value of `instanceTimeoutMs`",
                    "Limit of one call of the backend.");
  file.milliseconds("instanceTimeoutMs", draft.instance_timeout, 1, "An active instance that nobody uses is closed after; default of backendTimeoutMs.");
  file.choice("dispatch", reactive.dispatch,
              FileSchema::Choices<Dispatch>{{"batch", Dispatch::batch}, {"partition", Dispatch::partition}},
              "batch: one batch in flight; partition: one for each partition, side by side.");
  file.integer("maxBatchesInFlight", reactive.batches_in_flight_max, {1, 256},
               "Most POSTs with the backend at once (dispatch: partition).");
  file.integer("maxBatchRecords", draft.batch_records_max, {1, 1000000}, "value of `max.poll.records`",
               "Most records in one POST.");
  file.integer("requestMaxBytes", reactive.request_bytes_max, {1, 1 << 30},
               "Most bytes in one POST, and of keys and values in one active read; a larger record travels alone.");
  file.milliseconds("requestTimeoutMs", active.request_timeout, 1, "Longest active read.");
  file.integer("fetchMinBytes", active.fetch_bytes_min, {-1, 10'000'000},
               "Bytes an active read waits for; below 1: it answers with the first record.");
  file.integer("maxInstances", active.instances_max, {1, 10000}, "Active consumer instances; above: 503 with Retry-After.");
  file.integer("maxConsumerThreads", active.reads_max, {1, 100000}, "Active reads at the same time; others wait in line.");
  file.text("serverId", active.server_id, "Part of the names that are made for active instances.");
  file.choice("activeUndecodablePolicy", active.undecodable_policy,
              FileSchema::Choices<ActiveUndecodablePolicy>{{"error", ActiveUndecodablePolicy::error},
                                                           {"raw", ActiveUndecodablePolicy::raw}},
              "An active read at a record that cannot be decoded: fail until the client seeks past it, or return it in base64.");
  file.milliseconds("fetchMaxWait", reactive.fetch_max_wait, 0, "Longest a record waits for company.");
  file.milliseconds("waitPeriod", reactive.wait_period, 1,
                    "First pause before a batch is posted again; it doubles each time.");
  file.milliseconds("retryBackoffMaxMs", reactive.retry_backoff_max, 1, "Longest such pause.");
  file.integer("batchRollbackThreshold", reactive.batch_rollback_threshold, {0, 100},
               "Percent of failed records from which a batch is posted again as a whole; 100: never.");
  file.integer("batchRollbackMinRecords", reactive.batch_rollback_min_records, at_least(1),
               "Smallest batch the threshold applies to.");
  file.integer("maxRetries", reactive.max_retries, at_least(0),
               "How often the threshold may send the same batch again.");
  file.milliseconds("retryDelayMs", reactive.retry_delay, 0, "Pause before that.");
  file.flag("deadLetterEnabled", reactive.dead_letter_enabled, "Write failed records to the dead-letter topic.");
  file.text("deadLetterTopicExt", reactive.dead_letter_topic_ext, "That topic is the record's with this extension.");
  file.choice("deadLetterOversize", reactive.dead_letter_oversize,
              FileSchema::Choices<OversizePolicy>{{"omit", OversizePolicy::omit}, {"retry", OversizePolicy::retry}},
              "A letter too large for its topic: omit its value, or retry until it fits.");
  file.choice("unprocessedPolicy", reactive.unprocessed_policy,
              FileSchema::Choices<UnprocessedPolicy>{{"discard", UnprocessedPolicy::discard},
                                                     {"retry", UnprocessedPolicy::retry}},
              "While dead letters are off: discard failed records, or retry the batch.");
  file.choice("undecodablePolicy", draft.undecodable_policy,
              FileSchema::Choices<UndecodablePolicy>{{"deadletter", UndecodablePolicy::deadletter},
                                                     {"stop", UndecodablePolicy::stop},
                                                     {"skip", UndecodablePolicy::skip}},
              "`deadletter`; `stop` while dead letters are off", "What happens to a record that cannot be decoded.");
  file.milliseconds("shutdownDrainMs", reactive.shutdown_drain, 0,
                    "How long a batch in flight may take to settle on shutdown or revoke.");
  file.integer("prefetchMaxBytes", reactive.prefetch_bytes_max, at_least(1 << 20),
               "Most bytes read ahead, over all partitions.");
  file.flag("auditEnabled", draft.consumer_audit, "The audit is not part of this version; true gets a warning.");
  file.ignored({{"auditTarget", "logfile"},
                {"auditTopic", "sidecar-audit"},
                {"iteratorBackoffMs", "50"},
                {"deadLetterLayout", "raw"},
                {"replayCoordinates", "original"}});
  file.properties("properties", draft.consumer_properties, consumer_properties(), "Kafka properties of the consumer.");
  return file;
}

FileSchema client_file(Draft& draft) {
  FileSchema file("client", "Calls that the sidecar makes itself: TLS and time limits.");
  auto& client = draft.settings.client;
  const auto short_name = [](config::Key& key) { key.in_values_as(key.path.substr(key.path.find('.') + 1)); };
  short_name(file.flag("tls.verifyHostname", client.verify_hostname, "Check the name in the backend's certificate."));
  short_name(
      file.flag("tls.loadDefaultTrustStore", client.load_default_trust_store, "Trust the system's authorities."));
  short_name(file.flag("tls.loadTrustStore", client.load_trust_store, "Trust those of trustStore, too."));
  short_name(file.text("tls.trustStore", client.trust_store, "PEM or PKCS12, in a configuration directory."));
  short_name(file.secret("tls.trustStorePass", client.trust_store_pass, "Password of that store."));
  short_name(file.flag("tls.loadKeyStore", client.load_key_store, "Show a certificate to servers that ask."));
  short_name(file.text("tls.keyStore", client.key_store, "Key and certificate for that."));
  short_name(file.secret("tls.keyStorePass", client.key_store_pass, "Password of that store."));
  short_name(file.secret("tls.keyPass", client.key_pass, "Password of the key in it."));
  short_name(file.ignored("tls.tlsVersion", "TLSv1.3", "1.2 and 1.3 are offered."));
  short_name(file.milliseconds("request.connectTimeout", client.connect_timeout, 1, "Longest wait for a connection."));
  for (const auto& [path, fallback] : {std::pair{"request.timeout", "3000"},
                                       {"request.enableHttp2", "true"},
                                       {"request.injectCallerId", "false"},
                                       {"request.connectionPoolSize", "1000"},
                                       {"request.connectionExpireTime", "1800000"},
                                       {"request.maxReqPerConn", "1000000"},
                                       {"request.maxConnectionNumPerHost", "1000"},
                                       {"request.minConnectionNumPerHost", "250"},
                                       {"request.errorThreshold", "2"},
                                       {"request.resetTimeout", "7000"},
                                       {"request.injectOpenTracing", "false"},
                                       {"request.maxRequestRetry", "3"},
                                       {"request.requestRetryDelay", "1000"}})
    short_name(file.ignored(path, fallback, ""));
  file.ignored("oauth", std::nullopt, "For token checks.");
  for (const auto* value_name :
       {"tokenKeyServerUrl", "tokenKeyUri", "tokenKeyEnableHttp2", "tokenKeyAudience", "tokenKeyClientId",
        "tokenKeyClientSecret", "pathPrefixServices", "multipleAuthServers"})
    file.ignored(value_name, std::nullopt, "");
  return file;
}

FileSchema service_file(Draft& draft) {
  FileSchema file("service", "Which components run.");
  file.list("com.networknt.server.StartupHookProvider", draft.startup_hooks,
            "com.networknt.mesh.kafka.ProducerStartupHook, ...ReactiveConsumerStartupHook and ...ActiveConsumerStartupHook, in any "
            "order.")
      .written_flat();
  file.list("com.networknt.server.ShutdownHookProvider", draft.shutdown_hooks,
            "Accepted; what was started is stopped without it.")
      .written_flat();
  file.any("singletons", draft.singletons, std::nullopt, "list of maps",
           "The Java sidecar's form; only its hook lists count.");
  return file;
}

FileSchema security_file(Draft& draft) {
  FileSchema file("security", "Token checks.");
  file.also_known_as("openapi-security");
  file.flag("enableVerifyJwt", draft.settings.security.enable_verify_jwt,
            "Must be set to false: this version has no token checks, and does not start as if it had.");
  file.ignored({{"enableVerifyScope", "true"},
                {"enableExtractScopeToken", "true"},
                {"skipVerifyScopeWithoutSpec", "false"},
                {"ignoreJwtExpiry", "false"},
                {"enableH2c", "false"},
                {"enableMockJwt", "false"},
                {"enableRelaxedKeyValidation", "false"},
                {"enableVerifySwt", "true"},
                {"enableVerifyJwtScopeToken", "true"}});
  for (const auto& [path, fallback] : {std::pair{"jwt.certificate", "100=primary.crt&101=secondary.crt"},
                                       {"jwt.clockSkewInSeconds", "60"},
                                       {"jwt.keyResolver", "JsonWebKeySet"}}) {
    auto& key = file.ignored(path, fallback, "");
    key.in_values_as(key.path.substr(4));
  }
  file.ignored({{"swtClientIdHeader", ""},
                {"swtClientSecretHeader", ""},
                {"logJwtToken", "true"},
                {"logClientUserScope", "false"},
                {"enableJwtCache", "true"},
                {"jwtCacheFullSize", "100"},
                {"bootstrapFromKeyService", "false"},
                {"providerId", ""},
                {"skipPathPrefixes", ""},
                {"passThroughClaims", ""}});
  return file;
}

FileSchema health_file(Draft& draft) {
  FileSchema file("health", "Health pages.");
  auto& health = draft.settings.health;
  file.flag("useJson", health.use_json, "Answer JSON instead of one word.");
  file.milliseconds("timeout", health.timeout, 1, "Limit of all checks together.");
  file.flag("downstreamEnabled", health.downstream_enabled, "Ask the backend's health page, too.");
  file.text("downstreamHost", draft.downstream_host, "value of `kafka-consumer.backendApiHost`", "Where that page is.");
  file.text("downstreamPath", health.downstream_path, "Its path.");
  file.flag("livenessFull", health.liveness_full,
            "Let liveness run the checks of readiness, as the Java sidecar does.");
  file.integer("unhealthyStatus", health.unhealthy_status, {400, 599}, "Status of an unhealthy answer.");
  file.ignored({{"enabled", "true"}});
  return file;
}

FileSchema correlation_file(Draft& draft) {
  FileSchema file("correlation", "Correlation ids.");
  file.flag("enabled", draft.settings.correlation.enabled, "Keep and answer correlation ids.");
  file.flag("autogenCorrelationID", draft.settings.correlation.autogenerate, "Make one where the caller sends none.");
  file.ignored({{"correlationMdcField", "cId"}, {"traceabilityMdcField", "tId"}});
  return file;
}

FileSchema status_file(Draft& draft) {
  FileSchema file("status", "What error answers show.");
  file.flag("showMessage", draft.settings.status.show_message, "The message in upper case.");
  file.flag("showDescription", draft.settings.status.show_description, "The sentence with its particulars.");
  file.ignored({{"showMetadata", "true"}});
  return file;
}

FileSchema audit_file(Draft& draft) {
  FileSchema file("audit", "The log of HTTP requests.");
  file.flag("enabled", draft.http_audit, "The audit is not part of this version; true gets a warning.");
  file.ignored({{"mask", "true"},
                {"statusCode", "true"},
                {"responseTime", "true"},
                {"auditOnError", "true"},
                {"auditStackTrace", "false"},
                {"logLevelIsError", "false"},
                {"timestampFormat", ""},
                {"headers", ""},
                {"audit", ""},
                {"requestBodyMaxSize", "4096"},
                {"responseBodyMaxSize", "4096"}});
  return file;
}

}  // namespace

std::vector<config::FileSchema> describe_files(Draft& draft) {
  std::vector<config::FileSchema> files;
  files.push_back(server_file(draft));
  files.push_back(service_file(draft));
  files.push_back(producer_file(draft));
  files.push_back(consumer_file(draft));
  files.push_back(client_file(draft));
  files.push_back(security_file(draft));
  files.push_back(health_file(draft));
  files.push_back(correlation_file(draft));
  files.push_back(status_file(draft));
  files.push_back(audit_file(draft));
  return files;
}

std::vector<config::FileSchema> describe_later_files(Draft& draft) {
  std::vector<config::FileSchema> files;
  using Rows = std::initializer_list<std::pair<std::string_view, std::string_view>>;
  const auto add = [&files](std::string name, std::string meaning, Rows rows) {
    files.emplace_back(std::move(name), std::move(meaning)).ignored(rows);
  };
  add("kafka-streams", "Topic replay and stream processing.",
      {{"auditEnabled", "true"},
       {"auditTarget", "topic"},
       {"auditTopic", "sidecar-audit"},
       {"deadLetterEnabled", "true"},
       {"deadLetterTopicExt", ".dlq"},
       {"deadLetterControllerTopic", "dev.ent.all.kafka.replay.metadata.0"},
       {"cleanUp", "false"}});
  add("kafka-ksqldb", "ksqlDB queries.",
      {{"ksqldbHost", "localhost"},
       {"ksqldbPort", "8088"},
       {"useTls", "false"},
       {"trustStore", ""},
       {"trustStorePassword", ""},
       {"basicAuthCredentialsUser", ""},
       {"basicAuthCredentialsPassword", ""},
       {"query", ""},
       {"backendUrl", ""},
       {"backendPath", ""},
       {"initialStreams", ""},
       {"initialTables", ""},
       {"rowFormat", "array"},
       {"username", ""},
       {"password", ""}});
  add("kafka-admin", "The Kafka check of the health pages.", {{"username", ""}, {"password", ""}});
  for (std::size_t i = 0; i < files.size(); ++i) {
    PropertiesSpec spec;
    spec.known = [](const std::string& name) { return kafka::is_known_property(kafka::ClientKind::consumer, name); };
    spec.names = kafka::known_properties(kafka::ClientKind::consumer);
    files[i]
        .properties("properties", draft.unread_properties.at(i), std::move(spec), "Kafka properties.")
        .without_effect = true;
  }
  add("handler", "The handler chain, which is fixed in this version.",
      {{"enabled", "true"},
       {"auditOnError", "false"},
       {"auditStackTrace", "false"},
       {"basePath", "/"},
       {"handlers", ""},
       {"chains", ""},
       {"paths", ""},
       {"defaultHandlers", ""},
       {"additionalHandlers", ""},
       {"additionalChains", ""},
       {"additionalPaths", ""},
       {"reportHandlerDuration", "false"},
       {"handlerMetricsLogLevel", "DEBUG"}});
  add("specification", "The OpenAPI file that is shown.", {{"fileName", "openapi.yaml"}, {"contentType", "text/yaml"}});
  add("openapi-handler", "The OpenAPI file that requests are matched with.",
      {{"multipleSpec", "false"},
       {"ignoreInvalidPath", "false"},
       {"pathSpecMapping", ""},
       {"handleNullableField", "true"}});
  add("openapi-validator", "Checks against the OpenAPI file.",
      {{"enabled", "true"},
       {"logError", "true"},
       {"handleNullableField", "true"},
       {"legacyPathType", "false"},
       {"skipBodyValidation", "false"},
       {"validateResponse", "false"},
       {"skipPathPrefixes", ""}});
  add("body", "Body handling of the Java sidecar.",
      {{"enabled", "true"},
       {"cacheRequestBody", "false"},
       {"logFullRequestBody", "false"},
       {"cacheResponseBody", "false"},
       {"logFullResponseBody", "false"}});
  add("sanitizer", "Cleaning of bodies and headers.",
      {{"enabled", "false"},
       {"bodyEnabled", "true"},
       {"bodyEncoder", "javascript-source"},
       {"bodyAttributesToEncode", ""},
       {"bodyAttributesToIgnore", ""},
       {"headerEnabled", "true"},
       {"headerEncoder", "javascript-source"},
       {"headerAttributesToEncode", ""},
       {"headerAttributesToIgnore", ""}});
  add("exception", "Handling of exceptions.", {{"enabled", "true"}});
  add("traceability", "Traceability ids are always passed on.", {{"enabled", "true"}});
  add("metrics", "Metrics.",
      {{"enabled", "true"},
       {"enableJVMMonitor", "false"},
       {"serverProtocol", "http"},
       {"serverHost", "localhost"},
       {"serverPort", "8086"},
       {"serverPath", "/apm/metricFeed"},
       {"serverName", "metrics"},
       {"serverUser", "admin"},
       {"serverPass", "admin"},
       {"reportInMinutes", "1"},
       {"productName", "http-sidecar"},
       {"sendScopeClientId", "false"},
       {"sendCallerId", "false"},
       {"sendIssuer", "false"},
       {"issuerRegex", ""}});
  add("info", "Server information.",
      {{"enableServerInfo", "true"},
       {"keysToNotSort", ""},
       {"downstreamEnabled", "false"},
       {"downstreamHost", "http://localhost:8081"},
       {"downstreamPath", "/adm/server/info"}});
  add("logging", "Loggers at run time.",
      {{"enabled", "true"},
       {"logStart", "600000"},
       {"downstreamEnabled", "false"},
       {"downstreamHost", "http://localhost:8081"},
       {"downstreamFramework", "Light4j"}});
  add("configReload", "Reloading at run time.", {{"enabled", "true"}});
  add("chaos-monkey", "Assaults for tests.", {{"enabled", "false"}});
  for (const auto* name : {"exception", "killapp", "latency", "memory"})
    add(std::string(name) + "-assault", "One assault of the chaos monkey.",
        {{"enabled", "false"}, {"bypass", "true"}, {"level", "10"}});
  files[files.size() - 2].ignored({{"latencyRangeStart", "1000"}, {"latencyRangeEnd", "3000"}});
  files.back().ignored({{"memoryMillisecondsHoldFilledMemory", "90000"},
                        {"memoryMillisecondsWaitNextIncrease", "1000"},
                        {"memoryFillIncrementFraction", "0.15"},
                        {"memoryFillTargetFraction", "0.25"}});
  return files;
}

}  // namespace sidecar::app
