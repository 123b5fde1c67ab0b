/// The error catalogue of the product (codes, HTTP status, texts) and the Result type that carries an error.
#pragma once

#include <cstdint>
#include <expected>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace sidecar {

/// The number behind `ERR` in a Status object. Holds the codes of the parts that exist; ERR10060 is the contract's, and
/// nothing raises it yet. docs/errors.md is made from the table in error.cpp.
enum class ErrorCode : std::uint16_t {
  invalid_request_path = 10007,
  method_not_allowed = 10008,
  runtime_exception = 10010,
  content_type_mismatch = 10015,
  path_not_implemented = 10048,
  config_value_invalid = 10060,
  payload_too_large = 10068,
  validator_schema = 11004,
  request_body_unexpected = 11013,
  request_body_missing = 11014,
  startup_hook_not_loaded = 11019,
  consumer_instance_not_found = 12200,
  consumer_config = 12201,
  consumer_already_exists = 12202,
  invalid_embedded_format = 12203,
  consumer_format_mismatch = 12204,
  unexpected_consumer_read = 12205,
  serialize_exception = 12206,
  failed_to_commit_offsets = 12207,
  failed_to_get_schema = 12208,
  format_with_schema_id = 12209,
  version_with_schema_id = 12210,
  schema_with_schema_id = 12211,
  format_with_schema_version = 12212,
  schema_with_schema_version = 12213,
  raw_schema_without_format = 12214,
  format_with_subject = 12215,
  producer_not_enabled = 12216,
  consumer_subscription_conflict = 30005,
  invalid_seek_request = 30006,
  remote_access_denied = 30008,
  sidecar_overloaded = 30009,
  headers_too_large = 30012,
  uri_too_long = 30013,
  malformed_request = 30014,
  request_timeout = 30015,
};

struct ErrorInfo {
  ErrorCode code;
  std::uint16_t http_status;
  std::string_view message;      ///< Upper-case constant, part of the contract.
  std::string_view description;  ///< Template with {0}, {1}, ... for the arguments.
  std::string_view used_when;    ///< For docs/errors.md.
};

/// Every code once, in ascending order.
[[nodiscard]] std::span<const ErrorInfo> error_catalogue();
[[nodiscard]] const ErrorInfo& error_info(ErrorCode code);
/// `ERR10015`.
[[nodiscard]] std::string error_name(ErrorCode code);

/// An outcome that a correct deployment can meet while serving. Safe to send to a client: no secret, no record value.
struct Error {
  ErrorCode code;
  std::string description;  ///< The catalogue's template with its arguments filled in.
  /// Fills the catalogue's template; a missing argument becomes an empty text.
  static Error of(ErrorCode code, std::initializer_list<std::string_view> arguments = {});
};

template <class T>
using Result = std::expected<T, Error>;

}  // namespace sidecar
