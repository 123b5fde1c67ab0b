/// The body of a produce request, taken apart but not yet encoded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "formats/format.hpp"

namespace sidecar::produce {

/// A piece of the body, by position: half the size of a view, and a request may have many.
struct Slice {
  std::uint32_t at = 0;  ///< 0: absent, since no piece can stand at the very front of the body.
  std::uint32_t size = 0;
  [[nodiscard]] explicit operator bool() const { return at != 0; }
  [[nodiscard]] std::string_view in(const PaddedBuffer& body) const { return body.view().substr(at, size); }
};

/// What a request says about the key or the value of all its records.
struct SideOptions {
  std::optional<formats::Format> format;
  std::string unknown_format;  ///< What stood there instead, cut short; empty when a format or nothing stood there.
  Slice schema_text;  ///< Between the quotes.
  Slice subject;      ///< Between the quotes.
  std::optional<std::uint32_t> schema_id;
  std::optional<std::int32_t> schema_version;
};

struct EnvelopeHeader {
  Slice name;   ///< Between the quotes.
  Slice value;  ///< Between the quotes; absent when the value is no string.
};

struct EnvelopeRecord {
  Slice key;                       ///< The JSON value; absent: null.
  Slice value;                     ///< The JSON value; absent: null, a tombstone.
  Slice correlation_id;            ///< Between the quotes.
  Slice traceability_id;           ///< Between the quotes.
  std::uint32_t header_first = 0;  ///< Index into Envelope::headers.
  std::uint32_t header_count = 0;
  std::int32_t partition = -1;    ///< Negative: not given.
  std::int64_t timestamp_ms = 0;  ///< 0 or below: now.
};

struct Envelope {
  SideOptions key;
  SideOptions value;
  std::vector<EnvelopeRecord> records;
  std::vector<EnvelopeHeader> headers;  ///< Of all records; a name may stand more than once, the last one counts.
};

struct EnvelopeLimits {
  std::size_t records_max = 10000;
  std::size_t json_depth_max = 64;  ///< The envelope counts.
};

/// Reads `{"keyFormat":...,"valueFormat":...,"records":[...]}` and the schema fields, each under all its names. Unknown
/// members are ignored, null is as good as absent, of equal names the last wins. The slices are checked JSON, escapes
/// still in them. Errors: ERR10015 when the body is not JSON, wherever that shows; otherwise ERR11004 for the first
/// member with a wrong type or range. Precondition: the body is smaller than 4 GiB.
[[nodiscard]] Result<Envelope> parse_envelope(const PaddedBuffer& body, EnvelopeLimits limits);

}  // namespace sidecar::produce
