/// A schema that another schema refers to.
#pragma once

#include <string>

namespace sidecar::formats {

struct Import {
  std::string name;  ///< As the referring schema calls it: a full name (Avro), a URI (JSON Schema), a file (protobuf).
  std::string text;
};

}  // namespace sidecar::formats
