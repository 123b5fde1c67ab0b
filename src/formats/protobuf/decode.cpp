#include "formats/protobuf/decode.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>
#include <vector>

#include "base/base64.hpp"
#include "base/json_writer.hpp"
#include "base/utf8.hpp"
#include "formats/frame.hpp"
#include "formats/little_endian.hpp"
#include "formats/protobuf/well_known.hpp"
#include "formats/value_path.hpp"
#include "formats/varint.hpp"

namespace sidecar::formats::protobuf {
namespace {

/// Where a field stands on the wire.
struct Occurrence {
  std::uint32_t field = 0;     ///< Position in the message's fields.
  std::uint32_t order = 0;     ///< Position among the message's occurrences.
  const char* data = nullptr;  ///< Null: a number.
  std::uint64_t bits = 0;      ///< The number as it stands there, or the size of the data.

  [[nodiscard]] std::string_view bytes() const { return {data, bits}; }
};

/// The occurrences of one field, as positions: the list that holds them grows while they are read.
struct Range {
  std::size_t begin = 0;
  std::size_t end = 0;

  [[nodiscard]] std::size_t size() const { return end - begin; }
};

/// A message is first taken apart into the occurrences of its fields, then written field after field: that settles
/// their order, repetition, and oneofs. The path is put together on the way out. Functions return false after a
/// failure.
class Decoder {
 public:
  Decoder(const Schema& schema, const DecodeLimits& limits, std::string& out)
      : schema_(schema), limits_(limits), out_(out), begin_(out.size()) {}

