/// Whether a JSON value is what its schema says.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "base/json_document.hpp"
#include "formats/jsonschema/schema.hpp"

namespace sidecar::formats::jsonschema {

/// Steps that one value may take: `work_min`, and more for each value inside it and each byte of its text, but at most
/// `work_max`. A step is one subschema on one value, or as much reading of a value as takes that time.
inline constexpr std::size_t work_min = 1'000'000;
inline constexpr std::size_t work_per_value = 2'000;
inline constexpr std::size_t work_per_byte = 4;
inline constexpr std::size_t work_max = 20'000'000;

/// Thread: one at a time (it keeps scratch space between calls).
class Validator {
 public:
  /// `json` is one value that has been checked (base/json_reader). Error: the first place that is wrong, as a JSON
  /// pointer, with the keyword and what it asks for, and no part of the value: `/orders/2/amount: type: expected
  /// integer, got string`. The names of properties are shown, cut short.
  [[nodiscard]] std::expected<void, std::string> check(const Schema& schema, std::string_view json);

 private:
  JsonDocument document_;
};

}  // namespace sidecar::formats::jsonschema
