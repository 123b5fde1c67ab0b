#include "support/process.hpp"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace sidecar::bench {

void bound_lifetime(unsigned seconds_max) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::alarm(seconds_max);
  std::signal(SIGPIPE, SIG_IGN);
}

std::int64_t monotonic_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * std::int64_t{1'000'000'000} + now.tv_nsec;
}

double cpu_seconds(pid_t pid) {
  std::int64_t total = 0;
  std::error_code error;
  for (const auto& task : std::filesystem::directory_iterator(fmt::format("/proc/{}/task", pid), error)) {
    std::ifstream file(task.path() / "schedstat");
    std::int64_t on_cpu_ns = 0;
    if (file >> on_cpu_ns) total += on_cpu_ns;
  }
  if (error || total == 0) throw std::runtime_error(fmt::format("no CPU time of process {} to be read", pid));
  return static_cast<double>(total) / 1e9;
}

std::int64_t percentile(std::vector<std::int64_t>& values, double share) {
  if (values.empty()) return 0;
  const auto rank = static_cast<std::size_t>(share * static_cast<double>(values.size() - 1));
  const auto place = values.begin() + static_cast<std::ptrdiff_t>(rank);
  std::nth_element(values.begin(), place, values.end());
  return *place;
}

}  // namespace sidecar::bench
