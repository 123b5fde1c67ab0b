#include "formats/avro/decode.hpp"

#include <bit>
#include <utility>

#include "base/json_writer.hpp"
#include "base/utf8.hpp"
#include "formats/little_endian.hpp"
#include "formats/value_path.hpp"
#include "formats/varint.hpp"

namespace sidecar::formats::avro {
namespace {

/// The path is put together on the way out, so a good value costs nothing for it. Functions return false after a
/// failure.
class Decoder {
 public:
  Decoder(std::string_view bytes, Unions unions, const DecodeLimits& limits, std::string& out)
      : bytes_(bytes), unions_(unions), limits_(limits), out_(out), begin_(out.size()) {}

  std::expected<void, std::string> run(const Node& root) {
    const bool done = root.type == Type::bytes ? latin1(std::exchange(bytes_, {})) : value(root) && nothing_left();
    if (done && text_fits()) return {};
    out_.resize(begin_);
    return std::unexpected("avro: " + (path_.empty() ? why_ : path_ + ": " + why_));
  }

 private:
  bool fail(std::string why) {
    why_ = std::move(why);
    return false;
  }
  bool cut_off() { return fail("cut off"); }

  bool text_fits() {
    return out_.size() - begin_ <= limits_.json_bytes_max ||
           fail("is longer than " + std::to_string(limits_.json_bytes_max) + " bytes as JSON");
  }

  bool nothing_left() {
    return bytes_.empty() || fail(std::to_string(bytes_.size()) + " bytes are left over behind the value");
  }

  /// Puts a step in front of the path of a failure.
  bool inside(std::string_view step) {
    put_step_before(path_, step);
    return false;
  }

  bool take(std::size_t count, std::string_view& taken) {
    if (count > bytes_.size()) return cut_off();
    taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return true;
  }

  bool number(std::int64_t& value) {
    const auto taken = take_zigzag(bytes_);
    if (!taken) return fail(bytes_.size() < varint_bytes_max ? "cut off" : "no number of 64 bits");
    value = *taken;
    return true;
  }

  bool sized(std::string_view& taken) {
    std::int64_t size = 0;
    if (!number(size)) return false;
    if (size < 0) return fail("a length of " + std::to_string(size));
    return take(static_cast<std::size_t>(size), taken);
  }

  bool value(const Node& node) {
    switch (node.type) {
      case Type::null:
        out_ += "null";
        return true;
      case Type::boolean:
        return boolean();
      case Type::int32:
      case Type::int64:
        return integer(node);
      case Type::float32:
        return real<float, std::uint32_t>();
      case Type::float64:
        return real<double, std::uint64_t>();
      case Type::bytes: {
        std::string_view taken;
        return sized(taken) && latin1(taken);
      }
      case Type::fixed: {
        std::string_view taken;
        return take(node.size, taken) && latin1(taken);
      }
      case Type::string: {
        std::string_view taken;
        if (!sized(taken)) return false;
        append_json_string(out_, taken);
        return true;
      }
      case Type::enumeration:
        return symbol(node);
      case Type::alternatives:
        return alternatives(node);
      case Type::record:
      case Type::array:
      case Type::map:
        return nested([&] { return node.type == Type::record ? record(node) : blocks(node); });
    }
    return false;
  }

  template <class Read>
  bool nested(const Read& read) {
    if (depth_ == limits_.depth_max)
      return fail("is nested deeper than " + std::to_string(limits_.depth_max) + " levels");
    // Checked where text can grow without bytes: every item and field is nested in something.
    if (!text_fits()) return false;
    ++depth_;
    const bool done = read();
    --depth_;
    return done;
  }

  bool boolean() {
    std::string_view taken;
    if (!take(1, taken)) return false;
    const auto byte = static_cast<std::uint8_t>(taken.front());
    if (byte > 1) return fail("a boolean of " + std::to_string(byte));
    out_ += byte == 1 ? "true" : "false";
    return true;
  }

  bool integer(const Node& node) {
    std::int64_t value = 0;
    if (!number(value)) return false;
    if (node.type == Type::int32 && !std::in_range<std::int32_t>(value))
      return fail("an int of " + std::to_string(value));
    append_json_number(out_, value);
    return true;
  }

  template <class Real, class Bits>
  bool real() {
    const auto bits = take_little_endian<Bits>(bytes_);
    if (!bits) return cut_off();
    append_json_real(out_, std::bit_cast<Real>(*bits));
    return true;
  }

