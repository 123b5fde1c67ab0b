/// Versions of the product and of its Kafka client.
#pragma once

#include <string>

namespace sidecar::app {

inline constexpr const char* version = SIDECAR_VERSION;
[[nodiscard]] std::string librdkafka_version();

}  // namespace sidecar::app
