#include "formats/avro/encode.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <optional>
#include <utility>

#include "base/utf8.hpp"
#include "formats/avro/in_order.hpp"
#include "formats/avro/scalars.hpp"
#include "formats/json_number.hpp"
#include "formats/little_endian.hpp"
#include "formats/value_path.hpp"
#include "formats/varint.hpp"

namespace sidecar::formats::avro {
namespace {

constexpr std::size_t shown_bytes_max = 64;

template <class Real>
std::optional<Real> special_number(const JsonString& text) {
  constexpr Real infinity = std::numeric_limits<Real>::infinity();
  if (text.equals("NaN")) return std::numeric_limits<Real>::quiet_NaN();
  if (text.equals("Infinity") || text.equals("INF")) return infinity;
  if (text.equals("-Infinity") || text.equals("-INF")) return -infinity;
  return std::nullopt;
}

std::string_view short_name(std::string_view full_name) {
  return full_name.substr(full_name.rfind('.') + 1);
}

/// The names of a union's branches, for an error text.
std::string names_of(const Node& node) {
  constexpr std::size_t names_max = 8;
  std::string names;
  for (std::size_t i = 0; i < node.branches.size() && i < names_max; ++i) {
    if (i > 0) names += i + 1 == node.branches.size() ? " or " : ", ";
    names += utf8_prefix(node.branches[i]->name, shown_bytes_max);
  }
  if (node.branches.size() > names_max) names += ", ...";
  return names;
}

}  // namespace

/// The path is put together on the way out, so a good value costs nothing for it. Functions return false after a
/// failure.
class Encoder::Walk {
 public:
  Walk(Encoder& encoder, std::string& out)
      : document_(encoder.document_),
        places_(encoder.places_),
        scratch_(encoder.scratch_),
        out_(out),
        begin_(out.size()),
        work_left_(work_min + work_per_value * document_.size() + work_per_byte * document_.source().size()) {}

  std::expected<void, std::string> run(const Node& node) {
    places_.clear();
    if (value(node, 0)) return {};
    return failed();
  }

  /// A schema that is `bytes` itself.
  std::expected<void, std::string> run_raw() {
    if (raw_bytes(0)) return {};
    return failed();
  }

 private:
  /// Branches of unions are tried, inside each other, and a large value again for each; what is allowed grows with the
  /// text alone. One unit of work is about a tenth of a microsecond: a value, or so much of something cheaper.
  static constexpr std::size_t work_min = 10'000;
  static constexpr std::size_t work_per_value = 16;
  static constexpr std::size_t work_per_byte = 2;
  static constexpr std::size_t members_per_work = 4;
  static constexpr std::size_t branches_per_work = 16;
  static constexpr std::size_t bytes_per_work = 64;              ///< Of strings, names and numbers.
  static constexpr std::size_t discarded_bytes_per_work = 1024;  ///< Written for a branch that did not fit.
  static constexpr std::size_t fields_per_work = 128;

  bool spend(std::size_t work) {
    if (work > work_left_) {
      work_left_ = 0;
      return fail("takes more work than its size allows: wrap the values of unions");
    }
    work_left_ -= work;
    return true;
  }

  std::expected<void, std::string> failed() {
    out_.resize(begin_);
    return std::unexpected(path_.empty() ? why_ : path_ + ": " + why_);
  }

  bool fail(std::string why) {
    path_.clear();
    why_ = std::move(why);
    return false;
  }

  bool unexpected(const Node& node, JsonKind kind) {
    return fail("expected " + std::string(utf8_prefix(node.name, shown_bytes_max)) + ", got " +
                std::string(word_for(kind)));
  }

  /// Puts a step in front of the path of a failure.
  bool inside(std::string_view step) {
    put_step_before(path_, utf8_prefix(step, shown_bytes_max));
    return false;
  }

  bool fits_limit() {
    return out_.size() - begin_ <= encoded_bytes_max ||
           fail("takes more than " + std::to_string(encoded_bytes_max) + " bytes");
  }

  void number(std::int64_t value) { append_zigzag(out_, value); }

  bool value(const Node& node, std::uint32_t position) {
    if (!spend(1)) return false;
    const JsonKind kind = document_[position].kind;
    if (!may_fit(node, kind)) return unexpected(node, kind);
    switch (node.type) {
      case Type::null:
        return true;
      case Type::boolean:
        out_ += document_.text(document_[position]) == "true" ? '\1' : '\0';
        return true;
      case Type::int32:
      case Type::int64:
        return integer(node, position);
      case Type::float32:
        return real<float, std::uint32_t>(node, position);
      case Type::float64:
        return real<double, std::uint64_t>(node, position);
      case Type::bytes:
        return bytes(position);
      case Type::fixed:
        return fixed(node, position);
      case Type::string:
        return text(position);
      case Type::enumeration:
        return symbol(node, position);
      case Type::alternatives:
        return alternatives(node, position);
      case Type::record:
        return record(node, position);
      case Type::array:
        return array(node, position);
      case Type::map:
        return map(node, position);
    }
    return false;
  }

