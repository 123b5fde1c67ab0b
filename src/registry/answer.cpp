#include "registry/answer.hpp"

#include <limits>
#include <utility>

#include "base/json_reader.hpp"
#include "base/utf8.hpp"

namespace sidecar::registry {
namespace {

constexpr std::int64_t version_max = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t id_max = std::numeric_limits<std::uint32_t>::max();

/// One answer on its way through. The first thing that is wrong is kept in `problem`; every call after it returns
/// false.
struct Walk {
  explicit Walk(std::string_view body) : bytes(body), reader(bytes, answer_depth_max) {}

  bool fail(std::string text) {
    if (problem.empty()) problem = std::move(text);
    return false;
  }
  /// The reader stopped: says where.
  bool malformed() {
    const auto failure = reader.failure();
    if (!failure) return fail("no whole JSON");
    return fail("no JSON: " + std::string(failure->reason) + " at byte " + std::to_string(failure->offset));
  }
  bool skip() {
    std::string_view ignored;
    return reader.take_slice(ignored) || malformed();
  }
  bool text(std::string_view name, std::string& out) {
    if (reader.kind() != JsonKind::string) return wrong(name, "is no string");
    JsonString value;
    if (!reader.take_string(value)) return malformed();
    out = value.raw;
    if (!value.has_escapes) return true;
    const auto size = unescape_in_place(out.data(), out.size());
    if (!size) return fail(std::string(name) + " holds half of a surrogate pair");
    out.resize(*size);
    return true;
  }
  bool integer(std::string_view name, std::int64_t max, std::int64_t& out) {
    if (reader.kind() != JsonKind::number) return wrong(name, "is no number");
    switch (reader.take_integer(out)) {
      case JsonReader::Integer::ok:
        break;
      case JsonReader::Integer::malformed:
        return malformed();
      case JsonReader::Integer::not_whole:
      case JsonReader::Integer::out_of_range:
        return fail(std::string(name) + " is no whole number in its range");
    }
    if (out < 0 || out > max) return fail(std::string(name) + " is no whole number in its range");
    return true;
  }
  /// A value of another kind, or nothing that is JSON at all.
  bool wrong(std::string_view name, std::string_view what) {
    if (reader.kind() == JsonKind::malformed) return malformed();
    return fail(std::string(name) + " " + std::string(what));
  }
  /// Goes over the members of the object that is next; `take` takes the value of the one it is given.
  template <class Take>
  bool members(std::string_view what, Take take) {
    if (reader.kind() != JsonKind::object) return wrong(what, "is no object");
    if (!reader.enter_object()) return malformed();
    for (JsonString name; reader.next_member(name);)
      if (!take(name)) return false;
    return !reader.failure() || malformed();
  }

  PaddedBuffer bytes;
  JsonReader reader;
  std::string problem;
};

/// The whole answer: one object, nothing behind it.
template <class Take>
bool read_object(Walk& walk, Take take) {
  return walk.members("the answer", take) && (walk.reader.finish() || walk.malformed());
}

bool read_type(Walk& walk, SchemaType& type) {
  if (walk.reader.kind() == JsonKind::null) {
    type = SchemaType::avro;
    return walk.reader.take_null() || walk.malformed();
  }
  std::string name;
  if (!walk.text("schemaType", name)) return false;
  for (const auto each : {SchemaType::avro, SchemaType::json, SchemaType::protobuf})
    if (name == type_name(each)) {
      type = each;
      return true;
    }
  return walk.fail("schemaType is none of AVRO, JSON and PROTOBUF");
}

bool read_reference(Walk& walk, Reference& reference) {
  bool named = false;
  bool placed = false;
  std::int64_t version = 0;
  const bool read = walk.members("a reference", [&](const JsonString& name) {
    if (name.equals("name")) return named = walk.text("the name of a reference", reference.name);
    if (name.equals("subject")) return placed = walk.text("the subject of a reference", reference.subject);
    if (name.equals("version")) return walk.integer("the version of a reference", version_max, version);
    return walk.skip();
  });
  if (!read) return false;
  if (!named || !placed || version == 0) return walk.fail("a reference lacks its name, its subject or its version");
  reference.version = static_cast<std::int32_t>(version);
  return true;
}

bool read_references(Walk& walk, std::vector<Reference>& references) {
  references.clear();
  if (walk.reader.kind() == JsonKind::null) return walk.reader.take_null() || walk.malformed();
  if (walk.reader.kind() != JsonKind::array) return walk.wrong("references", "is no array");
  if (!walk.reader.enter_array()) return walk.malformed();
  while (walk.reader.next_element()) {
    if (references.size() == references_max)
      return walk.fail("there are more than " + std::to_string(references_max) + " references");
    if (!read_reference(walk, references.emplace_back())) return false;
  }
  return !walk.reader.failure() || walk.malformed();
}

}  // namespace

std::string one_line(std::string text, std::size_t bytes_max) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7F') c = ' ';
  text.resize(utf8_prefix(text, bytes_max).size());
  return text;
}

