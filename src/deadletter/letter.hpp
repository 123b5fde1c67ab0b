/// Dead letters: records that the backend rejected or nobody can decode, written to `<topic>.dlq` from their raw bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/types.hpp"
#include "kafka/group_consumer.hpp"
#include "kafka/producer.hpp"
#include "loop/loop.hpp"
#include "observability/log.hpp"

namespace sidecar::deadletter {

enum class Reason : std::uint8_t {
  rejected,     ///< The backend answered `processed: false`.
  undecodable,  ///< The bytes do not fit the configured format.
};

/// One record on its way to the dead-letter topic, and why.
struct Letter {
  const kafka::Record* record = nullptr;  ///< Kept alive by the owner given to Writer::write.
  TopicPartition origin;
  Reason reason = Reason::rejected;
  std::uint32_t attempts = 0;    ///< POSTs that held the record; 0 for undecodable ones.
  std::string stacktrace;        ///< The backend's; empty: none.
  std::string error;             ///< Decoder's words; empty: the first line of the stack trace is used.
  std::string correlation_id;    ///< Used only when the record carries none.
  std::string traceability_id;   ///< Likewise.
};

struct WriterSettings {
  std::string topic_ext = ".dlq";
  std::string group_id;
  bool omit_oversize_value = true;  ///< deadLetterOversize: a letter refused for its size goes without its value.
};

struct WriterCounters {
  std::uint64_t written = 0;
  std::uint64_t trace_cut = 0;      ///< Written without the stack trace, because the topic refused the size.
  std::uint64_t error_cut = 0;      ///< Written without X-DLQ-Error too.
  std::uint64_t value_omitted = 0;  ///< Written without the record's value.
  std::uint64_t failed = 0;         ///< Attempts that were not acknowledged.
};

/// `topic` itself when it ends with `extension`, else both together.
[[nodiscard]] std::string dead_letter_topic(const std::string& topic, const std::string& extension);

/// Where the engine hands letters in; a fake one serves the simulator.
class Sink {
 public:
  virtual ~Sink() = default;
  /// Writes the letters and awaits their acknowledgement: true for each that is certainly in the log. Letters that are not
  /// may be handed in again. `owner` keeps the records alive until the last report.
  virtual Task<std::vector<bool>> write(std::vector<Letter> letters, std::shared_ptr<const void> owner) = 0;
};

/// Thread: loop 0.
class Writer final : public Sink {
 public:
  Writer(kafka::Producer& producer, WriterSettings settings, observability::Logger logger);
  Task<std::vector<bool>> write(std::vector<Letter> letters, std::shared_ptr<const void> owner) override;
  [[nodiscard]] const WriterCounters& counters() const { return counters_; }

 private:
  kafka::Producer& producer_;
  WriterSettings settings_;
  observability::Logger log_;
  WriterCounters counters_;
};

/// What of a letter is left out, in this order, until it fits.
enum class Cut : std::uint8_t { nothing, trace, trace_and_error, value };

/// The headers of a letter in their order: StackTrace and the record's own (tracing names, an older StackTrace and older
/// X-DLQ-* left out), then X-DLQ-*, then traceability, then correlation. Owns the texts it made; views of the record's own
/// headers live as long as the record.
struct LetterHeaders {
  std::vector<std::string> made;  ///< Never grows after construction: the views below point into it.
  std::vector<kafka::HeaderView> headers;
};
[[nodiscard]] LetterHeaders letter_headers(const Letter& letter, const WriterSettings& settings, Cut cut,
                                           const std::vector<kafka::HeaderView>& record_headers);

}  // namespace sidecar::deadletter
