#include "consume/reactive/results.hpp"

#include <algorithm>
#include <numeric>
#include <optional>
#include <tuple>
#include <utility>

#include "base/json_reader.hpp"

namespace sidecar::consume::reactive {
namespace {

using Failure = std::unexpected<std::string>;

struct ParsedResult {
  RecordResult result;
  std::optional<std::string_view> topic;
  std::optional<std::int64_t> partition;
  std::optional<std::int64_t> offset;

  [[nodiscard]] bool has_coordinates() const { return topic && partition && offset; }
  /// Meaningful when has_coordinates.
  [[nodiscard]] auto coordinates() const {
    return std::tuple(topic.value_or(std::string_view()), partition.value_or(-1), offset.value_or(-1));
  }
};

auto coordinates_of(const RecordCoordinates& c) {
  return std::tuple(c.topic, static_cast<std::int64_t>(c.partition), c.offset);
}

class Parser {
 public:
  Parser(PaddedBuffer& body, std::size_t depth_max) : body_(body), reader_(body, depth_max) {}

  std::expected<std::vector<ParsedResult>, std::string> run(std::size_t expected) {
    std::vector<ParsedResult> results;
    results.reserve(expected);
    if (reader_.kind() != JsonKind::array) return not_results();
    reader_.enter_array();
    while (reader_.next_element()) {
      if (reader_.kind() != JsonKind::object) return not_results();
      if (results.size() == expected) return Failure("more results than the batch has records");
      if (!result(results.emplace_back())) return not_results();
    }
    if (!reader_.finish()) return not_results();
    if (results.size() != expected) {
      return Failure(std::to_string(results.size()) + " results for " + std::to_string(expected) + " records");
    }
    return results;
  }

 private:
  [[nodiscard]] Failure not_results() const {
    if (const auto failure = reader_.failure()) {
      return Failure("answer is not JSON at byte " + std::to_string(failure->offset) + ": " + std::string(failure->reason));
    }
    return Failure("answer is not an array of result objects");
  }

  bool result(ParsedResult& out) {
    reader_.enter_object();
    JsonString name;
    while (reader_.next_member(name)) {
      if (name.equals("record") || name.equals("consumerRecord")) {
        if (!echo(out)) return false;
      } else if (name.equals("processed")) {
        if (reader_.kind() == JsonKind::boolean) {
          reader_.take_boolean(out.result.processed);
        } else if (!null_or_wrong()) {
          return false;
        }
      } else if (name.equals("stacktrace")) {
        if (!text(out.result.stacktrace)) return false;
      } else if (name.equals("correlationId")) {
        if (!text(out.result.correlation_id)) return false;
      } else if (name.equals("traceabilityId")) {
        if (!text(out.result.traceability_id)) return false;
      } else if (!skip()) {
        return false;
      }
    }
    return !reader_.failure();
  }

  /// The echoed record: only its coordinates count, the bytes that travel on are our own.
  bool echo(ParsedResult& out) {
    if (reader_.kind() != JsonKind::object) return skip();
    reader_.enter_object();
    JsonString name;
    while (reader_.next_member(name)) {
      if (name.equals("topic") && reader_.kind() == JsonKind::string) {
        JsonString value;
        if (!reader_.take_string(value)) return false;
        out.topic = unescaped(value);
      } else if (name.equals("partition") && reader_.kind() == JsonKind::number) {
        if (!integer(out.partition)) return false;
      } else if (name.equals("offset") && reader_.kind() == JsonKind::number) {
        if (!integer(out.offset)) return false;
      } else if (!skip()) {
        return false;
      }
    }
    return !reader_.failure();
  }

  bool integer(std::optional<std::int64_t>& out) {
    std::int64_t value = 0;
    switch (reader_.take_integer(value)) {
      case JsonReader::Integer::ok: out = value; return true;
      case JsonReader::Integer::malformed: return false;
      case JsonReader::Integer::not_whole:
      case JsonReader::Integer::out_of_range: return true;
    }
    return false;
  }

  bool skip() {
    std::string_view ignored;
    return reader_.take_slice(ignored);
  }

  bool null_or_wrong() { return reader_.kind() == JsonKind::null && reader_.take_null(); }

  /// A string, or null for none; any other value is kept as its JSON text.
  bool text(std::string& out) {
    if (reader_.kind() == JsonKind::null) return reader_.take_null();
    if (reader_.kind() == JsonKind::string) {
      JsonString value;
      if (!reader_.take_string(value)) return false;
      out = unescaped(value);
      return true;
    }
    std::string_view slice;
    if (!reader_.take_slice(slice)) return false;
    out = slice;
    return true;
  }

  std::string_view unescaped(const JsonString& value) {
    if (!value.has_escapes) return value.raw;
    char* start = body_.data() + (value.raw.data() - body_.data());
    const auto size = unescape_in_place(start, value.raw.size());
    return size ? std::string_view(start, *size) : std::string_view();
  }

  PaddedBuffer& body_;
  JsonReader reader_;
};

/// For each posted record the index of its result.
std::expected<std::vector<std::size_t>, std::string> match(const std::vector<ParsedResult>& results,
                                                           std::span<const RecordCoordinates> posted) {
  std::vector<std::size_t> by_position(posted.size());
  std::iota(by_position.begin(), by_position.end(), 0);
  const auto in_place = [&](std::size_t i) {
    return results[i].has_coordinates() && results[i].coordinates() == coordinates_of(posted[i]);
  };
  std::size_t same = 0;
  while (same < results.size() && in_place(same)) ++same;
  if (same == results.size()) return by_position;

  std::vector<std::size_t> order = by_position;
  std::ranges::sort(order, {}, [&](std::size_t i) { return coordinates_of(posted[i]); });
  constexpr auto unmatched = static_cast<std::size_t>(-1);
  std::vector<std::size_t> result_of(posted.size(), unmatched);
  bool complete = true;
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (!results[i].has_coordinates()) {
      complete = false;
      continue;
    }
    const auto at = std::ranges::lower_bound(order, results[i].coordinates(), {},
                                             [&](std::size_t k) { return coordinates_of(posted[k]); });
    if (at == order.end() || coordinates_of(posted[*at]) != results[i].coordinates()) {
      return Failure("a result names a record that is not in the batch");
    }
    if (result_of[*at] != unmatched) complete = false;
    result_of[*at] = i;
  }
  return complete ? result_of : by_position;
}

}  // namespace

std::expected<std::vector<RecordResult>, std::string> parse_results(PaddedBuffer& body, std::span<const RecordCoordinates> posted,
                                                                    std::size_t json_depth_max) {
  if (body.empty()) return Failure("the answer has no body");
  auto results = Parser(body, json_depth_max).run(posted.size());
  if (!results) return std::unexpected(std::move(results.error()));
  const auto order = match(*results, posted);
  if (!order) return std::unexpected(order.error());

  std::vector<RecordResult> ordered;
  ordered.reserve(results->size());
  for (const auto i : *order) ordered.push_back(std::move((*results)[i].result));
  return ordered;
}

}  // namespace sidecar::consume::reactive
