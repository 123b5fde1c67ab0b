/// Plain librdkafka as a producer: what the sidecar is measured against. Keeps a window of records in flight, as many as
/// the sidecar's callers have, and prints one line of JSON.
///
/// Values are handed over by reference (the cheaper way: an application that has them in memory anyway), reports come
/// through the delivery callback.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <exception>
#include <thread>

#include "support/process.hpp"
#include "support/raw_client.hpp"

namespace sidecar::bench {
namespace {

struct Options {
  std::string bootstrap;
  std::string topic = "bench";
  Assignments properties;
  std::size_t value_bytes = 1024;
  std::size_t window = 1600;
  double seconds = 2.5;
  double warm_up = 0.5;
  std::uint64_t records = 0;
  unsigned interval_ms = 0;
};

void by_time(const Options& options) {
  const auto payloads = make_payloads(2000, options.value_bytes);
  RawProducer producer(options.bootstrap, options.topic, options.properties);
  std::size_t next = 0;
  const auto run_for = [&](double seconds) {
    const auto end = monotonic_ns() + static_cast<std::int64_t>(seconds * 1e9);
    while (monotonic_ns() < end) {
      do {
        const auto& payload = payloads[next++ % payloads.size()];
        producer.send(payload.key, payload.value, options.window);
      } while (producer.in_flight() < options.window);
      producer.poll(100);
    }
  };
  run_for(options.warm_up);
  const auto records = producer.acknowledged();
  const auto cpu = cpu_seconds(::getpid());
  const auto start = monotonic_ns();
  run_for(options.seconds);
  const auto seconds = static_cast<double>(monotonic_ns() - start) / 1e9;
  const auto measured_cpu = cpu_seconds(::getpid()) - cpu;
  const auto measured = producer.acknowledged() - records;
  producer.drain(10'000);
  fmt::print("{{\"records\":{},\"seconds\":{:.6f},\"cpu_seconds\":{:.6f}}}\n", measured, seconds, measured_cpu);
}

void by_count(const Options& options) {
  const auto payloads = make_payloads(2000, options.value_bytes);
  RawProducer producer(options.bootstrap, options.topic, options.properties);
  const auto start = monotonic_ns();
  for (std::uint64_t i = 0; i < options.records; ++i) {
    const auto& payload = payloads[i % payloads.size()];
    producer.send(payload.key, payload.value, options.window);
  }
  producer.drain(60'000);
  fmt::print("{{\"records\":{},\"seconds\":{:.6f}}}\n", options.records,
             static_cast<double>(monotonic_ns() - start) / 1e9);
}

/// One record per interval, stamped with its number and the time.
void paced(const Options& options) {
  RawProducer producer(options.bootstrap, options.topic, options.properties);
  const auto interval = std::chrono::milliseconds(options.interval_ms);
  auto due = std::chrono::steady_clock::now();
  for (std::uint64_t i = 0; i < options.records; ++i) {
    std::this_thread::sleep_until(due);
    due += interval;
    const auto key = fmt::format("customer-{:07}", i);
    const auto value = stamped_value({static_cast<std::int64_t>(i), monotonic_ns()}, options.value_bytes);
    producer.send(key, value, options.window, true);
    producer.poll(0);
  }
  producer.drain(10'000);
  fmt::print("{{\"records\":{}}}\n", options.records);
}

void run(const Options& options) {
  if (options.interval_ms > 0) {
    paced(options);
  } else if (options.records > 0) {
    by_count(options);
  } else {
    by_time(options);
  }
}

}  // namespace
}  // namespace sidecar::bench

int main(int argc, char** argv) {
  sidecar::bench::bound_lifetime(300);
  sidecar::bench::Options options;
  CLI::App app{"Produces with plain librdkafka"};
  app.add_option("--bootstrap", options.bootstrap)->required();
  app.add_option("--topic", options.topic)->capture_default_str();
  app.add_option("-X", options.properties, "A property of librdkafka, NAME=VALUE");
  app.add_option("--size", options.value_bytes, "Bytes per value")->capture_default_str();
  app.add_option("--window", options.window, "Most records in flight")->capture_default_str();
  app.add_option("--seconds", options.seconds, "Measured time")->capture_default_str();
  app.add_option("--warm-up", options.warm_up, "Seconds before it")->capture_default_str();
  app.add_option("--records", options.records, "So many records instead of so many seconds");
  app.add_option("--interval-ms", options.interval_ms, "With --records: one stamped record per interval");
  CLI11_PARSE(app, argc, argv);
  try {
    sidecar::bench::run(options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "raw_produce: {}\n", error.what());
    return 1;
  }
}
