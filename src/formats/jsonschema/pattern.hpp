/// Regular expressions of JSON Schema (ECMA-262 with the flag u) on RE2, whose time grows with the text and nothing
/// else.
#pragma once

#include <cstddef>
#include <expected>
#include <memory>
#include <string>
#include <string_view>

namespace re2 {
class RE2;
}

namespace sidecar::formats::jsonschema {

/// Bytes that one expression may take, its program and what RE2 keeps from text to text. A small one is given the
/// least.
inline constexpr std::size_t pattern_memory_min = 128 << 10;
inline constexpr std::size_t pattern_memory_max = 8 << 20;

/// A pattern that may match anywhere in a text. Immutable: any thread.
class Pattern {
 public:
  /// Error: what is wrong, or that RE2 cannot do it (lookaround, back-references, more than 1000 repetitions).
  [[nodiscard]] static std::expected<Pattern, std::string> compile(std::string_view ecma);
  ~Pattern();
  Pattern(Pattern&&) noexcept;
  Pattern& operator=(Pattern&&) noexcept;

  /// `text` is UTF-8.
  [[nodiscard]] bool matches(std::string_view text) const;
  /// Instructions that it compiled to. The time of a match is at worst in proportion to them and to the text.
  [[nodiscard]] std::size_t size() const;
  /// Bytes that it may take.
  [[nodiscard]] std::size_t memory() const { return memory_; }

 private:
  Pattern(std::unique_ptr<re2::RE2> expression, std::size_t memory);
  std::unique_ptr<re2::RE2> expression_;
  std::size_t memory_;
};

/// The same expression in RE2's spelling.
[[nodiscard]] std::string to_re2(std::string_view ecma);

}  // namespace sidecar::formats::jsonschema
