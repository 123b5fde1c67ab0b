#include "app/demo.hpp"

#include <algorithm>
#include <array>
#include <mutex>
#include <ostream>
#include <thread>

#include "app/demo_tours.hpp"
#include "app/run.hpp"

namespace sidecar::app {
namespace {

constexpr std::array<DemoScenario, 6> scenarios{{
    {"slow-backend", "A slow partition holds no other one, and the sidecar keeps its place in the group"},
    {"poison", "Bad records become dead letters with their own bytes; their neighbours arrive once, in order"},
    {"rebalance", "Replicas come and go in the middle of the work: nothing is lost, and next to nothing comes twice"},
    {"pull", "A service asks for its records: what it did not commit comes again, and a bad record is named"},
    {"schemas", "Avro with a schema registry: new versions side by side, and an outage of the registry costs no record"},
    {"broker-down", "Kafka goes away and comes back: nothing promised is lost, and nothing is restarted", true},
}};

bool tell(DemoStage& stage, std::string_view scenario) {
  if (scenario == "slow-backend") return tell_slow_backend(stage);
  if (scenario == "poison") return tell_poison(stage);
  if (scenario == "rebalance") return tell_rebalance(stage);
  if (scenario == "pull") return tell_pull(stage);
  if (scenario == "schemas") return tell_schemas(stage);
  if (scenario == "broker-down") return tell_broker_down(stage);
  return tell_main_job(stage);
}

/// Why these options cannot be followed; empty when they can.
std::string refusal(const DemoOptions& options) {
  if (options.scenario.empty()) return {};
  const auto found = std::ranges::find(scenarios, options.scenario, &DemoScenario::name);
  if (found == scenarios.end()) {
    std::string names;
    for (const auto& each : scenarios) names.append(names.empty() ? "" : ", ").append(each.name);
    return "there is no scenario " + options.scenario + "; there are: " + names;
  }
  if (found->needs_mock && !options.kafka.empty())
    return "the scenario " + options.scenario + " takes brokers down: leave --kafka out, it uses those inside the process";
  return {};
}

/// Lets a signal end the waits of a stage that may not exist yet, or no more.
class StageHandle {
 public:
  void set(DemoStage* stage) {
    const std::lock_guard lock(mutex_);
    stage_ = stage;
    if (stage_ != nullptr && stopped_) stage_->stop();
  }
  void stop() {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    if (stage_ != nullptr) stage_->stop();
  }

 private:
  std::mutex mutex_;
  DemoStage* stage_ = nullptr;
  bool stopped_ = false;
};

}  // namespace

std::span<const DemoScenario> demo_scenarios() { return scenarios; }

int demo(const DemoOptions& options, std::ostream& out, std::ostream& err) {
  if (const auto why = refusal(options); !why.empty()) {
    err << "kafka-sidecar demo: " << why << '\n';
    return exit_usage;
  }
  Loops loops(1);
  StageHandle handle;
  bool complete = false;
  std::string failure;
  const StopSignal stop(loops.first(), [&handle] { handle.stop(); });
  std::thread teller([&] {
    try {
      DemoStage stage(options, loops, out);
      handle.set(&stage);
      complete = tell(stage, options.scenario);
      handle.set(nullptr);
    } catch (const std::exception& e) {
      handle.set(nullptr);
      failure = e.what();
    }
    loops.stop();
  });
  loops.run();
  teller.join();
  if (!failure.empty()) err << "kafka-sidecar demo: " << failure << '\n';
  if (options.check) out << (complete ? "demo: every step was seen" : "demo: a step is missing") << '\n' << std::flush;
  return complete ? exit_clean : exit_failed;
}

}  // namespace sidecar::app
