#include "formats/avro/schema.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <deque>
#include <limits>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/json_document.hpp"
#include "base/json_writer.hpp"
#include "base/utf8.hpp"
#include "formats/avro/encode.hpp"

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
  std::string out;
  append_json_string(out, utf8_prefix(text, bytes_max));
  return out;
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
    if (const auto valid = validate_json(text, schema_depth_max); !valid)
      throw Problem{"is not JSON: byte " + std::to_string(valid.error().offset) + ": " +
                    std::string(valid.error().reason)};
    document_.read(text);
    return type(0, "");
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

  /// Position of a value in the document.
  using Position = std::uint32_t;

  [[nodiscard]] JsonKind kind(Position at) const { return document_[at].kind; }

  const Node* type(Position at, std::string_view space) {
    switch (kind(at)) {
      case JsonKind::string:
        return named(string(at), space);
      case JsonKind::array:
        return alternatives(at, space);
      case JsonKind::object:
        return complex(at, space);
      default:
        fail("a type is a name, an object or an array");
    }
  }

  /// Precondition: a string.
  std::string string(Position at) {
    std::string text;
    if (!document_.append_string(at, text)) fail("a lone surrogate has no UTF-8 form");
    return text;
  }

  /// Calls `each(element, index)` for every element of the array.
  template <class Each>
  void for_each(Position array, const Each& each) {
    Position at = array + 1;
    for (std::uint32_t i = 0; i < document_[array].count; ++i, at = document_[at].next) each(at, i);
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

  const Node* alternatives(Position array, std::string_view space) {
    Node& node = add(Type::alternatives, "union", 0);
    std::unordered_set<std::string_view> seen;
    for_each(array, [&](Position at, std::uint32_t i) {
      const Step step(*this, "[" + std::to_string(i) + "]");
      const Node* branch = type(at, space);
      if (branch->type == Type::alternatives) fail("a union directly inside a union");
      if (!seen.insert(branch->name).second) fail("the union has " + shown(branch->name) + " twice");
      node.branches.push_back(branch);
    });
    if (node.branches.empty()) fail("a union without branches");
    return &node;
  }

  [[nodiscard]] std::optional<Position> member(Position object, std::string_view name) const {
    return document_.find(object, name);
  }

  Position needed(Position object, std::string_view name) {
    const auto at = member(object, name);
    if (!at) fail("has no \"" + std::string(name) + "\"");
    return *at;
  }

  std::string text(Position object, std::string_view name) {
    const Position at = needed(object, name);
    if (kind(at) != JsonKind::string) fail("\"" + std::string(name) + "\" must be a string");
    return string(at);
  }

  Position list(Position object, std::string_view name) {
    const Position at = needed(object, name);
    if (kind(at) != JsonKind::array) fail("\"" + std::string(name) + "\" must be an array");
    return at;
  }

  const Node* complex(Position object, std::string_view space) {
    const Position inner = needed(object, "type");
    if (kind(inner) != JsonKind::string) return type(inner, space);
    const std::string name = string(inner);
    if (name == "record" || name == "error") return record(object, space);
    if (name == "enum") return enumeration(object, space);
    if (name == "fixed") return fixed(object, space);
    if (name == "array") return container(Type::array, "items", "[]", object, space);
    if (name == "map") return container(Type::map, "values", "{}", object, space);
    return named(name, space);
  }

  const Node* container(Type kind, std::string_view of, std::string_view step_name, Position object,
                        std::string_view space) {
    Node& node = add(kind, kind == Type::array ? "array" : "map", 1);
    const Position items = needed(object, of);
    const Step step(*this, step_name);
    node.items = type(items, space);
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
  Node& declare(Type kind, std::size_t bytes_min, Position object, std::string_view space) {
    const std::string name = text(object, "name");
    std::string own_space(space);
    if (name.find('.') == std::string::npos && member(object, "namespace")) {
      own_space = text(object, "namespace");
      if (!own_space.empty() && !is_full_name(own_space)) fail("illegal namespace " + shown(own_space));
    }
    if (!is_full_name(name)) fail("illegal name " + shown(name));
    if (is_primitive(name)) fail(shown(name) + " is the name of a primitive type");
    Node& node = add(kind, in_space(name, own_space), bytes_min);
    if (!names_.emplace(node.name, &node).second) fail("the name " + shown(node.name) + " stands twice");
    node.aliases = aliases(object, space_of(node.name));
    return node;
  }

  std::vector<std::string> aliases(Position object, std::string_view space) {
    std::vector<std::string> out;
    if (!member(object, "aliases")) return out;
    for_each(list(object, "aliases"), [&](Position at, std::uint32_t) {
      std::string name = kind(at) == JsonKind::string ? string(at) : std::string();
      if (!is_full_name(name)) fail("\"aliases\" must be an array of names");
      out.push_back(in_space(name, space));
    });
    return out;
  }

  const Node* record(Position object, std::string_view space) {
    Node& node = declare(Type::record, 0, object, space);
    node.complete = false;
    const Step whole(*this, node.name);
    const std::string own_space(space_of(node.name));
    for_each(list(object, "fields"), [&](Position at, std::uint32_t) {
      if (kind(at) != JsonKind::object) fail("\"fields\" must be an array of objects");
      const std::string name = text(at, "name");
      if (!is_name(name)) fail("illegal field name " + shown(name));
      if (!node.index.emplace(name, static_cast<std::uint32_t>(node.fields.size())).second)
        fail("the field " + shown(name) + " stands twice");
      const Step step(*this, name);
      Field out{.name = name, .aliases = aliases(at, {}), .type = type(needed(at, "type"), own_space)};
      if (const auto value = member(at, "default")) read_default(out, *value);
      node.fields.push_back(std::move(out));
    });
    for (std::uint32_t i = 0; i < node.fields.size(); ++i) {
      for (const auto& alias : node.fields[i].aliases) node.index.emplace(alias, i);
    }
    node.complete = true;
    return &node;
  }

  void read_default(Field& field, Position at) {
    const JsonNode& value = document_[at];
    // A string's text stands between its quotes.
    const std::size_t quote = value.kind == JsonKind::string ? 1 : 0;
    std::string binary;
    const auto done =
        encoder_.append(*field.type, document_.source().substr(value.at - quote, value.size + 2 * quote), binary);
    if (!done) {
      field.default_problem = done.error();
      return;
    }
    defaults_bytes_ += binary.size();
    if (defaults_bytes_ > defaults_bytes_max)
      fail("the defaults take more than " + std::to_string(defaults_bytes_max) + " bytes");
    field.default_binary = std::move(binary);
  }

  const Node* enumeration(Position object, std::string_view space) {
    Node& node = declare(Type::enumeration, 1, object, space);
    const Step step(*this, node.name);
    for_each(list(object, "symbols"), [&](Position at, std::uint32_t i) {
      const std::string symbol = kind(at) == JsonKind::string ? string(at) : std::string();
      if (!is_name(symbol)) fail("\"symbols\" must be an array of names");
      if (!node.index.emplace(symbol, i).second) fail("the symbol " + shown(symbol) + " stands twice");
      node.symbols.push_back(symbol);
    });
    if (node.symbols.empty()) fail("an enum without symbols");
    return &node;
  }

  const Node* fixed(Position object, std::string_view space) {
    Node& node = declare(Type::fixed, 0, object, space);
    const Step step(*this, node.name);
    const Position size = needed(object, "size");
    const std::string_view digits = document_.text(document_[size]);
    std::uint64_t bytes = fixed_bytes_max + 1;
    if (kind(size) == JsonKind::number) {
      const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), bytes);
      if (read.ec != std::errc() || read.ptr != digits.data() + digits.size()) bytes = fixed_bytes_max + 1;
    }
    if (bytes > fixed_bytes_max) fail("\"size\" must be an integer from 0 to " + std::to_string(fixed_bytes_max));
    node.size = static_cast<std::size_t>(bytes);
    node.bytes_min = node.size;
    return &node;
  }

  Schema::Nodes& nodes_;
  JsonDocument document_;
  Encoder encoder_;  ///< For defaults.
  std::size_t defaults_bytes_ = 0;
  std::unordered_map<std::string, const Node*> names_;
  std::string path_;
};

}  // namespace

std::expected<Schema, std::string> parse_schema(std::string_view text, std::span<const Import> imports) {
  auto nodes = std::make_unique<Schema::Nodes>();
  Parser parser(*nodes);
  std::string where;
  try {
    for (const Import& import : imports) {
      where = "reference " + shown(import.name) + ": ";
      parser.read(import.text);
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
