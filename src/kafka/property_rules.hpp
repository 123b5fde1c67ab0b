/// The Kafka properties that Java clients know, and what becomes of each in librdkafka.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sidecar::kafka {

enum class ClientKind : std::uint8_t { producer, consumer };

enum class Treatment : std::uint8_t {
  passed,      ///< Same name, same meaning.
  renamed,     ///< Same value under `target`.
  computed,    ///< See the note.
  limit,       ///< Kept by the sidecar, librdkafka never sees it.
  fixed,       ///< The sidecar needs one value; another is ignored with a warning.
  dropped,     ///< Means nothing outside Java; ignored.
  unsupported  ///< Asked for something that a native client does not do: ignored with a warning.
};

struct PropertyRule {
  std::string_view name;
  bool producer;
  bool consumer;
  Treatment treatment;
  std::string_view target;  ///< librdkafka names, for renamed, computed and fixed.
  std::string_view note;    ///< For docs/configuration.md.
};

/// Every Java name once per client, in alphabetical order.
[[nodiscard]] std::span<const PropertyRule> property_rules();
/// Nothing for names that only librdkafka knows, or nobody.
[[nodiscard]] const PropertyRule* find_rule(ClientKind kind, std::string_view name);
/// True for names of Java clients and of librdkafka, aliases included.
[[nodiscard]] bool is_known_property(ClientKind kind, const std::string& name);
/// All such names but aliases of librdkafka.
[[nodiscard]] std::vector<std::string> known_properties(ClientKind kind);

}  // namespace sidecar::kafka
