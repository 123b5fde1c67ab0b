/// The product's version.
#pragma once

namespace sidecar::app {

inline constexpr const char* version = SIDECAR_VERSION;

}  // namespace sidecar::app
