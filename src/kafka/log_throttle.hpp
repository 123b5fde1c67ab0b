/// Keeps a library that repeats itself from filling the log.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sidecar::kafka {

/// Lets the first `lines_max` lines of each kind pass in every window; counts the others. Pure, the clock is given.
class LogThrottle {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  explicit LogThrottle(std::uint32_t lines_max = 5, std::chrono::milliseconds window = std::chrono::seconds(10))
      : lines_max_(lines_max), window_(window) {}

  /// Nothing: drop this line. A number: log it, and say that so many of its kind were dropped since the last one.
  std::optional<std::uint64_t> pass(std::string_view kind, TimePoint now);
  /// Kinds whose window has ended with dropped lines nobody was told about yet, and how many; each is told once.
  std::vector<std::pair<std::string, std::uint64_t>> ended(TimePoint now);

 private:
  struct Kind {
    TimePoint window_start;
    std::uint32_t passed = 0;
    std::uint64_t dropped = 0;
  };
  /// librdkafka has about a hundred facilities; more kinds than this share one.
  static constexpr std::size_t kinds_max = 256;

  std::uint32_t lines_max_;
  std::chrono::milliseconds window_;
  std::map<std::string, Kind, std::less<>> kinds_;
};

}  // namespace sidecar::kafka
