#include "formats/jsonschema/validate.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/json_pointer.hpp"
#include "base/utf8.hpp"
#include "formats/json_number.hpp"
#include "formats/jsonschema/compiled.hpp"

namespace sidecar::formats::jsonschema {
namespace {

constexpr std::size_t shown_bytes_max = 64;
constexpr std::size_t path_bytes_max = 1024;
/// Subschemas inside each other, on values inside each other.
constexpr std::size_t depth_max = 2000;
/// Of a value, that are read in the time of one step.
constexpr std::size_t bytes_per_step = 8;
/// Of an object, whose names are compared in the time of one step.
constexpr std::size_t members_per_step = 4;
/// To find out whether an item stands twice.
constexpr std::size_t steps_per_unique_item = 10;
/// Instructions of a pattern times bytes of a text. A text that tries a pattern hard takes some ten times as long as a
/// step, but most take less: larger patterns are mostly classes of Unicode, which are looked at one at a time.
constexpr std::size_t matching_per_step = 256;

/// The four digits of the escape `\u` at `at`; nothing when no such escape stands there. `raw` is a checked string.
std::optional<std::uint32_t> unicode_escape(std::string_view raw, std::size_t at) {
  constexpr int hexadecimal = 16;
  if (!raw.substr(std::min(at, raw.size())).starts_with("\\u")) return std::nullopt;
  std::uint32_t unit = 0;
  std::from_chars(raw.data() + at + 2, raw.data() + at + 6, unit, hexadecimal);
  return unit;
}

/// The text of a checked string, with U+FFFD for each lone surrogate.
std::string unescaped(std::string_view raw) {
  constexpr std::size_t escape_size = 6;
  std::string out(raw);
  for (std::size_t at = out.find('\\'); at != std::string::npos; at = out.find('\\', at)) {
    const auto unit = unicode_escape(out, at);
    if (!unit) {
      at += 2;
    } else if ((*unit & 0xf800U) != 0xd800U) {
      at += escape_size;
    } else if (*unit < 0xdc00U && (unicode_escape(out, at + escape_size).value_or(0) & 0xfc00U) == 0xdc00U) {
      at += 2 * escape_size;
    } else {
      out.replace(at + 2, 4, "fffd");
      at += escape_size;
    }
  }
  out.resize(unescape_in_place(out.data(), out.size()).value_or(0));
  return out;
}

std::string shown(std::string_view text) {
  return one_line_prefix(text, shown_bytes_max);
}

/// One pass over a value. The pointer of a failure is put together on the way out. Functions return false after a
/// failure; while `quiet_` is above zero they do not say why.
class Walk {
 public:
  explicit Walk(const JsonDocument& document)
      : document_(document),
        work_left_(std::min(work_max, work_min + work_per_value * document.size() + work_per_byte * document[0].size)) {
  }

  std::expected<void, std::string> run(const Rule& root) {
    if (value(root, 0)) return {};
    if (exhausted_) return std::unexpected("takes too much work to check");
    return std::unexpected(path_.empty() ? why_ : path_ + ": " + why_);
  }

 private:
  using Position = std::uint32_t;

  /// `say` makes the text, when somebody wants to know.
  template <class Say>
  bool fail(const Say& say) {
    if (quiet_ == 0) {
      path_.clear();
      why_ = say();
    }
    return false;
  }

  bool inside(std::string_view step) {
    if (quiet_ > 0 || path_.size() > path_bytes_max) return false;
    std::string escaped;
    append_pointer_step(escaped, shown(step));
    path_.insert(0, escaped);
    return false;
  }

  bool holds(const Rule& rule, Position at) {
    ++quiet_;
    const bool held = value(rule, at);
    --quiet_;
    return held;
  }

  /// False once there is nothing left to spend.
  bool spend(std::size_t steps) {
    exhausted_ = exhausted_ || steps > work_left_;
    if (!exhausted_) work_left_ -= steps;
    return !exhausted_;
  }