std::unexpected<Failure> failure(Failure::Kind kind, std::string text) {
  return std::unexpected(Failure{kind, one_line(std::move(text), failure_bytes_max)});
}

std::expected<SchemaAnswer, std::string> parse_schema_answer(std::string_view body) {
  Walk walk(body);
  SchemaAnswer answer;
  bool has_text = false;
  const bool read = read_object(walk, [&](const JsonString& name) {
    if (name.equals("schema")) return has_text = walk.text("schema", answer.text);
    if (name.equals("schemaType")) return read_type(walk, answer.type);
    if (name.equals("references")) return read_references(walk, answer.references);
    std::int64_t number = 0;
    if (name.equals("id")) {
      if (!walk.integer("id", id_max, number)) return false;
      answer.id = static_cast<std::uint32_t>(number);
      return true;
    }
    if (name.equals("version")) {
      if (!walk.integer("version", version_max, number)) return false;
      answer.version = static_cast<std::int32_t>(number);
      return true;
    }
    return walk.skip();
  });
  if (!read) return std::unexpected(std::move(walk.problem));
  if (!has_text) return std::unexpected("the answer holds no schema");
  return answer;
}

std::expected<std::uint32_t, std::string> parse_registration_answer(std::string_view body) {
  Walk walk(body);
  std::optional<std::uint32_t> id;
  const bool read = read_object(walk, [&](const JsonString& name) {
    if (!name.equals("id")) return walk.skip();
    std::int64_t number = 0;
    if (!walk.integer("id", id_max, number)) return false;
    id = static_cast<std::uint32_t>(number);
    return true;
  });
  if (!read) return std::unexpected(std::move(walk.problem));
  if (!id) return std::unexpected("the answer holds no id");
  return *id;
}

std::expected<bool, std::string> parse_compatibility_answer(std::string_view body) {
  Walk walk(body);
  std::optional<bool> compatible;
  const bool read = read_object(walk, [&](const JsonString& name) {
    if (!name.equals("is_compatible")) return walk.skip();
    if (walk.reader.kind() != JsonKind::boolean) return walk.wrong("is_compatible", "is neither true nor false");
    bool value = false;
    if (!walk.reader.take_boolean(value)) return walk.malformed();
    compatible = value;
    return true;
  });
  if (!read) return std::unexpected(std::move(walk.problem));
  if (!compatible) return std::unexpected("the answer does not say whether the schema is compatible");
  return *compatible;
}

std::optional<ErrorAnswer> parse_error_answer(std::string_view body) {
  Walk walk(body);
  ErrorAnswer answer;
  bool has_code = false;
  const bool read = read_object(walk, [&](const JsonString& name) {
    if (name.equals("error_code")) return has_code = walk.integer("error_code", version_max, answer.code);
    if (name.equals("message") && walk.reader.kind() == JsonKind::string) return walk.text("message", answer.message);
    return walk.skip();
  });
  if (!read || !has_code) return std::nullopt;
  answer.message = one_line(std::move(answer.message), message_bytes_max);
  return answer;
}

}  // namespace sidecar::registry
