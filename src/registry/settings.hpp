/// What a schema registry client can be told, and the properties of Java clients that say it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.hpp"
#include "security/key_store.hpp"

namespace sidecar::registry {

/// Which subject the schema of a key or a value stands under.
enum class SubjectStrategy : std::uint8_t {
  topic_name,        ///< `TOPIC-key` or `TOPIC-value`
  record_name,       ///< The full name of the record, the message, or the schema's title.
  topic_record_name  ///< `TOPIC-RECORD`
};
[[nodiscard]] std::string subject_of(SubjectStrategy strategy, std::string_view topic, bool is_key,
                                     std::string_view record_name);

struct RegistrySettings {
  /// In the order in which they are tried; `http` or `https`, maybe with a path in front of the registry's own
  /// (`https://host/apis/ccompat/v7`), without a slash at the end and without user information.
  std::vector<std::string> urls;
  /// The value of the Authorization header (`Basic ...`, `Bearer ...`); empty: none is sent.
  Secret authorization{};
  /// Limit of one look-up, over all its requests, URLs and tries.
  std::chrono::milliseconds request_timeout{5000};
  std::size_t answer_bytes_max = 4 << 20;

  bool auto_register = true;        ///< A text that the subject does not have is registered.
  bool normalize = false;           ///< The registry compares and keeps texts in their normal form.
  bool use_latest_version = false;  ///< With `auto_register` off, a text stands for the subject's latest version...
  bool latest_compatibility_strict = true;  ///< ...with which the registry must then call it compatible.
  SubjectStrategy key_subjects = SubjectStrategy::topic_name;
  SubjectStrategy value_subjects = SubjectStrategy::topic_name;

  std::size_t cache_entries_max = 100;            ///< Of each cache: ids, versions, latest versions, texts.
  std::size_t cache_bytes_max = 64 << 20;         ///< Of each cache: texts and keys.
  std::chrono::milliseconds latest_age{30000};    ///< How long the latest version of a subject is taken for the latest.
  std::chrono::milliseconds not_found_age{5000};  ///< How long "not found" is not asked again.

  /// Only these authorities are trusted; null: the system's.
  std::shared_ptr<const std::vector<security::CertificateHandle>> trusted{};
  /// Shown to a registry that asks for a certificate; null: none.
  std::shared_ptr<const security::KeyStore> key_store{};
  bool verify_hostname = true;
};

/// Name to value, as a configuration file has them. Nothing is a null: as if it were left out.
using Properties = std::map<std::string, std::optional<std::string>>;

/// What is wrong with one property. `text` continues a sentence that starts with the key; no secret, no value.
struct PropertyProblem {
  std::string key;
  std::string text;
};

/// Every problem at once. Reads store files (PEM or PKCS12, recognised by their content; `...type` has no effect);
/// connects to nothing. `find_file` gives the file that the location of a store names. Texts are used without blanks
/// around them, an empty one counts as left out. The names below may all have the prefix `schema.registry.`, and where
/// both are given the one with it wins; a star marks those that must have it.
///
/// - `url`*: needed. Comma list; tried in order, beginning with the one that answered last.
/// - `cache`*: entries of each cache, 1 to 1000000, default 100.
/// - `request.timeout.ms`*: 1 to 300000, default 5000.
/// - `auto.register.schemas`: default true; false when either of its names says false.
/// - `normalize.schemas`: default false.
/// - `use.latest.version`: default false; no effect while `auto.register.schemas` is on.
/// - `latest.compatibility.strict`: default true.
/// - `latest.cache.ttl.sec`: default 30; -1: kept until a fresh one is asked for; 0: never kept.
/// - `key.subject.name.strategy`, `value.subject.name.strategy`: TopicName (default), RecordName or TopicRecordName, or
///   the name of Confluent's class; any case.
/// - `basic.auth.credentials.source`: `USER_INFO`, the default while `basic.auth.user.info` is given, or `URL`,
///   otherwise the default: the user information of the URLs, which must be the same in each.
/// - `basic.auth.user.info`: `user:password`.
/// - `bearer.auth.credentials.source`: only `STATIC_TOKEN`.
/// - `bearer.auth.token`: not beside basic authentication.
/// - `ssl.truststore.location`*, `ssl.truststore.password`*: only its certificates are trusted; default: the system's.
/// - `ssl.keystore.location`*, `ssl.keystore.password`*, `ssl.key.password`*: default: no certificate is shown.
/// - `ssl.endpoint.identification.algorithm`*: `https`, or an empty text to switch the check of host names off.
[[nodiscard]] std::expected<RegistrySettings, std::vector<PropertyProblem>> read_settings(
    const Properties& properties, const std::function<std::string(std::string_view location)>& find_file);

}  // namespace sidecar::registry
