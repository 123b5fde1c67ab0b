/// Reading JSON text (RFC 8259) without building anything: values are checked and handed out as slices of the text.
///
/// One pass, no tape, no allocation, no recursion. Strict: exact grammar, strict UTF-8, a nesting limit, nothing behind
/// the value. A lone surrogate escape such as `\ud800` is legal JSON text and passes; it fails only when the string has
/// to become UTF-8 (`unescape_in_place`). A byte order mark is refused, which RFC 8259 (8.1) leaves open.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "base/bytes.hpp"
#include "base/quote_index.hpp"

namespace sidecar {

/// Nesting limits above this are lowered to it.
inline constexpr std::size_t json_depth_limit = 1024;

/// Why a text is not JSON.
struct JsonFailure {
  std::size_t offset = 0;   ///< Of the byte at which it stopped being JSON.
  std::string_view reason;  ///< Static, short, without any of the text.
};

/// Checks that `text` is one JSON value with nothing but white space around it. `depth_max` counts nested containers:
/// `[]` needs 1, a bare number 0. The text needs no padding.
[[nodiscard]] std::expected<void, JsonFailure> validate_json(std::string_view text, std::size_t depth_max);

/// A checked string of the text.
struct JsonString {
  std::string_view raw;  ///< Between the quotes, escapes as written.
  bool has_escapes = false;

  /// True when the string is `text` once its escapes are resolved.
  [[nodiscard]] bool equals(std::string_view text) const { return has_escapes ? equals_unescaped(text) : raw == text; }

 private:
  [[nodiscard]] bool equals_unescaped(std::string_view text) const;
};

/// Resolves the escapes of a checked string (as JsonString::raw) in place and returns the new length, which is never
/// above `size`. Nothing when it holds a lone surrogate: such a string has no UTF-8 form; `text` is spoilt then.
[[nodiscard]] std::optional<std::size_t> unescape_in_place(char* text, std::size_t size);

enum class JsonKind : std::uint8_t { malformed, null, boolean, number, string, array, object };

/// About 5 KB, for the stack. Walks one JSON text from front to back. The caller asks for the kind of the next value
/// and then takes it with the function for that kind, or takes any value whole with `take_slice`:
///
///   JsonReader reader(body, 64);
///   if (reader.kind() == JsonKind::object) {
///     reader.enter_object();
///     for (JsonString name; reader.next_member(name);) reader.take_slice(slice);
///   }
///   if (!reader.finish()) ... reader.failure() ...
///
/// After the first thing that is not JSON every call returns false (kind: `malformed`) and `failure` says what it was.
/// That the value has another shape than the caller wants is the caller's business: the text may still turn out to be
/// malformed further on, which `validate_json` over the whole text tells.
class JsonReader {
 public:
  /// `text` must outlive the reader and its slices. What was read may be changed, what comes next must not.
  JsonReader(const PaddedBuffer& text, std::size_t depth_max);

  /// The kind of the next value. Reads only its first byte.
  [[nodiscard]] JsonKind kind();

  /// Precondition of each: `kind` returned the kind of the same name.
  bool enter_object();
  bool enter_array();
  bool take_string(JsonString& value);
  bool take_boolean(bool& value);
  bool take_null();
  enum class Integer : std::uint8_t { ok, malformed, not_whole, out_of_range };
  /// Numbers with a fraction or an exponent are `not_whole`, whatever their value (`1.0`, `1e3`); they are taken all
  /// the same.
  Integer take_integer(std::int64_t& value);

  /// The next member of the object: its name is taken, its value is next. False at the object's end.
  bool next_member(JsonString& name);
  /// False at the array's end, otherwise the element is next.
  bool next_element();

  /// Takes the next value of any kind, checked to its end: exactly the bytes of the value.
  bool take_slice(std::string_view& value);

  /// True when nothing but white space follows the top-level value.
  bool finish();

  /// Nothing as long as the text read so far is JSON.
  [[nodiscard]] std::optional<JsonFailure> failure() const;

 private:
  bool fail(const char* at, const char* reason);
  const char* string_at(const char* open, JsonString& value);
  bool close();

  const char* begin_;
  const char* at_;
  const char* end_;  ///< Readable, and zero: it ends every token.
  std::size_t depth_ = 0;
  std::size_t depth_max_;
  bool first_ = false;  ///< Just behind an opening bracket: no comma comes next.
  const char* failed_at_ = nullptr;
  const char* reason_ = nullptr;
  detail::QuoteIndex quotes_;
};

}  // namespace sidecar