  bool value(const Rule& rule, Position at) {
    exhausted_ = exhausted_ || depth_ == depth_max;
    if (!spend(1)) return false;
    ++depth_;
    const bool done = rule.ref != nullptr ? value(*rule.ref, at) : rule.constant ? constant(rule) : all(rule, at);
    --depth_;
    return done;
  }

  bool constant(const Rule& rule) {
    return *rule.constant || fail([] { return std::string("false: nothing is allowed here"); });
  }

  bool all(const Rule& rule, Position at) {
    const JsonNode& node = document_[at];
    // What stands inside an array or object pays for itself when it is looked at.
    const bool is_container = node.kind == JsonKind::array || node.kind == JsonKind::object;
    if (!is_container && !spend(node.size / bytes_per_step)) return false;
    if (rule.types != 0 && !type(rule, node)) return false;
    if (rule.allowed && !allowed(rule, at)) return false;
    switch (node.kind) {
      case JsonKind::number:
        if (!number(rule, node)) return false;
        break;
      case JsonKind::string:
        if (!string(rule, at)) return false;
        break;
      case JsonKind::array:
        if (!array(rule, at)) return false;
        break;
      case JsonKind::object:
        if (!object(rule, at)) return false;
        break;
      default:
        break;
    }
    return combined(rule, at);
  }

  /// The types that a value of the kind may have, as bits.
  static unsigned types_of(JsonKind kind) {
    switch (kind) {
      case JsonKind::null:
        return type_null;
      case JsonKind::boolean:
        return type_boolean;
      case JsonKind::number:
        return type_number | type_integer;
      case JsonKind::string:
        return type_string;
      case JsonKind::array:
        return type_array;
      case JsonKind::object:
        return type_object;
      case JsonKind::malformed:
        break;
    }
    return 0;
  }

  static bool takes_kind(const Rule& rule, JsonKind kind) {
    return rule.types == 0 || (rule.types & types_of(kind)) != 0;
  }

  bool type(const Rule& rule, const JsonNode& node) {
    const unsigned common = rule.types & types_of(node.kind);
    return (common == type_integer ? is_integer(rule, node) : common != 0) ||
           fail([&] { return "type: expected " + rule.type_names + ", got " + std::string(word_for(node.kind)); });
  }

  [[nodiscard]] bool is_integer(const Rule& rule, const JsonNode& node) const {
    const auto text = document_.text(node);
    if (text.find_first_of(".eE") == std::string_view::npos) return true;
    return rule.draft != Draft::draft4 && to_decimal(text).is_whole();
  }

  bool allowed(const Rule& rule, Position at) {
    if (!spend(document_[at].size / bytes_per_step)) return false;
    scratch_.clear();
    append_canonical(document_, at, scratch_);
    return rule.allowed->contains(scratch_) || fail([&] {
             return rule.allowed_is_const ? std::string("const: another value")
                                          : std::string("enum: none of its values");
           });
  }

  bool number(const Rule& rule, const JsonNode& node) {
    if (!rule.multiple_of && !rule.maximum && !rule.minimum && !rule.exclusive_maximum && !rule.exclusive_minimum)
      return true;
    const Decimal number = to_decimal(document_.text(node));
    const auto bound = [&](const std::optional<Decimal>& limit, std::string_view keyword, auto holds_bound) {
      return !limit || holds_bound(compare(number, *limit)) ||
             fail([&] { return std::string(keyword) + ": out of range"; });
    };
    return bound(rule.minimum, "minimum", [](auto order) { return order >= 0; }) &&
           bound(rule.maximum, "maximum", [](auto order) { return order <= 0; }) &&
           bound(rule.exclusive_minimum, "exclusiveMinimum", [](auto order) { return order > 0; }) &&
           bound(rule.exclusive_maximum, "exclusiveMaximum", [](auto order) { return order < 0; }) &&
           (!rule.multiple_of || is_multiple(number, *rule.multiple_of) ||
            fail([] { return std::string("multipleOf: no multiple"); }));
  }

