#include "formats/jsonschema/schema.hpp"

#include <array>
#include <charconv>
#include <deque>
#include <limits>
#include <map>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/json_document.hpp"
#include "base/json_pointer.hpp"
#include "base/utf8.hpp"
#include "formats/jsonschema/compiled.hpp"
#include "formats/jsonschema/meta_schemas.hpp"
#include "formats/jsonschema/uri.hpp"
#include "formats/jsonschema/validate.hpp"

namespace sidecar::formats::jsonschema {

Schema::Schema(std::unique_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}
Schema::~Schema() = default;
Schema::Schema(Schema&&) noexcept = default;
Schema& Schema::operator=(Schema&&) noexcept = default;

std::string_view Schema::title() const {
  return compiled_->title;
}

namespace {

using Position = std::uint32_t;

struct Problem {
  std::string text;
};

std::string shown(std::string_view text) {
  constexpr std::size_t bytes_max = 128;
  return one_line_prefix(text, bytes_max);
}

std::string_view meta_uri(Draft draft) {
  switch (draft) {
    case Draft::draft4:
      return "http://json-schema.org/draft-04/schema";
    case Draft::draft6:
      return "http://json-schema.org/draft-06/schema";
    case Draft::draft7:
      break;
  }
  return "http://json-schema.org/draft-07/schema";
}

std::string_view meta_text(Draft draft) {
  switch (draft) {
    case Draft::draft4:
      return meta_schema_4;
    case Draft::draft6:
      return meta_schema_6;
    case Draft::draft7:
      break;
  }
  return meta_schema_7;
}

constexpr std::array<Draft, 3> drafts{Draft::draft4, Draft::draft6, Draft::draft7};

/// The draft that `$schema` names. Throws Problem.
Draft draft_named(std::string_view uri) {
  std::string name(uri);
  if (name.starts_with("https:")) name.erase(4, 1);
  while (name.ends_with('#')) name.pop_back();
  if (name == "http://json-schema.org/schema") return Draft::draft7;
  for (const Draft draft : drafts) {
    if (name == meta_uri(draft)) return draft;
  }
  throw Problem{"/$schema: " + shown(uri) + " is none of the drafts 4, 6 and 7"};
}

/// The JSON pointer of a member or an item. A long one stays where it is: each reference keeps its own for a while.
std::string below(const std::string& pointer, std::string_view step) {
  constexpr std::size_t bytes_max = 512;
  if (pointer.size() > bytes_max) return pointer;
  std::string out = pointer;
  append_pointer_step(out, shown(step));
  return out;
}

struct Text {
  Draft draft = Draft::draft7;
  std::string text;
  JsonDocument document;
};

/// A value of a text.
struct Place {
  const Text* text = nullptr;
  Position at = 0;
  friend auto operator<=>(const Place&, const Place&) = default;

  [[nodiscard]] const JsonDocument& document() const { return text->document; }
  [[nodiscard]] const JsonNode& node() const { return text->document[at]; }
  [[nodiscard]] JsonKind kind() const { return node().kind; }
  [[nodiscard]] Place to(Position other) const { return {text, other}; }
  [[nodiscard]] std::string string() const {
    std::string out;
    if (!document().append_string(at, out)) throw Problem{"a lone surrogate has no UTF-8 form"};
    return out;
  }
  [[nodiscard]] std::optional<Place> member(std::string_view name) const {
    if (kind() != JsonKind::object) return std::nullopt;
    const auto found = document().find(at, name);
    return found ? std::optional(to(*found)) : std::nullopt;
  }
  /// The text of a member that is a string.
  [[nodiscard]] std::optional<std::string> text_of(std::string_view name) const {
    const auto found = member(name);
    return found && found->kind() == JsonKind::string ? std::optional(found->string()) : std::nullopt;
  }
  template <class Each>
  void for_members(const Each& each) const {
    if (kind() != JsonKind::object) return;
    Position name = at + 1;
    for (std::uint32_t i = 0; i < node().count; ++i, name = document()[name + 1].next)
      each(to(name).string(), to(name + 1));
  }
  template <class Each>
  void for_items(const Each& each) const {
    if (kind() != JsonKind::array) return;
    Position item = at + 1;
    for (std::uint32_t i = 0; i < node().count; ++i, item = document()[item].next) each(i, to(item));
  }
};

class Compiler {
 public:
  explicit Compiler(Compiled& out) : out_(out) {}