  std::expected<void, std::string> run(const Message& type, std::string_view bytes) {
    if (message(type, bytes) && text_fits()) return {};
    out_.resize(begin_);
    return std::unexpected("protobuf: " + (path_.empty() ? why_ : path_ + ": " + why_));
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

  bool inside(std::string_view step) {
    put_step_before(path_, step);
    return false;
  }

  template <class Write>
  bool nested(const Write& write) {
    if (depth_ == limits_.depth_max)
      return fail("is nested deeper than " + std::to_string(limits_.depth_max) + " levels");
    // Checked where text can grow without bytes: every item and field is nested in something.
    if (!text_fits()) return false;
    ++depth_;
    const bool done = write();
    --depth_;
    return done;
  }

  // ---- bytes to occurrences

  bool varint(std::string_view& bytes, std::uint64_t& number) {
    const auto taken = take_varint(bytes);
    if (!taken) return fail(bytes.size() < varint_bytes_max ? "cut off" : "no number of 64 bits");
    number = *taken;
    return true;
  }

  template <class Bits>
  bool fixed(std::string_view& bytes, std::uint64_t& number) {
    const auto taken = take_little_endian<Bits>(bytes);
    if (!taken) return cut_off();
    number = *taken;
    return true;
  }

  struct Tag {
    std::uint32_t number = 0;
    WireType wire = WireType::varint;
  };
  bool tag(std::string_view& bytes, Tag& tag) {
    constexpr unsigned wire_bits = 3;
    constexpr std::uint64_t wire_mask = 7;
    std::uint64_t key = 0;
    if (!varint(bytes, key)) return false;
    if (key > std::numeric_limits<std::uint32_t>::max() || (key >> wire_bits) == 0)
      return fail("a field number that cannot be");
    if ((key & wire_mask) > static_cast<std::uint64_t>(WireType::fixed32))
      return fail("a wire type of " + std::to_string(key & wire_mask));
    tag = {.number = static_cast<std::uint32_t>(key >> wire_bits), .wire = static_cast<WireType>(key & wire_mask)};
    return true;
  }

  /// Takes what stands behind a tag.
  bool take(std::string_view& bytes, Tag tag, Occurrence& taken) {
    switch (tag.wire) {
      case WireType::varint:
        return varint(bytes, taken.bits);
      case WireType::fixed64:
        return fixed<std::uint64_t>(bytes, taken.bits);
      case WireType::fixed32:
        return fixed<std::uint32_t>(bytes, taken.bits);
      case WireType::length: {
        if (!varint(bytes, taken.bits)) return false;
        if (taken.bits > bytes.size()) return cut_off();
        taken.data = bytes.data();
        bytes.remove_prefix(taken.bits);
        return true;
      }
      case WireType::group_begin:
        return group(bytes, tag.number, taken);
      case WireType::group_end:
        return fail("a group ends that did not begin");
    }
    return false;
  }

  /// Takes a group to its end, whatever it holds.
  bool group(std::string_view& bytes, std::uint32_t number, Occurrence& taken) {
    taken.data = bytes.data();
    std::vector<std::uint32_t> open{number};
    for (;;) {
      const char* const end = bytes.data();
      Tag next;
      if (!tag(bytes, next)) return false;
      if (next.wire == WireType::group_begin) {
        if (open.size() == limits_.depth_max)
          return fail("is nested deeper than " + std::to_string(limits_.depth_max) + " levels");
        open.push_back(next.number);
      } else if (next.wire == WireType::group_end) {
        if (next.number != open.back()) return fail("a group ends that did not begin");
        open.pop_back();
        if (open.empty()) {
          taken.bits = static_cast<std::uint64_t>(end - taken.data);
          return true;
        }
      } else if (Occurrence skipped; !take(bytes, next, skipped)) {
        return false;
      }
    }
  }

  static bool fits(const Field& field, WireType wire) {
    if (wire == wire_type(field.kind)) return true;
    const bool number = field.kind < Kind::string || field.kind == Kind::enumeration;
    return wire == WireType::length && number && field.shape == Shape::repeated;  // packed
  }

  /// Behind `after`, where messages mostly go on, or anywhere. `fields.size()`: unknown.
  static std::uint32_t find(const std::vector<Field>& fields, std::uint32_t number, std::uint32_t after) {
    const auto size = static_cast<std::uint32_t>(fields.size());
    for (std::uint32_t i = after; i < size && i < after + 2; ++i) {
      if (std::cmp_equal(fields[i].number, number)) return i;
    }
    const auto found = std::ranges::lower_bound(fields, static_cast<std::int32_t>(number), {}, &Field::number);
    if (found == fields.end() || std::cmp_not_equal(found->number, number)) return size;
    return static_cast<std::uint32_t>(found - fields.begin());
  }

  /// Appends the message's occurrences to the list, in the order of its fields.
  bool take_apart(const Message& type, std::string_view bytes) {
    const std::size_t base = occurrences_.size();
    std::uint32_t last = 0;
    bool sorted = true;
    std::size_t oneofs = 0;
    for (std::uint32_t order = 0; !bytes.empty(); ++order) {
      Tag next;
      Occurrence taken;
      if (!tag(bytes, next) || !take(bytes, next, taken)) return false;
      taken.field = find(type.fields, next.number, last);
      if (taken.field == type.fields.size() || !fits(type.fields[taken.field], next.wire)) continue;
      taken.order = order;
      sorted = sorted && taken.field >= last;
      last = taken.field;
      if (type.fields[taken.field].oneof >= 0) ++oneofs;
      occurrences_.push_back(taken);
    }
    if (oneofs > 1) settle_oneofs(type, base);
    if (!sorted) {
      std::ranges::sort(occurrences_.begin() + static_cast<std::ptrdiff_t>(base), occurrences_.end(), {},
                        [](const Occurrence& each) { return std::pair(each.field, each.order); });
    }
    return true;
  }

  /// Setting a member of a oneof clears the others, so only what follows the last other one counts.
  void settle_oneofs(const Message& type, std::size_t base) {
    struct Member {
      std::int32_t oneof = 0;
      std::uint32_t order = 0;
      std::size_t position = 0;
    };
    std::vector<Member> members;
    for (std::size_t i = base; i < occurrences_.size(); ++i) {
      if (const auto oneof = type.fields[occurrences_[i].field].oneof; oneof >= 0)
        members.push_back({.oneof = oneof, .order = occurrences_[i].order, .position = i});
    }
    std::ranges::sort(members, [](const Member& a, const Member& b) {
      return std::pair(a.oneof, b.order) < std::pair(b.oneof, a.order);  // the last one first
    });
    const auto cleared = static_cast<std::uint32_t>(type.fields.size());
    bool past_other = false;
    for (std::size_t i = 1, winner = 0; i < members.size(); ++i) {
      if (members[i].oneof != members[winner].oneof) {
        winner = i;
        past_other = false;
        continue;
      }
      Occurrence& each = occurrences_[members[i].position];
      past_other = past_other || each.field != occurrences_[members[winner].position].field;
      if (past_other) each.field = cleared;
    }
    const auto [from, to] = std::ranges::remove(occurrences_.begin() + static_cast<std::ptrdiff_t>(base),
                                                occurrences_.end(), cleared, &Occurrence::field);
    occurrences_.erase(from, to);
  }

  /// The occurrences of a field among those from `begin` on.
  [[nodiscard]] Range range_of(std::uint32_t field, std::size_t begin) const {
    Range range{.begin = begin, .end = begin};
    while (range.end < occurrences_.size() && occurrences_[range.end].field == field) ++range.end;
    return range;
  }

  /// `write(base)` is called with the message's occurrences from `base` to the end of the list.
  template <class Write>
  bool with_occurrences(const Message& type, std::string_view bytes, const Write& write) {
    const std::size_t base = occurrences_.size();
    const bool done = take_apart(type, bytes) && write(base);
    occurrences_.resize(base);
    return done;
  }

  // ---- occurrences to text

  bool message(const Message& type, std::string_view bytes) {
    switch (type.well_known) {
      case WellKnown::none:
        return object(type, bytes, {});
      case WellKnown::any:
        return any(type, bytes);
      case WellKnown::duration:
        return seconds(type, bytes, append_duration);
      case WellKnown::timestamp:
        return seconds(type, bytes, append_timestamp);
      case WellKnown::field_mask:
        return field_mask(type, bytes);
      case WellKnown::value:
      case WellKnown::transparent:
        return only_field(type, bytes);
    }
    return false;
  }

  /// `type_name`: of an Any; empty: none.
  bool object(const Message& type, std::string_view bytes, std::string_view type_name) {
    return nested([&] {
      return with_occurrences(type, bytes, [&](std::size_t at) {
        out_ += '{';
        const std::size_t empty = out_.size();
        if (!type_name.empty()) append_type(type_name);
        for (std::uint32_t i = 0; i < type.fields.size(); ++i) {
          const Field& each = type.fields[i];
          const Range range = range_of(i, at);
          at = range.end;
          if (range.size() == 0 && each.absent.empty()) continue;
          if (out_.size() != empty) out_ += ',';
          if (range.size() == 0) {
            out_ += each.absent;
            continue;
          }
          out_ += each.key;
          if (!field(each, range)) return inside(each.json_name);
        }
        out_ += '}';
        return true;
      });
    });
  }

  void append_type(std::string_view type_name) {
    out_ += "\"@type\":";
    append_json_string(out_, type_name);
  }

  /// Precondition: the range is not empty.
  bool field(const Field& type, Range range) {
    switch (type.shape) {
      case Shape::singular:
        return singular(type, range);
      case Shape::repeated:
        return list(type, range);
      case Shape::map:
        return map(type, range);
    }
    return false;
  }

  bool singular(const Field& type, Range range) {
    const Occurrence last = occurrences_[range.end - 1];
    if ((type.kind != Kind::message && type.kind != Kind::group) || range.size() == 1) return value(type, last);
    // Messages one behind the other are the encoding of the merged message.
    std::string merged;
    for (std::size_t i = range.begin; i < range.end; ++i) merged += occurrences_[i].bytes();
    return message(*type.message, merged);
  }

  bool value(const Field& type, const Occurrence& given) {
    switch (type.kind) {
      case Kind::string:
        append_json_string(out_, given.bytes());
        return true;
      case Kind::bytes:
        out_ += '"';
        append_base64(out_, given.bytes());
        out_ += '"';
        return true;
      case Kind::message:
      case Kind::group:
        return message(*type.message, given.bytes());
      default:
        number(type, given.bits);
        return true;
    }
  }

  /// Negative 32-bit numbers stand there as 64 bits; of all of them the lower ones count.
  void number(const Field& type, std::uint64_t bits) {
    const auto low = static_cast<std::uint32_t>(bits);
    switch (type.kind) {
      case Kind::boolean:
        out_ += bits != 0 ? "true" : "false";
        break;
      case Kind::int32:
      case Kind::sfixed32:
        append_json_number(out_, static_cast<std::int32_t>(low));
        break;
      case Kind::uint32:
      case Kind::fixed32:
        append_json_number(out_, low);
        break;
      case Kind::sint32:
        append_json_number(out_, from_zigzag(low));
        break;
      case Kind::int64:
      case Kind::sfixed64:
        quoted([&] { append_json_number(out_, static_cast<std::int64_t>(bits)); });
        break;
      case Kind::uint64:
      case Kind::fixed64:
        quoted([&] { append_json_unsigned(out_, bits); });
        break;
      case Kind::sint64:
        quoted([&] { append_json_number(out_, from_zigzag(bits)); });
        break;
      case Kind::float32:
        append_json_real(out_, std::bit_cast<float>(low));
        break;
      case Kind::float64:
        append_json_real(out_, std::bit_cast<double>(bits));
        break;
      case Kind::enumeration:
        enumeration(*type.enumeration, static_cast<std::int32_t>(low));
        break;
      default:
        break;
    }
  }

  template <class Write>
  void quoted(const Write& write) {
    out_ += '"';
    write();
    out_ += '"';
  }

  void enumeration(const Enumeration& type, std::int32_t number) {
    if (type.null_value) {
      out_ += "null";
    } else if (const auto* known = type.find(number)) {
      quoted([&] { out_ += known->name; });  // a name: nothing to escape
    } else {
      append_json_number(out_, number);
    }
  }

  bool list(const Field& type, Range range) {
    return nested([&] {
      out_ += '[';
      std::size_t index = 0;
      const auto item = [&](const Occurrence& given) {
        if (index > 0) out_ += ',';
        if ((text_fits() && value(type, given)) || inside("[" + std::to_string(index) + "]")) {
          ++index;
          return true;
        }
        return false;
      };
      const bool number = wire_type(type.kind) != WireType::length && type.kind != Kind::group;
      for (std::size_t i = range.begin; i < range.end; ++i) {
        const Occurrence given = occurrences_[i];
        if (!number || given.data == nullptr) {
          if (!item(given)) return false;
          continue;
        }
        for (std::string_view packed = given.bytes(); !packed.empty();) {
          Occurrence each;
          if (!take(packed, {.number = 0, .wire = wire_type(type.kind)}, each))
            return inside("[" + std::to_string(index) + "]");
          if (!item(each)) return false;
        }
      }
      out_ += ']';
      return true;
    });
  }

  /// An entry of a map as text.
  struct Entry {
    std::size_t begin = 0;
    std::size_t key_end = 0;
    std::size_t end = 0;
  };

  bool map(const Field& type, Range range) {
    return nested([&] {
      out_ += '{';
      const std::size_t begin = out_.size();
      std::vector<Entry> entries;
      for (std::size_t i = range.begin; i < range.end; ++i) {
        if (i > range.begin) out_ += ',';
        Entry entry{.begin = out_.size()};
        if (!text_fits() || !map_entry(*type.message, occurrences_[i].bytes(), entry)) return false;
        entries.push_back(entry);
      }
      drop_replaced(begin, entries);
      out_ += '}';
      return true;
    });
  }

  bool map_entry(const Message& type, std::string_view bytes, Entry& entry) {
    return with_occurrences(type, bytes, [&](std::size_t base) {
      const Range keys = range_of(0, base);
      const Range values = range_of(1, keys.end);
      key(type.fields[0], keys.size() == 0 ? Occurrence{} : occurrences_[keys.end - 1]);
      entry.key_end = out_.size();
      out_ += ':';
      if (!field_or_default(type.fields[1], values)) {
        constexpr std::size_t shown_bytes_max = 64;
        const auto key = std::string_view(out_).substr(entry.begin + 1, entry.key_end - entry.begin - 2);
        return inside(one_line_prefix(key, shown_bytes_max));
      }
      entry.end = out_.size();
      return true;
    });
  }

  void key(const Field& type, const Occurrence& given) {
    const std::size_t begin = out_.size();
    if (type.kind == Kind::string) {
      append_json_string(out_, given.bytes());
    } else {
      number(type, given.bits);
      if (out_[begin] != '"') {
        out_.insert(begin, 1, '"');
        out_ += '"';
      }
    }
  }

  /// Of entries with one key the last counts. They are told by their text, in which different bad UTF-8 is the same.
  void drop_replaced(std::size_t begin, std::vector<Entry>& entries) {
    if (entries.size() < 2) return;
    const std::string_view text = out_;
    const auto key = [text](const Entry& each) { return text.substr(each.begin, each.key_end - each.begin); };
    auto sorted = entries;
    std::ranges::sort(sorted, [&](const Entry& a, const Entry& b) {
      return std::pair(key(a), a.begin) < std::pair(key(b), b.begin);
    });
    std::vector<Entry> kept;
    for (std::size_t i = 0; i < sorted.size(); ++i) {
      if (i + 1 == sorted.size() || key(sorted[i]) != key(sorted[i + 1])) kept.push_back(sorted[i]);
    }
    if (kept.size() == entries.size()) return;
    std::ranges::sort(kept, {}, &Entry::begin);
    std::string rest;
    for (const Entry& each : kept) {
      if (!rest.empty()) rest += ',';
      rest += text.substr(each.begin, each.end - each.begin);
    }
    out_.replace(begin, std::string::npos, rest);
  }

  // ---- well-known types

  /// Struct, ListValue, wrappers and Value: as if the one field stood there by itself. An empty Value is null.
  bool only_field(const Message& type, std::string_view bytes) {
    return with_occurrences(type, bytes, [&](std::size_t base) {
      if (type.well_known == WellKnown::transparent) return field_or_default(type.fields[0], range_of(0, base));
      if (base < occurrences_.size())
        return field(type.fields[occurrences_[base].field], {.begin = base, .end = occurrences_.size()});
      out_ += "null";
      return true;
    });
  }

  bool field_or_default(const Field& type, Range range) {
    if (range.size() > 0) return field(type, range);
    if (type.message != nullptr && type.shape == Shape::singular) return message(*type.message, {});
    out_ += std::string_view(type.absent).substr(type.key.size());
    return true;
  }

  template <class Append>
  bool seconds(const Message& type, std::string_view bytes, const Append& append) {
    return with_occurrences(type, bytes, [&](std::size_t base) {
      const Range seconds = range_of(0, base);
      const Range nanos = range_of(1, seconds.end);
      Seconds value;
      if (seconds.size() > 0) value.seconds = static_cast<std::int64_t>(occurrences_[seconds.end - 1].bits);
      if (nanos.size() > 0) value.nanos = static_cast<std::int32_t>(occurrences_[nanos.end - 1].bits);
      out_ += '"';
      if (!append(out_, value)) return fail("is out of the range of " + type.full_name);
      out_ += '"';
      return true;
    });
  }

  bool field_mask(const Message& type, std::string_view bytes) {
    return with_occurrences(type, bytes, [&](std::size_t base) {
      std::string paths;
      for (std::size_t i = base; i < occurrences_.size(); ++i) {
        const auto path = to_lower_camel(occurrences_[i].bytes());
        if (!path) return fail("holds a path without a lowerCamel form");
        if (i > base) paths += ',';
        paths += *path;
      }
      append_json_string(out_, paths);
      return true;
    });
  }

  bool any(const Message& type, std::string_view bytes) {
    return with_occurrences(type, bytes, [&](std::size_t base) {
      const Range urls = range_of(0, base);
      const Range values = range_of(1, urls.end);
      const auto last = [this](Range range) {
        return range.size() == 0 ? std::string_view() : occurrences_[range.end - 1].bytes();
      };
      const std::string_view url = last(urls);
      const std::string_view value = last(values);
      if (url.empty() && value.empty()) {
        return nested([&] {
          out_ += "{}";
          return true;
        });
      }
      const std::string_view name = url.substr(url.rfind('/') + 1);
      const Message* const inner = schema_.find(name);
      if (inner == nullptr) return unknown_any(name);
      if (inner->well_known == WellKnown::none) return object(*inner, value, url);
      return nested([&] {
        out_ += '{';
        append_type(url);
        out_ += ",\"value\":";
        if (!message(*inner, value)) return inside("value");
        out_ += '}';
        return true;
      });
    });
  }

  bool unknown_any(std::string_view name) {
    std::string shown;
    append_json_string(shown, utf8_prefix(name, full_name_bytes_max));
    return fail("holds an Any of " + shown + ", which is not in the schema");
  }

  const Schema& schema_;
  const DecodeLimits& limits_;
  std::string& out_;
  std::size_t begin_;
  std::size_t depth_ = 0;
  std::vector<Occurrence> occurrences_;  ///< Of the messages that are open, outer ones first.
  std::string path_;
  std::string why_;
};

}  // namespace

std::expected<void, std::string> decode_append(const Schema& schema, std::string_view bytes, const DecodeLimits& limits,
                                               std::string& out) {
  const auto indexes = take_message_indexes(bytes);
  if (!indexes) return std::unexpected("protobuf: " + indexes.error());
  const Message* const type = schema.at(*indexes);
  if (type == nullptr) return std::unexpected("protobuf: message indexes: the schema has no such message");
  return Decoder(schema, limits, out).run(*type, bytes);
}

}  // namespace sidecar::formats::protobuf
