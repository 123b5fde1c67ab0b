/// Everything the process can be told, as typed values: the settings structs of the rooms, filled once at start.
#pragma once

#include <expected>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "admin/settings.hpp"
#include "config/problem.hpp"
#include "consume/active/settings.hpp"
#include "consume/reactive/settings.hpp"
#include "http/settings.hpp"
#include "kafka/group_consumer.hpp"
#include "kafka/producer.hpp"
#include "produce/settings.hpp"
#include "registry/settings.hpp"

namespace sidecar::app {

/// `correlation.yml`.
struct CorrelationSettings {
  bool enabled = true;
  bool autogenerate = true;  ///< autogenCorrelationID: make an id when the caller sends none.
};

/// `status.yml`: which fields an error answer shows.
struct StatusSettings {
  bool show_message = true;
  bool show_description = true;
};

/// `security.yml`. This version has no token checks: loading fails unless `enableVerifyJwt` is false.
struct SecuritySettings {
  bool enable_verify_jwt = true;
};

/// Components switched on by the start-up hooks of `service.yml`.
struct Components {
  bool producer = true;   ///< ProducerStartupHook: POST /producers/{topic} and dead letters.
  bool reactive = false;  ///< ReactiveConsumerStartupHook.
  bool active = false;    ///< ActiveConsumerStartupHook: everything below /consumers/{group}.
};

struct Settings {
  Components components;
  http::ServerSettings server;
  http::ClientSettings client;
  produce::ProduceSettings produce;
  kafka::ProducerSettings producer;  ///< Properties are translated only while `components.producer`.
  consume::reactive::ReactiveSettings reactive;
  kafka::GroupConsumerSettings consumer;  ///< Properties are translated only while `components.reactive`.
  registry::RegistrySettings producer_registry;  ///< Only while `components.producer`.
  registry::RegistrySettings consumer_registry;  ///< Only with a consumer.
  consume::active::ActiveSettings active;  ///< Its properties only while `components.active`.
  admin::HealthSettings health;
  CorrelationSettings correlation;
  StatusSettings status;
  SecuritySettings security;
  /// Where key stores named in settings are looked for: the last directory that holds the file wins.
  std::vector<std::filesystem::path> config_dirs;
};

/// What the command line and the surroundings say.
struct LoadOptions {
  std::vector<std::filesystem::path> config_dirs;        ///< --config-dir; empty: LIGHT_4J_CONFIG_DIR, else ./config.
  std::vector<std::pair<std::string, std::string>> set;  ///< --set KEY=VALUE; the last of equal keys wins.
  /// Value of an environment variable; the process's own by default.
  std::function<std::optional<std::string>(const std::string&)> environment;
  std::string host_name;  ///< For ${HOSTNAME} and client.id; empty: the host's own.
  /// Bootstrap address of a broker inside this process. It takes the place of every broker connection that the files
  /// describe, their security settings included; a warning for each file says which values a person wrote count no
  /// more. Empty: none.
  std::string embedded_broker;
};

struct LoadedSettings {
  Settings settings;
  std::vector<config::Problem> warnings;  ///< One log line each, at level warn.
};
/// The configuration cannot work. Every problem at once, in the order of files and lines.
struct LoadFailure {
  std::vector<config::Problem> problems;
  std::vector<config::Problem> warnings;
};

/// Reads every configuration file once. Does not connect to anything; blocks on file reads (before the loops run).
[[nodiscard]] std::expected<LoadedSettings, LoadFailure> load_settings(const LoadOptions& options);

}  // namespace sidecar::app
