/// Where values come from: the command line, the environment and `values.yml`, and the files that refer to them.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/problem.hpp"
#include "config/value.hpp"

namespace sidecar::config {

/// What surrounds a load. Nothing here is global, so a test brings its own.
struct Surroundings {
  std::vector<std::filesystem::path> dirs;               ///< The last directory that holds a file wins.
  std::vector<std::pair<std::string, std::string>> set;  ///< --set; the last of equal keys wins.
  std::function<std::optional<std::string>(const std::string&)> environment;
  std::string host_name;
  /// Stand in for built-in defaults: key as in values.yml, text.
  std::map<std::string, std::string> defaults{};
  std::string defaults_name{};  ///< Where those come from, for messages: `--embedded-broker`.
};

/// Name of the environment variable for a key: upper case, every other sign `_`.
[[nodiscard]] std::string environment_name(std::string_view key);

/// Looks keys up and replaces placeholders. `values.yml` is read on construction.
/// Order: --set, environment, values.yml (`injection_order` 2, the default); 1 turns the last two round; 0 leaves the
/// environment out. `${HOSTNAME}` that nobody sets is the host's name.
class Sources {
 public:
  explicit Sources(Surroundings surroundings);

  /// The file `NAME.yml`, `.yaml` or `.json` of the last directory that holds one.
  [[nodiscard]] std::optional<std::filesystem::path> find_file(std::string_view name) const;
  /// Reads that file with its placeholders replaced; nothing when no directory holds it.
  [[nodiscard]] std::optional<Value> read_file(std::string_view name);

  /// The value of a key, placeholders in it replaced and decrypted; nothing when no source has it. A null stays a null.
  [[nodiscard]] std::optional<Value> find(const std::string& key);
  /// Replaces every placeholder in the tree, map keys included, and decrypts.
  [[nodiscard]] Value substitute(Value tree);
  /// Parses a text that stands for a list or a map. Text that is neither stays text.
  [[nodiscard]] Value expand(Value value);

  /// The default of a key that nobody gives: the surroundings' own, else the `usual` one of `file`.
  [[nodiscard]] Value fallback(const std::string& key, const std::optional<std::string>& built_in,
                               const Origin& file) const;

  /// Keys of values.yml and --set that nobody has asked for.
  [[nodiscard]] std::vector<std::pair<std::string, Value>> unused() const;

  [[nodiscard]] const std::vector<std::filesystem::path>& dirs() const { return surroundings_.dirs; }
  std::vector<Problem> problems;
  std::vector<Problem> warnings;

 private:
  std::optional<Value> find_set(const std::string& key, const std::string& upper);
  std::optional<Value> find_environment(const std::string& upper) const;
  std::optional<Value> find_values(const std::string& key);
  Value placeholder(std::string_view body, const Origin& origin);
  Value substitute_text(const Value& scalar);
  Value decrypted(Value scalar);
  Value parse_file(const std::filesystem::path& path);

  Surroundings surroundings_;
  int order_ = 2;
  bool empty_default_is_text_ = false;
  std::vector<std::string> not_substituted_{"config", "values", "openapi"};
  Value values_;                        // values.yml as written
  std::map<std::string, Value> ready_;  // its keys with their placeholders replaced
  std::vector<std::string> open_;       // keys being replaced now: a key met again refers to itself
  std::set<std::string> used_;
};

}  // namespace sidecar::config