  /// Throws Problem.
  void run(std::string_view text, std::span<const Import> imports, bool check_shape) {
    const Text& root = add(text, std::nullopt);
    if (check_shape) check(root, "");
    const std::string base = register_text(root, "");
    base_ = base;
    for (const Import& import : imports) {
      const Text& other = add(import.text, root.draft);
      check(other, "reference " + shown(import.name) + ": ");
      register_text(other, std::string(without_fragment(resolve_uri(base, import.name))));
    }
    if (auto title = Place{&root, 0}.text_of("title")) out_.title = std::move(*title);
    out_.root = rule(Place{&root, 0}, base, "");
    while (!pending_.empty()) {
      const Reference next = std::move(pending_.front());
      pending_.pop_front();
      next.rule->ref = follow(next);
    }
    check_circles();
  }

 private:
  struct Reference {
    Rule* rule;
    std::string base;
    std::string reference;
    std::string pointer;
  };
  /// Where a `$ref` leads, and the base of what stands there.
  struct Target {
    Place place;
    std::string base;
  };

  [[noreturn]] static void fail(const std::string& pointer, const std::string& why) {
    throw Problem{pointer.empty() ? why : pointer + ": " + why};
  }

  const Text& add(std::string_view text, std::optional<Draft> otherwise) {
    bytes_ += text.size();
    if (bytes_ > schema_bytes_max)
      throw Problem{"the texts take more than " + std::to_string(schema_bytes_max) + " bytes"};
    if (const auto valid = validate_json(text, schema_depth_max); !valid) {
      throw Problem{"is not JSON: byte " + std::to_string(valid.error().offset) + ": " +
                    std::string(valid.error().reason)};
    }
    Text& added = texts_.emplace_back();
    added.text = text;
    added.document.read(added.text);
    const auto named = Place{&added, 0}.text_of("$schema");
    added.draft = named ? draft_named(*named) : otherwise.value_or(Draft::draft7);
    return added;
  }

  /// A schema has to look like one, by the meta-schema of its draft.
  static void check(const Text& text, const std::string& where) {
    const auto meta = [](Draft draft) {
      auto compiled = std::make_unique<Compiled>();
      Compiler(*compiled).run(meta_text(draft), {}, false);
      return Schema(std::move(compiled));
    };
    static const std::array<Schema, 3> metas{meta(Draft::draft4), meta(Draft::draft6), meta(Draft::draft7)};
    Validator validator;
    const auto valid = validator.check(metas[static_cast<std::size_t>(text.draft)], text.text);
    if (!valid) throw Problem{where + valid.error()};
  }

  static std::string_view id_keyword(const Text& text) { return text.draft == Draft::draft4 ? "id" : "$id"; }

  /// Remembers what can be referred to in the text. Returns its base.
  std::string register_text(const Text& text, const std::string& uri) {
    resources_.try_emplace(uri, Place{&text, 0});
    walk(Place{&text, 0}, uri);
    const auto own = bases_.find(Place{&text, 0});
    return own == bases_.end() ? uri : own->second;
  }

  static bool is_reference(Place place) { return place.text_of("$ref").has_value(); }