  /// The string with its escapes resolved, and U+FFFD for each lone surrogate.
  std::string_view text(Position at, std::string& space) const {
    if (!document_[at].has_escapes) return document_.text(document_[at]);
    space.clear();
    if (!document_.append_string(at, space)) space = unescaped(document_.text(document_[at]));
    return space;
  }

  static std::uint64_t characters(std::string_view text) {
    return static_cast<std::uint64_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
  }

  bool string(const Rule& rule, Position at) {
    if (!rule.length_max && !rule.length_min && rule.pattern == nullptr) return true;
    const auto text = this->text(at, scratch_);
    if (rule.length_max || rule.length_min) {
      const auto length = characters(text);
      if (rule.length_min && length < *rule.length_min)
        return fail([&] { return "minLength: shorter than " + std::to_string(*rule.length_min); });
      if (rule.length_max && length > *rule.length_max)
        return fail([&] { return "maxLength: longer than " + std::to_string(*rule.length_max); });
    }
    return rule.pattern == nullptr || matches(*rule.pattern, text) ||
           fail([] { return std::string("pattern: does not match"); });
  }

  bool matches(const Pattern& pattern, std::string_view text) {
    return spend(1 + text.size() / bytes_per_step + text.size() * pattern.size() / matching_per_step) &&
           pattern.matches(text);
  }

  bool array(const Rule& rule, Position at) {
    const std::uint64_t count = document_[at].count;
    if (rule.items_min && count < *rule.items_min)
      return fail([&] { return "minItems: fewer than " + std::to_string(*rule.items_min); });
    if (rule.items_max && count > *rule.items_max)
      return fail([&] { return "maxItems: more than " + std::to_string(*rule.items_max); });
    if (rule.items != nullptr || !rule.tuple.empty()) {
      Position item = at + 1;
      for (std::size_t i = 0; i < count; ++i, item = document_[item].next) {
        const Rule* const each = i < rule.tuple.size() ? rule.tuple[i] : rule.items;
        if (each == nullptr) break;
        if (!value(*each, item)) return inside(std::to_string(i));
      }
    }
    if (rule.contains != nullptr && !contains(rule, at)) return false;
    return !rule.unique || unique(at);
  }

  bool contains(const Rule& rule, Position at) {
    Position item = at + 1;
    for (std::uint32_t i = 0; i < document_[at].count; ++i, item = document_[item].next) {
      if (holds(*rule.contains, item)) return true;
    }
    return fail([] { return std::string("contains: no item fits"); });
  }

  bool unique(Position at) {
    if (!spend(document_[at].size / bytes_per_step + document_[at].count * steps_per_unique_item)) return false;
    std::unordered_set<std::string> seen;
    Position item = at + 1;
    for (std::uint32_t i = 0; i < document_[at].count; ++i, item = document_[item].next) {
      std::string canonical;
      append_canonical(document_, item, canonical);
      if (!seen.insert(std::move(canonical)).second)
        return fail([] { return std::string("uniqueItems: two items are equal"); });
    }
    return true;
  }

  bool object(const Rule& rule, Position at) {
    const std::uint64_t count = document_[at].count;
    if (rule.properties_min && count < *rule.properties_min)
      return fail([&] { return "minProperties: fewer than " + std::to_string(*rule.properties_min); });
    if (rule.properties_max && count > *rule.properties_max)
      return fail([&] { return "maxProperties: more than " + std::to_string(*rule.properties_max); });
    for (const auto& name : rule.required) {
      if (!has(at, name)) return fail([&] { return "required: " + shown(name) + " is missing"; });
    }
    if (rule.looks_into_objects()) {
      Position member = at + 1;
      for (std::uint32_t i = 0; i < count; ++i, member = document_[member + 1].next) {
        if (!this->member(rule, member)) return false;
      }
    }
    for (const auto& dependency : rule.dependencies) {
      if (!has(at, dependency.property)) continue;
      for (const auto& name : dependency.required) {
        if (!has(at, name)) {
          return fail([&] { return "dependencies: " + shown(dependency.property) + " needs " + shown(name); });
        }
      }
      if (dependency.rule != nullptr && !value(*dependency.rule, at)) return false;
    }
    return true;
  }

