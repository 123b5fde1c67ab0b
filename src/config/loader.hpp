/// Reads configuration files into the settings that their descriptions name, and remembers where every value came from.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/schema.hpp"
#include "config/sources.hpp"

namespace sidecar::config {

/// One value as it counts.
struct Effective {
  std::string key;  ///< As in values.yml: `server.httpPort`.
  Value value;
  bool without_effect = false;
  bool changed = false;  ///< A person wrote something other than the built-in default.
};

/// Precedence for one key: --set, environment, values.yml, the external file, the built-in default.
class Loader {
 public:
  explicit Loader(Surroundings surroundings) : sources_(std::move(surroundings)) {}

  /// Fills what `file` describes. Problems are collected, never thrown; a setting with a problem keeps its default.
  void read(const FileSchema& file);
  /// After the last file: warns about keys that no file knows and files that look like a misspelt one.
  void finish();

  /// About the value of a key (`server.httpPort`). Not said when the value could not even be read: that was said
  /// already.
  void problem(std::string_view key, std::string text);
  void warning(std::string_view key, std::string text);
  /// The same, for a place that is not the one of a key.
  void problem_at(const Origin& origin, std::string text) { sources_.problems.push_back({origin, std::move(text)}); }
  void warning_at(const Origin& origin, std::string text) { sources_.warnings.push_back({origin, std::move(text)}); }

  /// Where the effective value of a key (`server.httpPort`) stands.
  [[nodiscard]] const Origin& origin(std::string_view key) const;
  /// True when a person wrote the value: it is not the built-in default.
  [[nodiscard]] bool given(std::string_view key) const { return !is_built_in(origin(key)); }
  /// True when a person wrote something other than the built-in default.
  [[nodiscard]] bool changed(std::string_view key) const;
  [[nodiscard]] const std::vector<Effective>& effective() const { return effective_; }
  /// The effective value of a key; nothing for a key that no file describes.
  [[nodiscard]] const Value* value(std::string_view key) const;

  /// In the order of files and lines, none twice.
  [[nodiscard]] std::vector<Problem> problems() const;
  [[nodiscard]] std::vector<Problem> warnings() const;

 private:
  Value value_of(const FileSchema& file, const Key& key, const Value* tree);
  void read_properties(const FileSchema& file, const Key& key, const PropertiesSpec& spec, const Value* tree);
  void check_keys(const FileSchema& file, const Value& map, const std::string& prefix);
  void keep(std::string key, Value value, const std::optional<std::string>& fallback, bool without_effect);

  Sources sources_;
  std::vector<std::string> files_{"values", "config", "openapi"};
  std::vector<std::string> known_;  // keys as in values.yml, for suggestions
  std::vector<Effective> effective_;
  std::set<std::string, std::less<>> failed_;  // keys whose value could not be read
};

}  // namespace sidecar::config
