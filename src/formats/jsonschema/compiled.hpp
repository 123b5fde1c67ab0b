/// What a JSON Schema becomes: for schema.cpp, which makes it, and validate.cpp, which reads it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/json_document.hpp"
#include "formats/decimal.hpp"
#include "formats/jsonschema/pattern.hpp"

namespace sidecar::formats::jsonschema {

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};
template <class Value>
using TextMap = std::unordered_map<std::string, Value, TextHash, std::equal_to<>>;

enum class Draft : std::uint8_t { draft4, draft6, draft7 };

/// Types that a value may have, as bits.
enum TypeBit : std::uint8_t {
  type_null = 1,
  type_boolean = 2,
  type_number = 4,
  type_integer = 8,
  type_string = 16,
  type_array = 32,
  type_object = 64
};

struct Rule;

/// What one keyword of `dependencies` asks for when its property is there.
struct Dependency {
  std::string property;
  std::vector<std::string> required;
  const Rule* rule = nullptr;  ///< Null: only `required`.
};

/// One subschema. Pointers are into Compiled::rules; null means that the keyword is not there.
struct Rule {
  std::optional<bool> constant;  ///< The schemas `true` and `false`.
  const Rule* ref = nullptr;     ///< Then nothing else counts.
  Draft draft = Draft::draft7;

  std::uint8_t types = 0;  ///< TypeBit; 0: any.
  std::string type_names;  ///< For an error text: `integer`, `string or null`.
  /// Values in their canonical form.
  std::optional<std::unordered_set<std::string>> allowed;
  bool allowed_is_const = false;

  std::optional<Decimal> multiple_of;
  std::optional<Decimal> maximum;
  std::optional<Decimal> minimum;
  std::optional<Decimal> exclusive_maximum;
  std::optional<Decimal> exclusive_minimum;

  std::optional<std::uint64_t> length_max;
  std::optional<std::uint64_t> length_min;
  const Pattern* pattern = nullptr;

  const Rule* items = nullptr;  ///< For all, or for those behind `tuple`.
  std::vector<const Rule*> tuple;
  const Rule* contains = nullptr;
  std::optional<std::uint64_t> items_max;
  std::optional<std::uint64_t> items_min;
  bool unique = false;

  TextMap<const Rule*> properties;
  std::vector<std::pair<const Pattern*, const Rule*>> pattern_properties;
  const Rule* additional = nullptr;
  const Rule* names = nullptr;
  std::vector<std::string> required;
  std::vector<Dependency> dependencies;
  std::optional<std::uint64_t> properties_max;
  std::optional<std::uint64_t> properties_min;

  std::vector<const Rule*> all_of;
  std::vector<const Rule*> any_of;
  std::vector<const Rule*> one_of;
  const Rule* none_of = nullptr;  ///< `not`
  const Rule* condition = nullptr;
  const Rule* then = nullptr;
  const Rule* otherwise = nullptr;

  [[nodiscard]] bool looks_into_objects() const {
    return !properties.empty() || !pattern_properties.empty() || additional != nullptr || names != nullptr;
  }
};

struct Compiled {
  std::deque<Rule> rules;  ///< Addresses stay.
  std::deque<Pattern> patterns;
  const Rule* root = nullptr;
  std::string title;
};

/// Appends a text that is the same for equal values: numbers by what they say, members in the order of their names, of
/// equal ones the last.
void append_canonical(const JsonDocument& document, std::uint32_t position, std::string& out);

}  // namespace sidecar::formats::jsonschema
