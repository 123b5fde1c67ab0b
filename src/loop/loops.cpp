#include "loop/loops.hpp"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <cstdint>
#include <fstream>
#include <string>
#include <thread>

namespace sidecar {
namespace {

constexpr auto beat = std::chrono::seconds(1);

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

unsigned usable_cpus() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  unsigned cpus = std::max(1U, std::thread::hardware_concurrency());
  if (::sched_getaffinity(0, sizeof mask, &mask) == 0) cpus = std::max(1U, static_cast<unsigned>(CPU_COUNT(&mask)));
  // cgroup v2: "QUOTA PERIOD" in microseconds, or "max PERIOD".
  std::ifstream limit("/sys/fs/cgroup/cpu.max");
  std::string quota;
  std::uint64_t period = 0;
  if (limit >> quota >> period && quota != "max" && period > 0) {
    cpus = std::clamp(static_cast<unsigned>(std::stoull(quota) / period), 1U, cpus);
  }
  return cpus;
}

struct Loops::Loop {
  Loop() : work(context.get_executor()), timer(context.get_executor()) {}

  void tick() {
    last.store(now_ms(), std::memory_order_relaxed);
    timer.expires_after(beat);
    timer.async_wait([this](const boost::system::error_code& error) {
      if (!error) tick();
    });
  }

  asio::io_context context{1};
  asio::executor_work_guard<LoopExecutor> work;
  SteadyTimer timer;
  std::atomic<std::int64_t> last{0};
  std::thread thread;
};

Loops::Loops(unsigned count) {
  for (unsigned i = 0; i < std::max(1U, count); ++i) {
    loops_.push_back(std::make_unique<Loop>());
    loops_.back()->tick();
  }
}

Loops::~Loops() {
  stop();
  for (auto& loop : loops_) {
    if (loop->thread.joinable()) loop->thread.join();
  }
}

asio::io_context& Loops::first() { return loops_.front()->context; }

std::vector<asio::io_context*> Loops::all() {
  std::vector<asio::io_context*> contexts;
  contexts.reserve(loops_.size());
  for (auto& loop : loops_) contexts.push_back(&loop->context);
  return contexts;
}

void Loops::run() {
  for (auto& loop : loops_) {
    if (loop != loops_.front()) loop->thread = std::thread([&context = loop->context] { context.run(); });
  }
  loops_.front()->context.run();
  for (auto& loop : loops_) {
    if (loop->thread.joinable()) loop->thread.join();
  }
}

void Loops::stop() {
  for (auto& loop : loops_) loop->context.stop();
}

bool Loops::beating(std::chrono::milliseconds limit) const {
  const auto oldest = now_ms() - limit.count();
  return std::ranges::all_of(loops_, [oldest](const auto& loop) { return loop->last.load(std::memory_order_relaxed) >= oldest; });
}

}  // namespace sidecar
