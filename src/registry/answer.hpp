/// Reading what a schema registry answers. Pure functions over bytes that nobody has checked yet.
///
/// Strict about JSON (RFC 8259, UTF-8, nesting of 64 levels) and about the type of every member used here; any other
/// member is skipped, and of members that repeat the last counts. Errors are one line without any of the answer's text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "registry/schema.hpp"

namespace sidecar::registry {

inline constexpr std::size_t answer_depth_max = 64;
/// References of one schema.
inline constexpr std::size_t references_max = 256;
/// Bytes of a registry's message that are kept.
inline constexpr std::size_t message_bytes_max = 512;

/// `text` with spaces for line ends and other control characters, cut on a character border.
[[nodiscard]] std::string one_line(std::string text, std::size_t bytes_max);

/// Bytes of the text of a failure.
inline constexpr std::size_t failure_bytes_max = 1024;
/// A failure whose text is made one line of at most `failure_bytes_max` bytes.
[[nodiscard]] std::unexpected<Failure> failure(Failure::Kind kind, std::string text);

/// A schema before its references are fetched.
struct SchemaAnswer {
  SchemaType type = SchemaType::avro;
  std::string text;
  std::vector<Reference> references;
  std::optional<std::uint32_t> id;
  std::optional<std::int32_t> version;
};

/// Reads an answer that holds a schema: member `schema` is needed; `schemaType` absent or null means AVRO.
[[nodiscard]] std::expected<SchemaAnswer, std::string> parse_schema_answer(std::string_view body);

/// Reads the answer to a registration: the id of the schema.
[[nodiscard]] std::expected<std::uint32_t, std::string> parse_registration_answer(std::string_view body);

/// Reads the answer to a check of compatibility.
[[nodiscard]] std::expected<bool, std::string> parse_compatibility_answer(std::string_view body);

/// What a registry says beside a status of 400 and more.
struct ErrorAnswer {
  std::int64_t code = 0;  ///< The HTTP status and two more digits: 40403 for an id that is not known.
  std::string message;    ///< One line, at most `message_bytes_max` bytes.
};
/// Nothing when the body is none: something between here and the registry has answered.
[[nodiscard]] std::optional<ErrorAnswer> parse_error_answer(std::string_view body);

}  // namespace sidecar::registry
