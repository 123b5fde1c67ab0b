/// JSON Schemas of the drafts 4, 6 and 7, compiled.
///
/// Written here because the library at hand, valijson 1.0, judges 69 of the 549 cases of the public suite for draft 7
/// wrongly that are not about optional formats, 39 of them about `$ref` and `$id`, and matches patterns in exponential
/// time.
#pragma once

#include <cstddef>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "formats/import.hpp"

namespace sidecar::formats::jsonschema {

struct Compiled;

/// Immutable, so any thread may use it.
class Schema {
 public:
  explicit Schema(std::unique_ptr<const Compiled> compiled);
  ~Schema();
  Schema(Schema&&) noexcept;
  Schema& operator=(Schema&&) noexcept;

  /// Empty when it has none.
  [[nodiscard]] std::string_view title() const;
  [[nodiscard]] const Compiled& compiled() const { return *compiled_; }

 private:
  std::unique_ptr<const Compiled> compiled_;
};

inline constexpr std::size_t schema_depth_max = 64;            ///< Nesting of a schema's JSON text.
inline constexpr std::size_t schema_bytes_max = 8 << 20;       ///< Of all texts together.
inline constexpr std::size_t subschemas_max = 100'000;         ///< That can be reached from the root.
inline constexpr std::size_t uri_bytes_max = 1024;             ///< Of an id with its base in front.
inline constexpr std::size_t ids_max = 10'000;                 ///< In all texts together.
inline constexpr std::size_t patterns_memory_max = 128 << 20;  ///< Bytes that all patterns together may take.

/// Compiles `text`. The draft is that of `$schema`; without one it is draft 7. `$ref` finds what is in the text, in the
/// texts of `imports` (by name or by `$id`), and the meta-schemas of the three drafts; nothing is ever fetched. Words
/// that are no keyword of the draft are ignored; `format`, `contentEncoding` and `contentMediaType` say nothing about
/// whether a value is valid. Errors, in one line with the JSON pointer inside the schema: not JSON, a keyword of a
/// wrong shape, another draft, a `$ref` that leads nowhere or in a circle, a pattern that RE2 does not take, too large.
[[nodiscard]] std::expected<Schema, std::string> parse_schema(std::string_view text,
                                                              std::span<const Import> imports = {});

}  // namespace sidecar::formats::jsonschema
