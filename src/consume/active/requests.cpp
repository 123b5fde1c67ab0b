#include "consume/active/requests.hpp"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <charconv>
#include <limits>
#include <utility>

#include "base/json_reader.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"

namespace sidecar::consume::active {
namespace {

namespace json = boost::json;

constexpr std::int64_t int_max = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t long_max = std::numeric_limits<std::int64_t>::max();

Error violation(std::string_view text) {
  return Error::of(ErrorCode::validator_schema, {text});
}

/// What a client sent, cut short for an answer.
std::string quoted(std::string_view text) {
  constexpr std::size_t bytes_max = 60;
  return std::string(utf8_prefix(text, bytes_max));
}

/// Reads members of a tree and keeps the first violation; after one, what is read does not matter.
class Checker {
 public:
  /// The body as an object; an empty one beside an error.
  json::object object(std::string_view body, std::size_t depth_max) {
    if (const auto checked = validate_json(body, depth_max); !checked) {
      not_json("byte " + std::to_string(checked.error().offset) + ": " + std::string(checked.error().reason));
      return {};
    }
    json::parse_options options;
    options.max_depth = json_depth_limit;
    boost::system::error_code error;
    auto tree = json::parse(json::string_view(body.data(), body.size()), error, {}, options);
    if (error) {
      // The checker lets lone surrogates pass, which have no UTF-8 form.
      not_json(error.message());
      return {};
    }
    if (tree.is_object()) return std::move(tree.as_object());
    fail(violation("the body must be an object"));
    return {};
  }

  /// The member under the first of `names` that is there and not null; sets the pointer of what is read next.
  const json::value* member(const json::object& object, std::initializer_list<std::string_view> names) {
    return member(object, std::span(names.begin(), names.size()));
  }
  const json::value* member(const json::object& object, std::span<const std::string_view> names) {
    for (const auto name : names) {
      const auto* const found = object.if_contains(json::string_view(name.data(), name.size()));
      if (found == nullptr || found->is_null()) continue;
      pointer_ = path_ + "/" + std::string(name);
      return found;
    }
    pointer_ = path_ + "/" + std::string(names.front());
    return nullptr;
  }

  std::optional<std::string> text(const json::object& object, std::initializer_list<std::string_view> names) {
    const auto* const value = member(object, names);
    if (value == nullptr) return std::nullopt;
    if (value->is_string()) return std::string(value->as_string());
    wrong("must be a string");
    return std::nullopt;
  }

  std::optional<std::int64_t> integer(const json::object& object, std::initializer_list<std::string_view> names,
                                      std::int64_t min, std::int64_t max) {
    const auto* const value = member(object, names);
    if (value == nullptr) return std::nullopt;
    if (value->is_int64() && value->as_int64() >= min && value->as_int64() <= max) return value->as_int64();
    wrong("must be an integer from " + std::to_string(min) + " to " + std::to_string(max));
    return std::nullopt;
  }

  /// Calls `read` for each object of a list; the pointer of its members is set.
  template <class Read>
  void each(const json::value& list, const Read& read) {
    if (!list.is_array()) return wrong("must be an array");
    const auto place = pointer_;
    std::size_t index = 0;
    for (const auto& element : list.as_array()) {
      pointer_ = place + "/" + std::to_string(index++);
      if (!element.is_object()) return wrong("must be an object");
      path_ = pointer_;
      read(element.as_object());
      path_.clear();
      if (error_) return;
    }
  }

  TopicPartition partition(const json::object& object) {
    auto topic = text(object, {"topic"});
    if (!topic || !is_topic_name(*topic)) wrong("must be a topic name: 1 to 249 of the characters a-z A-Z 0-9 . _ -");
    const auto number = required(integer(object, {"partition"}, 0, int_max));
    return {topic.value_or(""), static_cast<std::int32_t>(number)};
  }
  std::int64_t required(std::optional<std::int64_t> number) {
    if (!number) wrong("is missing");
    return number.value_or(0);
  }

  /// About the member that was read last.
  void wrong(std::string_view text) { fail(violation(pointer_ + ": " + std::string(text))); }
  void fail(Error error) {
    if (!error_) error_ = std::move(error);
  }

  [[nodiscard]] const std::optional<Error>& error() const { return error_; }
  template <class T>
  Result<T> result(T value) {
    if (error_) return std::unexpected(std::move(*error_));
    return value;
  }

 private:
  void not_json(const std::string& why) {
    fail(Error::of(ErrorCode::content_type_mismatch, {"application/json (" + why + ")"}));
  }

