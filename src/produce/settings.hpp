/// `kafka-producer.yml` without its Kafka properties.
#pragma once

#include <cstddef>
#include <string>

#include "formats/format.hpp"

namespace sidecar::produce {

struct ProduceSettings {
  formats::Format key_format = formats::Format::jsonschema;
  formats::Format value_format = formats::Format::jsonschema;
  bool inject_caller_id = false;
  bool inject_authorization = false;
  std::string service_id;  ///< server.serviceId, for `caller_id`.
  std::size_t records_per_request_max = 10000;
  std::size_t json_depth_max = 64;  ///< server.maxJsonDepth
};

}  // namespace sidecar::produce
