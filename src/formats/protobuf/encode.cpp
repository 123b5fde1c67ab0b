#include "formats/protobuf/encode.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <optional>
#include <ranges>
#include <utility>

#include "base/base64.hpp"
#include "base/utf8.hpp"
#include "formats/frame.hpp"
#include "formats/json_number.hpp"
#include "formats/little_endian.hpp"
#include "formats/protobuf/well_known.hpp"
#include "formats/value_path.hpp"
#include "formats/varint.hpp"

namespace sidecar::formats::protobuf {
namespace {

constexpr std::size_t shown_bytes_max = 64;

/// What a caller wrote, for an error text.
std::string shown(std::string_view text) {
  return "\"" + one_line_prefix(text, shown_bytes_max) + "\"";
}

template <class Real>
std::optional<Real> special_number(std::string_view text) {
  constexpr Real infinity = std::numeric_limits<Real>::infinity();
  if (text == "NaN") return std::numeric_limits<Real>::quiet_NaN();
  if (text == "Infinity") return infinity;
  if (text == "-Infinity") return -infinity;
  return std::nullopt;
}

/// Whether null is a value of the field instead of its absence.
bool takes_null(const Field& field) {
  if (field.shape != Shape::singular) return false;
  if (field.kind == Kind::enumeration) return field.enumeration->null_value;
  return field.message != nullptr && field.message->well_known == WellKnown::value;
}

}  // namespace

/// The path is put together on the way out, so a good value costs nothing for it. Functions return false after a
/// failure.
class Encoder::Walk {
 public:
  Walk(Encoder& encoder, const Schema& schema, std::string& out)
      : document_(encoder.document_),
        members_(encoder.members_),
        scratch_(encoder.scratch_),
        schema_(schema),
        out_(out) {}

  std::expected<void, std::string> run(const Message& type) {
    members_.clear();
    const std::size_t begin = out_.size();
    append_message_indexes(out_, first_index);
    if (message(type, 0)) return {};
    out_.resize(begin);
    return std::unexpected("protobuf: " + (path_.empty() ? why_ : path_ + ": " + why_));
  }

 private:
  static constexpr std::array<std::int32_t, 1> first_index{0};

  bool fail(std::string why) {
    why_ = std::move(why);
    return false;
  }

  bool expected(std::string_view what, std::uint32_t position) {
    return fail("expected " + std::string(what) + ", got " + std::string(word_for(document_[position].kind)));
  }

  bool inside(std::string_view step) {
    put_step_before(path_, step);
    return false;
  }

  // ---- the wire

  void tag(const Field& field, WireType wire) {
    constexpr unsigned wire_bits = 3;
    append_varint(out_, static_cast<std::uint64_t>(field.number) << wire_bits | static_cast<std::uint64_t>(wire));
  }

  void bits(Kind kind, std::uint64_t number) {
    switch (wire_type(kind)) {
      case WireType::fixed32:
        return append_little_endian(out_, static_cast<std::uint32_t>(number));
      case WireType::fixed64:
        return append_little_endian(out_, number);
      default:
        return append_varint(out_, number);
    }
  }

  void bytes(std::string_view content) {
    append_varint(out_, content.size());
    out_ += content;
  }

  /// What `write` appends, with its length in front: most lengths take the one byte that is kept free.
  template <class Write>
  bool sized(const Write& write) {
    out_ += '\0';
    const std::size_t begin = out_.size();
    if (!write()) return false;
    std::string length;
    append_varint(length, out_.size() - begin);
    out_[begin - 1] = length.front();
    if (length.size() > 1) out_.insert(begin, length, 1);
    return true;
  }

  /// A message inside another.
  template <class Write>
  bool nested(const Write& write) {
    if (depth_ == message_depth_max)
      return fail("is nested deeper than " + std::to_string(message_depth_max) + " messages");
    ++depth_;
    const bool done = write();
    --depth_;
    return done;
  }

  // ---- JSON values

  bool is(JsonKind kind, std::uint32_t position) const { return document_[position].kind == kind; }

