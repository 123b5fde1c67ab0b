/// The commands that look at the configuration and end: each returns the exit code of the process.
#pragma once

#include <filesystem>
#include <iosfwd>

#include "app/settings.hpp"

namespace sidecar::app {

/// `validate`: problems and warnings as `file:line:column: text` lines on `err`. 0 when the sidecar could start,
/// else 2.
int validate(const LoadOptions& options, std::ostream& out, std::ostream& err);

/// `config show`: every effective value with where it comes from, secrets masked; 2 with the problems on `err` when the
/// configuration cannot work (the values are shown nevertheless, as far as they could be read).
int config_show(const LoadOptions& options, std::ostream& out, std::ostream& err);

/// `config defaults DIR`: writes the built-in files. Never overwrites: 1 with the reason on `err`.
int config_defaults(const std::filesystem::path& directory, std::ostream& out, std::ostream& err);

/// `config reference`: docs/configuration.md, made from the same descriptions that read the files.
int config_reference(std::ostream& out);

}  // namespace sidecar::app
