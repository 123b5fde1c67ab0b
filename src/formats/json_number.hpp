/// Numbers of checked JSON text (base/json_reader) as numbers of a schema.
#pragma once

#include <concepts>
#include <optional>
#include <string_view>

#include "base/json_reader.hpp"

namespace sidecar::formats {

/// Exactly, also when it is written `5.0` or `50e-1`. Nothing: not whole, or out of the type's range.
template <std::integral Integer>  // 32 and 64 bits, signed and not
[[nodiscard]] std::optional<Integer> whole_number(std::string_view text);

/// The nearest number of the type. Nothing: beyond its finite ones.
template <std::floating_point Real>
[[nodiscard]] std::optional<Real> real_number(std::string_view text);

/// True when `text` is nothing but a JSON number.
[[nodiscard]] bool is_json_number(std::string_view text);

/// For error texts: `string`, `object`, ...
[[nodiscard]] std::string_view word_for(JsonKind kind);

}  // namespace sidecar::formats
