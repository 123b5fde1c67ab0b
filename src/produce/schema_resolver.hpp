/// Which schema of the registry a side of a request is written with.
#pragma once

#include <string>

#include "base/error.hpp"
#include "formats/schemas.hpp"
#include "loop/loop.hpp"
#include "observability/log.hpp"
#include "produce/schema_side.hpp"
#include "registry/registry.hpp"
#include "registry/settings.hpp"

namespace sidecar::produce {

/// By id: a schema that is registered under the subject, too. By version: of the subject. By text: looked up under the
/// subject, and registered there when it is new and `auto.register.schemas` allows that; with `use.latest.version` (and
/// without registration) the latest of the subject stands in for the text, if that is compatible. Without any: the
/// latest of the subject. The schema that is found says the format, whatever the request said.
///
/// Thread: any loop; nothing here changes after construction.
class SchemaResolver {
 public:
  /// `registry` and `schemas` are not owned.
  SchemaResolver(registry::Registry& registry, const registry::RegistrySettings& settings, formats::Schemas& schemas,
                 observability::Logger logger);

  /// ERR12208.
  Task<Result<SchemaAnswer>> resolve(SchemaQuestion question) const;

 private:
  [[nodiscard]] registry::SubjectStrategy strategy(Side side) const;
  Task<registry::Answer<std::string>> subject(const SchemaQuestion& question) const;
  Task<registry::Answer<registry::Schema>> ask(const SchemaQuestion& question, std::string subject) const;

  registry::Registry& registry_;
  registry::RegistrySettings settings_;
  formats::Schemas& schemas_;
  observability::Logger log_;
};

}  // namespace sidecar::produce
