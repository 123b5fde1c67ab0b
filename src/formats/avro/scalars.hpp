/// What both ways of writing Avro (encode.cpp, in_order.cpp) do with values that hold no others. Internal to avro/.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/json_reader.hpp"
#include "formats/avro/schema.hpp"
#include "formats/json_number.hpp"

namespace sidecar::formats::avro {

/// Whether a value of that kind can be one of the type, as far as its first character tells.
inline bool may_fit(const Node& node, JsonKind kind) {
  switch (node.type) {
    case Type::null:
      return kind == JsonKind::null;
    case Type::boolean:
      return kind == JsonKind::boolean;
    case Type::int32:
    case Type::int64:
      return kind == JsonKind::number;
    case Type::float32:
    case Type::float64:
      return kind == JsonKind::number || kind == JsonKind::string;
    case Type::bytes:
    case Type::string:
    case Type::enumeration:
    case Type::fixed:
      return kind == JsonKind::string;
    case Type::array:
      return kind == JsonKind::array;
    case Type::record:
    case Type::map:
      return kind == JsonKind::object;
    case Type::alternatives:
      return true;
  }
  return false;
}

/// Nothing: no whole number, or out of the type's range. Precondition: `node` is int or long.
inline std::optional<std::int64_t> integer_of(const Node& node, std::string_view number) {
  const auto whole = whole_number<std::int64_t>(number);
  if (!whole || (node.type == Type::int32 && !std::in_range<std::int32_t>(*whole))) return std::nullopt;
  return whole;
}

/// Appends one byte for each character of the UTF-8 `text`. False, with something left in `out`, when one is above
/// U+00FF.
inline bool append_raw_bytes(std::string_view text, std::string& out) {
  constexpr std::uint8_t ascii_end = 0x80;
  constexpr unsigned low_bits = 6;
  std::size_t size = out.size();
  out.resize(size + text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto first = static_cast<std::uint8_t>(text[i]);
    if (first < ascii_end) {
      out[size++] = text[i];
      continue;
    }
    // U+0080 to U+00FF begin with C2 or C3.
    if (first > 0xc3) return false;
    const auto second = static_cast<std::uint8_t>(text[++i]);
    out[size++] = static_cast<char>(static_cast<std::uint8_t>((first << low_bits) | (second & 0x3fU)));
  }
  out.resize(size);
  return true;
}

}  // namespace sidecar::formats::avro