  std::string path_;
  std::string pointer_;
  std::optional<Error> error_;
};

/// Puts `entry` in, or in the place of one for the same partition.
template <class Entry>
void put(std::vector<Entry>& entries, Entry entry) {
  const auto same =
      std::ranges::find_if(entries, [&](const Entry& other) { return other.partition == entry.partition; });
  if (same == entries.end()) {
    entries.push_back(std::move(entry));
  } else {
    *same = std::move(entry);
  }
}

struct FormatName {
  std::optional<formats::Format> format;
  std::string unknown;  ///< What stood there instead.
};

FormatName read_format(Checker& checker, const json::object& object, std::initializer_list<std::string_view> names) {
  const auto* const value = checker.member(object, names);
  if (value == nullptr) return {};
  if (value->is_string()) {
    const std::string name(value->as_string());
    const auto format = formats::parse_format(name);
    return {format, format ? "" : quoted(name)};
  }
  if (value->is_int64()) {
    const auto format = formats::format_of_ordinal(value->as_int64());
    return {format, format ? "" : std::to_string(value->as_int64())};
  }
  checker.wrong("must be a name or an integer from 0 to 5");
  return {};
}

Error unknown_format(std::string_view key, std::string_view value) {
  const auto name = [](std::string_view text) { return text.empty() ? "(not given)" : text; };
  return Error::of(ErrorCode::invalid_embedded_format, {name(key), name(value)});
}

std::optional<bool> read_boolean(std::string_view text) {
  if (equal_any_case(text, "true")) return true;
  if (equal_any_case(text, "false")) return false;
  return std::nullopt;
}

std::optional<std::int64_t> read_integer(std::string_view text) {
  std::int64_t number = 0;
  const auto* const end = text.data() + text.size();
  const auto [stop, why] = std::from_chars(text.data(), end, number);
  return why == std::errc{} && stop == end ? std::optional(number) : std::nullopt;
}

const std::string* last(std::span<const http::Parameter> query, std::string_view name) {
  const std::string* found = nullptr;
  for (const auto& parameter : query)
    if (parameter.name == name) found = &parameter.value;
  return found;
}

Error wrong_parameter(std::string_view name, std::string_view text) {
  return violation("query parameter " + std::string(name) + ": " + std::string(text));
}

/// Nothing when it is not there.
Result<std::optional<std::int64_t>> integer_parameter(std::span<const http::Parameter> query, std::string_view name) {
  const auto* const text = last(query, name);
  if (text == nullptr) return std::nullopt;
  const auto number = read_integer(*text);
  if (!number || *number > int_max || *number < -int_max - 1)
    return std::unexpected(wrong_parameter(name, "must be an integer of 32 bits"));
  return number;
}

/// Digits of a fixed number at the front of `text`, which they are taken off.
std::optional<int> take_digits(std::string_view& text, std::size_t count) {
  if (text.size() < count) return std::nullopt;
  int number = 0;
  for (const char c : text.substr(0, count)) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + (c - '0');
  }
  text.remove_prefix(count);
  return number;
}

bool take_char(std::string_view& text, char c) {
  if (text.empty() || to_lower(text.front()) != to_lower(c)) return false;
  text.remove_prefix(1);
  return true;
}

/// `Z`, `+02:00`, `+0200` or `+02`, in minutes.
std::optional<int> take_zone(std::string_view& text) {
  if (take_char(text, 'Z')) return 0;
  const int sign = take_char(text, '+') ? 1 : take_char(text, '-') ? -1 : 0;
  if (sign == 0) return std::nullopt;
  const auto hours = take_digits(text, 2);
  if (!hours || *hours > 18) return std::nullopt;
  if (text.empty()) return sign * *hours * 60;
  (void)take_char(text, ':');
  const auto minutes = take_digits(text, 2);
  if (!minutes || *minutes > 59) return std::nullopt;
  return sign * (*hours * 60 + *minutes);
}

}  // namespace

Result<void> check_name(std::string_view name, std::string_view place) {
  constexpr std::size_t bytes_max = 255;
  const auto refuse = [place](std::string_view text) {
    return std::unexpected(violation(std::string(place) + ": " + std::string(text)));
  };
  if (name.empty() || name.size() > bytes_max) return refuse("must have 1 to 255 bytes");
  if (!is_utf8(name)) return refuse("must be UTF-8");
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::ranges::any_of(name, is_control)) return refuse("must not hold control characters");
  return {};
}

