/// Varints of up to 64 bits, plain as protobuf writes them, and zigzag as Avro (1.11, "Binary encoding") and protobuf
/// (sint64) write them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sidecar::formats {

inline constexpr std::size_t varint_bytes_max = 10;

/// Takes a number off the front. Nothing, and `bytes` as before, when it is cut off, longer than ten bytes, or has bits
/// beyond 64. Needlessly long spellings are legal.
[[nodiscard]] inline std::optional<std::uint64_t> take_varint(std::string_view& bytes) {
  constexpr unsigned payload_bits = 7;
  constexpr std::uint8_t more = 0x80;
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < bytes.size() && i < varint_bytes_max; ++i) {
    const auto byte = static_cast<std::uint8_t>(bytes[i]);
    if (i + 1 == varint_bytes_max && byte > 1) return std::nullopt;
    number |= static_cast<std::uint64_t>(byte & (more - 1)) << (payload_bits * i);
    if ((byte & more) == 0) {
      bytes.remove_prefix(i + 1);
      return number;
    }
  }
  return std::nullopt;
}

inline void append_varint(std::string& out, std::uint64_t number) {
  constexpr unsigned payload_bits = 7;
  constexpr std::uint64_t more = 0x80;
  for (; number >= more; number >>= payload_bits) out += static_cast<char>(number | more);
  out += static_cast<char>(number);
}

constexpr std::int64_t from_zigzag(std::uint64_t number) {
  return static_cast<std::int64_t>(number >> 1) ^ -static_cast<std::int64_t>(number & 1);
}
constexpr std::uint64_t to_zigzag(std::int64_t value) {
  constexpr unsigned sign_shift = 63;
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> sign_shift);
}

/// As `take_varint`.
[[nodiscard]] inline std::optional<std::int64_t> take_zigzag(std::string_view& bytes) {
  const auto number = take_varint(bytes);
  if (!number) return std::nullopt;
  return from_zigzag(*number);
}

inline void append_zigzag(std::string& out, std::int64_t value) {
  append_varint(out, to_zigzag(value));
}

}  // namespace sidecar::formats
