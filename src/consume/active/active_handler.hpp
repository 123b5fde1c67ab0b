/// The calls of the active consumer: everything below /consumers/{group}.
#pragma once

#include "consume/active/instances.hpp"
#include "http/message.hpp"
#include "http/router.hpp"
#include "loop/loop.hpp"

namespace sidecar::consume::active {

/// Adds the routes to `router`, behind its chain `default`. A request is answered on loop 0, whatever loop it came in
/// on: one hop there and one back. `instances` is not owned and may be null: the component is not enabled, and every
/// call is ERR11019.
void add_routes(http::Router& router, Instances* instances);

}  // namespace sidecar::consume::active
