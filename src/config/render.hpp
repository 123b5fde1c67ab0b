/// What descriptions and values look like to a person.
#pragma once

#include <iosfwd>
#include <span>
#include <string>

#include "config/loader.hpp"
#include "config/schema.hpp"

namespace sidecar::config {

/// The built-in file as YAML: every value a placeholder, every key with its meaning.
[[nodiscard]] std::string default_file(const FileSchema& file);

/// Effective values as YAML that values.yml would understand, each with its source. Secrets are `***`; defaults without
/// effect are not listed.
void show(std::ostream& out, std::span<const Effective> values);

/// A chapter of docs/configuration.md.
void write_chapter(std::ostream& out, const FileSchema& file);

}  // namespace sidecar::config
