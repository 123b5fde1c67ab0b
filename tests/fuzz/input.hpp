/// What the fuzz targets share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace sidecar::fuzz {

inline std::string_view view(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// The schema, and behind the first zero byte what is read by it.
inline std::pair<std::string_view, std::string_view> schema_and_value(const std::uint8_t* data, std::size_t size) {
  const auto whole = view(data, size);
  const auto zero = whole.find('\0');
  if (zero == std::string_view::npos) return {whole, {}};
  return {whole.substr(0, zero), whole.substr(zero + 1)};
}

inline void require(bool held, const char* promise) {
  if (held) return;
  std::fprintf(stderr, "broken promise: %s\n", promise);
  std::abort();
}

}  // namespace sidecar::fuzz
