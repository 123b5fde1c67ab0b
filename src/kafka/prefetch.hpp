/// Which partitions to pause so that what librdkafka has fetched ahead stays within its bound. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

namespace sidecar::kafka {

/// What one partition queue is taken to hold at most. queued.max.messages.kbytes (250) is checked before a fetch, and one more
/// fetch (max.partition.fetch.bytes, 256 KiB) may be on its way then; a broker may send one whole batch beyond that.
inline constexpr std::int64_t partition_queue_bytes_max = 1'250'000;
/// What librdkafka adds to each waiting record: its message and its queue entry.
inline constexpr std::int64_t record_overhead_bytes = 400;

struct PartitionLoad {
  std::uint32_t slot = 0;
  std::int64_t bytes = 0;  ///< Estimate of what waits in its queue.
  bool offered = true;     ///< Its owner has had a turn to take from it since it was empty.
  bool paused = false;
  std::chrono::milliseconds paused_for{0};
};

struct PrefetchChange {
  std::vector<std::uint32_t> pause;
  std::vector<std::uint32_t> resume;
};

/// Above `bytes_max` the fullest partitions are paused until the rest fits, but none before its owner could take from it:
/// otherwise what has just come would be dropped for what nobody takes. A paused partition comes back when a full queue
/// more would fit, the one that waited longest first; and after `paused_max` in any case, so that busy neighbours cannot
/// keep it out for ever (the next round then pauses whichever is fullest).
[[nodiscard]] PrefetchChange balance_prefetch(std::span<const PartitionLoad> loads, std::int64_t bytes_max,
                                              std::chrono::milliseconds paused_max = std::chrono::seconds(10));

}  // namespace sidecar::kafka
