/// A tree of configuration values that remember where they were written.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/problem.hpp"

namespace sidecar::config {

struct Entry;

/// Scalars stay text until a key that knows its type reads them, so `01` or `yes` never changes in a text.
struct Value {
  enum class Kind : unsigned char { null, text, list, map };

  Kind kind = Kind::null;
  std::string text;            ///< Kind text.
  std::vector<Value> items;    ///< Kind list.
  std::vector<Entry> entries;  ///< Kind map, in file order, no key twice.
  Origin origin;
  bool secret = false;  ///< Came out of an encrypted value: never shown.
  bool broken = false;  ///< Its problem was reported; whoever reads it says nothing more.

  static Value of_text(std::string text, Origin origin);
  /// The value of `key`, or nothing. Kind map; nothing for other kinds.
  [[nodiscard]] const Value* find(std::string_view key) const;
};

struct Entry {
  std::string key;
  Origin origin;
  Value value;
};

/// Reads one YAML document (JSON included) of at most 16 MiB and a million values. With `own_places` every value knows
/// its line and column in `at.source`; without, all stand at `at` (text inside a value). Aliases and merge keys (`<<`)
/// are resolved. What cannot be read is a problem, and the result a broken null.
[[nodiscard]] Value parse_yaml(const std::string& text, const Origin& at, bool own_places,
                               std::vector<Problem>& problems);

/// `true yes on y` and `false no off n` in any case; nothing for other texts.
[[nodiscard]] std::optional<bool> parse_bool(std::string_view text);

}  // namespace sidecar::config