  /// The string at `position` with its escapes resolved; a view that lives until the next call.
  bool resolved(std::uint32_t position, std::string_view& text) {
    if (!document_[position].has_escapes) {
      text = document_.text(document_[position]);
      return true;
    }
    scratch_.clear();
    if (!document_.append_string(position, scratch_)) return fail("a lone surrogate has no UTF-8 form");
    text = scratch_;
    return true;
  }

  template <class Integer>
  std::optional<std::uint64_t> integer(std::string_view text) {
    const auto whole = whole_number<Integer>(text);
    if (!whole) return std::nullopt;
    return static_cast<std::uint64_t>(*whole);  // negative ones with all 64 bits
  }

  template <class Integer>
  std::optional<std::uint64_t> zigzag(std::string_view text) {
    const auto whole = whole_number<Integer>(text);
    if (!whole) return std::nullopt;
    return to_zigzag(*whole);
  }

  template <class Real, class Bits>
  std::optional<std::uint64_t> real(std::string_view text) {
    auto number = special_number<Real>(text);
    if (!number) number = real_number<Real>(text);
    if (!number) return std::nullopt;
    return std::bit_cast<Bits>(*number);
  }

  /// As it stands on the wire. Precondition: a JSON number or, for reals, the name of a special one.
  std::optional<std::uint64_t> number_of(Kind kind, std::string_view text) {
    switch (kind) {
      case Kind::int32:
      case Kind::sfixed32:
      case Kind::enumeration:
        return integer<std::int32_t>(text);
      case Kind::int64:
      case Kind::sfixed64:
        return integer<std::int64_t>(text);
      case Kind::uint32:
      case Kind::fixed32:
        return integer<std::uint32_t>(text);
      case Kind::uint64:
      case Kind::fixed64:
        return integer<std::uint64_t>(text);
      case Kind::sint32:
        return zigzag<std::int32_t>(text);
      case Kind::sint64:
        return zigzag<std::int64_t>(text);
      case Kind::float32:
        return real<float, std::uint32_t>(text);
      case Kind::float64:
        return real<double, std::uint64_t>(text);
      default:
        return std::nullopt;
    }
  }

  bool number(Kind kind, std::string_view text, std::uint64_t& out) {
    const auto number = number_of(kind, text);
    if (!number) return fail("expected " + std::string(kind_name(kind)) + ", got a number that is none");
    out = *number;
    return true;
  }

  /// The number that a string holds.
  bool quoted_number(Kind kind, std::uint32_t position, std::uint64_t& out) {
    std::string_view text;
    if (!resolved(position, text)) return false;
    const bool is_real = kind == Kind::float32 || kind == Kind::float64;
    if (!is_json_number(text) && !(is_real && special_number<float>(text))) return expected(kind_name(kind), position);
    return number(kind, text, out);
  }

  /// Booleans, numbers and enums, as they stand on the wire.
  bool scalar(const Field& type, std::uint32_t position, std::uint64_t& out) {
    const JsonNode& node = document_[position];
    if (type.kind == Kind::boolean) {
      if (node.kind != JsonKind::boolean) return expected(kind_name(type.kind), position);
      out = document_.text(node) == "true" ? 1 : 0;
      return true;
    }
    if (type.kind == Kind::enumeration) return enumeration(*type.enumeration, position, out);
    if (node.kind == JsonKind::number) return number(type.kind, document_.text(node), out);
    if (node.kind == JsonKind::string) return quoted_number(type.kind, position, out);
    return expected(kind_name(type.kind), position);
  }

  bool enumeration(const Enumeration& type, std::uint32_t position, std::uint64_t& out) {
    const JsonNode& node = document_[position];
    if (type.null_value && node.kind == JsonKind::null) {
      out = 0;
      return true;
    }
    if (node.kind == JsonKind::number) return number(Kind::enumeration, document_.text(node), out);
    if (node.kind != JsonKind::string) return expected(type.full_name, position);
    std::string_view name;
    if (!resolved(position, name)) return false;
    const auto* found = type.find(name);
    if (found == nullptr) return fail("expected a name of " + type.full_name + ", got another text");
    out = static_cast<std::uint64_t>(found->number);
    return true;
  }

