/// The text of Kafka's `sasl.jaas.config`.
#pragma once

#include <expected>
#include <map>
#include <string>
#include <string_view>

namespace sidecar::kafka {

struct JaasEntry {
  std::string module;  ///< Class name of the login module.
  std::map<std::string, std::string> options;
};

/// Reads `MODULE FLAG name=value ...;` as Kafka does: values in double or single quotes (escapes of Java's
/// StreamTokenizer:
/// \n \t \r \b \f \a \v, up to three octal digits, any other sign stands for itself) or bare words, with // and /* */
/// comments; exactly one entry, closed by a semicolon. The error says what is missing and holds no part of the text.
/// Source: org.apache.kafka.common.security.JaasConfig.
[[nodiscard]] std::expected<JaasEntry, std::string> parse_jaas(std::string_view text);

}  // namespace sidecar::kafka
