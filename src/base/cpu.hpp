/// What the processor can do beyond the instructions that the binary is compiled for.
#pragma once

#include <atomic>

namespace sidecar::cpu {

/// Tests set this to run the code for processors without wide vectors.
inline std::atomic<bool> without_wide_vectors{false};

/// True when functions with target "avx2,bmi,popcnt" may be called.
[[nodiscard]] inline bool has_wide_vectors() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("bmi") != 0 &&
         __builtin_cpu_supports("popcnt") != 0 && !without_wide_vectors.load(std::memory_order_relaxed);
#else
  return false;
#endif
}

}  // namespace sidecar::cpu

#if defined(__x86_64__)
/// Marks a function that may use wide vectors; call it only after cpu::has_wide_vectors.
#define SIDECAR_WIDE_VECTORS [[gnu::target("avx2,bmi,popcnt")]]
#endif