  bool base64(std::uint32_t position, std::string_view& content) {
    std::string_view text;
    if (!resolved(position, text)) return false;
    if (text.data() != scratch_.data()) scratch_ = text;
    std::ranges::replace(scratch_, '-', '+');
    std::ranges::replace(scratch_, '_', '/');
    const auto size = base64_decode_in_place(scratch_.data(), scratch_.size());
    if (!size) return fail("is no base64: " + std::string(size.error()));
    content = std::string_view(scratch_).substr(0, *size);
    return true;
  }

  /// Strings and bytes.
  bool content_of(const Field& type, std::uint32_t position, std::string_view& content) {
    if (!is(JsonKind::string, position)) return expected(kind_name(type.kind), position);
    return type.kind == Kind::string ? resolved(position, content) : base64(position, content);
  }

  // ---- fields

  bool field(const Field& type, std::uint32_t position) {
    switch (type.shape) {
      case Shape::singular:
        return value(type, position, !type.presence);
      case Shape::repeated:
        return list(type, position);
      case Shape::map:
        return map(type, position);
    }
    return false;
  }

  /// One value with its tag. `defaults_out`: nothing is written for the default of its type.
  bool value(const Field& type, std::uint32_t position, bool defaults_out) {
    switch (type.kind) {
      case Kind::message:
        tag(type, WireType::length);
        return nested([&] { return sized([&] { return message(*type.message, position); }); });
      case Kind::group:
        tag(type, WireType::group_begin);
        if (!nested([&] { return message(*type.message, position); })) return false;
        tag(type, WireType::group_end);
        return true;
      case Kind::string:
      case Kind::bytes: {
        std::string_view content;
        if (!content_of(type, position, content)) return false;
        if (defaults_out && content.empty()) return true;
        tag(type, WireType::length);
        bytes(content);
        return true;
      }
      default: {
        std::uint64_t number = 0;
        if (!scalar(type, position, number)) return false;
        if (defaults_out && number == 0) return true;
        tag(type, wire_type(type.kind));
        bits(type.kind, number);
        return true;
      }
    }
  }

  bool list(const Field& type, std::uint32_t position) {
    if (!is(JsonKind::array, position)) return expected("array", position);
    const std::uint32_t count = document_[position].count;
    const auto each = [&](const auto& write) {
      std::uint32_t at = position + 1;
      for (std::uint32_t i = 0; i < count; ++i, at = document_[at].next) {
        if (!write(at)) return inside("[" + std::to_string(i) + "]");
      }
      return true;
    };
    if (!type.packed) return each([&](std::uint32_t at) { return value(type, at, false); });
    if (count == 0) return true;
    tag(type, WireType::length);
    return sized([&] {
      return each([&](std::uint32_t at) {
        std::uint64_t number = 0;
        if (!scalar(type, at, number)) return false;
        bits(type.kind, number);
        return true;
      });
    });
  }

  bool map(const Field& type, std::uint32_t position) {
    if (!is(JsonKind::object, position)) return expected("object", position);
    const Field& key_type = type.message->fields[0];
    const Field& value_type = type.message->fields[1];
    const auto entry = [&](std::uint32_t at) { return key(key_type, at) && value(value_type, at + 1, false); };
    std::uint32_t at = position + 1;
    for (std::uint32_t i = 0; i < document_[position].count; ++i, at = document_[at + 1].next) {
      tag(type, WireType::length);
      if (nested([&] { return sized([&] { return entry(at); }); })) continue;
      const auto name = document_.string(at).raw;
      return inside(one_line_prefix(name, shown_bytes_max));
    }
    return true;
  }

  bool key(const Field& type, std::uint32_t position) {
    if (type.kind == Kind::string) return value(type, position, false);
    std::uint64_t number = 0;
    if (type.kind == Kind::boolean) {
      const auto text = document_.string(position);
      number = text.equals("true") ? 1 : 0;
      if (number == 0 && !text.equals("false")) return expected("a key that is a bool", position);
    } else if (!quoted_number(type.kind, position, number)) {
      return false;
    }
    tag(type, wire_type(type.kind));
    bits(type.kind, number);
    return true;
  }

