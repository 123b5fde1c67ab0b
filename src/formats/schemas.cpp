#include "formats/schemas.hpp"

#include <utility>
#include <variant>

namespace sidecar::formats {
namespace {

/// A schema that the registry does not have may be registered the next moment.
constexpr auto absent_lifetime = std::chrono::seconds(5);

}  // namespace

void Schemas::put(const SchemaKey& key, Entry entry) {
  const std::scoped_lock lock(mutex_);
  known_.put(key, std::move(entry));
}

std::optional<Schemas::Known> Schemas::find(const SchemaKey& key) {
  const std::scoped_lock lock(mutex_);
  Entry* const entry = known_.find(key);
  if (entry == nullptr) return std::nullopt;
  if (entry->until && Clock::now() >= *entry->until) {
    known_.erase(key);
    return std::nullopt;
  }
  return entry->known;
}

Schemas::Known Schemas::compile(const registry::Schema& schema) {
  if (auto known = find(SchemaKey(schema.id)); known && *known) return *known;
  // Not under the lock: a large schema takes a while, and twice is no harm.
  auto compiled = CompiledSchema::compile(schema.id, *schema.document);
  put(SchemaKey(schema.id), {compiled});
  return compiled;
}

Task<std::optional<std::string>> Schemas::fetch(SchemaKey key) {
  if (find(key)) co_return std::nullopt;
  const auto* const id = std::get_if<std::uint32_t>(&key);
  auto answer = id != nullptr ? co_await registry_.by_id(*id) : co_await registry_.by_guid(std::get<SchemaGuid>(key));
  if (answer) {
    // An answer by GUID names no number, and needs none to be read.
    put(key, {CompiledSchema::compile(id != nullptr ? *id : 0, *answer->document)});
    co_return std::nullopt;
  }
  auto& failure = answer.error();
  if (failure.kind == registry::Failure::Kind::unavailable) co_return std::move(failure.text);
  put(key, {std::unexpected(std::move(failure.text)), Clock::now() + absent_lifetime});
  co_return std::nullopt;
}

}  // namespace sidecar::formats
