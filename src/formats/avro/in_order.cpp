#include "formats/avro/in_order.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/json_scan.hpp"
#include "formats/avro/scalars.hpp"
#include "formats/json_number.hpp"
#include "formats/little_endian.hpp"
#include "formats/varint.hpp"

namespace sidecar::formats::avro {
namespace {

/// Functions return false to give up. Inside the outermost object a bracket always follows, so single characters need
/// no look at the end of the text.
class Pass {
 public:
  Pass(std::string_view json, std::string& out) : text_(json), out_(out) {}

  bool value(const Node& node) {
    skip_spaces();
    switch (node.type) {
      case Type::null:
        return literal('n', 4);
      case Type::boolean:
        return boolean();
      case Type::int32:
      case Type::int64:
        return integer(node);
      case Type::float32:
        return real<float, std::uint32_t>();
      case Type::float64:
        return real<double, std::uint64_t>();
      case Type::string:
        return string();
      case Type::bytes:
        return bytes();
      case Type::fixed:
        return fixed(node);
      case Type::enumeration:
        return symbol(node);
      case Type::alternatives:
        return alternatives(node);
      case Type::record:
        return record(node);
      case Type::array:
        return block(']', [&] { return value(*node.items); });
      case Type::map:
        return block('}', [&] { return string() && colon() && value(*node.items); });
    }
    return false;
  }

 private:
  [[nodiscard]] char next() const { return text_.data()[at_]; }

  void skip_spaces() {
    while (next() == ' ' || next() == '\n' || next() == '\r' || next() == '\t') ++at_;
  }

  bool literal(char first, std::size_t size) {
    if (next() != first) return false;
    at_ += size;
    return true;
  }

  bool colon() {
    skip_spaces();
    return literal(':', 1);
  }

  bool boolean() {
    const bool is_true = next() == 't';
    out_ += is_true ? '\1' : '\0';
    return is_true ? literal('t', 4) : literal('f', 5);
  }

  /// Empty when no number stands here.
  std::string_view number() {
    const std::size_t begin = at_;
    if (next() != '-' && (next() < '0' || next() > '9')) return {};
    while (!token_ends[static_cast<unsigned char>(next())]) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  bool integer(const Node& node) {
    const std::string_view digits = number();
    if (digits.empty()) return false;
    const auto whole = integer_of(node, digits);
    if (whole) append_zigzag(out_, *whole);
    return whole.has_value();
  }

  template <class Real, class Bits>
  bool real() {
    const std::string_view digits = number();
    if (digits.empty()) return false;
    const auto value = real_number<Real>(digits);
    if (value) append_little_endian(out_, std::bit_cast<Bits>(*value));
    return value.has_value();
  }

  /// The string that stands here, between its quotes.
  bool take_string(JsonString& string) {
    if (next() != '"') return false;
    const std::size_t begin = at_ + 1;
    const std::size_t end = string_end(text_, begin, string.has_escapes);
    string.raw = text_.substr(begin, end - begin);
    at_ = end + 1;
    return true;
  }

  bool string() {
    JsonString string;
    skip_spaces();
    if (!take_string(string)) return false;
    if (!string.has_escapes) {
      append_zigzag(out_, static_cast<std::int64_t>(string.raw.size()));
      out_ += string.raw;
      return true;
    }
    std::string resolved(string.raw);
    const auto size = unescape_in_place(resolved.data(), resolved.size());
    if (!size) return false;
    append_zigzag(out_, static_cast<std::int64_t>(*size));
    out_.append(resolved, 0, *size);
    return true;
  }

  bool bytes() {
    JsonString string;
    const std::size_t before = out_.size();
    if (!take_string(string) || string.has_escapes || !append_raw_bytes(string.raw, out_)) return false;
    put_before(before, static_cast<std::int64_t>(out_.size() - before));
    return true;
  }

  bool fixed(const Node& node) {
    JsonString string;
    const std::size_t before = out_.size();
    return take_string(string) && !string.has_escapes && append_raw_bytes(string.raw, out_) &&
           out_.size() - before == node.size;
  }

  bool symbol(const Node& node) {
    JsonString string;
    if (!take_string(string) || string.has_escapes) return false;
    const auto found = node.index.find(string.raw);
    if (found == node.index.end()) return false;
    append_zigzag(out_, found->second);
    return true;
  }

  bool alternatives(const Node& node) {
    // Many branches cost more than their text.
    constexpr std::size_t branches_max = 16;
    if (node.branches.size() > branches_max) return false;
    const JsonKind kind = kind_of(next());
    for (std::size_t i = 0; i < node.branches.size(); ++i) {
      const Node& branch = *node.branches[i];
      if (!may_fit(branch, kind)) continue;
      // An object with one member may name its branch; one with all fields of such a record has more.
      if (kind == JsonKind::object && (branch.type != Type::record || branch.fields.size() < 2)) return false;
      append_zigzag(out_, static_cast<std::int64_t>(i));
      return value(branch);
    }
    return false;
  }

  bool record(const Node& node) {
    if (!node.complete || next() != '{') return false;
    char before = '{';
    for (const Field& field : node.fields) {
      if (!literal(before, 1)) return false;
      before = ',';
      skip_spaces();
      if (!name(field.name) || !colon() || !value(*field.type)) return false;
      skip_spaces();
    }
    if (node.fields.empty()) {
      ++at_;
      skip_spaces();
    }
    return literal('}', 1);
  }

  /// Names are letters, digits and underscores, so that one without escapes is equal byte for byte.
  bool name(std::string_view wanted) {
    constexpr std::size_t quotes = 2;
    if (text_.size() - at_ < wanted.size() + quotes) return false;
    const char* const here = text_.data() + at_;
    if (here[0] != '"' || here[wanted.size() + 1] != '"' || std::memcmp(here + 1, wanted.data(), wanted.size()) != 0)
      return false;
    at_ += wanted.size() + quotes;
    return true;
  }

  /// An array or a map: how many, the items, and no more.
  template <class Item>
  bool block(char end, const Item& item) {
    if (!literal(end == ']' ? '[' : '{', 1)) return false;
    const std::size_t before = out_.size();
    std::int64_t count = 0;
    skip_spaces();
    if (next() != end) {
      for (;;) {
        if (!item()) return false;
        ++count;
        skip_spaces();
        if (next() != ',') break;
        ++at_;
      }
    }
    if (!literal(end, 1)) return false;
    if (count > 0) put_before(before, count);
    append_zigzag(out_, 0);
    return true;
  }

  /// The length or count of what begins at `place`, which is known only now.
  void put_before(std::size_t place, std::int64_t number) {
    std::string digits;
    append_zigzag(digits, number);
    out_.insert(place, digits);
  }

  std::string_view text_;
  std::string& out_;
  std::size_t at_ = 0;
};

}  // namespace

bool append_in_order(const Node& record, std::string_view json, std::string& out) {
  const std::size_t before = out.size();
  if (record.type == Type::record && Pass(json, out).value(record)) return true;
  out.resize(before);
  return false;
}

}  // namespace sidecar::formats::avro
