/// Bodies and query parameters of the active consumer's calls as typed values. Every alias and every rule about shape
/// is here; what depends on an instance is not. Pure.
///
/// Errors of the body functions: ERR10015 when it is not JSON, otherwise ERR11004 with a JSON pointer for the first
/// member with a wrong type or range, ERR12203 for an unknown format. Unknown members are ignored, null is as good as
/// absent, of equal names the last wins.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/types.hpp"
#include "formats/format.hpp"
#include "http/message.hpp"
#include "kafka/group_consumer.hpp"

namespace sidecar::consume::active {

/// A name for logs, paths and Kafka: 1 to 255 bytes of UTF-8 without control characters. `place` is for the text.
[[nodiscard]] Result<void> check_name(std::string_view name, std::string_view place);

struct CreateRequest {
  std::optional<std::string> name{};       ///< `id`, else `name`.
  std::optional<std::string> client_id{};  ///< `id`.
  std::optional<formats::Format> key_format{};
  std::optional<formats::Format> value_format{};
  std::optional<std::string> auto_offset_reset{};  ///< As sent.
  std::optional<bool> auto_commit{};
  std::optional<std::int64_t> response_bytes_min{};
  std::optional<std::chrono::milliseconds> request_wait{};
};
[[nodiscard]] Result<CreateRequest> parse_create(std::string_view body, std::size_t depth_max);

/// `{"offsets":[{"topic":..,"partition":..,"offset":..,"metadata":..}]}`: the last *processed* records. What is
/// committed is one higher. Of equal partitions the last wins.
[[nodiscard]] Result<std::vector<kafka::CommitEntry>> parse_commit(std::string_view body, std::size_t depth_max);

/// The list under the first of `names` that is there: `[{"topic":..,"partition":..}]`, each partition once.
[[nodiscard]] Result<std::vector<TopicPartition>> parse_partitions(std::string_view body, std::size_t depth_max,
                                                                   std::span<const std::string_view> names);

struct SubscribeRequest {
  std::optional<std::vector<std::string>> topics;  ///< Each once. Empty: unsubscribe.
  std::optional<std::string> pattern;              ///< As sent; nothing when there are topics.
};
[[nodiscard]] Result<SubscribeRequest> parse_subscribe(std::string_view body, std::size_t depth_max);

struct SeekRequest {
  struct ToOffset {
    TopicPartition partition;
    Offset offset{0};
  };
  struct ToTimestamp {
    TopicPartition partition;
    std::int64_t timestamp_ms = 0;
  };
  /// Each partition at most once in all: the last entry of a list wins, and timestamps come after offsets.
  std::vector<ToOffset> offsets;
  std::vector<ToTimestamp> timestamps;
};
[[nodiscard]] Result<SeekRequest> parse_seek(std::string_view body, std::size_t depth_max);

/// ISO-8601 instant such as `2026-01-05T08:30:00.5+02:00`, in milliseconds since 1970, rounded up. Nothing when it is
/// none.
[[nodiscard]] std::optional<std::int64_t> parse_instant(std::string_view text);

struct ReadQuery {
  std::optional<std::chrono::milliseconds> timeout{};  ///< Above 0.
  std::optional<std::size_t> bytes_max{};              ///< Above 0. `max_bytes` wins over `maxBytes`.
  std::optional<formats::Format> format{};
};
/// ERR11004 for a value that is no integer, ERR12203 for an unknown format. The last of equal names wins.
[[nodiscard]] Result<ReadQuery> parse_read_query(std::span<const http::Parameter> query);
/// `async`; ERR11004 unless it is true or false.
[[nodiscard]] Result<bool> parse_async(std::span<const http::Parameter> query);

}  // namespace sidecar::consume::active