Result<CreateRequest> parse_create(std::string_view body, std::size_t depth_max) {
  Checker checker;
  const auto object = checker.object(body, depth_max);
  CreateRequest request;
  request.client_id = checker.text(object, {"id"});
  if (request.client_id)
    if (auto good = check_name(*request.client_id, "/id"); !good) checker.fail(std::move(good.error()));
  request.name = checker.text(object, {"name"});
  if (request.client_id) {
    request.name = request.client_id;
  } else if (request.name) {
    if (auto good = check_name(*request.name, "/name"); !good) checker.fail(std::move(good.error()));
  }

  const auto both = read_format(checker, object, {"format"});
  const auto key = read_format(checker, object, {"keyFormat", "key_format"});
  const auto value = read_format(checker, object, {"valueFormat", "value_format"});
  request.key_format = key.format ? key.format : both.format;
  request.value_format = value.format ? value.format : both.format;

  request.auto_offset_reset = checker.text(object, {"autoOffsetReset", "auto.offset.reset"});
  if (const auto* const commit = checker.member(object, {"autoCommitEnable", "auto.commit.enable"})) {
    if (commit->is_bool()) request.auto_commit = commit->as_bool();
    if (commit->is_string()) request.auto_commit = read_boolean(std::string(commit->as_string()));
    if (!request.auto_commit) checker.wrong("must be true or false");
  }
  request.response_bytes_min = checker.integer(object, {"responseMinBytes", "fetch.min.bytes"}, -1, 10'000'000);
  if (const auto wait =
          checker.integer(object, {"requestWaitMs", "consumer.request.timeout.ms"}, -int_max - 1, int_max);
      wait && *wait > 0)
    request.request_wait = std::chrono::milliseconds(*wait);

  if (!checker.error() && !(both.unknown.empty() && key.unknown.empty() && value.unknown.empty())) {
    checker.fail(unknown_format(key.unknown.empty() ? both.unknown : key.unknown,
                                value.unknown.empty() ? both.unknown : value.unknown));
  }
  return checker.result(std::move(request));
}

Result<std::vector<kafka::CommitEntry>> parse_commit(std::string_view body, std::size_t depth_max) {
  Checker checker;
  const auto object = checker.object(body, depth_max);
  std::vector<kafka::CommitEntry> entries;
  const auto* const list = checker.member(object, {"offsets"});
  if (list == nullptr) {
    checker.wrong("is missing");
    return checker.result(std::move(entries));
  }
  checker.each(*list, [&](const json::object& each) {
    auto partition = checker.partition(each);
    const Offset processed{checker.required(checker.integer(each, {"offset"}, 0, long_max - 1))};
    put(entries, kafka::CommitEntry{std::move(partition), committed_after(processed),
                                    checker.text(each, {"metadata"}).value_or("")});
  });
  return checker.result(std::move(entries));
}

Result<std::vector<TopicPartition>> parse_partitions(std::string_view body, std::size_t depth_max,
                                                     std::span<const std::string_view> names) {
  Checker checker;
  const auto object = checker.object(body, depth_max);
  std::vector<TopicPartition> partitions;
  const auto* const list = checker.member(object, names);
  if (list == nullptr) {
    checker.wrong("is missing");
    return checker.result(std::move(partitions));
  }
  checker.each(*list, [&](const json::object& each) {
    auto partition = checker.partition(each);
    if (std::ranges::find(partitions, partition) == partitions.end()) partitions.push_back(std::move(partition));
  });
  return checker.result(std::move(partitions));
}

Result<SubscribeRequest> parse_subscribe(std::string_view body, std::size_t depth_max) {
  Checker checker;
  const auto object = checker.object(body, depth_max);
  SubscribeRequest request;
  request.pattern = checker.text(object, {"topic_pattern", "topicPattern"});
  if (const auto* const list = checker.member(object, {"topics"})) {
    request.pattern.reset();
    auto& topics = request.topics.emplace();
    if (!list->is_array()) checker.wrong("must be an array");
    for (std::size_t i = 0; list->is_array() && i < list->as_array().size(); ++i) {
      const auto& element = list->as_array()[i];
      std::string topic = element.is_string() ? std::string(element.as_string()) : std::string();
      if (!is_topic_name(topic))
        checker.fail(violation("/topics/" + std::to_string(i) +
                               ": must be a topic name: 1 to 249 of the characters a-z A-Z 0-9 . _ -"));
      if (std::ranges::find(topics, topic) == topics.end()) topics.push_back(std::move(topic));
    }
  }
  return checker.result(std::move(request));
}

