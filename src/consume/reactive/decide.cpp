#include "consume/reactive/decide.hpp"

namespace sidecar::consume::reactive {
namespace {

Decision decide_results(const BackendResults& answer, std::uint32_t rollbacks, const ReactiveSettings& policy) {
  Settle settle;
  for (std::size_t i = 0; i < answer.results.size(); ++i) {
    if (!answer.results[i].processed) settle.unprocessed.push_back(i);
  }
  const std::size_t failed = settle.unprocessed.size();
  const std::size_t count = answer.results.size();
  if (failed == 0) return settle;

  const bool keeps_unprocessed = !policy.dead_letter_enabled && policy.unprocessed_policy == UnprocessedPolicy::retry;
  if (count < policy.batch_rollback_min_records) {
    settle.rule = SettleRule::below_min_records;
  } else if (policy.batch_rollback_threshold >= 100) {
    settle.rule = SettleRule::threshold_off;
  } else if (failed * 100 < policy.batch_rollback_threshold * count) {
    settle.rule = SettleRule::below_threshold;
  } else if (rollbacks < policy.max_retries) {
    return PostAgain{PostAgain::Pause::retry_delay, false};
  } else {
    settle.rule = SettleRule::retries_exhausted;
  }
  if (keeps_unprocessed) return PostAgain{PostAgain::Pause::backoff, false};
  return settle;
}

}  // namespace

const char* name_of(SettleRule rule) {
  switch (rule) {
    case SettleRule::all_processed: return "all processed";
    case SettleRule::below_min_records: return "fewer than batchRollbackMinRecords";
    case SettleRule::below_threshold: return "below batchRollbackThreshold";
    case SettleRule::threshold_off: return "batchRollbackThreshold is 100";
    case SettleRule::retries_exhausted: return "maxRetries reached";
  }
  return "";
}

Decision decide(const BackendOutcome& outcome, std::uint32_t rollbacks, const ReactiveSettings& policy) {
  if (const auto* failure = std::get_if<BackendFailure>(&outcome)) {
    const bool unreachable = *failure == BackendFailure::cannot_connect || *failure == BackendFailure::connection_lost;
    return PostAgain{unreachable ? PostAgain::Pause::probing : PostAgain::Pause::backoff, true};
  }
  // The backend spoke and said no: it is alive, so health stays as it is.
  if (std::holds_alternative<BackendStatus>(outcome)) return PostAgain{PostAgain::Pause::backoff, false};
  return decide_results(std::get<BackendResults>(outcome), rollbacks, policy);
}

}  // namespace sidecar::consume::reactive
