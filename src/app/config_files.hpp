/// The configuration files of the product: each described once, bound to the settings it fills.
#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "app/settings.hpp"
#include "config/schema.hpp"

namespace sidecar::app {

/// Of both files.
inline constexpr char default_registry_url[] = "http://localhost:8081";

/// Settings while they are read: what load_settings turns into Settings by the rules that cross files.
struct Draft {
  Settings settings;
  config::PropertyMap producer_properties;
  config::PropertyMap consumer_properties;

  // Keys whose default is another key's value.
  std::optional<std::chrono::milliseconds> produce_request_timeout;
  std::optional<std::chrono::milliseconds> backend_timeout;
  std::optional<std::uint32_t> batch_records_max;
  std::optional<consume::reactive::UndecodablePolicy> undecodable_policy;
  std::optional<std::string> downstream_host;
  std::chrono::milliseconds instance_timeout{300000};

  // Keys that only switch something on.
  std::vector<std::string> startup_hooks{"com.networknt.mesh.kafka.ProducerStartupHook"};
  config::Value singletons;
  bool no_wrapping_avro = false;
  std::vector<std::string> value_schema_files;
  bool producer_audit = true;
  bool consumer_audit = true;
  bool http_audit = true;
  bool enable_registry = false;
  bool start_on_registry_failure = true;
  std::vector<std::string> shutdown_hooks;               // accepted, not needed
  std::array<config::PropertyMap, 3> unread_properties;  // of later components
};

/// Every file, in the order of docs/configuration.md. `draft` must outlive what is returned.
[[nodiscard]] std::vector<config::FileSchema> describe_files(Draft& draft);
/// Files of components that this version does not have: their keys are checked and nothing else.
[[nodiscard]] std::vector<config::FileSchema> describe_later_files(Draft& draft);

}  // namespace sidecar::app
