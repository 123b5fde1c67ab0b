#include "kafka/prefetch.hpp"

#include <algorithm>

namespace sidecar::kafka {

PrefetchChange balance_prefetch(std::span<const PartitionLoad> loads, std::int64_t bytes_max,
                                std::chrono::milliseconds paused_max) {
  PrefetchChange change;
  std::vector<PartitionLoad> running;
  std::vector<PartitionLoad> paused;
  std::int64_t total = 0;
  for (const auto& load : loads) {
    total += load.bytes;
    if (load.paused) {
      paused.push_back(load);
    } else if (load.offered) {
      running.push_back(load);
    }
  }
  std::ranges::sort(running, std::greater<>(), &PartitionLoad::bytes);
  for (const auto& load : running) {
    if (total <= bytes_max) break;
    // What was fetched ahead is dropped by a pause and fetched again later.
    total -= load.bytes;
    change.pause.push_back(load.slot);
  }
  std::ranges::sort(paused, std::greater<>(), &PartitionLoad::paused_for);
  for (const auto& load : paused) {
    if (total + partition_queue_bytes_max <= bytes_max) {
      total += partition_queue_bytes_max;
    } else if (load.paused_for < paused_max) {
      continue;
    }
    change.resume.push_back(load.slot);
  }
  return change;
}

}  // namespace sidecar::kafka
