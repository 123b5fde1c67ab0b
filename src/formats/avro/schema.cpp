#include "formats/avro/schema.hpp"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <deque>
#include <limits>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/utf8.hpp"

namespace sidecar::formats::avro {

struct Schema::Nodes {
  std::deque<Node> all;  ///< Addresses stay.
  const Node* root = nullptr;
};

Schema::Schema(std::unique_ptr<Nodes> nodes) : nodes_(std::move(nodes)) {}
Schema::~Schema() = default;
Schema::Schema(Schema&&) noexcept = default;
Schema& Schema::operator=(Schema&&) noexcept = default;

const Node& Schema::root() const {
  return *nodes_->root;
}

namespace {

namespace json = boost::json;

struct Primitive {
  std::string_view name;
  Type type;
  std::size_t bytes_min;
};
constexpr std::array<Primitive, 8> primitives{{{"null", Type::null, 0},
                                               {"boolean", Type::boolean, 1},
                                               {"int", Type::int32, 1},
                                               {"long", Type::int64, 1},
                                               {"float", Type::float32, 4},
                                               {"double", Type::float64, 8},
                                               {"bytes", Type::bytes, 1},
                                               {"string", Type::string, 1}}};
/// More than any value can have: stands for a type that is not reached yet.
constexpr std::size_t endless = std::numeric_limits<std::size_t>::max();

struct Problem {
  std::string text;
};

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool is_name(std::string_view text) {
  return !text.empty() && is_letter(text.front()) &&
         std::ranges::all_of(text, [](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

bool is_full_name(std::string_view text) {
  for (;;) {
    const auto dot = text.find('.');
    if (!is_name(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

/// What a caller wrote, for an error text.
std::string shown(std::string_view text) {
  constexpr std::size_t bytes_max = 64;
  return "\"" + std::string(utf8_prefix(text, bytes_max)) + "\"";
}

class Parser {
 public:
  explicit Parser(Schema::Nodes& nodes) : nodes_(nodes) {
    for (const auto& primitive : primitives) {
      Node& node = nodes_.all.emplace_back();
      node.type = primitive.type;
      node.name = primitive.name;
      node.bytes_min = primitive.bytes_min;
      names_.emplace(primitive.name, &node);
    }
  }

  /// Throws Problem.
  const Node* read(std::string_view text) {
    json::parse_options options;
    options.max_depth = schema_depth_max;
    json::error_code error;
    const json::value value = json::parse(text, error, {}, options);
    if (error) throw Problem{error == json::error::too_deep ? "is nested too deep" : "is not JSON: " + error.message()};
    return type(value, "");
  }

  /// Fewest bytes of each type, by going over all of them until nothing gets smaller. Throws Problem.
  void measure() {
    for (Node& node : nodes_.all) {
      if (node.type == Type::record || node.type == Type::alternatives) node.bytes_min = endless;
    }
    for (bool smaller = true; smaller;) {
      smaller = false;
      for (Node& node : nodes_.all) {
        const std::size_t bytes = fewest_bytes(node);
        smaller = smaller || bytes < node.bytes_min;
        node.bytes_min = std::min(bytes, node.bytes_min);
      }
    }
    for (const Node& node : nodes_.all) {
      if (node.type == Type::record && node.bytes_min == endless)
        throw Problem{"record " + node.name + " contains itself, so a value of it would have no end"};
    }
  }

 private:
  /// The end of the path to the type that is read, while it is read.
  class Step {
   public:
    Step(Parser& parser, std::string_view name) : path_(parser.path_), size_(path_.size()) {
      if (!path_.empty() && is_letter(name.front())) path_ += '.';
      path_ += name;
    }
    ~Step() { path_.resize(size_); }
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;

   private:
    std::string& path_;
    std::size_t size_;
  };

  [[noreturn]] void fail(const std::string& why) const { throw Problem{path_.empty() ? why : path_ + ": " + why}; }

  static std::size_t sum(std::size_t a, std::size_t b) { return a > endless - b ? endless : a + b; }

  static std::size_t fewest_bytes(const Node& node) {
    switch (node.type) {
      case Type::record: {
        std::size_t bytes = 0;
        for (const Field& field : node.fields) bytes = sum(bytes, field.type->bytes_min);
        return bytes;
      }
      case Type::alternatives: {
        std::size_t bytes = endless;
        for (const Node* branch : node.branches) bytes = std::min(bytes, branch->bytes_min);
        return sum(bytes, 1);  // the number of the branch
      }
      default:
        return node.bytes_min;
    }
  }

  Node& add(Type type, std::string_view name, std::size_t bytes_min) {
    Node& node = nodes_.all.emplace_back();
    node.type = type;
    node.name = name;
    node.bytes_min = bytes_min;
    return node;
  }

  const Node* type(const json::value& value, std::string_view space) {
    if (const auto* name = value.if_string()) return named(*name, space);
    if (const auto* branches = value.if_array()) return alternatives(*branches, space);
    if (const auto* object = value.if_object()) return complex(*object, space);
    fail("a type is a name, an object or an array");
  }

  const Node* named(std::string_view name, std::string_view space) {
    // A name without dots may be a primitive's, then is looked for in the namespace around it, then in none.
    if (!space.empty() && name.find('.') == std::string_view::npos && !is_primitive(name)) {
      if (const auto found = names_.find(std::string(space) + "." + std::string(name)); found != names_.end())
        return found->second;
    }
    const auto found = names_.find(std::string(name));
    if (found == names_.end()) fail("unknown type " + shown(name));
    return found->second;
  }

  static bool is_primitive(std::string_view name) {
    return std::ranges::any_of(primitives, [name](const auto& primitive) { return primitive.name == name; });
  }

  const Node* alternatives(const json::array& branches, std::string_view space) {
    Node& node = add(Type::alternatives, "union", 0);
    std::unordered_set<std::string_view> seen;
    for (std::size_t i = 0; i < branches.size(); ++i) {
      const Step step(*this, "[" + std::to_string(i) + "]");
      const Node* branch = type(branches[i], space);
      if (branch->type == Type::alternatives) fail("a union directly inside a union");
      if (!seen.insert(branch->name).second) fail("the union has " + shown(branch->name) + " twice");
      node.branches.push_back(branch);
    }
    if (node.branches.empty()) fail("a union without branches");
    return &node;
  }

  static const json::value* member(const json::object& object, std::string_view name) {
    return object.if_contains(name);
  }

  std::string_view text(const json::object& object, std::string_view name) {
    const auto* value = member(object, name);
    if (value == nullptr) fail("has no \"" + std::string(name) + "\"");
    const auto* string = value->if_string();
    if (string == nullptr) fail("\"" + std::string(name) + "\" must be a string");
    return *string;
  }

  const json::array& list(const json::object& object, std::string_view name) {
    const auto* value = member(object, name);
    if (value == nullptr) fail("has no \"" + std::string(name) + "\"");
    const auto* array = value->if_array();
    if (array == nullptr) fail("\"" + std::string(name) + "\" must be an array");
    return *array;
  }

  const Node* complex(const json::object& object, std::string_view space) {
    const auto* kind = member(object, "type");
    if (kind == nullptr) fail("has no \"type\"");
    const auto* name = kind->if_string();
    if (name == nullptr) return type(*kind, space);
    if (*name == "record" || *name == "error") return record(object, space);
    if (*name == "enum") return enumeration(object, space);
    if (*name == "fixed") return fixed(object, space);
    if (*name == "array") return container(Type::array, "items", "[]", object, space);
    if (*name == "map") return container(Type::map, "values", "{}", object, space);
    return named(*name, space);
  }

  const Node* container(Type kind, std::string_view of, std::string_view step_name, const json::object& object,
                        std::string_view space) {
    Node& node = add(kind, kind == Type::array ? "array" : "map", 1);
    const auto* items = member(object, of);
    if (items == nullptr) fail("has no \"" + std::string(of) + "\"");
    const Step step(*this, step_name);
    node.items = type(*items, space);
    return &node;
  }

  static std::string_view space_of(std::string_view full_name) {
    const auto dot = full_name.rfind('.');
    return dot == std::string_view::npos ? std::string_view() : full_name.substr(0, dot);
  }

  static std::string in_space(std::string_view name, std::string_view space) {
    if (space.empty() || name.find('.') != std::string_view::npos) return std::string(name);
    return std::string(space) + "." + std::string(name);
  }

  /// A new named type, known from here on, also inside itself.
  Node& declare(Type kind, std::size_t bytes_min, const json::object& object, std::string_view space) {
    const std::string_view name = text(object, "name");
    if (name.find('.') == std::string_view::npos && member(object, "namespace") != nullptr) {
      space = text(object, "namespace");
      if (!space.empty() && !is_full_name(space)) fail("illegal namespace " + shown(space));
    }
    if (!is_full_name(name)) fail("illegal name " + shown(name));
    if (is_primitive(name)) fail(shown(name) + " is the name of a primitive type");
    Node& node = add(kind, in_space(name, space), bytes_min);
    if (!names_.emplace(node.name, &node).second) fail("the name " + shown(node.name) + " stands twice");
    node.aliases = aliases(object, space_of(node.name));
    return node;
  }

  std::vector<std::string> aliases(const json::object& object, std::string_view space) {
    std::vector<std::string> out;
    if (member(object, "aliases") == nullptr) return out;
    for (const auto& alias : list(object, "aliases")) {
      const auto* name = alias.if_string();
      if (name == nullptr || !is_full_name(*name)) fail("\"aliases\" must be an array of names");
      out.push_back(in_space(*name, space));
    }
    return out;
  }

  const Node* record(const json::object& object, std::string_view space) {
    Node& node = declare(Type::record, 0, object, space);
    const Step whole(*this, node.name);
    const std::string own_space(space_of(node.name));
    std::unordered_set<std::string> seen;
    for (const auto& entry : list(object, "fields")) {
      const auto* field = entry.if_object();
      if (field == nullptr) fail("\"fields\" must be an array of objects");
      const std::string name(text(*field, "name"));
      if (!is_name(name)) fail("illegal field name " + shown(name));
      if (!seen.insert(name).second) fail("the field " + shown(name) + " stands twice");
      const Step step(*this, name);
      const auto* kind = member(*field, "type");
      if (kind == nullptr) fail("has no \"type\"");
      Field out{.name = name, .aliases = aliases(*field, {}), .type = type(*kind, own_space), .default_value = {}};
      if (const auto* value = member(*field, "default")) out.default_value = *value;
      node.fields.push_back(std::move(out));
    }
    return &node;
  }

  const Node* enumeration(const json::object& object, std::string_view space) {
    Node& node = declare(Type::enumeration, 1, object, space);
    const Step step(*this, node.name);
    std::unordered_set<std::string> seen;
    for (const auto& entry : list(object, "symbols")) {
      const auto* symbol = entry.if_string();
      if (symbol == nullptr || !is_name(*symbol)) fail("\"symbols\" must be an array of names");
      if (!seen.emplace(*symbol).second) fail("the symbol " + shown(*symbol) + " stands twice");
      node.symbols.emplace_back(*symbol);
    }
    if (node.symbols.empty()) fail("an enum without symbols");
    return &node;
  }

  const Node* fixed(const json::object& object, std::string_view space) {
    Node& node = declare(Type::fixed, 0, object, space);
    const Step step(*this, node.name);
    const auto* size = member(object, "size");
    if (size == nullptr) fail("has no \"size\"");
    const auto* bytes = size->if_int64();
    if (bytes == nullptr || *bytes < 0 || std::cmp_greater(*bytes, fixed_bytes_max))
      fail("\"size\" must be an integer from 0 to " + std::to_string(fixed_bytes_max));
    node.size = static_cast<std::size_t>(*bytes);
    node.bytes_min = node.size;
    return &node;
  }

  Schema::Nodes& nodes_;
  std::unordered_map<std::string, const Node*> names_;
  std::string path_;
};

}  // namespace

std::expected<Schema, std::string> parse_schema(std::string_view text, std::span<const std::string> references) {
  auto nodes = std::make_unique<Schema::Nodes>();
  Parser parser(*nodes);
  std::string where = "reference ";
  try {
    for (std::size_t i = 0; i < references.size(); ++i) {
      where = "reference " + std::to_string(i) + ": ";
      parser.read(references[i]);
    }
    where.clear();
    nodes->root = parser.read(text);
    parser.measure();
  } catch (const Problem& problem) {
    return std::unexpected("avro schema: " + where + problem.text);
  }
  return Schema(std::move(nodes));
}

}  // namespace sidecar::formats::avro
