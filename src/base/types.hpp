/// Names of the field as types: offsets, partitions, topics. Standard library only.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace sidecar {

/// A value whose meaning is part of its type: two Strong types with one representation do not mix.
template <class Tag, class Rep>
struct Strong {
  constexpr explicit Strong(Rep v) : value(std::move(v)) {}
  auto operator<=>(const Strong&) const = default;
  Rep value;
};

/// Where one record is inside its partition.
using Offset = Strong<struct OffsetTag, std::int64_t>;
/// Where a group resumes: last finished record plus one.
using CommittedOffset = Strong<struct CommittedOffsetTag, std::int64_t>;
/// Kafka commits the offset to resume at, not the last one finished. This is the only place that adds the one.
constexpr CommittedOffset committed_after(Offset last) { return CommittedOffset{last.value + 1}; }

/// The unit of order and of assignment.
struct TopicPartition {
  std::string topic;
  std::int32_t partition = 0;
  auto operator<=>(const TopicPartition&) const = default;
};

/// A topic name Kafka accepts: 1 to 249 of [a-zA-Z0-9._-], not "." or "..".
/// Source: org.apache.kafka.common.internals.Topic.
[[nodiscard]] bool is_topic_name(std::string_view name);

}  // namespace sidecar

template <>
struct std::hash<sidecar::TopicPartition> {
  std::size_t operator()(const sidecar::TopicPartition& tp) const noexcept {
    return std::hash<std::string>{}(tp.topic) * 31 + static_cast<std::size_t>(tp.partition);
  }
};
