/// Small text helpers.
#pragma once

#include <algorithm>
#include <string_view>

namespace sidecar {

/// ASCII only, independent of the locale.
constexpr char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }
constexpr bool equal_any_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return to_lower(x) == to_lower(y); });
}
constexpr bool starts_any_case(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && equal_any_case(text.substr(0, prefix.size()), prefix);
}

}  // namespace sidecar
