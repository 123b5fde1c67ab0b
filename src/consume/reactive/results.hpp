/// Reading the backend's answer: an array of RecordProcessedResult.
#pragma once

#include <expected>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "consume/reactive/decide.hpp"

namespace sidecar::consume::reactive {

/// Where a posted record comes from.
struct RecordCoordinates {
  std::string_view topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
};

/// One result per posted record, in the order of `posted`. Results are matched by the coordinates that their echoed record
/// (`record` or `consumerRecord`) carries when every result has them and no two are alike, else by position; nothing else of
/// the echo is looked at. `body` is spoilt: strings are unescaped in place. The error says what is wrong with the answer:
/// not a JSON array of objects, another length than the batch, a record outside the batch.
[[nodiscard]] std::expected<std::vector<RecordResult>, std::string> parse_results(PaddedBuffer& body,
                                                                                  std::span<const RecordCoordinates> posted,
                                                                                  std::size_t json_depth_max);

}  // namespace sidecar::consume::reactive