  /// Over all places that are schemas. No deeper than the text is nested.
  void walk(Place place, std::string base) {
    if (place.kind() != JsonKind::object) return;
    // Beside a `$ref` nothing counts, so an id neither.
    if (const auto id = place.text_of(id_keyword(*place.text)); id && !is_reference(place)) {
      const std::string uri = resolve_uri(base, *id);
      if (uri.size() > uri_bytes_max)
        throw Problem{"an id takes more than " + std::to_string(uri_bytes_max) + " bytes"};
      if (++ids_ > ids_max) throw Problem{"has more than " + std::to_string(ids_max) + " ids"};
      if (!fragment_of(uri).empty()) anchors_.try_emplace(uri, place);
      if (!id->starts_with('#')) {
        base = without_fragment(uri);
        resources_.try_emplace(base, place);
        bases_.emplace(place, base);
      }
    }
    for (const auto* keyword : {"additionalItems", "additionalProperties", "contains", "propertyNames", "not", "if",
                                "then", "else", "items"}) {
      if (const auto inner = place.member(keyword)) walk(*inner, base);
    }
    for (const auto* keyword : {"items", "allOf", "anyOf", "oneOf"}) {
      if (const auto list = place.member(keyword))
        list->for_items([&](std::uint32_t, Place item) { walk(item, base); });
    }
    for (const auto* keyword : {"properties", "patternProperties", "definitions", "dependencies"}) {
      if (const auto map = place.member(keyword))
        map->for_members([&](const std::string&, Place each) { walk(each, base); });
    }
  }

  /// The base at a place, coming from one with the base `base`.
  [[nodiscard]] std::string base_at(Place place, std::string base) const {
    const auto own = bases_.find(place);
    return own == bases_.end() ? std::move(base) : own->second;
  }

  Target target_of(const Reference& reference) {
    std::string uri = resolve_uri(reference.base, reference.reference);
    std::string document(without_fragment(uri));
    auto found = resources_.find(document);
    if (found == resources_.end()) {
      // Names of imports are those that the referring text writes, whatever its own base is.
      const std::string named = resolve_uri(base_, reference.reference);
      found = resources_.find(without_fragment(named));
      if (found != resources_.end()) {
        uri = named;
        document = found->first;
      }
    }
    if (found == resources_.end()) {
      for (const Draft draft : drafts) {
        if (document == meta_uri(draft)) register_text(add(meta_text(draft), draft), document);
      }
      found = resources_.find(document);
    }
    if (found == resources_.end()) {
      fail(reference.pointer, "$ref to " + shown(reference.reference) +
                                  ": not among the references of the schema, and nothing is fetched from the network");
    }
    const std::string fragment = percent_decoded(fragment_of(uri));
    if (fragment.empty()) return {found->second, document};
    if (fragment.front() == '/') return at_pointer(found->second, document, fragment, reference);
    const auto anchor = anchors_.find(document + "#" + fragment);
    if (anchor == anchors_.end())
      fail(reference.pointer, "$ref to " + shown(reference.reference) + ": there is no such id");
    return {anchor->second, base_at(anchor->second, document)};
  }

  /// The member or the item that a step of a pointer leads to. Remembered, because many references may lead through.
  std::optional<Place> child(Place parent, const std::string& step) {
    auto [children, fresh] = children_.try_emplace(parent);
    if (fresh) {
      const auto add = [&](const std::string& name, Place value) { children->second.insert_or_assign(name, value.at); };
      parent.for_members(add);
      parent.for_items([&](std::uint32_t i, Place item) { add(std::to_string(i), item); });
    }
    const auto found = children->second.find(step);
    return found == children->second.end() ? std::nullopt : std::optional(parent.to(found->second));
  }

  Target at_pointer(Place place, std::string base, std::string_view pointer, const Reference& reference) {
    while (!pointer.empty()) {
      pointer.remove_prefix(1);
      const auto size = std::min(pointer.find('/'), pointer.size());
      std::string step;
      for (std::size_t i = 0; i < size; ++i) {
        if (pointer[i] == '~' && i + 1 < size && (pointer[i + 1] == '0' || pointer[i + 1] == '1')) {
          step += pointer[++i] == '0' ? '~' : '/';
        } else {
          step += pointer[i];
        }
      }
      pointer.remove_prefix(size);
      const auto next = child(place, step);
      if (!next) fail(reference.pointer, "$ref to " + shown(reference.reference) + ": there is nothing");
      place = *next;
      // Beside a `$ref` an id does not count.
      const auto ref = child(place, "$ref");
      if (!ref || ref->kind() != JsonKind::string) base = base_at(place, std::move(base));
    }
    return {place, std::move(base)};
  }

