#include "app/settings.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include <fmt/format.h>
#include <unistd.h>

#include "app/config_reading.hpp"
#include "app/sidecar.hpp"
#include "base/types.hpp"
#include "deadletter/letter.hpp"
#include "formats/jsonschema/schema.hpp"
#include "kafka/translate.hpp"
#include "security/key_store.hpp"

namespace sidecar::app {
namespace {

using config::Loader;

constexpr std::string_view hooks_key = "service.com.networknt.server.StartupHookProvider";
constexpr std::string_view hook_prefix = "com.networknt.mesh.kafka.";

struct Hook {
  std::string_view name;
  std::string_view later;  ///< The component, where this version lacks it.
};
constexpr std::array<Hook, 8> hooks{{
    {"ProducerStartupHook", ""},
    {"ReactiveConsumerStartupHook", ""},
    {"ActiveConsumerStartupHook", ""},
    {"AdminClientStartupHook", "the Kafka check through an admin client"},
    {"AuditProducerStartupHook", "the audit to a topic"},
    {"KsqldbActiveConsumerStartupHook", "the ksqlDB query over HTTP"},
    {"KsqldbReactiveConsumerStartupHook", "the reactive ksqlDB query"},
    {"MessageReplayStreamStartupHook", "the topic replay"},
}};

std::optional<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

std::string own_host_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  return name.data();
}

/// Beside the embedded broker, for keys that nobody gives: what needs a key store, a token issuer or a registry cannot
/// be had from a few lines of configuration, and a log that starts empty is read from its start.
std::map<std::string, std::string> development_defaults() {
  return {{"audit.enabled", "false"},
          {"kafka-consumer.auditEnabled", "false"},
          {"kafka-consumer.auto.offset.reset", "earliest"},
          {"kafka-consumer.keyFormat", "string"},
          {"kafka-consumer.valueFormat", "json"},
          {"kafka-producer.auditEnabled", "false"},
          {"kafka-producer.keyFormat", "string"},
          {"kafka-producer.valueFormat", "json"},
          {"security.enableVerifyJwt", "false"},
          {"server.enableHttp", "true"},
          {"server.enableHttps", "false"}};
}

/// Directories to look in, and what is wrong with them.
std::vector<std::filesystem::path> config_dirs(const LoadOptions& options,
                                               const std::optional<std::string>& from_environment,
                                               std::vector<config::Problem>& problems,
                                               std::vector<config::Problem>& warnings) {
  std::vector<std::filesystem::path> dirs;
  const auto add = [&dirs](const std::filesystem::path& dir, const std::string& source,
                           std::vector<config::Problem>& complaints) {
    std::error_code ignored;
    if (std::filesystem::is_directory(dir, ignored))
      dirs.push_back(dir);
    else
      complaints.push_back({{source}, fmt::format("there is no directory {}", dir.string())});
  };
  for (const auto& dir : options.config_dirs) add(dir, "--config-dir", problems);
  if (!options.config_dirs.empty()) return dirs;
  if (from_environment && !from_environment->empty()) {
    std::string_view rest = *from_environment;
    while (!rest.empty()) {
      const auto end = std::min(rest.find(':'), rest.size());
      if (end > 0) add(std::filesystem::path(rest.substr(0, end)), "environment LIGHT_4J_CONFIG_DIR", warnings);
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return dirs;
  }
  std::error_code ignored;
  if (std::filesystem::is_directory("config", ignored)) dirs.emplace_back("config");
  return dirs;
}

// Rules that cross keys, one function for each part.

/// `singletons` of service.yml in the Java sidecar's form: a list of maps from an interface to its classes.
std::optional<std::vector<std::string>> hooks_of(const config::Value& singletons) {
  for (const auto& each : singletons.items) {
    const auto* list = each.find("com.networknt.server.StartupHookProvider");
    if (list == nullptr) continue;
    std::vector<std::string> names;
    names.reserve(list->items.size());
    if (auto texts = config::texts_of(*list)) return texts;
    for (const auto& item : list->items)  // a class with parameters is a map
      names.push_back(item.kind == config::Value::Kind::map && !item.entries.empty() ? item.entries.front().key
                                                                                     : item.text);
    return names;
  }
  return std::nullopt;
}

/// Where one name of a list was written.
config::Origin place_of(const config::Value& list, const std::string& name) {
  for (const auto& item : list.items)
    if (item.text == name) return item.origin;
  return list.origin;
}

void switch_components(Draft& draft, Loader& loader) {
  config::Value list = *loader.value(hooks_key);
  if (!loader.given(hooks_key)) {
    if (auto names = hooks_of(draft.singletons)) {
      draft.startup_hooks = std::move(*names);
      list = draft.singletons;
    }
  }
  auto& components = draft.settings.components;
  components = {.producer = false, .reactive = false, .active = false};
  std::vector<std::string> known;
  known.reserve(hooks.size());
  for (const auto& hook : hooks) known.push_back(fmt::format("{}{}", hook_prefix, hook.name));
  for (const auto& name : draft.startup_hooks) {
    const auto near = config::nearest(name, known);
    if (near != name)
      loader.problem_at(place_of(list, name), fmt::format("{} names {}, which is not known{}", hooks_key, name,
                                                          near.empty() ? "" : fmt::format("; did you mean {}?", near)));
    // The one that was meant goes on, so that its own problems are found in the same run.
    const auto found = std::ranges::find(known, near);
    if (found == known.end()) continue;
    const auto& hook = hooks[static_cast<std::size_t>(found - known.begin())];
    if (!hook.later.empty())
      loader.problem_at(place_of(list, name),
                        fmt::format("{} names {}: {} is not part of this version, remove the line", hooks_key,
                                    hook.name, hook.later));
    components.producer |= hook.name == "ProducerStartupHook";
    components.reactive |= hook.name == "ReactiveConsumerStartupHook";
    components.active |= hook.name == "ActiveConsumerStartupHook";
  }
}

kafka::JavaProperties texts_of(const config::PropertyMap& properties) {
  kafka::JavaProperties texts;
  for (const auto& [name, property] : properties) texts.emplace(name, property.text);
  return texts;
}

std::optional<kafka::Translation> translate(Loader& loader, std::string_view file, kafka::ClientKind kind,
                                            const config::PropertyMap& properties,
                                            const kafka::TranslationContext& context) {
  auto translation = kafka::translate(kind, texts_of(properties), context);
  if (!translation) {
    for (const auto& issue : translation.error()) loader.problem(fmt::format("{}.{}", file, issue.key), issue.text);
    return std::nullopt;
  }
  for (const auto& issue : translation->warnings) {
    // Nobody needs to hear about a built-in default.
    const auto key = fmt::format("{}.{}", file, issue.key);
    if (loader.changed(key)) loader.warning(key, issue.text);
  }
  return std::move(*translation);
}

/// What says how to reach a broker and how to be let in; the mock cluster knows none of it.
bool is_connection_property(std::string_view name) {
  static constexpr std::array<std::string_view, 3> prefixes{"sasl.", "ssl.", "https."};
  static constexpr std::array<std::string_view, 4> names{"bootstrap.servers", "metadata.broker.list",
                                                         "security.protocol", "enable.ssl.certificate.verification"};
  return std::ranges::any_of(prefixes, [name](auto prefix) { return name.starts_with(prefix); }) ||
         std::ranges::find(names, name) != names.end();
}

/// Turns one client to the broker inside this process.
void embed(Loader& loader, std::string_view file, config::PropertyMap& properties,
           const config::PropertyMap& replacements) {
  std::string overridden;
  std::optional<config::Origin> first;
  std::erase_if(properties, [&](const auto& entry) {
    const auto& [name, property] = entry;
    if (!is_connection_property(name) && !replacements.contains(name)) return false;
    if (loader.given(fmt::format("{}.{}", file, name))) {
      if (!first) first = property.origin;
      overridden += overridden.empty() ? name : ", " + name;
    }
    return true;
  });
  properties.insert(replacements.begin(), replacements.end());
  if (first) loader.warning_at(*first, fmt::format("{}: overridden by --embedded-broker: {}", file, overridden));
}

void embed(Draft& draft, Loader& loader, const std::string& bootstrap) {
  const config::PropertyMap replacements{{"bootstrap.servers", {.text = bootstrap, .origin = {"--embedded-broker"}}},
                                         {"security.protocol", {.text = "PLAINTEXT", .origin = {"--embedded-broker"}}}};
  embed(loader, "kafka-producer", draft.producer_properties, replacements);
  // The mock holds an empty fetch for as long as it is told, whatever arrives meanwhile.
  auto reading = replacements;
  reading.insert({"fetch.max.wait.ms", {.text = "10", .origin = {"--embedded-broker"}}});
  draft.consumer_properties.erase("fetch.wait.max.ms");
  embed(loader, "kafka-consumer", draft.consumer_properties, reading);
  std::string defaults;
  for (const auto& [key, text] : development_defaults()) {
    if (!loader.given(key)) defaults += fmt::format("{}{}: {}", defaults.empty() ? "" : ", ", key, text);
  }
  if (!defaults.empty())
    loader.warning_at({"--embedded-broker"}, "gives what is not configured a default for development: " + defaults);
}

void settle_registry(const Draft& draft, Loader& loader, std::string_view file, const config::PropertyMap& properties,
                     registry::RegistrySettings& out) {
  const auto find_file = [&](std::string_view name) {
    return find_config_file(draft.settings, name).value_or(std::string(name));
  };
  auto texts = texts_of(properties);
  // A file whose properties leave it out may never need it.
  if (auto& url = texts["schema.registry.url"]; !url) url = default_registry_url;
  auto settings = registry::read_settings(texts, find_file);
  if (settings) {
    out = std::move(*settings);
    return;
  }
  for (const auto& issue : settings.error()) loader.problem(fmt::format("{}.{}", file, issue.key), issue.text);
}

/// What both consumers know about formats beyond their names.
void settle_formats(Draft& draft, Loader& loader) {
  auto& formats = draft.settings.reactive.formats;
  formats.schema.json_depth_max = draft.settings.server.json_depth_max;
  formats.schema.unions = draft.no_wrapping_avro ? formats::avro::Unions::plain : formats::avro::Unions::wrapped;
  constexpr std::string_view key = "kafka-consumer.valueSchemaFiles";
  for (const auto& entry : draft.value_schema_files) {
    const auto equals = entry.find('=');
    if (equals == std::string::npos || !is_topic_name(entry.substr(0, equals))) {
      loader.problem(key, fmt::format("holds '{}', which is not topic=file", entry.substr(0, 60)));
      continue;
    }
    const auto path = find_config_file(draft.settings, entry.substr(equals + 1));
    const auto text = path ? read_file(*path) : std::nullopt;
    if (!text) {
      loader.problem(key, fmt::format("names {}, which cannot be read", entry.substr(equals + 1)));
      continue;
    }
    auto schema = formats::jsonschema::parse_schema(*text);
    if (!schema) {
      loader.problem(key, fmt::format("names {}: {}", *path, schema.error()));
      continue;
    }
    formats.value_schemas.insert_or_assign(
        entry.substr(0, equals), std::make_shared<const formats::jsonschema::Schema>(std::move(*schema)));
  }
  if (!formats.schema.validate && !draft.value_schema_files.empty()) {
    loader.warning(key, "has no effect while kafka-consumer.validateOnConsume is false");
    formats.value_schemas.clear();
  }
}

void settle_producer(Draft& draft, Loader& loader, const kafka::TranslationContext& context) {
  auto& settings = draft.settings;
  settings.produce.service_id = settings.server.service_id;
  settings.produce.json_depth_max = settings.server.json_depth_max;
  if (!settings.components.producer) return;
  settle_registry(draft, loader, "kafka-producer", draft.producer_properties, settings.producer_registry);
  auto translation =
      translate(loader, "kafka-producer", kafka::ClientKind::producer, draft.producer_properties, context);
  if (!translation) return;
  if (translation->properties.contains("transactional.id"))
    loader.problem(
        "kafka-producer.transactional.id",
        "makes librdkafka refuse every record, because the sidecar produces without transactions: leave it out");
  const auto& limits = translation->limits;
  settings.producer.properties = std::move(translation->properties);
  settings.producer.record_bytes_max = limits.record_bytes_max;
  settings.producer.block_max = limits.block_max;
  settings.producer.request_timeout =
      draft.produce_request_timeout.value_or(limits.delivery_timeout + std::chrono::seconds(5));
}

/// `http://host`, `https://host:port`: what a POST can be sent to.
bool is_base_url(std::string_view url) {
  for (const auto scheme : {"http://", "https://"}) {
    if (!url.starts_with(scheme)) continue;
    url.remove_prefix(std::string_view(scheme).size());
    if (url.ends_with('/')) url.remove_suffix(1);
    return !url.empty() && url.front() != ':' && url.find_first_of("/?#@ \t") == std::string_view::npos;
  }
  return false;
}

void check_topics(Draft& draft, Loader& loader) {
  const auto& reactive = draft.settings.reactive;
  if (reactive.topics.empty()) loader.problem("kafka-consumer.topic", "is needed");
  for (const auto& topic : reactive.topics) {
    if (!is_topic_name(topic)) {
      loader.problem("kafka-consumer.topic", fmt::format("names '{}', which cannot be a topic", topic.substr(0, 60)));
      continue;
    }
    const auto letters = deadletter::dead_letter_topic(topic, reactive.dead_letter_topic_ext);
    if (reactive.dead_letter_enabled && !is_topic_name(letters))
      loader.problem("kafka-consumer.deadLetterTopicExt",
                     fmt::format("makes '{}', which cannot be a topic", letters.substr(0, 60)));
  }
  if (reactive.dead_letter_enabled && reactive.dead_letter_topic_ext.empty())
    loader.problem("kafka-consumer.deadLetterTopicExt", "is needed while dead letters are on");
}

void check_dead_letters(Draft& draft, Loader& loader) {
  using consume::reactive::UndecodablePolicy;
  using consume::reactive::UnprocessedPolicy;
  auto& reactive = draft.settings.reactive;
  const bool enabled = reactive.dead_letter_enabled;
  reactive.undecodable_policy =
      draft.undecodable_policy.value_or(enabled ? UndecodablePolicy::deadletter : UndecodablePolicy::stop);
  if (enabled && !draft.settings.components.producer)
    loader.problem("kafka-consumer.deadLetterEnabled",
                   fmt::format("is true, but dead letters need the producer: add {}ProducerStartupHook to {}",
                               hook_prefix, hooks_key));
  if (!enabled && reactive.undecodable_policy == UndecodablePolicy::deadletter)
    loader.problem("kafka-consumer.undecodablePolicy", "is deadletter, but kafka-consumer.deadLetterEnabled is false");
  if (!enabled && reactive.unprocessed_policy == UnprocessedPolicy::discard)
    loader.warning("kafka-consumer.unprocessedPolicy",
                   "is discard and dead letters are off: records that the backend does not process are lost");
}

/// Opens a store where there is one, so that `validate` says what a start would. `key` names its file. False when no
/// directory holds it.
template <class Read>
bool check_store(const Draft& draft, Loader& loader, std::string_view key, const std::string& name, const Read& read) {
  const auto path = find_config_file(draft.settings, name);
  if (!path) return false;
  try {
    (void)read(*path);
  } catch (const std::runtime_error& why) {
    loader.problem(key, fmt::format("cannot be used: {}", why.what()));
  }
  return true;
}

void check_server_stores(const Draft& draft, Loader& loader) {
  const auto& server = draft.settings.server;
  if (!server.enable_https) return;
  const bool has_key = check_store(
      draft, loader, "server.keystoreName", server.keystore_name,
      [&](const std::string& path) { return security::read_key_store(path, server.keystore_pass, server.key_pass); });
  if (!has_key)
    loader.problem(
        "server.enableHttps",
        fmt::format("is true, but there is no key store {}: name one with server.keystoreName (PEM or PKCS12), or "
                    "serve plain HTTP with server.enableHttp: true and server.enableHttps: false",
                    server.keystore_name));
  if (!server.enable_two_way_tls) return;
  const bool has_trust =
      check_store(draft, loader, "server.truststoreName", server.truststore_name,
                  [&](const std::string& path) { return security::read_trust_store(path, server.truststore_pass); });
  if (!has_trust)
    loader.problem("server.enableTwoWayTls",
                   fmt::format("is true, but there is no trust store {}", server.truststore_name));
}

void check_client_stores(const Draft& draft, Loader& loader) {
  const auto& client = draft.settings.client;
  const bool has_trust =
      !client.load_trust_store ||
      check_store(draft, loader, "client.trustStore", client.trust_store,
                  [&](const std::string& path) { return security::read_trust_store(path, client.trust_store_pass); });
  if (!has_trust && !client.load_default_trust_store)
    loader.problem("client.loadTrustStore", fmt::format("is true, but there is no trust store {}", client.trust_store));
  const bool has_key = !client.load_key_store ||
                       check_store(draft, loader, "client.keyStore", client.key_store, [&](const std::string& path) {
                         return security::read_key_store(path, client.key_store_pass, client.key_pass);
                       });
  if (!has_key)
    loader.problem("client.loadKeyStore", fmt::format("is true, but there is no key store {}", client.key_store));
}

/// What both consumers read of kafka-consumer.yml. Every problem of it is told once.
std::optional<kafka::Translation> settle_consumer(Draft& draft, Loader& loader, const kafka::TranslationContext& context) {
  const auto& components = draft.settings.components;
  if (!components.reactive && !components.active) return std::nullopt;
  settle_registry(draft, loader, "kafka-consumer", draft.consumer_properties, draft.settings.consumer_registry);
  settle_formats(draft, loader);
  auto given = draft.consumer_properties;
  // Of effect with an active consumer (settle_active), so no warning that it has none.
  if (draft.settings.components.active) given.erase("enable.auto.commit");
  return translate(loader, "kafka-consumer", kafka::ClientKind::consumer, given, context);
}

void settle_active(Draft& draft, Loader& loader, const std::optional<kafka::Translation>& translation) {
  const auto& reactive = draft.settings.reactive;
  auto& active = draft.settings.active;
  active.formats = reactive.formats;
  active.request_bytes_max = reactive.request_bytes_max;
  active.instance_timeout = draft.instance_timeout;
  active.json_depth_max = draft.settings.server.json_depth_max;
  active.consumer.prefetch_bytes_max = reactive.prefetch_bytes_max;
  if (!draft.settings.components.active || !translation) return;
  active.consumer.properties = translation->properties;
  active.api_timeout = translation->limits.api_timeout;
  const auto commit = draft.consumer_properties.find("enable.auto.commit");
  active.consumer.auto_commit = commit != draft.consumer_properties.end() && commit->second.text == "true";
  // Many instances may be idle at once, and each would ask its brokers again after the reactive consumer's short wait.
  if (!loader.changed("kafka-consumer.fetch.max.wait.ms")) active.consumer.properties["fetch.wait.max.ms"] = "100";
}

void settle_reactive(Draft& draft, Loader& loader, const std::optional<kafka::Translation>& translation) {
  auto& settings = draft.settings;
  auto& reactive = settings.reactive;
  reactive.json_depth_max = settings.server.json_depth_max;
  reactive.backend_timeout = draft.backend_timeout.value_or(draft.instance_timeout);
  settings.consumer.prefetch_bytes_max = reactive.prefetch_bytes_max;
  if (!settings.components.reactive) return;

  check_topics(draft, loader);
  check_dead_letters(draft, loader);
  if (!is_base_url(reactive.backend_api_host))
    loader.problem("kafka-consumer.backendApiHost", "must have the form http://host:port or https://host:port");
  if (!reactive.backend_api_path.starts_with('/')) loader.problem("kafka-consumer.backendApiPath", "must start with /");
  if (reactive.backend_api_host.starts_with("https:")) check_client_stores(draft, loader);
  if (reactive.backend_api_host.starts_with("https:") && !settings.client.verify_hostname)
    loader.warning("client.verifyHostname",
                   "is false: any server with a trusted certificate can stand in for the backend");
  if (reactive.retry_backoff_max < reactive.wait_period)
    loader.problem("kafka-consumer.retryBackoffMaxMs", "must not be below kafka-consumer.waitPeriod");

  if (!translation) return;
  const auto& limits = translation->limits;
  reactive.batch_records_max = draft.batch_records_max.value_or(limits.poll_records_max);
  settings.consumer.properties = translation->properties;
  reactive.group_id = settings.consumer.properties["group.id"];
  settings.consumer.topics = reactive.topics;
  const bool chosen =
      loader.changed("kafka-consumer.requestMaxBytes") || loader.changed("kafka-consumer.fetch.max.bytes");
  if (chosen && static_cast<std::int64_t>(reactive.request_bytes_max) < limits.fetch_bytes_max)
    loader.warning("kafka-consumer.requestMaxBytes",
                   fmt::format("is {}, below fetch.max.bytes, {}: one fetch fills several batches",
                               reactive.request_bytes_max, limits.fetch_bytes_max));
}

void settle_server(Draft& draft, Loader& loader) {
  const auto& server = draft.settings.server;
  if (!server.enable_http && !server.enable_https)
    loader.problem("server.enableHttp", "is false and server.enableHttps as well: there would be no listener");
  if (server.port_min > server.port_max) loader.problem("server.minPort", "must not be above server.maxPort");
  check_server_stores(draft, loader);
  if (server.remote_access == http::RemoteAccess::allow)
    loader.warning("server.remoteAccess", "is allow: anybody who reaches the port may produce");
  if (draft.enable_registry) {
    if (draft.start_on_registry_failure)
      loader.warning("server.enableRegistry", "has no effect: discovery is left to Kubernetes");
    else
      loader.problem("server.enableRegistry", "cannot be honoured, and server.startOnRegistryFailure is false");
  }
  if (draft.settings.security.enable_verify_jwt)
    loader.problem("security.enableVerifyJwt", "must be set to false: token checks are not part of this version");
}

void settle_health(Draft& draft, Loader& loader) {
  auto& health = draft.settings.health;
  health.downstream_host = draft.downstream_host.value_or(draft.settings.reactive.backend_api_host);
  if (!health.downstream_enabled) return;
  if (!is_base_url(health.downstream_host))
    loader.problem("health.downstreamHost", "must have the form http://host:port or https://host:port");
  if (!health.downstream_path.starts_with('/')) loader.problem("health.downstreamPath", "must start with /");
}

/// One line each for what was asked for and is not there: silence would be taken for consent.
void warn_about_later(const Draft& draft, Loader& loader) {
  const auto& components = draft.settings.components;
  std::vector<std::string> audits;
  if (components.producer && draft.producer_audit) audits.emplace_back("kafka-producer.auditEnabled");
  if ((components.reactive || components.active) && draft.consumer_audit) audits.emplace_back("kafka-consumer.auditEnabled");
  if (draft.http_audit) audits.emplace_back("audit.enabled");
  if (!audits.empty()) {
    auto text = fmt::format("{} is true, but the audit is not part of this version", audits.front());
    if (audits.size() > 1) text += " (also:";
    for (std::size_t i = 1; i < audits.size(); ++i) text += " " + audits[i];
    if (audits.size() > 1) text += ")";
    loader.warning_at(loader.origin(audits.front()), std::move(text));
  }
  std::string names;
  const config::Origin* first = nullptr;
  for (const auto& each : loader.effective()) {
    if (!each.without_effect || !each.changed) continue;
    if (first == nullptr) first = &each.value.origin;
    names += names.empty() ? each.key : ", " + each.key;
  }
  if (first != nullptr) loader.warning_at(*first, "without effect in this version: " + names);
}

}  // namespace

std::unique_ptr<Reading> read_configuration(const LoadOptions& options) {
  config::Surroundings surroundings;
  surroundings.environment = options.environment;
  if (!surroundings.environment)
    surroundings.environment = [](const std::string& name) -> std::optional<std::string> {
      const auto* text = std::getenv(name.c_str());
      return text == nullptr ? std::nullopt : std::optional<std::string>(text);
    };
  surroundings.set = options.set;
  if (!options.embedded_broker.empty()) {
    surroundings.defaults = development_defaults();
    surroundings.defaults_name = "--embedded-broker";
  }
  surroundings.host_name = options.host_name.empty() ? own_host_name() : options.host_name;
  std::vector<config::Problem> problems;
  std::vector<config::Problem> warnings;
  surroundings.dirs = config_dirs(options, surroundings.environment("LIGHT_4J_CONFIG_DIR"), problems, warnings);

  auto reading = std::make_unique<Reading>();
  auto& draft = reading->draft;
  draft.settings.config_dirs = surroundings.dirs;
  const auto host_name = surroundings.host_name;
  reading->loader = std::make_unique<Loader>(std::move(surroundings));
  auto& loader = *reading->loader;
  for (auto& problem : problems) loader.problem_at(problem.origin, std::move(problem.text));
  for (auto& warning : warnings) loader.warning_at(warning.origin, std::move(warning.text));
  for (const auto& file : describe_files(draft)) loader.read(file);
  for (const auto& file : describe_later_files(draft)) loader.read(file);
  loader.finish();

  if (!options.embedded_broker.empty()) embed(draft, loader, options.embedded_broker);
  const kafka::TranslationContext context{draft.settings.server.service_id, host_name, draft.settings.config_dirs};
  settle_server(draft, loader);
  switch_components(draft, loader);
  settle_producer(draft, loader, context);
  const auto consumer = settle_consumer(draft, loader, context);
  settle_reactive(draft, loader, consumer);
  settle_active(draft, loader, consumer);
  settle_health(draft, loader);
  warn_about_later(draft, loader);
  return reading;
}

std::expected<LoadedSettings, LoadFailure> load_settings(const LoadOptions& options) {
  const auto reading = read_configuration(options);
  auto problems = reading->loader->problems();
  auto warnings = reading->loader->warnings();
  if (!problems.empty()) return std::unexpected(LoadFailure{std::move(problems), std::move(warnings)});
  return LoadedSettings{std::move(reading->draft.settings), std::move(warnings)};
}

}  // namespace sidecar::app
