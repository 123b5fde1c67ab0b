/// Properties as Java clients know them, translated to librdkafka.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "kafka/properties.hpp"
#include "kafka/property_rules.hpp"

namespace sidecar::kafka {

/// Name to value. Nothing is a null: the property is left out, its default included.
using JavaProperties = std::map<std::string, std::optional<std::string>>;

struct TranslationContext {
  std::string service_id;  ///< server.serviceId
  std::string host_name;
  std::vector<std::filesystem::path> config_dirs;  ///< For stores with a relative location.
};

/// Something about one property, without secrets. `text` continues a sentence that starts with the key.
struct PropertyIssue {
  std::string key;
  std::string text;
};

/// What librdkafka never sees, because the sidecar itself keeps it, and figures that the engine needs beside it.
struct ApplicationLimits {
  std::int64_t record_bytes_max = 1048576;                   ///< max.request.size
  std::chrono::milliseconds block_max{60000};                ///< max.block.ms
  std::chrono::milliseconds delivery_timeout{120000};        ///< delivery.timeout.ms
  std::uint32_t poll_records_max = 100;                      ///< max.poll.records
  std::int64_t fetch_bytes_max = 1'000'000;                  ///< fetch.max.bytes
  std::chrono::milliseconds api_timeout{60000};              ///< default.api.timeout.ms
  std::optional<std::chrono::milliseconds> session_timeout;  ///< Of a classic group; the broker knows it otherwise.
};

struct Translation {
  Properties properties;
  ApplicationLimits limits;
  std::vector<PropertyIssue> warnings;
};

/// Every problem at once: what cannot be translated, contradictions, and values that librdkafka refuses.
/// Reads store files; connects to nothing.
[[nodiscard]] std::expected<Translation, std::vector<PropertyIssue>> translate(ClientKind kind,
                                                                               const JavaProperties& java,
                                                                               const TranslationContext& context);

}  // namespace sidecar::kafka