  const Rule* follow(const Reference& reference) {
    const Target target = target_of(reference);
    return rule(target.place, target.base, shown(reference.reference));
  }

  const Rule* rule(Place place, const std::string& base, const std::string& pointer) {
    if (const auto known = rules_.find(place); known != rules_.end()) return known->second;
    if (out_.rules.size() == subschemas_max)
      throw Problem{"has more than " + std::to_string(subschemas_max) + " subschemas"};
    Rule& made = out_.rules.emplace_back();
    rules_.emplace(place, &made);
    made.draft = place.text->draft;
    if (place.kind() == JsonKind::boolean) {
      made.constant = place.document().text(place.node()) == "true";
    } else if (place.kind() != JsonKind::object) {
      fail(pointer, "is no schema");
    } else if (auto reference = place.text_of("$ref")) {
      pending_.push_back({&made, base, std::move(*reference), pointer});
    } else {
      fill(made, place, base_at(place, base), pointer);
    }
    return &made;
  }

  void fill(Rule& made, Place schema, const std::string& base, const std::string& pointer) {
    const auto one = [&](std::string_view keyword) -> const Rule* {
      const auto inner = schema.member(keyword);
      return inner ? rule(*inner, base, below(pointer, keyword)) : nullptr;
    };
    const auto several = [&](std::string_view keyword) {
      std::vector<const Rule*> rules;
      if (const auto list = schema.member(keyword)) {
        list->for_items([&](std::uint32_t i, Place item) {
          rules.push_back(rule(item, base, below(below(pointer, keyword), std::to_string(i))));
        });
      }
      return rules;
    };
    const bool from_6 = made.draft != Draft::draft4;

    fill_values(made, schema, pointer);
    fill_numbers(made, schema, pointer);
    made.length_max = count(schema, "maxLength", pointer);
    made.length_min = count(schema, "minLength", pointer);
    if (const auto text = schema.text_of("pattern")) made.pattern = pattern(*text, below(pointer, "pattern"));

    fill_items(made, schema, base, pointer);
    if (from_6) made.contains = one("contains");
    made.items_max = count(schema, "maxItems", pointer);
    made.items_min = count(schema, "minItems", pointer);
    const auto unique = schema.member("uniqueItems");
    made.unique = unique && unique->document().text(unique->node()) == "true";

    fill_properties(made, schema, base, pointer);
    made.additional = one("additionalProperties");
    if (from_6) made.names = one("propertyNames");
    made.properties_max = count(schema, "maxProperties", pointer);
    made.properties_min = count(schema, "minProperties", pointer);

    made.all_of = several("allOf");
    made.any_of = several("anyOf");
    made.one_of = several("oneOf");
    made.none_of = one("not");
    if (made.draft == Draft::draft7) {
      made.condition = one("if");
      made.then = one("then");
      made.otherwise = one("else");
    }
  }

  static void fill_values(Rule& made, Place schema, const std::string& pointer) {
    if (const auto type = schema.member("type")) {
      if (type->kind() == JsonKind::string) add_type(made, type->string(), below(pointer, "type"));
      type->for_items([&](std::uint32_t, Place name) {
        add_type(made, name.kind() == JsonKind::string ? name.string() : "", below(pointer, "type"));
      });
    }
    const auto allow = [&](Place value) {
      std::string canonical;
      append_canonical(value.document(), value.at, canonical);
      made.allowed->insert(std::move(canonical));
    };
    if (const auto values = schema.member("enum")) {
      made.allowed.emplace();
      values->for_items([&](std::uint32_t, Place value) { allow(value); });
    }
    if (const auto value = made.draft == Draft::draft4 ? std::nullopt : schema.member("const")) {
      // Beside an enum both have to hold: at most this one value is left.
      const auto others = std::exchange(made.allowed, std::unordered_set<std::string>());
      allow(*value);
      if (others && !others->contains(*made.allowed->begin())) made.allowed->clear();
      made.allowed_is_const = true;
    }
  }

