#include "produce/envelope.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

#include "base/json_reader.hpp"
#include "base/utf8.hpp"

namespace sidecar::produce {
namespace {

/// The members that count. Two names of one field are the same member: the last of them wins.
enum class Field : std::uint8_t {
  key_format,
  value_format,
  key_schema,
  value_schema,
  key_schema_id,
  value_schema_id,
  key_schema_version,
  value_schema_version,
  key_schema_subject,
  value_schema_subject,
  records,
  key,
  value,
  partition,
  headers,
  timestamp,
  traceability_id,
  correlation_id,
};

struct FieldName {
  std::string_view name;
  Field field;
};

constexpr FieldName request_fields[] = {
    {"records", Field::records},
    {"keyFormat", Field::key_format},
    {"key_format", Field::key_format},
    {"valueFormat", Field::value_format},
    {"value_format", Field::value_format},
    {"keySchema", Field::key_schema},
    {"key_schema", Field::key_schema},
    {"valueSchema", Field::value_schema},
    {"value_schema", Field::value_schema},
    {"keySchemaId", Field::key_schema_id},
    {"key_schema_id", Field::key_schema_id},
    {"valueSchemaId", Field::value_schema_id},
    {"value_schema_id", Field::value_schema_id},
    {"keySchemaVersion", Field::key_schema_version},
    {"key_schema_version", Field::key_schema_version},
    {"valueSchemaVersion", Field::value_schema_version},
    {"value_schema_version", Field::value_schema_version},
    {"keySchemaSubject", Field::key_schema_subject},
    {"key_schema_subject", Field::key_schema_subject},
    {"valueSchemaSubject", Field::value_schema_subject},
    {"value_schema_subject", Field::value_schema_subject},
};

/// The most frequent first.
constexpr FieldName record_fields[] = {
    {"value", Field::value},
    {"key", Field::key},
    {"headers", Field::headers},
    {"partition", Field::partition},
    {"timestamp", Field::timestamp},
    {"correlationId", Field::correlation_id},
    {"traceabilityId", Field::traceability_id},
};

template <std::size_t N>
const FieldName* find(const FieldName (&fields)[N], const JsonString& name) {
  const auto* const found = std::ranges::find_if(fields, [&](const auto& field) { return name.equals(field.name); });
  return found == std::end(fields) ? nullptr : found;
}

Error not_json(std::string_view why) {
  return Error::of(ErrorCode::content_type_mismatch, {"application/json (" + std::string(why) + ")"});
}

/// Functions that return bool say false when the text is malformed, which ends everything. A member of a wrong shape
/// only leaves a problem: a later member of the same name may put it right, and the rest of the text must be JSON in
/// any case.
class Parser {
 public:
  Parser(const PaddedBuffer& body, EnvelopeLimits limits)
      : body_(body), limits_(limits), reader_(body, limits.json_depth_max) {}

  Result<Envelope> run() {
    const JsonKind kind = reader_.kind();
    if (!(kind == JsonKind::object ? request() : skip()) || !reader_.finish()) {
      const auto failure = reader_.failure().value_or(JsonFailure{});
      return std::unexpected(not_json("byte " + std::to_string(failure.offset) + ": " + std::string(failure.reason)));
    }
    if (kind == JsonKind::array) return std::unexpected(violation("the body must be an object"));
    if (kind != JsonKind::object) return std::unexpected(not_json("neither an object nor an array"));
    if (!has_records_) problem(Field::records, "/records: is missing");
    if (!problems_.empty()) return std::unexpected(violation(problems_.front().text));
    return std::move(out_);
  }

 private:
  struct Problem {
    Field field;
    std::string text;
  };

  static Error violation(std::string_view text) { return Error::of(ErrorCode::validator_schema, {text}); }

  [[gnu::cold]] void problem(Field field, std::string text) { problems_.push_back({field, std::move(text)}); }
  void forget(Field field) {
    if (!problems_.empty()) std::erase_if(problems_, [field](const auto& p) { return p.field == field; });
  }

  bool skip() {
    std::string_view ignored;
    return reader_.take_slice(ignored);
  }
  bool wrong(Field field, std::string text) {
    problem(field, std::move(text));
    return skip();
  }
  [[nodiscard]] Slice slice(std::string_view text) const {
    return {static_cast<std::uint32_t>(text.data() - body_.data()), static_cast<std::uint32_t>(text.size())};
  }

