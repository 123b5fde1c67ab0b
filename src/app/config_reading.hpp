/// One reading of the whole configuration, as load_settings and the configuration commands share it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "app/config_files.hpp"
#include "app/settings.hpp"
#include "config/loader.hpp"
#include "kafka/properties.hpp"

namespace sidecar::app {

struct Reading {
  Draft draft;
  std::unique_ptr<config::Loader> loader;  ///< Holds problems, warnings and effective values.
};

/// Reads all files and applies the rules that cross keys. With problems, the settings are only as good as they got.
[[nodiscard]] std::unique_ptr<Reading> read_configuration(const LoadOptions& options);

}  // namespace sidecar::app