  bool has(Position object, std::string_view name) {
    return spend(document_[object].count / members_per_step) && document_.find(object, name).has_value();
  }

  /// A name and, behind it, its value.
  bool member(const Rule& rule, Position at) {
    std::string space;
    const std::string_view name = text(at, space);
    if (rule.names != nullptr && !holds(*rule.names, at))
      return fail([&] { return "propertyNames: " + shown(name) + " does not fit"; });
    bool known = false;
    if (const auto found = rule.properties.find(name); found != rule.properties.end()) {
      known = true;
      if (!value(*found->second, at + 1)) return inside(name);
    }
    for (const auto& [pattern, each] : rule.pattern_properties) {
      const bool matched = matches(*pattern, name);
      if (exhausted_) return false;
      if (!matched) continue;
      known = true;
      if (!value(*each, at + 1)) return inside(name);
    }
    if (known || rule.additional == nullptr) return true;
    if (rule.additional->constant == false)
      return fail([&] { return "additionalProperties: " + shown(name) + " is not allowed"; });
    return value(*rule.additional, at + 1) || inside(name);
  }

  bool combined(const Rule& rule, Position at) {
    for (const Rule* each : rule.all_of) {
      if (!value(*each, at)) return false;
    }
    if (!rule.any_of.empty() && std::ranges::none_of(rule.any_of, [&](const Rule* each) { return holds(*each, at); }))
      return fits_none(rule.any_of, at, "anyOf");
    if (!rule.one_of.empty()) {
      std::size_t fitting = 0;
      for (const Rule* each : rule.one_of) fitting += holds(*each, at) ? 1 : 0;
      if (fitting == 0) return fits_none(rule.one_of, at, "oneOf");
      if (fitting > 1) return fail([&] { return "oneOf: fits " + std::to_string(fitting); });
    }
    if (rule.none_of != nullptr && holds(*rule.none_of, at))
      return fail([] { return std::string("not: fits what it must not"); });
    if (rule.condition != nullptr && (rule.then != nullptr || rule.otherwise != nullptr)) {
      const Rule* const next = holds(*rule.condition, at) ? rule.then : rule.otherwise;
      if (next != nullptr && !value(*next, at)) return false;
    }
    // A part that gave up says "no", which must not become a "yes" through `not`.
    return !exhausted_;
  }

  /// Where only one way takes values of this type, its own words say more.
  bool fits_none(const std::vector<const Rule*>& ways, Position at, std::string_view keyword) {
    if (quiet_ > 0 || exhausted_) return false;
    const auto may_take = [&](const Rule* way) {
      while (way->ref != nullptr) way = way->ref;
      return !way->constant && takes_kind(*way, document_[at].kind);
    };
    const auto way = std::ranges::find_if(ways, may_take);
    if (way == ways.end() || std::any_of(way + 1, ways.end(), may_take))
      return fail([&] { return std::string(keyword) + ": fits none"; });
    return value(**way, at);
  }

  const JsonDocument& document_;
  std::size_t work_left_;
  std::size_t depth_ = 0;
  std::size_t quiet_ = 0;
  bool exhausted_ = false;
  std::string scratch_;
  std::string path_;
  std::string why_;
};

}  // namespace

std::expected<void, std::string> Validator::check(const Schema& schema, std::string_view json) {
  document_.read(json);
  return Walk(document_).run(*schema.compiled().root);
}

}  // namespace sidecar::formats::jsonschema
