#include "formats/schemas.hpp"

#include <chrono>
#include <utility>
#include <variant>

namespace sidecar::formats {
namespace {

using Clock = std::chrono::steady_clock;

/// Bytes of an entry, for a cache that counts entries.
constexpr std::size_t uncounted = 0;

}  // namespace

std::optional<Schemas::Known> Schemas::find(const SchemaKey& key) {
  return known_.find(key, Clock::now());
}

Schemas::Known Schemas::compile(const registry::Schema& schema) {
  if (auto known = find(SchemaKey(schema.id)); known && *known) return *known;
  // Two callers may compile the same schema at the same time, which is no harm.
  auto compiled = CompiledSchema::compile(schema.id, *schema.document);
  known_.put(SchemaKey(schema.id), compiled, uncounted);
  return compiled;
}

Task<std::optional<std::string>> Schemas::fetch(SchemaKey key) {
  if (find(key)) co_return std::nullopt;
  const auto* const id = std::get_if<std::uint32_t>(&key);
  auto answer = id != nullptr ? co_await registry_.by_id(*id) : co_await registry_.by_guid(std::get<SchemaGuid>(key));
  if (answer) {
    // An answer by GUID names no number, and needs none to be read.
    known_.put(key, CompiledSchema::compile(id != nullptr ? *id : 0, *answer->document), uncounted);
    co_return std::nullopt;
  }
  auto& failure = answer.error();
  if (failure.kind == registry::Failure::Kind::unavailable) co_return std::move(failure.text);
  // It may be registered the next moment.
  known_.put(key, std::unexpected(std::move(failure.text)), uncounted,
             Clock::now() + registry_.settings().not_found_age);
  co_return std::nullopt;
}

}  // namespace sidecar::formats
