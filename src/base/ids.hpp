/// Ids that the product makes.
#pragma once

#include <string>

namespace sidecar {

/// A time-ordered UUID (RFC 9562 version 7) as URL-safe base64 without padding: 22 characters. Used for correlation ids
/// and batch ids. Thread-safe.
[[nodiscard]] std::string make_id();

}  // namespace sidecar
