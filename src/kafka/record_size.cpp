#include "kafka/record_size.hpp"

#include <bit>
#include <optional>
#include <string_view>

namespace sidecar::kafka {
namespace {

constexpr std::int64_t batch_overhead = 61;
constexpr std::int64_t record_overhead_max = 21;

std::int64_t varint_size(std::size_t number) {
  const auto zigzag = static_cast<std::uint64_t>(number) << 1U;
  return (static_cast<std::int64_t>(std::bit_width(zigzag | 1U)) + 6) / 7;
}

std::int64_t text_size(std::string_view text) {
  return varint_size(text.size()) + static_cast<std::int64_t>(text.size());
}

std::int64_t field_size(const std::optional<std::string_view>& field) {
  return field ? text_size(*field) : 1;
}

}  // namespace

std::int64_t record_size_upper_bound(const ProduceRecord& record) {
  std::int64_t size = batch_overhead + record_overhead_max + field_size(record.key) + field_size(record.value) +
                      varint_size(record.headers.size());
  for (const auto& header : record.headers) size += text_size(header.name) + field_size(header.value);
  return size;
}

}  // namespace sidecar::kafka
