/// `health.yml`.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace sidecar::admin {

struct HealthSettings {
  bool use_json = false;
  std::chrono::milliseconds timeout{2000};
  bool downstream_enabled = false;
  std::string downstream_host;  ///< Default: kafka-consumer.backendApiHost.
  std::string downstream_path = "/health";
  bool liveness_full = false;
  std::uint16_t unhealthy_status = 503;
};

}  // namespace sidecar::admin
