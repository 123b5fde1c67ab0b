/// The schemas of a Confluent-compatible Schema Registry, cached.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "loop/loop.hpp"
#include "observability/log.hpp"
#include "registry/schema.hpp"
#include "registry/settings.hpp"

namespace sidecar::registry {

/// References are followed this far.
inline constexpr std::size_t reference_depth_max = 16;
/// Schemas that one schema may refer to, directly or not.
inline constexpr std::size_t imports_max = 256;
/// The texts of a schema and of all that it refers to.
inline constexpr std::size_t document_bytes_max = 16 << 20;

/// Every question comes twice: `cached_...` answers at once from memory or not at all, from any thread; the other one
/// may be awaited on any loop and asks the registry from loop 0 when memory has no answer. Those who ask the same thing
/// at the same time share one look-up, so an outage costs one look-up per question and time limit, however many wait.
///
/// How long an answer is kept, each kind in a cache of its own that forgets the least used:
/// - schemas by id and by GUID, versions of subjects, ids under subjects, texts: until they are forgotten;
/// - the latest version of a subject: `latest_age`;
/// - `not_found` and `unusable`: `not_found_age`; forgotten at once when this client registers a text under the
/// subject;
/// - `unavailable` and `refused`: not at all.
///
/// A look-up takes at most `request_timeout`, its references included; one that waits for a reference which another
/// look-up has begun to fetch takes at most twice as long. Every call ends; those that are out when `stop` is called
/// end with `unavailable`.
///
/// Thread: construct, `stop` and destroy on loop 0 (or while no loop runs). Calls keep what they need alive.
class Registry {
 public:
  using Now = std::function<std::chrono::steady_clock::time_point()>;

  /// `now` tells the age of cached answers; called on any thread. Throws std::runtime_error when the TLS material
  /// cannot be used.
  Registry(asio::io_context& loop0, RegistrySettings settings, observability::Logger log,
           Now now = std::chrono::steady_clock::now);
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  [[nodiscard]] const RegistrySettings& settings() const;

  /// The schema with this id.
  [[nodiscard]] std::optional<Answer<Schema>> cached_by_id(std::uint32_t id) const;
  Task<Answer<Schema>> by_id(std::uint32_t id);

  /// The schema with this id, if `subject` has it; otherwise `not_found`.
  [[nodiscard]] std::optional<Answer<Schema>> cached_by_id_under(std::string_view subject, std::uint32_t id) const;
  Task<Answer<Schema>> by_id_under(std::string subject, std::uint32_t id);

  /// One version of a subject, from 1; a smaller one is `refused`.
  [[nodiscard]] std::optional<Answer<Schema>> cached_by_version(std::string_view subject, std::int32_t version) const;
  Task<Answer<Schema>> by_version(std::string subject, std::int32_t version);

  /// The latest version of a subject. `refresh` asks again whatever the cache says.
  [[nodiscard]] std::optional<Answer<Schema>> cached_latest(std::string_view subject) const;
  Task<Answer<Schema>> latest(const std::string& subject, bool refresh = false);

  /// The schema that the subject has for this text. One that it does not have is registered when `auto_register` is on,
  /// otherwise `not_found`. With `auto_register` off and `use_latest_version` on it is the subject's latest version,
  /// whatever the text; `latest_compatibility_strict` then has the registry judge whether the text is compatible with
  /// it, by the rule of the subject, and makes it `refused` if not.
  [[nodiscard]] std::optional<Answer<Schema>> cached_of_text(std::string_view subject, SchemaType type,
                                                             std::string_view text) const;
  Task<Answer<Schema>> of_text(std::string subject, SchemaType type, std::string text);

  /// The schema with this GUID. To a registry that knows no GUIDs each of them is `not_found`.
  [[nodiscard]] std::optional<Answer<Schema>> cached_by_guid(const Guid& guid) const;
  Task<Answer<Schema>> by_guid(Guid guid);

  /// Ends every call and every connection. What is cached is still answered, all else is `unavailable`.
  void stop();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace sidecar::registry
