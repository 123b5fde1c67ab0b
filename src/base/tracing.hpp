/// Names of the two ids that travel through HTTP fields and record headers alike.
#pragma once

#include <string_view>

namespace sidecar {

inline constexpr std::string_view correlation_header = "X-Correlation-Id";
inline constexpr std::string_view traceability_header = "X-Traceability-Id";

}  // namespace sidecar
