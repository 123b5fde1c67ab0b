/// The stories of the demo. Each tells one promise on a stage and returns true when every step was seen.
#pragma once

#include <span>
#include <string_view>

#include "app/demo_stage.hpp"

namespace sidecar::app {

/// Records there and back, dead letters, commits; without `--check` it then stays, to be tried by hand.
[[nodiscard]] bool tell_main_job(DemoStage& stage);
[[nodiscard]] bool tell_slow_backend(DemoStage& stage);
[[nodiscard]] bool tell_poison(DemoStage& stage);
[[nodiscard]] bool tell_rebalance(DemoStage& stage);
[[nodiscard]] bool tell_broker_down(DemoStage& stage);
[[nodiscard]] bool tell_pull(DemoStage& stage);
[[nodiscard]] bool tell_schemas(DemoStage& stage);

}  // namespace sidecar::app