  bool integer(const Node& node, std::uint32_t position) {
    const std::string_view digits = document_.text(document_[position]);
    if (!spend(digits.size() / bytes_per_work)) return false;
    const auto whole = integer_of(node, digits);
    if (!whole) return fail("expected " + node.name + ", got a number that is none");
    number(*whole);
    return true;
  }

  template <class Real, class Bits>
  bool real(const Node& node, std::uint32_t position) {
    const bool is_number = document_[position].kind == JsonKind::number;
    const std::string_view text = document_.text(document_[position]);
    if (!spend(text.size() / bytes_per_work)) return false;
    const auto value = is_number ? real_number<Real>(text) : special_number<Real>(document_.string(position));
    if (!value)
      return is_number ? fail("expected " + node.name + ", got a number out of its range")
                       : unexpected(node, JsonKind::string);
    append_little_endian(out_, std::bit_cast<Bits>(*value));
    return true;
  }

  /// The string at `position` with its escapes resolved; a view that lives until the next call.
  bool resolved(std::uint32_t position, std::string_view& text) {
    text = document_.text(document_[position]);
    if (!spend(text.size() / bytes_per_work)) return false;
    if (!document_[position].has_escapes) return true;
    scratch_.clear();
    if (!document_.append_string(position, scratch_)) return fail("a lone surrogate has no UTF-8 form");
    text = scratch_;
    return true;
  }

  bool text(std::uint32_t position) {
    std::string_view text;
    if (!resolved(position, text)) return false;
    number(static_cast<std::int64_t>(text.size()));
    out_ += text;
    return true;
  }

  /// Appends one byte for each character.
  bool raw_bytes(std::uint32_t position) {
    if (document_[position].kind != JsonKind::string)
      return fail("expected bytes, got " + std::string(word_for(document_[position].kind)));
    std::string_view text;
    if (!resolved(position, text)) return false;
    return append_raw_bytes(text, out_) || fail("a character above U+00FF is no byte");
  }

  bool bytes(std::uint32_t position) {
    const std::size_t before = out_.size();
    if (!raw_bytes(position)) return false;
    std::string length;
    append_zigzag(length, static_cast<std::int64_t>(out_.size() - before));
    out_.insert(before, length);
    return true;
  }

  bool fixed(const Node& node, std::uint32_t position) {
    const std::size_t before = out_.size();
    if (!raw_bytes(position)) return false;
    const std::size_t size = out_.size() - before;
    return size == node.size || fail("expected " + std::string(utf8_prefix(node.name, shown_bytes_max)) + " of " +
                                     std::to_string(node.size) + " bytes, got " + std::to_string(size));
  }

  bool symbol(const Node& node, std::uint32_t position) {
    std::string_view text;
    if (!resolved(position, text)) return false;
    const auto found = node.index.find(text);
    if (found == node.index.end())
      return fail("expected a symbol of " + std::string(utf8_prefix(node.name, shown_bytes_max)) +
                  ", got another text");
    number(found->second);
    return true;
  }

  bool branch(const Node& node, std::size_t index, std::uint32_t position) {
    number(static_cast<std::int64_t>(index));
    return value(*node.branches[index], position);
  }

  /// The branch that the only member of an object names.
  std::optional<std::size_t> wrapped(const Node& node, std::uint32_t position) {
    const JsonNode& object = document_[position];
    if (object.kind != JsonKind::object || object.count != 1) return std::nullopt;
    const JsonString name = document_.string(position + 1);
    std::optional<std::size_t> by_other_name;
    bool several = false;
    for (std::size_t i = 0; i < node.branches.size(); ++i) {
      const Node& branch = *node.branches[i];
      if (name.equals(branch.name)) return i;
      // When nothing is left to spend, the first branch says so.
      if (!spend(branch.aliases.size() / branches_per_work)) return std::nullopt;
      const bool by_alias = std::ranges::any_of(branch.aliases, [&](const auto& alias) { return name.equals(alias); });
      if (!by_alias && !(branch.is_named() && name.equals(short_name(branch.name)))) continue;
      several = by_other_name.has_value();
      by_other_name = i;
    }
    return several ? std::nullopt : by_other_name;
  }

