/// Numbers of fixed width, as Avro and protobuf write them.
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sidecar::formats {

/// Takes a number off the front. Nothing, and `bytes` as before, when it is cut off.
template <std::unsigned_integral Bits>
[[nodiscard]] std::optional<Bits> take_little_endian(std::string_view& bytes) {
  if (bytes.size() < sizeof(Bits)) return std::nullopt;
  std::array<char, sizeof(Bits)> raw{};
  bytes.copy(raw.data(), raw.size());
  bytes.remove_prefix(raw.size());
  auto bits = std::bit_cast<Bits>(raw);
  if constexpr (std::endian::native == std::endian::big) bits = std::byteswap(bits);
  return bits;
}

template <std::unsigned_integral Bits>
void append_little_endian(std::string& out, Bits bits) {
  if constexpr (std::endian::native == std::endian::big) bits = std::byteswap(bits);
  const auto raw = std::bit_cast<std::array<char, sizeof(Bits)>>(bits);
  out.append(raw.data(), raw.size());
}

}  // namespace sidecar::formats
