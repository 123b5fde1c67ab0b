/// What to do with a batch after the backend has answered. Rules only: no I/O, no clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "consume/reactive/settings.hpp"

namespace sidecar::consume::reactive {

/// The backend's word about one record.
struct RecordResult {
  bool processed = false;  ///< A missing member counts as false.
  std::string stacktrace;
  std::string correlation_id;
  std::string traceability_id;
};

/// No usable answer came.
enum class BackendFailure : std::uint8_t {
  cannot_connect,
  timed_out,
  connection_lost,
  malformed,  ///< 2xx, but not one result object for each record of the batch.
};
/// An answer that is not 2xx (redirects are never followed).
struct BackendStatus {
  unsigned status = 0;
};
/// One result for each record of the request, in the order of the request.
struct BackendResults {
  std::vector<RecordResult> results;
};
using BackendOutcome = std::variant<BackendFailure, BackendStatus, BackendResults>;

/// Which rule settled a batch; stands in its log line.
enum class SettleRule : std::uint8_t {
  all_processed,
  below_min_records,   ///< Fewer than batchRollbackMinRecords: failed records leave at once.
  below_threshold,
  threshold_off,       ///< batchRollbackThreshold is 100.
  retries_exhausted,   ///< Rolled back maxRetries times already.
};
[[nodiscard]] const char* name_of(SettleRule rule);

/// The batch is done: its unprocessed records leave (dead letters, or discarded), then its offsets are committed.
struct Settle {
  std::vector<std::size_t> unprocessed;  ///< Indexes into the request, ascending.
  SettleRule rule = SettleRule::all_processed;
};
/// The same batch is posted again, with the same bytes.
struct PostAgain {
  enum class Pause : std::uint8_t {
    backoff,      ///< From waitPeriod, doubling up to retryBackoffMaxMs.
    probing,      ///< As backoff, at most 1 s each time, until a connection is accepted.
    retry_delay,  ///< retryDelayMs, counted against maxRetries: a rollback.
  };
  Pause pause = Pause::backoff;
  bool unhealthy = false;
};
using Decision = std::variant<Settle, PostAgain>;

/// `rollbacks`: how often the threshold has sent this batch back already.
[[nodiscard]] Decision decide(const BackendOutcome& outcome, std::uint32_t rollbacks, const ReactiveSettings& policy);

}  // namespace sidecar::consume::reactive
