/// One configuration file, described once: from the description come reading and checking it, its built-in default, the
/// list of effective values and its chapter in docs/configuration.md.
#pragma once

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/secret.hpp"
#include "config/value.hpp"

namespace sidecar::config {

/// Both ends included.
struct Range {
  std::int64_t min = std::numeric_limits<std::int64_t>::min();
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
};
constexpr Range at_least(std::int64_t min) {
  return {min};
}

/// One entry of a free map of texts; nothing means: present, and null.
struct Property {
  std::optional<std::string> text;
  Origin origin;
  bool secret = false;
  bool broken = false;  ///< Null because its value could not be read.
};
using PropertyMap = std::map<std::string, Property>;

/// What a file says about its free `properties` map.
struct PropertiesSpec {
  struct Default {
    std::string name;
    std::string placeholder;              ///< Key in values.yml, without the file's name; usually `name`.
    std::optional<std::string> fallback;  ///< Nothing: left out.
    std::string meaning;
  };
  std::vector<Default> defaults;
  /// True for names that may be set through values.yml as `FILE.NAME`.
  std::function<bool(const std::string&)> known;
  /// All such names, to look for in the environment and to suggest.
  std::vector<std::string> names;
};

/// One key: where it stands, what it takes, what it means.
struct Key {
  std::string path;                     ///< In the file; a dot goes one map deeper: `tls.verifyHostname`.
  std::string name;                     ///< In values.yml, without the file's name: `verifyHostname`.
  std::string type;                     ///< For people: `true or false`, `ms, 1 or more`, ...
  std::optional<std::string> fallback;  ///< Built-in default as text; nothing: null.
  std::string fallback_note;            ///< Instead of a default that is computed: "value of `instanceTimeoutMs`".
  std::string meaning;
  bool without_effect = false;  ///< Accepted because the Java sidecar has it.
  bool expands = false;         ///< A text that starts like a list or map is read as one.
  bool flat = false;            ///< The dots of the path are part of one key.
  /// Stores the value in its setting. Returns what is wrong with it, or an empty text.
  std::function<std::string(const Value&)> assign;
  std::optional<PropertiesSpec> properties;  ///< Only for a free map.
  PropertyMap* property_target = nullptr;

  Key& in_values_as(std::string other) {
    name = std::move(other);
    return *this;
  }
  Key& written_flat() {
    flat = true;
    return *this;
  }
};

/// The default of every key is the value its setting has when it is described, so a default stands in one place only.
class FileSchema {
 public:
  FileSchema(std::string name, std::string meaning) : name_(std::move(name)), meaning_(std::move(meaning)) {}

  Key& flag(std::string path, bool& target, std::string meaning);
  template <std::integral T>
  Key& integer(std::string path, T& target, Range range, std::string meaning) {
    return number(std::move(path), "whole number", limited<T>(range), std::to_string(target), "", std::move(meaning),
                  [&target](std::int64_t value) { target = static_cast<T>(value); });
  }
  /// A number whose default is computed from others; null keeps it open.
  template <std::integral T>
  Key& integer(std::string path, std::optional<T>& target, Range range, std::string computed, std::string meaning) {
    return number(std::move(path), "whole number", limited<T>(range), std::nullopt, std::move(computed),
                  std::move(meaning), [&target](std::int64_t value) { target = static_cast<T>(value); });
  }
  Key& milliseconds(std::string path, std::chrono::milliseconds& target, std::int64_t min, std::string meaning);
  Key& milliseconds(std::string path, std::optional<std::chrono::milliseconds>& target, std::int64_t min,
                    std::string computed, std::string meaning);
  Key& text(std::string path, std::string& target, std::string meaning);
  Key& text(std::string path, std::optional<std::string>& target, std::string computed, std::string meaning);
  Key& secret(std::string path, Secret& target, std::string meaning);
  /// A list, a list as text, or names separated by commas. White space and empty entries are dropped.
  Key& list(std::string path, std::vector<std::string>& target, std::string meaning);