Result<SeekRequest> parse_seek(std::string_view body, std::size_t depth_max) {
  Checker checker;
  const auto object = checker.object(body, depth_max);
  SeekRequest request;
  if (const auto* const list = checker.member(object, {"offsets"})) {
    checker.each(*list, [&](const json::object& each) {
      auto partition = checker.partition(each);
      const Offset offset{checker.required(checker.integer(each, {"offset"}, 0, long_max))};
      (void)checker.text(each, {"metadata"});
      put(request.offsets, {std::move(partition), offset});
    });
  }
  if (const auto* const list = checker.member(object, {"timestamps"})) {
    checker.each(*list, [&](const json::object& each) {
      auto partition = checker.partition(each);
      std::optional<std::int64_t> instant;
      if (const auto* const value = checker.member(each, {"timestamp"})) {
        if (value->is_int64() && value->as_int64() >= 0) instant = value->as_int64();
        if (value->is_string()) instant = parse_instant(std::string(value->as_string()));
      }
      if (!instant) checker.wrong("must be an ISO-8601 instant with Z or an offset, or milliseconds since 1970");
      (void)checker.text(each, {"metadata"});
      put(request.timestamps, {std::move(partition), instant.value_or(0)});
    });
  }
  std::erase_if(request.offsets, [&](const SeekRequest::ToOffset& entry) {
    return std::ranges::find(request.timestamps, entry.partition, &SeekRequest::ToTimestamp::partition) !=
           request.timestamps.end();
  });
  return checker.result(std::move(request));
}

std::optional<std::int64_t> parse_instant(std::string_view text) {
  const auto year = take_digits(text, 4);
  if (!year || !take_char(text, '-')) return std::nullopt;
  const auto month = take_digits(text, 2);
  if (!month || !take_char(text, '-')) return std::nullopt;
  const auto day = take_digits(text, 2);
  if (!day || !take_char(text, 'T')) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  const auto hour = take_digits(text, 2);
  if (!date.ok() || !hour || *hour > 23 || !take_char(text, ':')) return std::nullopt;
  const auto minute = take_digits(text, 2);
  if (!minute || *minute > 59) return std::nullopt;
  int second = 0;
  std::int64_t millis = 0;
  if (take_char(text, ':')) {
    const auto seconds = take_digits(text, 2);
    if (!seconds || *seconds > 59) return std::nullopt;
    second = *seconds;
    if (take_char(text, '.')) {
      std::int64_t scale = 100;
      bool more = false;
      std::size_t digits = 0;
      for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; text.remove_prefix(1), ++digits) {
        if (digits >= 9) return std::nullopt;
        millis += (text.front() - '0') * scale;
        more = more || (scale == 0 && text.front() != '0');
        scale /= 10;
      }
      if (digits == 0) return std::nullopt;
      if (more) ++millis;
    }
  }
  const auto zone = take_zone(text);
  if (!zone || !text.empty()) return std::nullopt;
  const auto instant = std::chrono::sys_days(date).time_since_epoch() + std::chrono::hours(*hour) +
                       std::chrono::minutes(*minute - *zone) + std::chrono::seconds(second);
  const auto result = std::chrono::duration_cast<std::chrono::milliseconds>(instant).count() + millis;
  return result >= 0 ? std::optional(result) : std::nullopt;
}

Result<ReadQuery> parse_read_query(std::span<const http::Parameter> query) {
  ReadQuery read;
  const auto timeout = integer_parameter(query, "timeout");
  if (!timeout) return std::unexpected(timeout.error());
  if (timeout->value_or(0) > 0) read.timeout = std::chrono::milliseconds(**timeout);
  const auto camel = integer_parameter(query, "maxBytes");
  if (!camel) return std::unexpected(camel.error());
  const auto snake = integer_parameter(query, "max_bytes");
  if (!snake) return std::unexpected(snake.error());
  const auto bytes = *snake ? *snake : *camel;
  if (bytes.value_or(0) > 0) read.bytes_max = static_cast<std::size_t>(*bytes);
  if (const auto* const name = last(query, "format")) {
    const auto ordinal = read_integer(*name);
    read.format = ordinal ? formats::format_of_ordinal(*ordinal) : formats::parse_format(*name);
    if (!read.format) return std::unexpected(unknown_format(quoted(*name), quoted(*name)));
  }
  return read;
}

Result<bool> parse_async(std::span<const http::Parameter> query) {
  const auto* const text = last(query, "async");
  if (text == nullptr) return false;
  const auto value = read_boolean(*text);
  if (!value) return std::unexpected(wrong_parameter("async", "must be true or false"));
  return *value;
}

}  // namespace sidecar::consume::active