  bool alternatives(const Node& node, std::uint32_t position) {
    if (!spend(node.branches.size() / branches_per_work)) return false;
    if (const auto named = wrapped(node, position)) {
      const Node& chosen = *node.branches[*named];
      return branch(node, *named, position + 2) || inside(chosen.name);
    }
    const JsonKind kind = document_[position].kind;
    const std::size_t before = out_.size();
    const std::size_t places = places_.size();
    std::size_t tried = 0;
    for (std::size_t i = 0; i < node.branches.size(); ++i) {
      if (!may_fit(*node.branches[i], kind)) continue;
      ++tried;
      if (branch(node, i, position)) return true;
      if (!spend((out_.size() - before) / discarded_bytes_per_work)) return false;
      out_.resize(before);
      places_.resize(places);
    }
    if (work_left_ == 0 || tried == 1) return false;  // the reason of the only branch that came near
    if (tried == 0) return fail("expected " + names_of(node) + ", got " + std::string(word_for(kind)));
    return fail("fits none of " + names_of(node));
  }

  /// Which members are the fields: a name wins over an alias, of equal ones the last counts. Appends one place for each
  /// field: the position of its value, times two, and one for an alias; 0: none.
  bool find_fields(const Node& node, std::uint32_t position, std::size_t first) {
    places_.resize(first + node.fields.size(), 0);
    std::size_t expected = 0;
    std::uint32_t at = position + 1;
    const std::uint32_t members = document_[position].count;
    std::size_t name_bytes = 0;
    for (std::uint32_t i = 0; i < members; ++i, at = document_[at + 1].next) {
      const std::uint64_t place = std::uint64_t{at + 1} * 2;
      const JsonString name = document_.string(at);
      name_bytes += name.raw.size();
      // Most writers keep the order of the schema.
      if (expected < node.fields.size() && !name.has_escapes && name.raw == node.fields[expected].name) {
        places_[first + expected++] = place;
        continue;
      }
      std::string_view text;
      if (name.has_escapes) {
        scratch_.clear();
        if (!document_.append_string(at, scratch_)) continue;  // no UTF-8, so no field
        text = scratch_;
      } else {
        text = name.raw;
      }
      const auto found = node.index.find(text);
      if (found == node.index.end()) continue;
      const std::size_t field = found->second;
      const bool is_alias = text != node.fields[field].name;
      std::uint64_t& known = places_[first + field];
      if (is_alias && known != 0 && known % 2 == 0) continue;
      known = place + (is_alias ? 1 : 0);
      expected = field + 1;
    }
    return spend(members / members_per_work + name_bytes / bytes_per_work + node.fields.size() / fields_per_work);
  }

  bool record(const Node& node, std::uint32_t position) {
    if (!node.complete) return fail("a default cannot hold the record that it stands in");
    const std::size_t first = places_.size();
    if (!find_fields(node, position, first)) return false;
    for (std::size_t i = 0; i < node.fields.size(); ++i) {
      const Field& field = node.fields[i];
      const std::uint64_t place = places_[first + i];
      if (place == 0) {
        if (!missing(field)) return inside(field.name);
      } else if (!value(*field.type, static_cast<std::uint32_t>(place / 2))) {
        return inside(field.name);
      }
    }
    places_.resize(first);
    return true;
  }

  bool missing(const Field& field) {
    if (!field.default_binary) {
      return fail(field.default_problem.empty()
                      ? "is missing"
                      : "is missing, and its default cannot be used: " + field.default_problem);
    }
    out_ += *field.default_binary;
    return fits_limit();
  }

  bool array(const Node& node, std::uint32_t position) {
    const std::uint32_t count = document_[position].count;
    if (count > 0) number(count);
    std::uint32_t at = position + 1;
    for (std::uint32_t i = 0; i < count; ++i, at = document_[at].next) {
      if (!value(*node.items, at)) return inside("[" + std::to_string(i) + "]");
    }
    number(0);
    return true;
  }

  bool map(const Node& node, std::uint32_t position) {
    const std::uint32_t count = document_[position].count;
    if (count > 0) number(count);
    std::uint32_t at = position + 1;
    for (std::uint32_t i = 0; i < count; ++i, at = document_[at + 1].next) {
      if (!text(at)) return inside("a key");
      // The name with its escapes, so that the error stays one line.
      if (!value(*node.items, at + 1)) return inside(document_.string(at).raw);
    }
    number(0);
    return true;
  }

  const JsonDocument& document_;
  std::vector<std::uint64_t>& places_;
  std::string& scratch_;
  std::string& out_;
  std::size_t begin_;
  std::size_t work_left_;
  std::string path_;
  std::string why_;
};

std::expected<void, std::string> Encoder::append(const Schema& schema, std::string_view json, std::string& out) {
  if (append_in_order(schema.root(), json, out)) return {};
  document_.read(json);
  Walk walk(*this, out);
  auto done = schema.root().type == Type::bytes ? walk.run_raw() : walk.run(schema.root());
  if (!done) done.error().insert(0, "avro: ");
  return done;
}

std::expected<void, std::string> Encoder::append(const Node& node, std::string_view json, std::string& out) {
  document_.read(json);
  return Walk(*this, out).run(node);
}

}  // namespace sidecar::formats::avro