  template <class E>
  using Choices = std::vector<std::pair<std::string_view, E>>;
  /// One of the names, in any case.
  template <class E>
  Key& choice(std::string path, E& target, Choices<E> choices, std::string meaning) {
    std::string now;
    for (const auto& [word, value] : choices)
      if (value == target) now = word;
    return choose(std::move(path), target, std::move(choices), std::move(now), "", std::move(meaning));
  }
  template <class E>
  Key& choice(std::string path, std::optional<E>& target, Choices<E> choices, std::string computed,
              std::string meaning) {
    return choose(std::move(path), target, std::move(choices), std::nullopt, std::move(computed), std::move(meaning));
  }

  /// Anything, handed over as it is.
  Key& any(std::string path, Value& target, std::optional<std::string> fallback, std::string type, std::string meaning);
  /// The free map of Kafka properties.
  Key& properties(std::string path, PropertyMap& target, PropertiesSpec spec, std::string meaning);
  /// Accepted, without effect in this version.
  Key& ignored(std::string path, std::optional<std::string> fallback, std::string meaning);
  /// Several of them.
  void ignored(std::initializer_list<std::pair<std::string_view, std::string_view>> paths_and_defaults);

  /// An older name of the file, read when no file has the newer one; values.yml may use it as well.
  void also_known_as(std::string older) { older_name_ = std::move(older); }

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::string& older_name() const { return older_name_; }
  [[nodiscard]] const std::string& meaning() const { return meaning_; }
  [[nodiscard]] const std::vector<Key>& keys() const { return keys_; }
  /// False when nothing in the file has an effect.
  [[nodiscard]] bool has_effect() const;

 private:
  template <class T>
  static Range limited(Range range) {
    if constexpr (sizeof(T) < sizeof(std::int64_t)) {
      range.min = std::max(range.min, static_cast<std::int64_t>(std::numeric_limits<T>::min()));
      range.max = std::min(range.max, static_cast<std::int64_t>(std::numeric_limits<T>::max()));
    } else if constexpr (std::is_unsigned_v<T>) {
      range.min = std::max<std::int64_t>(range.min, 0);
    }
    return range;
  }
  Key& add(std::string path, std::string type, std::optional<std::string> fallback, std::string note,
           std::string meaning);
  Key& number(std::string path, std::string type, Range range, std::optional<std::string> fallback, std::string note,
              std::string meaning, std::function<void(std::int64_t)> store);
  Key& words(std::string path, std::vector<std::string_view> names, std::optional<std::string> fallback,
             std::string note, std::string meaning, std::function<void(std::size_t)> store);
  template <class E, class Target>
  Key& choose(std::string path, Target& target, Choices<E> choices, std::optional<std::string> fallback,
              std::string note, std::string meaning) {
    std::vector<std::string_view> names;
    for (const auto& [word, value] : choices) names.push_back(word);
    return words(std::move(path), std::move(names), std::move(fallback), std::move(note), std::move(meaning),
                 [&target, choices = std::move(choices)](std::size_t index) { target = choices[index].second; });
  }

  std::string name_;
  std::string older_name_;
  std::string meaning_;
  std::vector<Key> keys_;
};

/// True for keys whose values are never shown: those that end in pass, password, secret, passphrase, pem, jaas.config,
/// user.info or token in any case, and private keys (`ssl.keystore.key`).
[[nodiscard]] bool is_secret_key(std::string_view key);
/// `text` without the user and password of the URLs in it.
[[nodiscard]] std::string without_credentials(std::string text);

/// Splits at commas and white space around them; no empty entries.
[[nodiscard]] std::vector<std::string> split_list(std::string_view text);
/// The texts of a list or of a comma list; nothing when an item is neither.
[[nodiscard]] std::optional<std::vector<std::string>> texts_of(const Value& value);

}  // namespace sidecar::config
