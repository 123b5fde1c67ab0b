/// Bounds on the JSON text that record bytes become.
#pragma once

#include <cstddef>

namespace sidecar::formats {

struct DecodeLimits {
  std::size_t depth_max = 64;                           ///< Nesting of the JSON text.
  std::size_t json_bytes_max = std::size_t{64} << 20U;  ///< Few bytes can stand for much text: empty items, long names.
};

}  // namespace sidecar::formats
