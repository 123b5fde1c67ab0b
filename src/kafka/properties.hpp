/// Kafka client properties in the order they are given to librdkafka.
#pragma once

#include <map>
#include <string>

namespace sidecar::kafka {

/// librdkafka names to values. A map, so that two equal configurations compare equal.
using Properties = std::map<std::string, std::string>;

}  // namespace sidecar::kafka
