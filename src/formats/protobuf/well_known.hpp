/// The JSON texts of well-known types (google/protobuf/timestamp.proto, duration.proto, field_mask.proto).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sidecar::formats::protobuf {

/// Of a Timestamp since 1970, with nanoseconds from 0 to 999,999,999; or of a Duration, with nanoseconds of the same
/// sign.
struct Seconds {
  std::int64_t seconds = 0;
  std::int32_t nanos = 0;
  bool operator==(const Seconds&) const = default;
};

/// Appends `2026-01-02T03:04:05.678Z`, with zero, three, six or nine digits of the second. False, with nothing
/// appended: not in the years 1 to 9999, or nanoseconds out of range.
[[nodiscard]] bool append_timestamp(std::string& out, Seconds time);
/// RFC 3339 with `Z` or an offset, and up to nine digits of the second. Nothing: no such text, no such day or time, or
/// not in the years 1 to 9999.
[[nodiscard]] std::optional<Seconds> parse_timestamp(std::string_view text);

/// Appends `-1.500s`. False, with nothing appended: beyond 10,000 years, nanoseconds out of range or of another sign.
[[nodiscard]] bool append_duration(std::string& out, Seconds duration);
[[nodiscard]] std::optional<Seconds> parse_duration(std::string_view text);

/// `foo_bar.baz_qux` to `fooBar.bazQux` and back. Nothing: a path that would not come back as it was.
[[nodiscard]] std::optional<std::string> to_lower_camel(std::string_view path);
[[nodiscard]] std::optional<std::string> from_lower_camel(std::string_view path);

}  // namespace sidecar::formats::protobuf
