/// What every benchmark program needs from its own process and from the one it watches.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace sidecar::bench {

/// Ends this process when its parent ends, and in any case after `seconds_max`, so that an aborted run leaves nothing
/// behind. Call first thing in main.
void bound_lifetime(unsigned seconds_max = 900);

/// CLOCK_MONOTONIC in nanoseconds: comparable between the processes of one machine.
[[nodiscard]] std::int64_t monotonic_ns();

/// CPU time of all threads that `pid` has now, in seconds, from /proc/PID/task/*/schedstat (nanosecond accounting, where
/// utime and stime are sampled). Throws std::runtime_error when there is no such process.
[[nodiscard]] double cpu_seconds(pid_t pid);

/// The value below which `share` (0 to 1) of the values lie; 0 when there are none. Reorders `values`.
[[nodiscard]] std::int64_t percentile(std::vector<std::int64_t>& values, double share);

}  // namespace sidecar::bench
