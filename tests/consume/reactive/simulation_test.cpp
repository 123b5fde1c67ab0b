/// The reactive engine under seeded worlds: the same seeds in each run, and fresh ones.
///
///   SIDECAR_SIM_SEED=N    plays that world only               (./test.sh sim --seed N)
///   SIDECAR_SIM_SEEDS=N   how many fresh worlds, 200 otherwise  (./test.sh sim --seeds N)
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

#include "consume/reactive/simulated_world.hpp"

namespace sidecar::consume::reactive::test {
namespace {

constexpr std::uint64_t fault_steps = 2000;

/// Runs one world; a broken promise names the seed and the line that runs it again.
void run_world(std::uint64_t seed, SimulationReport& total) {
  try {
    SimulatedWorld world(seed);
    const auto report = world.run(fault_steps);
    total.steps += report.steps;
    total.posts += report.posts;
    total.crashes += report.crashes;
    total.rebalances += report.rebalances;
    total.records += report.records;
    total.duplicates += report.duplicates;
    total.schema_waits += report.schema_waits;
    total.worlds_by_partition += report.worlds_by_partition;
    total.posts_out_most = std::max(total.posts_out_most, report.posts_out_most);
  } catch (const Violation& broken) {
    ADD_FAILURE() << "seed " << seed << ": broken promise: " << broken.what()
                  << "\n  again: ./test.sh sim --seed " << seed;
  }
}

void run_worlds(std::uint64_t first, std::uint64_t count) {
  SimulationReport total;
  const auto begin = std::chrono::steady_clock::now();
  for (std::uint64_t i = 0; i < count && !testing::Test::HasFailure(); ++i) run_world(first + i, total);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const auto number = [](std::uint64_t n) { return static_cast<unsigned long long>(n); };
  std::printf(
      "simulation: %llu worlds from seed %llu (%llu with dispatch: partition, up to %llu POSTs at once): %llu steps, %.0f steps "
      "per second; %llu records, %llu posts, %llu crashes, %llu rebalances, %llu waits for a schema, %llu duplicates within "
      "their bounds\n",
      number(count), number(first), number(total.worlds_by_partition), number(total.posts_out_most), number(total.steps),
      static_cast<double>(total.steps) / seconds, number(total.records), number(total.posts), number(total.crashes),
      number(total.rebalances), number(total.schema_waits), number(total.duplicates));
}

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST(Simulation, FixedSeeds) {
  if (std::getenv("SIDECAR_SIM_SEED") != nullptr) {
    run_worlds(from_environment("SIDECAR_SIM_SEED", 0), 1);
    return;
  }
  run_worlds(1, 200);
}

TEST(Simulation, FreshSeeds) {
  if (std::getenv("SIDECAR_SIM_SEED") != nullptr) return;  // FixedSeeds plays it.
  run_worlds(std::random_device{}() * 1000ULL, from_environment("SIDECAR_SIM_SEEDS", 200));
}

}  // namespace
}  // namespace sidecar::consume::reactive::test
