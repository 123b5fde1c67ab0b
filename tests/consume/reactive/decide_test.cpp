#include "consume/reactive/decide.hpp"

#include <gtest/gtest.h>

#include <string>

namespace sidecar::consume::reactive {
namespace {

struct ThresholdCase {
  std::string name;
  std::uint32_t threshold;
  std::size_t records;
  std::size_t failed;
  std::uint32_t rollbacks;
  bool rolls_back;
  SettleRule rule;
};
void PrintTo(const ThresholdCase& c, std::ostream* out) { *out << c.name; }

class Threshold : public testing::TestWithParam<ThresholdCase> {};

BackendResults results(std::size_t records, std::size_t failed) {
  BackendResults answer;
  answer.results.resize(records);
  for (std::size_t i = 0; i < records; ++i) answer.results[i].processed = i >= failed;
  return answer;
}

TEST_P(Threshold, DecidesBetweenRollbackAndDeadLetters) {
  const auto& row = GetParam();
  ReactiveSettings policy;
  policy.batch_rollback_threshold = row.threshold;
  const auto decision = decide(results(row.records, row.failed), row.rollbacks, policy);
  if (row.rolls_back) {
    ASSERT_TRUE(std::holds_alternative<PostAgain>(decision));
    EXPECT_EQ(std::get<PostAgain>(decision).pause, PostAgain::Pause::retry_delay);
    EXPECT_FALSE(std::get<PostAgain>(decision).unhealthy);
  } else {
    ASSERT_TRUE(std::holds_alternative<Settle>(decision));
    EXPECT_EQ(std::get<Settle>(decision).unprocessed.size(), row.failed);
    EXPECT_STREQ(name_of(std::get<Settle>(decision).rule), name_of(row.rule));
  }
}

using enum SettleRule;
INSTANTIATE_TEST_SUITE_P(
    Rows, Threshold,
    testing::Values(ThresholdCase{"below_the_threshold_letters", 30, 10, 2, 0, false, below_threshold},
                    ThresholdCase{"at_the_threshold_rolls_back", 30, 10, 3, 0, true, all_processed},
                    ThresholdCase{"third_rollback_is_the_last", 30, 10, 3, 2, true, all_processed},
                    ThresholdCase{"after_max_retries_letters", 30, 10, 3, 3, false, retries_exhausted},
                    ThresholdCase{"nine_records_are_below_the_minimum", 30, 9, 3, 0, false, below_min_records},
                    ThresholdCase{"one_of_three_leaves_at_once", 30, 3, 1, 0, false, below_min_records},
                    ThresholdCase{"nothing_failed_commits", 30, 10, 0, 0, false, all_processed},
                    ThresholdCase{"zero_threshold_without_failures_commits", 0, 10, 0, 0, false, all_processed},
                    ThresholdCase{"zero_threshold_rolls_back_on_one", 0, 10, 1, 0, true, all_processed},
                    ThresholdCase{"hundred_never_rolls_back", 100, 10, 10, 0, false, threshold_off},
                    ThresholdCase{"a_percentage_is_not_rounded", 30, 11, 3, 0, false, below_threshold},
                    ThresholdCase{"a_percentage_is_not_rounded_above", 30, 11, 4, 0, true, all_processed}),
    [](const auto& row) { return row.param.name; });

TEST(Decide, NoAnswerKeepsTheBatchAndIsUnhealthy) {
  for (const auto failure : {BackendFailure::cannot_connect, BackendFailure::timed_out, BackendFailure::connection_lost,
                             BackendFailure::malformed}) {
    const auto decision = decide(failure, 99, ReactiveSettings{});
    ASSERT_TRUE(std::holds_alternative<PostAgain>(decision));
    EXPECT_TRUE(std::get<PostAgain>(decision).unhealthy);
  }
}

TEST(Decide, OnlyAnUnreachableBackendIsProbed) {
  const auto pause = [](BackendFailure failure) {
    return std::get<PostAgain>(decide(failure, 0, ReactiveSettings{})).pause;
  };
  EXPECT_EQ(pause(BackendFailure::cannot_connect), PostAgain::Pause::probing);
  EXPECT_EQ(pause(BackendFailure::connection_lost), PostAgain::Pause::probing);
  EXPECT_EQ(pause(BackendFailure::timed_out), PostAgain::Pause::backoff);
  EXPECT_EQ(pause(BackendFailure::malformed), PostAgain::Pause::backoff);
}

TEST(Decide, AStatusKeepsTheBatchAndHealthAsItIs) {
  for (const auto status : {101U, 302U, 400U, 404U, 500U, 503U}) {
    const auto decision = decide(BackendStatus{status}, 0, ReactiveSettings{});
    ASSERT_TRUE(std::holds_alternative<PostAgain>(decision));
    EXPECT_EQ(std::get<PostAgain>(decision).pause, PostAgain::Pause::backoff);
    EXPECT_FALSE(std::get<PostAgain>(decision).unhealthy);
  }
}

TEST(Decide, UnprocessedRecordsWithDeadLettersOff) {
  ReactiveSettings policy;
  policy.dead_letter_enabled = false;
  EXPECT_TRUE(std::holds_alternative<Settle>(decide(results(3, 1), 0, policy)));  // discard is the default
  policy.unprocessed_policy = UnprocessedPolicy::retry;
  EXPECT_TRUE(std::holds_alternative<PostAgain>(decide(results(3, 1), 0, policy)));
  EXPECT_TRUE(std::holds_alternative<Settle>(decide(results(3, 0), 0, policy)));
}

}  // namespace
}  // namespace sidecar::consume::reactive