  static void add_type(Rule& made, const std::string& name, const std::string& pointer) {
    static constexpr std::array<std::pair<std::string_view, TypeBit>, 7> types{{{"null", type_null},
                                                                                {"boolean", type_boolean},
                                                                                {"number", type_number},
                                                                                {"integer", type_integer},
                                                                                {"string", type_string},
                                                                                {"array", type_array},
                                                                                {"object", type_object}}};
    for (const auto& [known, bit] : types) {
      if (name != known) continue;
      made.types = static_cast<std::uint8_t>(made.types | bit);
      if (!made.type_names.empty()) made.type_names += " or ";
      made.type_names += name;
      return;
    }
    fail(pointer, "is no type");
  }

  static void fill_numbers(Rule& made, Place schema, const std::string& pointer) {
    const auto number = [&](std::string_view keyword) -> std::optional<Decimal> {
      const auto value = schema.member(keyword);
      if (!value || value->kind() != JsonKind::number) return std::nullopt;
      return to_decimal(value->document().text(value->node()));
    };
    made.multiple_of = number("multipleOf");
    if (made.multiple_of && (made.multiple_of->digits.empty() || made.multiple_of->negative))
      fail(below(pointer, "multipleOf"), "must be above 0");
    if (made.multiple_of && made.multiple_of->digits.size() > divisor_digits_max)
      fail(below(pointer, "multipleOf"), "has more than " + std::to_string(divisor_digits_max) + " digits");
    made.maximum = number("maximum");
    made.minimum = number("minimum");
    made.exclusive_maximum = number("exclusiveMaximum");
    made.exclusive_minimum = number("exclusiveMinimum");
    if (made.draft != Draft::draft4) return;
    const auto flag = [&](std::string_view keyword) {
      const auto value = schema.member(keyword);
      return value && value->document().text(value->node()) == "true";
    };
    if (flag("exclusiveMaximum")) made.exclusive_maximum = std::exchange(made.maximum, std::nullopt);
    if (flag("exclusiveMinimum")) made.exclusive_minimum = std::exchange(made.minimum, std::nullopt);
  }

  static std::optional<std::uint64_t> count(Place schema, std::string_view keyword, const std::string& pointer) {
    const auto value = schema.member(keyword);
    if (!value) return std::nullopt;
    if (value->kind() != JsonKind::number) fail(below(pointer, keyword), "must be a number");
    const Decimal number = to_decimal(value->document().text(value->node()));
    if (number.negative || !number.is_whole()) fail(below(pointer, keyword), "must be a whole number from 0");
    if (number.digits.empty()) return 0;
    constexpr std::int64_t digits_max = 19;
    if (number.exponent > digits_max) return std::numeric_limits<std::uint64_t>::max();
    std::string digits = number.digits;
    digits.resize(static_cast<std::size_t>(number.exponent), '0');
    std::uint64_t out = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), out);
    return out;
  }

  void fill_items(Rule& made, Place schema, const std::string& base, const std::string& pointer) {
    const auto items = schema.member("items");
    if (!items) return;
    if (items->kind() != JsonKind::array) {
      made.items = rule(*items, base, below(pointer, "items"));
      return;
    }
    items->for_items([&](std::uint32_t i, Place item) {
      made.tuple.push_back(rule(item, base, below(below(pointer, "items"), std::to_string(i))));
    });
    if (const auto more = schema.member("additionalItems"))
      made.items = rule(*more, base, below(pointer, "additionalItems"));
  }