  // ---- messages: all write the content alone

  bool message(const Message& type, std::uint32_t position) {
    switch (type.well_known) {
      case WellKnown::none:
        return object(type, position, {});
      case WellKnown::any:
        return any(type, position);
      case WellKnown::duration:
        return seconds(type, position, parse_duration);
      case WellKnown::timestamp:
        return seconds(type, position, parse_timestamp);
      case WellKnown::field_mask:
        return field_mask(type, position);
      case WellKnown::value:
        return field(type.fields[value_field(document_[position].kind)], position);
      case WellKnown::transparent:
        return field(type.fields[0], position);
    }
    return false;
  }

  /// `ignored`: a member that is no field.
  bool object(const Message& type, std::uint32_t position, std::string_view ignored) {
    if (!is(JsonKind::object, position)) return expected("object", position);
    const std::size_t base = members_.size();
    const bool done =
        find_fields(type, position, ignored, base) && check_fields(type, base) && write_fields(type, base);
    members_.resize(base);
    return done;
  }

  /// Appends the members that are fields, in the order of the fields.
  bool find_fields(const Message& type, std::uint32_t position, std::string_view ignored, std::size_t base) {
    bool sorted = true;
    std::uint32_t last = 0;
    std::uint32_t at = position + 1;
    for (std::uint32_t i = 0; i < document_[position].count; ++i, at = document_[at + 1].next) {
      if (!ignored.empty() && document_.string(at).equals(ignored)) continue;
      std::string_view name;
      if (!resolved(at, name)) return false;
      const auto found = find(type, name, last);
      if (!found) return fail("unknown field " + shown(name));
      if (is(JsonKind::null, at + 1) && !takes_null(type.fields[*found])) continue;
      sorted = sorted && *found >= last;
      last = *found;
      members_.push_back({.field = *found, .position = at + 1});
    }
    if (!sorted) std::ranges::sort(std::span(members_).subspan(base), {}, &Member::field);
    return true;
  }

  /// Most writers keep the order of the schema.
  static std::optional<std::uint32_t> find(const Message& type, std::string_view name, std::uint32_t last) {
    for (std::uint32_t i = last; i < type.fields.size() && i < last + 2; ++i) {
      if (type.fields[i].json_name == name) return i;
    }
    const auto found = type.names.find(name);
    if (found == type.names.end()) return std::nullopt;
    return found->second;
  }

  bool check_fields(const Message& type, std::size_t base) {
    const auto members = std::span(members_).subspan(base);
    const auto twice = std::ranges::adjacent_find(members, {}, &Member::field);
    if (twice != members.end()) return fail("has " + shown(type.fields[twice->field].json_name) + " twice");
    return (!type.has_oneofs || check_oneofs(type, members)) && (!type.has_required || check_required(type, members));
  }

  bool check_oneofs(const Message& type, std::span<const Member> members) {
    std::vector<std::int32_t> set;
    for (const Member& member : members) {
      if (const auto oneof = type.fields[member.field].oneof; oneof >= 0) set.push_back(oneof);
    }
    std::ranges::sort(set);
    const auto twice = std::ranges::adjacent_find(set);
    if (twice == set.end()) return true;
    std::string names;
    for (const Member& member : members) {
      const Field& field = type.fields[member.field];
      if (field.oneof == *twice) names += (names.empty() ? "" : ", ") + shown(field.json_name);
    }
    return fail("has more than one member of a oneof: " + names);
  }

  bool check_required(const Message& type, std::span<const Member> members) {
    for (std::uint32_t i = 0; i < type.fields.size(); ++i) {
      if (type.fields[i].required && !std::ranges::binary_search(members, i, {}, &Member::field))
        return fail("has no " + shown(type.fields[i].json_name) + ", which is required");
    }
    return true;
  }

  bool write_fields(const Message& type, std::size_t base) {
    const std::size_t end = members_.size();
    for (std::size_t i = base; i < end; ++i) {
      const Member member = members_[i];
      const Field& each = type.fields[member.field];
      if (!field(each, member.position)) return inside(each.json_name);
    }
    return true;
  }

