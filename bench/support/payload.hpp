/// The records of the benchmarks: the same keys and values whoever sends them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sidecar::bench {

/// Every record has one header: the sidecar gives each record the correlation id of its request, so the raw producer
/// sends one of the same name and length.
inline constexpr char header_name[] = "X-Correlation-Id";
inline constexpr std::string_view header_value = "AZpXy3kTcl2mVJ0q8RwZrg";

struct Payload {
  std::string key;    ///< 16 bytes; different enough to spread over all partitions.
  std::string value;  ///< A JSON object: ids, times, amounts, short texts, the lines of an order.
};

/// `count` records with values of exactly `value_bytes` (from 64), no two alike, the same in every run.
[[nodiscard]] std::vector<Payload> make_payloads(std::size_t count, std::size_t value_bytes);

/// How a record tells when it was produced.
struct Stamp {
  std::int64_t number = 0;
  std::int64_t produced_at_ns = 0;  ///< CLOCK_MONOTONIC.
};
/// A value of `value_bytes` (from 100) that carries the stamp.
[[nodiscard]] std::string stamped_value(const Stamp& stamp, std::size_t value_bytes);
/// The stamp of the first such value at or behind `from` in `text`; `from` then stands behind it.
[[nodiscard]] std::optional<Stamp> next_stamp(std::string_view text, std::size_t& from);

/// How a bridge wants its records: ours is `/producers/TOPIC`, JSON, `{"records":[...]}`.
struct RequestForm {
  std::string path;
  std::string content_type = "application/json";
  bool bare = false;  ///< The body is the value of its only record.
};
/// A POST of `count` records, complete with its head.
[[nodiscard]] std::string produce_request(const RequestForm& form, const std::vector<Payload>& records, std::size_t first,
                                          std::size_t count, std::uint16_t port);

}  // namespace sidecar::bench
