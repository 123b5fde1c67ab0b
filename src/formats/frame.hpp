/// The frame around records that have a schema: which schema of the registry the bytes behind it follow.
///
/// Source: the wire format of Confluent Schema Registry. Byte 0 is the kind of id: 0x00 for the number of a schema in
/// four bytes, big-endian and unsigned; 0x01 for its GUID in 16 bytes, which stands in a record header
/// (`__key_schema_id`, `__value_schema_id`) instead of in front of the payload. In a protobuf frame the indexes of the
/// message follow: how many, then each, all zigzag varints; the list `[0]` is also written as the single byte 0x00.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace sidecar::formats {

using SchemaGuid = std::array<std::uint8_t, 16>;

/// What a record says about its schema.
using SchemaKey = std::variant<std::uint32_t, SchemaGuid>;

/// Views into the bytes that were read.
struct Frame {
  SchemaKey schema;
  std::string_view rest;  ///< Behind the id: for protobuf the indexes come first.
};

/// Error: one line about what is wrong, without any payload ("frame: 3 bytes, at least 5 are needed").
[[nodiscard]] std::expected<Frame, std::string> read_frame(std::string_view bytes);
/// Appends 0x00 and the id: five bytes.
void append_frame(std::string& out, std::uint32_t schema_id);

/// The path to a message of a .proto file: the index of a top-level message, then of a message nested in it, and so on.
/// Never empty.
using MessageIndexes = std::vector<std::int32_t>;

/// More levels than protoc itself accepts in a file.
inline constexpr std::size_t message_indexes_max = 64;

/// Takes the indexes off the front of `bytes`, in either spelling of `[0]`. On error `bytes` is as before: cut off in
/// the middle, negative, beyond 32 bits, or more than `message_indexes_max`.
[[nodiscard]] std::expected<MessageIndexes, std::string> take_message_indexes(std::string_view& bytes);
/// Appends them, `[0]` as one byte. Precondition: 1 to `message_indexes_max` of them, none negative.
void append_message_indexes(std::string& out, std::span<const std::int32_t> indexes);

}  // namespace sidecar::formats