  void fill_properties(Rule& made, Place schema, const std::string& base, const std::string& pointer) {
    if (const auto map = schema.member("properties")) {
      const auto inner = below(pointer, "properties");
      map->for_members([&](const std::string& name, Place each) {
        made.properties.insert_or_assign(name, rule(each, base, below(inner, name)));
      });
    }
    if (const auto map = schema.member("patternProperties")) {
      const auto inner = below(pointer, "patternProperties");
      map->for_members([&](const std::string& name, Place each) {
        made.pattern_properties.emplace_back(pattern(name, below(inner, name)), rule(each, base, below(inner, name)));
      });
    }
    if (const auto list = schema.member("required")) {
      list->for_items([&](std::uint32_t, Place name) {
        if (name.kind() == JsonKind::string) made.required.push_back(name.string());
      });
    }
    if (const auto map = schema.member("dependencies")) {
      const auto inner = below(pointer, "dependencies");
      map->for_members([&](const std::string& name, Place each) {
        Dependency dependency{.property = name, .required = {}};
        if (each.kind() == JsonKind::array) {
          each.for_items([&](std::uint32_t, Place other) {
            if (other.kind() == JsonKind::string) dependency.required.push_back(other.string());
          });
        } else {
          dependency.rule = rule(each, base, below(inner, name));
        }
        made.dependencies.push_back(std::move(dependency));
      });
    }
  }

  const Pattern* pattern(const std::string& text, const std::string& pointer) {
    const auto [known, fresh] = patterns_.try_emplace(text);
    if (fresh) {
      auto compiled = Pattern::compile(text);
      if (!compiled) fail(pointer, shown(compiled.error()));  // RE2 repeats the pattern
      patterns_memory_ += compiled->memory();
      if (patterns_memory_ > patterns_memory_max) fail(pointer, "the patterns together are too large");
      known->second = &out_.patterns.emplace_back(std::move(*compiled));
    }
    return known->second;
  }

  /// The rules that look at the same value as `rule` does.
  static std::vector<const Rule*> of_same_value(const Rule& rule) {
    std::vector<const Rule*> out;
    for (const auto* list : {&rule.all_of, &rule.any_of, &rule.one_of})
      out.insert(out.end(), list->begin(), list->end());
    for (const auto& dependency : rule.dependencies) out.push_back(dependency.rule);
    out.insert(out.end(), {rule.ref, rule.none_of, rule.condition});
    if (rule.condition != nullptr) out.insert(out.end(), {rule.then, rule.otherwise});
    std::erase(out, nullptr);
    return out;
  }

  /// A rule that comes back to itself without going into the value says nothing about any. Depth first, and without
  /// recursion: chains of references are as long as the text allows.
  void check_circles() const {
    struct Step {
      const Rule* rule;
      std::vector<const Rule*> left;
    };
    std::unordered_map<const Rule*, bool> done;  // false: on the way
    std::vector<Step> way;
    for (const Rule& start : out_.rules) {
      if (done.try_emplace(&start, false).second) way.push_back({&start, of_same_value(start)});
      while (!way.empty()) {
        Step& step = way.back();
        if (step.left.empty()) {
          done[step.rule] = true;
          way.pop_back();
          continue;
        }
        const Rule* const next = step.left.back();
        step.left.pop_back();
        const auto [seen, fresh] = done.try_emplace(next, false);
        if (fresh) {
          way.push_back({next, of_same_value(*next)});
        } else if (!seen->second) {
          throw Problem{"a $ref leads in a circle"};
        }
      }
    }
  }

  Compiled& out_;
  std::deque<Text> texts_;
  std::size_t bytes_ = 0;
  std::size_t ids_ = 0;
  std::size_t patterns_memory_ = 0;
  TextMap<const Pattern*> patterns_;
  std::string base_;                                     ///< Of the whole schema.
  std::map<std::string, Place, std::less<>> resources_;  ///< By URI without a fragment.
  std::map<std::string, Place, std::less<>> anchors_;    ///< By URI with one.
  std::map<Place, std::string> bases_;                   ///< Of places that have an id.
  std::map<Place, const Rule*> rules_;
  std::map<Place, TextMap<Position>> children_;  ///< Of objects and arrays on the way of a reference.
  std::deque<Reference> pending_;                ///< Later, so that chains of references do not nest.
};

}  // namespace

std::expected<Schema, std::string> parse_schema(std::string_view text, std::span<const Import> imports) {
  auto compiled = std::make_unique<Compiled>();
  try {
    Compiler(*compiled).run(text, imports, true);
  } catch (const Problem& problem) {
    return std::unexpected("json schema: " + problem.text);
  }
  return Schema(std::move(compiled));
}

}  // namespace sidecar::formats::jsonschema