  // ---- well-known types

  /// Position of the member of a Value.
  static std::size_t value_field(JsonKind kind) {
    switch (kind) {
      case JsonKind::number:
        return 1;
      case JsonKind::string:
        return 2;
      case JsonKind::boolean:
        return 3;
      case JsonKind::object:
        return 4;
      case JsonKind::array:
        return 5;
      default:
        return 0;
    }
  }

  template <class Parse>
  bool seconds(const Message& type, std::uint32_t position, const Parse& parse) {
    std::string_view text;
    if (!is(JsonKind::string, position)) return expected(type.full_name, position);
    if (!resolved(position, text)) return false;
    const auto parsed = parse(text);
    if (!parsed) return fail("expected " + type.full_name + ", got another text");
    const auto part = [&](const Field& field, std::int64_t number) {
      if (number == 0) return;
      tag(field, WireType::varint);
      bits(field.kind, static_cast<std::uint64_t>(number));
    };
    part(type.fields[0], parsed->seconds);
    part(type.fields[1], parsed->nanos);
    return true;
  }

  bool field_mask(const Message& type, std::uint32_t position) {
    std::string_view text;
    if (!is(JsonKind::string, position)) return expected(type.full_name, position);
    if (!resolved(position, text)) return false;
    if (text.empty()) return true;
    for (const auto part : std::views::split(text, ',')) {
      const auto path = from_lower_camel(std::string_view(part));
      if (!path) return fail("holds a path that is not lowerCamel");
      tag(type.fields[0], WireType::length);
      bytes(*path);
    }
    return true;
  }

  bool any(const Message& type, std::uint32_t position) {
    constexpr std::string_view type_member = "@type";
    if (!is(JsonKind::object, position)) return expected(type.full_name, position);
    if (document_[position].count == 0) return true;
    const auto named = document_.find(position, type_member);
    if (!named) return fail("has no \"@type\"");
    if (!is(JsonKind::string, *named)) return expected("string", *named) || inside(type_member);
    std::string_view url;
    if (!resolved(*named, url)) return inside(type_member);
    const Message* const inner = schema_.find(url.substr(url.rfind('/') + 1));
    if (inner == nullptr)
      return fail("holds an Any of " + shown_name(url.substr(url.rfind('/') + 1)) + ", which is not in the schema");
    tag(type.fields[0], WireType::length);
    bytes(url);
    const std::size_t before = out_.size();
    tag(type.fields[1], WireType::length);
    const std::size_t begin = out_.size();
    const bool done = nested([&] {
      return sized([&] {
        return inner->well_known == WellKnown::none ? object(*inner, position, type_member)
                                                    : any_value(*inner, position, type_member);
      });
    });
    if (done && out_.size() == begin + 1) out_.resize(before);  // no bytes: the default
    return done;
  }

  static std::string shown_name(std::string_view name) {
    return "\"" + one_line_prefix(name, full_name_bytes_max) + "\"";
  }

  /// Of a well-known type: stands under "value".
  bool any_value(const Message& type, std::uint32_t position, std::string_view type_member) {
    constexpr std::string_view value_member = "value";
    std::uint32_t at = position + 1;
    for (std::uint32_t i = 0; i < document_[position].count; ++i, at = document_[at + 1].next) {
      const auto name = document_.string(at);
      if (!name.equals(type_member) && !name.equals(value_member)) return fail("unknown field " + shown(name.raw));
    }
    const auto value = document_.find(position, value_member);
    if (!value) return fail("has no \"value\"");
    return message(type, *value) || inside(value_member);
  }

  const JsonDocument& document_;
  std::vector<Member>& members_;
  std::string& scratch_;
  const Schema& schema_;
  std::string& out_;
  std::size_t depth_ = 0;
  std::string path_;
  std::string why_;
};

std::expected<void, std::string> Encoder::append(const Schema& schema, std::string_view json, std::string& out) {
  document_.read(json);
  return Walk(*this, schema, out).run(schema.first());
}

}  // namespace sidecar::formats::protobuf
