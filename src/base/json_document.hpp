/// JSON text as a flat list of its values: for code that has to look at members in an order of its own, or twice.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_reader.hpp"

namespace sidecar {

/// One value, or the name of a member. Positions are indexes into JsonDocument, in the order of the text.
struct JsonNode {
  std::uint32_t at = 0;     ///< Where its text begins; strings: behind the quote.
  std::uint32_t size = 0;   ///< Bytes of its text; strings: between the quotes.
  std::uint32_t next = 0;   ///< Position behind this value and everything inside it.
  std::uint32_t count = 0;  ///< Array: elements. Object: members.
  JsonKind kind = JsonKind::null;
  bool has_escapes = false;  ///< string
};

/// A view of the text that it was read from, which must outlive it. An array's first element stands right behind it, an
/// object's first member too: its name, a string, and behind that its value. The next one stands at `next` of the one
/// before:
///
///   const JsonNode& object = document[position];
///   std::uint32_t at = position + 1;
///   for (std::uint32_t i = 0; i < object.count; ++i) {
///     ... document.string(at) is the name, document[at + 1] the value ...
///     at = document[at + 1].next;
///   }
///
/// Reading again uses the same memory: 20 bytes for each value and name. Thread: one at a time.
class JsonDocument {
 public:
  /// Precondition: `text` is one JSON value (validate_json), smaller than 4 GiB; nothing is checked again.
  void read(std::string_view text);

  /// The value at a position; 0 is the whole text's.
  [[nodiscard]] const JsonNode& operator[](std::uint32_t position) const { return nodes_[position]; }
  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(nodes_.size()); }
  /// The text of the value as it stands there.
  [[nodiscard]] std::string_view text(const JsonNode& node) const { return text_.substr(node.at, node.size); }

  /// Precondition: a string.
  [[nodiscard]] JsonString string(std::uint32_t position) const {
    return {.raw = text(nodes_[position]), .has_escapes = nodes_[position].has_escapes};
  }
  /// Appends the string with its escapes resolved. False, with nothing appended, for a lone surrogate. Precondition: a
  /// string.
  [[nodiscard]] bool append_string(std::uint32_t position, std::string& out) const;

  /// The position of the member's value; of members with one name, the last. Precondition: an object.
  [[nodiscard]] std::optional<std::uint32_t> find(std::uint32_t object, std::string_view name) const;

 private:
  std::string_view text_;
  std::vector<JsonNode> nodes_;
  std::vector<std::uint32_t> open_;  ///< Containers not closed yet while reading.
};

}  // namespace sidecar
