#include "deadletter/letter.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "base/ids.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"
#include "base/tracing.hpp"

namespace sidecar::deadletter {
namespace {

constexpr std::size_t stacktrace_bytes_max = 16384;
constexpr std::size_t error_bytes_max = 1024;
constexpr std::string_view stacktrace_name = "StackTrace";
constexpr std::string_view letter_prefix = "X-DLQ-";
constexpr std::array cuts{Cut::nothing, Cut::trace, Cut::trace_and_error, Cut::value};

/// Header values of a letter are read by people: one line, no control characters.
std::string one_line(std::string_view text) {
  text = text.substr(0, text.find_first_of("\r\n"));
  std::string line(utf8_prefix(text, error_bytes_max));
  std::ranges::replace_if(line, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  return line;
}

const char* name_of(Reason reason) {
  switch (reason) {
    case Reason::rejected: return "rejected";
    case Reason::undecodable: return "undecodable";
  }
  return "";
}

}  // namespace

std::string dead_letter_topic(const std::string& topic, const std::string& extension) {
  return topic.ends_with(extension) ? topic : topic + extension;
}

LetterHeaders letter_headers(const Letter& letter, const WriterSettings& settings, Cut cut,
                             const std::vector<kafka::HeaderView>& record_headers) {
  LetterHeaders result;
  result.made.reserve(16);
  const auto make = [&result](std::string_view name, std::string value) {
    result.headers.push_back({name, std::string_view(result.made.emplace_back(std::move(value)))});
  };

  if (cut == Cut::nothing && !letter.stacktrace.empty()) {
    make(stacktrace_name, std::string(utf8_prefix(letter.stacktrace, stacktrace_bytes_max)));
  }
  std::optional<std::string_view> correlation;
  std::optional<std::string_view> traceability;
  for (const auto& header : record_headers) {
    if (equal_any_case(header.name, correlation_header)) {
      if (header.value && !header.value->empty()) correlation = header.value;
    } else if (equal_any_case(header.name, traceability_header)) {
      if (header.value && !header.value->empty()) traceability = header.value;
    } else if (!equal_any_case(header.name, stacktrace_name) && !starts_any_case(header.name, letter_prefix)) {
      result.headers.push_back(header);
    }
  }

  make("X-DLQ-Topic", letter.origin.topic);
  make("X-DLQ-Partition", std::to_string(letter.origin.partition));
  make("X-DLQ-Offset", std::to_string(letter.record->offset.value));
  make("X-DLQ-Timestamp", std::to_string(letter.record->timestamp_ms));
  make("X-DLQ-Group", settings.group_id);
  make("X-DLQ-Attempts", std::to_string(letter.attempts));
  make("X-DLQ-Reason", name_of(letter.reason));
  if (cut < Cut::trace_and_error) {
    auto error = one_line(letter.error.empty() ? letter.stacktrace : letter.error);
    if (!error.empty()) make("X-DLQ-Error", std::move(error));
  }
  if (cut == Cut::value) make("X-DLQ-Value", "omitted");

  if (traceability) {
    result.headers.push_back({traceability_header, traceability});
  } else if (!letter.traceability_id.empty()) {
    make(traceability_header, letter.traceability_id);
  }
  if (correlation) {
    result.headers.push_back({correlation_header, correlation});
  } else {
    make(correlation_header, letter.correlation_id.empty() ? make_id() : letter.correlation_id);
  }
  return result;
}

Writer::Writer(kafka::Producer& producer, WriterSettings settings, observability::Logger logger)
    : producer_(producer), settings_(std::move(settings)), log_(std::move(logger)) {}

Task<std::vector<bool>> Writer::write(std::vector<Letter> letters, std::shared_ptr<const void> owner) {
  std::vector<bool> written(letters.size(), false);
  // Everything the records of one send point to: the made header texts, and the batch with its raw bytes.
  struct Parcel {
    std::shared_ptr<const void> owner;
    std::vector<std::vector<kafka::HeaderView>> record_headers;
    std::vector<LetterHeaders> headers;
  };
  std::map<std::string, std::vector<std::size_t>> by_topic;
  for (std::size_t i = 0; i < letters.size(); ++i) {
    by_topic[dead_letter_topic(letters[i].origin.topic, settings_.topic_ext)].push_back(i);
  }
  for (auto& [topic, pending] : by_topic) {
    // First as it is; those that the topic refuses for their size are cut down, one thing at a time.
    for (const auto cut : cuts) {
      if (pending.empty() || (cut == Cut::value && !settings_.omit_oversize_value)) break;
      auto parcel = std::make_shared<Parcel>();
      parcel->owner = owner;
      parcel->record_headers.resize(pending.size());
      parcel->headers.reserve(pending.size());
      std::vector<kafka::ProduceRecord> records;
      records.reserve(pending.size());
      for (std::size_t k = 0; k < pending.size(); ++k) {
        const Letter& letter = letters[pending[k]];
        letter.record->raw.headers(parcel->record_headers[k]);
        parcel->headers.push_back(letter_headers(letter, settings_, cut, parcel->record_headers[k]));
        kafka::ProduceRecord record;
        record.key = letter.record->raw.key();
        if (cut != Cut::value) record.value = letter.record->raw.value();
        record.headers = parcel->headers.back().headers;
        record.timestamp_ms = letter.record->timestamp_ms;
        records.push_back(record);
      }
      const auto deliveries = co_await producer_.send(topic, std::move(records), parcel, kafka::Purpose::dead_letter);
      std::vector<std::size_t> too_large;
      for (std::size_t k = 0; k < pending.size(); ++k) {
        if (deliveries[k].outcome == kafka::Outcome::written) {
          written[pending[k]] = true;
          ++counters_.written;
          if (cut == Cut::trace) ++counters_.trace_cut;
          if (cut == Cut::trace_and_error) ++counters_.error_cut;
          if (cut == Cut::value) {
            ++counters_.value_omitted;
            log_.warn("dead letter written without its value: raise max.message.bytes of the topic",
                      {{"topic", topic}, {"origin", letters[pending[k]].origin.topic},
                       {"partition", letters[pending[k]].origin.partition},
                       {"offset", letters[pending[k]].record->offset.value}});
          }
        } else if (deliveries[k].refused_for_size) {
          too_large.push_back(pending[k]);
        } else {
          ++counters_.failed;
          log_.warn("dead letter not acknowledged", {{"topic", topic}, {"error", deliveries[k].error}});
        }
      }
      pending = std::move(too_large);
    }
    if (!pending.empty()) {
      counters_.failed += pending.size();
      log_.warn("dead letters refused for their size: raise max.message.bytes of the topic",
                {{"topic", topic}, {"letters", pending.size()}});
    }
  }
  co_return written;
}

}  // namespace sidecar::deadletter
