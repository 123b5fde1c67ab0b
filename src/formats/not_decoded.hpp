/// Why bytes have not become JSON.
#pragma once

#include <optional>
#include <string>

#include "formats/frame.hpp"

namespace sidecar::formats {

struct NotDecoded {
  std::string why;  ///< One line, without the value.
  /// Set: they may become JSON once this schema is known, so nothing is wrong with them yet.
  std::optional<SchemaKey> missing_schema;
};

}  // namespace sidecar::formats
