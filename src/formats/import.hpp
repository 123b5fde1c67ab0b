/// A schema that another schema refers to.
#pragma once

#include "registry/schema.hpp"

namespace sidecar::formats {

using registry::Import;

}  // namespace sidecar::formats
