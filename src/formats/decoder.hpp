/// Record bytes to JSON, whatever the format.
#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "formats/compiled_schema.hpp"
#include "formats/format.hpp"
#include "formats/not_decoded.hpp"
#include "formats/schemas.hpp"

namespace sidecar::formats {

/// The keys or the values of one consumer. Thread: one at a time (it keeps scratch space between calls).
class Decoder {
 public:
  /// `schemas` is not owned, and null only where `format` takes no schema.
  Decoder(Format format, SchemaDecodeSettings settings, Schemas* schemas)
      : format_(format), json_depth_max_(settings.json_depth_max), schemas_(schemas), by_schema_(settings) {}

  /// Appends the JSON value of `bytes`. `schema_header` is the record's header that names the schema, for writers that
  /// put no frame in front of the bytes. On error `out` is as before.
  [[nodiscard]] std::expected<void, NotDecoded> append(std::string_view bytes,
                                                       std::optional<std::string_view> schema_header, std::string& out);

  [[nodiscard]] Format format() const { return format_; }

 private:
  Format format_;
  std::size_t json_depth_max_;
  Schemas* schemas_;
  SchemaDecoder by_schema_;
  std::string joined_;
};

}  // namespace sidecar::formats
