/// The compiled schemas of one registry.
#pragma once

#include <algorithm>
#include <limits>
#include <cstddef>
#include <expected>
#include <optional>
#include <string>

#include "formats/compiled_schema.hpp"
#include "formats/frame.hpp"
#include "loop/loop.hpp"
#include "registry/cache.hpp"
#include "registry/registry.hpp"

namespace sidecar::formats {

/// Each schema is compiled once, for all readers and writers. Thread: any.
class Schemas {
 public:
  /// A schema, or one line about why it cannot be used.
  using Known = std::expected<CompiledSchemaPtr, std::string>;

  /// At most `capacity` schemas are kept, but never fewer than `capacity_min`; what the registry does not have is asked
  /// for again after a while. `registry` must outlive this.
  Schemas(registry::Registry& registry, std::size_t capacity)
      : registry_(registry), known_(std::max(capacity, capacity_min), std::numeric_limits<std::size_t>::max()) {}

  /// A record needs two at once, and several partitions take turns.
  static constexpr std::size_t capacity_min = 16;

  /// What the registry answered, compiled.
  [[nodiscard]] Known compile(const registry::Schema& schema);

  /// Nothing: it has to be fetched first. Never waits.
  [[nodiscard]] std::optional<Known> find(const SchemaKey& key);
  /// Asks the registry, unless it is known meanwhile. Afterwards `find` tells what became of it. Returns why the
  /// registry does not answer; nothing when it has.
  Task<std::optional<std::string>> fetch(SchemaKey key);

 private:
  registry::Registry& registry_;
  registry::Cache<SchemaKey, Known> known_;
};

}  // namespace sidecar::formats