  bool request() {
    reader_.enter_object();
    JsonString name;
    while (reader_.next_member(name)) {
      const FieldName* const known = find(request_fields, name);
      if (known == nullptr) {
        if (!skip()) return false;
        continue;
      }
      forget(known->field);
      if (!request_member(*known)) return false;
    }
    return !reader_.failure();
  }

  bool request_member(const FieldName& known) {
    const auto in_request = [&] { return pointer(known); };
    switch (known.field) {
      case Field::records:
        return records();
      case Field::key_format:
        return format(known, out_.key);
      case Field::value_format:
        return format(known, out_.value);
      case Field::key_schema:
        return text(known, out_.key.schema_text, in_request);
      case Field::value_schema:
        return text(known, out_.value.schema_text, in_request);
      case Field::key_schema_subject:
        return text(known, out_.key.subject, in_request);
      case Field::value_schema_subject:
        return text(known, out_.value.subject, in_request);
      case Field::key_schema_id:
        return natural(known.field, out_.key.schema_id, in_request);
      case Field::value_schema_id:
        return natural(known.field, out_.value.schema_id, in_request);
      case Field::key_schema_version:
        return natural(known.field, out_.key.schema_version, in_request);
      case Field::value_schema_version:
        return natural(known.field, out_.value.schema_version, in_request);
      default:
        return skip();
    }
  }

  static std::string pointer(const FieldName& known) { return "/" + std::string(known.name); }

  bool format(const FieldName& known, SideOptions& side) {
    side.format.reset();
    side.unknown_format.clear();
    switch (reader_.kind()) {
      case JsonKind::null:
        return reader_.take_null();
      case JsonKind::string: {
        JsonString name;
        if (!reader_.take_string(name)) return false;
        std::string text(name.raw);
        if (name.has_escapes) text.resize(unescape_in_place(text.data(), text.size()).value_or(0));
        side.format = formats::parse_format(text);
        if (!side.format) unknown_format(side, name.raw);
        return true;
      }
      case JsonKind::number: {
        std::string_view text;
        if (!reader_.take_slice(text)) return false;
        if (text.find_first_of(".eE") != std::string_view::npos) {
          problem(known.field, pointer(known) + ": must be a name or an integer from 0 to 5");
          return true;
        }
        std::int64_t ordinal = -1;
        std::from_chars(text.data(), text.data() + text.size(), ordinal);  // out of range: stays an unknown format
        side.format = formats::format_of_ordinal(ordinal);
        if (!side.format) unknown_format(side, text);
        return true;
      }
      default:
        return wrong(known.field, pointer(known) + ": must be a name or an integer from 0 to 5");
    }
  }

  /// What the caller wrote goes into the answer, but not at any length.
  static void unknown_format(SideOptions& side, std::string_view text) {
    constexpr std::size_t shown_bytes_max = 64;
    side.unknown_format = text.empty() ? "\"\"" : utf8_prefix(text, shown_bytes_max);
  }

  /// `say` makes the text of the problem.
  template <class Say>
  bool integer(Field field, std::int64_t& value, bool& present, const Say& say) {
    switch (reader_.kind()) {
      case JsonKind::null:
        return reader_.take_null();
      case JsonKind::number: {
        const auto taken = reader_.take_integer(value);
        if (taken == JsonReader::Integer::malformed) return false;
        present = taken == JsonReader::Integer::ok;
        if (!present) problem(field, say());
        return true;
      }
      default:
        return wrong(field, say());
    }
  }

  /// An integer from 0 to 2147483647, or nothing.
  template <class Number, class Pointer>
  bool natural(Field field, std::optional<Number>& out, const Pointer& pointer) {
    constexpr std::int64_t most = std::numeric_limits<std::int32_t>::max();
    const auto say = [&] { return pointer() + ": must be an integer from 0 to " + std::to_string(most); };
    out.reset();
    std::int64_t value = 0;
    bool present = false;
    if (!integer(field, value, present, say)) return false;
    if (!present) return true;
    if (value < 0 || value > most) {
      problem(field, say());
    } else {
      out = static_cast<Number>(value);
    }
    return true;
  }