  /// One character for each byte. Always true.
  bool latin1(std::string_view bytes) {
    constexpr std::uint8_t ascii_end = 0x80;
    constexpr unsigned low_bits = 6;
    scratch_.clear();
    for (const char c : bytes) {
      const auto byte = static_cast<std::uint8_t>(c);
      if (byte < ascii_end) {
        scratch_ += c;
      } else {
        scratch_ += static_cast<char>(0xc0U | (byte >> low_bits));
        scratch_ += static_cast<char>(ascii_end | (byte & 0x3fU));
      }
    }
    append_json_string(out_, scratch_);
    return true;
  }

  bool symbol(const Node& node) {
    std::int64_t index = 0;
    if (!number(index)) return false;
    if (index < 0 || std::cmp_greater_equal(index, node.symbols.size()))
      return fail(node.name + " has no symbol " + std::to_string(index));
    out_ += '"';
    out_ += node.symbols[static_cast<std::size_t>(index)];  // a name: nothing to escape
    out_ += '"';
    return true;
  }

  bool alternatives(const Node& node) {
    std::int64_t index = 0;
    if (!number(index)) return false;
    if (index < 0 || std::cmp_greater_equal(index, node.branches.size()))
      return fail("the union has no branch " + std::to_string(index));
    const Node& branch = *node.branches[static_cast<std::size_t>(index)];
    if (unions_ == Unions::plain || branch.type == Type::null) return value(branch);
    return nested([&] {
      out_ += "{\"";
      out_ += branch.name;
      out_ += "\":";
      if (!value(branch)) return false;
      out_ += '}';
      return true;
    });
  }

  bool record(const Node& node) {
    char before = '{';
    for (const Field& field : node.fields) {
      out_ += before;
      before = ',';
      out_ += '"';
      out_ += field.name;
      out_ += "\":";
      if (!value(*field.type)) return inside(field.name);
    }
    if (before == '{') out_ += '{';
    out_ += '}';
    return true;
  }

  /// Arrays and maps: blocks of items, ended by an empty one.
  bool blocks(const Node& node) {
    const bool is_map = node.type == Type::map;
    out_ += is_map ? '{' : '[';
    std::size_t index = 0;
    for (;;) {
      std::uint64_t count = 0;
      if (!block(node, count)) return false;
      if (count == 0) break;
      for (; count > 0; --count, ++index) {
        if (index > 0) out_ += ',';
        if (!(is_map ? entry(node) : item(node, index))) return false;
      }
    }
    out_ += is_map ? '}' : ']';
    return true;
  }

  bool block(const Node& node, std::uint64_t& count) {
    std::int64_t items = 0;
    if (!number(items)) return false;
    count = static_cast<std::uint64_t>(items);
    if (items < 0) {  // with its size in bytes, for readers that skip it
      count = 0 - count;
      std::int64_t size = 0;
      if (!number(size)) return false;
      if (size < 0 || std::cmp_greater(size, bytes_.size()))
        return fail("a block of " + std::to_string(size) + " bytes");
    }
    const std::uint64_t item_bytes = node.items->bytes_min + (node.type == Type::map ? 1 : 0);
    if (item_bytes > 0 && count > bytes_.size() / item_bytes)
      return fail("a block of " + std::to_string(count) + " items in " + std::to_string(bytes_.size()) + " bytes");
    return true;
  }

  bool item(const Node& node, std::size_t index) {
    if (!text_fits()) return false;
    return value(*node.items) || inside("[" + std::to_string(index) + "]");
  }

  bool entry(const Node& node) {
    std::string_view key;
    if (!sized(key)) return false;
    const std::size_t name = out_.size() + 1;
    append_json_string(out_, key);
    const std::size_t name_bytes = out_.size() - 1 - name;
    out_ += ':';
    if (value(*node.items)) return true;
    // As it stands in the text, with escapes, so that the error stays one line.
    constexpr std::size_t shown_bytes_max = 64;
    return inside(utf8_prefix(std::string_view(out_).substr(name, name_bytes), shown_bytes_max));
  }

  std::string_view bytes_;
  Unions unions_;
  const DecodeLimits& limits_;
  std::string& out_;
  std::size_t begin_;
  std::size_t depth_ = 0;
  std::string scratch_;
  std::string path_;
  std::string why_;
};

}  // namespace

std::expected<void, std::string> decode_append(const Schema& schema, std::string_view bytes, Unions unions,
                                               const DecodeLimits& limits, std::string& out) {
  return Decoder(bytes, unions, limits, out).run(schema.root());
}

}  // namespace sidecar::formats::avro