  bool records() {
    out_.records.clear();
    out_.headers.clear();
    has_records_ = false;
    const JsonKind kind = reader_.kind();
    if (kind == JsonKind::null) return reader_.take_null();
    has_records_ = true;
    if (kind != JsonKind::array) return wrong(Field::records, "/records: must be an array");
    // Problems inside are gathered apart, since only the first record that has one counts.
    std::vector<Problem> outside;
    std::swap(outside, problems_);
    std::optional<std::string> first;
    constexpr std::size_t usual_records = 64;
    out_.records.reserve(usual_records);
    reader_.enter_array();
    std::size_t index = 0;
    while (reader_.next_element()) {
      if (index == limits_.records_max) {
        if (!first) first = "/records: more than " + std::to_string(limits_.records_max) + " records";
        if (!skip()) return false;
        continue;
      }
      problems_.clear();
      if (!record(index)) return false;
      if (!problems_.empty() && !first) first = std::move(problems_.front().text);
      ++index;
    }
    problems_ = std::move(outside);
    if (first) problem(Field::records, std::move(*first));
    return !reader_.failure();
  }

  [[nodiscard]] static std::string record_pointer(std::size_t index, std::string_view member = {}) {
    std::string text = "/records/" + std::to_string(index);
    if (!member.empty()) text += '/';
    return text += member;
  }

  bool record(std::size_t index) {
    if (reader_.kind() != JsonKind::object) return wrong(Field::records, record_pointer(index) + ": must be an object");
    auto& out = out_.records.emplace_back();
    out.header_first = static_cast<std::uint32_t>(out_.headers.size());
    reader_.enter_object();
    JsonString name;
    while (reader_.next_member(name)) {
      const FieldName* const known = find(record_fields, name);
      if (known == nullptr) {
        if (!skip()) return false;
        continue;
      }
      forget(known->field);
      if (!record_member(*known, out, index)) return false;
    }
    return !reader_.failure();
  }

  bool record_member(const FieldName& known, EnvelopeRecord& out, std::size_t index) {
    const auto in_record = [&] { return record_pointer(index, known.name); };
    switch (known.field) {
      case Field::key:
        return any(out.key);
      case Field::value:
        return any(out.value);
      case Field::headers:
        return headers(out, index);
      case Field::correlation_id:
        return text(known, out.correlation_id, in_record);
      case Field::traceability_id:
        return text(known, out.traceability_id, in_record);
      case Field::partition: {
        std::optional<std::int32_t> partition;
        const bool taken = natural(known.field, partition, in_record);
        out.partition = partition.value_or(-1);
        return taken;
      }
      case Field::timestamp: {
        out.timestamp_ms = 0;
        bool present = false;
        return integer(known.field, out.timestamp_ms, present,
                       [&] { return in_record() + ": must be an integer of 64 bits"; });
      }
      default:
        return skip();
    }
  }

  bool any(Slice& out) {
    out = {};
    if (reader_.kind() == JsonKind::null) return reader_.take_null();
    std::string_view value;
    if (!reader_.take_slice(value)) return false;
    out = slice(value);
    return true;
  }

  template <class Pointer>
  bool text(const FieldName& known, Slice& out, const Pointer& pointer) {
    out = {};
    switch (reader_.kind()) {
      case JsonKind::null:
        return reader_.take_null();
      case JsonKind::string: {
        JsonString value;
        if (!reader_.take_string(value)) return false;
        out = slice(value.raw);
        return true;
      }
      default:
        return wrong(known.field, pointer() + ": must be a string");
    }
  }

  bool headers(EnvelopeRecord& out, std::size_t index) {
    out_.headers.resize(out.header_first);
    out.header_count = 0;
    const JsonKind kind = reader_.kind();
    if (kind == JsonKind::null) return reader_.take_null();
    if (kind != JsonKind::object)
      return wrong(Field::headers, record_pointer(index, "headers") + ": must be an object");
    reader_.enter_object();
    JsonString name;
    while (reader_.next_member(name)) {
      auto& header = out_.headers.emplace_back();
      header.name = slice(name.raw);
      if (reader_.kind() != JsonKind::string) {
        if (!skip()) return false;
        continue;
      }
      JsonString value;
      if (!reader_.take_string(value)) return false;
      header.value = slice(value.raw);
    }
    out.header_count = static_cast<std::uint32_t>(out_.headers.size() - out.header_first);
    return !reader_.failure();
  }

  const PaddedBuffer& body_;
  EnvelopeLimits limits_;
  JsonReader reader_;
  Envelope out_;
  bool has_records_ = false;
  std::vector<Problem> problems_;
};

}  // namespace

Result<Envelope> parse_envelope(const PaddedBuffer& body, EnvelopeLimits limits) {
  return Parser(body, limits).run();
}

}  // namespace sidecar::produce
