#include "base/error.hpp"

#include <algorithm>
#include <array>

namespace sidecar {
namespace {

using enum ErrorCode;

constexpr std::array catalogue{
    ErrorInfo{invalid_request_path, 404, "INVALID_REQUEST_PATH", "The API has no path {0}.",
              "a path variable is empty or the path cannot be decoded"},
    ErrorInfo{method_not_allowed, 405, "METHOD_NOT_ALLOWED", "{0} is not offered on {1}.",
              "the path is known, the method is not; `Allow` lists those that are"},
    ErrorInfo{runtime_exception, 500, "RUNTIME_EXCEPTION", "Internal failure.", "any unexpected failure"},
    ErrorInfo{content_type_mismatch, 400, "CONTENT_TYPE_MISMATCH", "Body cannot be read as {0}.",
              "the body is not what its content type says: malformed JSON, invalid UTF-8, nesting above the limit"},
    ErrorInfo{path_not_implemented, 404, "PATH_NOT_IMPLEMENTED", "Nothing serves path {0} with method {1}.",
              "no route matches"},
    ErrorInfo{config_value_invalid, 400, "CONFIG_VALUE_INVALID", "Value {0} of key {1} in file {2} is not usable.",
              "a configuration value cannot be used (a start error, never an answer)"},
    ErrorInfo{payload_too_large, 413, "PAYLOAD_TOO_LARGE", "Body exceeds the allowed size of {0} bytes.",
              "the body is larger than `server.maxTransferFileSize`"},
    ErrorInfo{validator_schema, 400, "VALIDATOR_SCHEMA", "Schema violation: {0}",
              "a field is missing, of the wrong type or out of its range; the text names its JSON pointer"},
    ErrorInfo{request_body_unexpected, 400, "VALIDATOR_REQUEST_BODY_UNEXPECTED", "{0} on {1} takes no body.",
              "a body was sent where none is taken"},
    ErrorInfo{request_body_missing, 400, "VALIDATOR_REQUEST_BODY_MISSING", "{0} on {1} needs a body.",
              "no body was sent where one is needed"},
    ErrorInfo{startup_hook_not_loaded, 400, "STARTUP_HOOK_NOT_LOADED", "Component {0} is not started.",
              "the component behind the endpoint is not enabled"},
    ErrorInfo{consumer_instance_not_found, 404, "CONSUMER_INSTANCE_NOT_FOUND", "No consumer instance {1} in group {0}.",
              "the instance is unknown, deleted, or expired because nobody used it: make a new one"},
    ErrorInfo{consumer_config, 400, "CONSUMER_CONFIG_EXCEPTION", "Consumer configuration rejected: {0}",
              "an instance cannot work with what was asked for"},
    ErrorInfo{consumer_already_exists, 400, "CONSUMER_ALREADY_EXISTS", "Consumer {0} exists already.",
              "an instance of that name is in the group"},
    ErrorInfo{invalid_embedded_format, 400, "INVALID_EMBEDDED_FORMAT", "Key format {0} or value format {1} is unknown.",
              "a format is neither 0 to 5 nor a known name"},
    ErrorInfo{consumer_format_mismatch, 400, "CONSUMER_FORMAT_MISMATCH",
              "Requested format is not the instance's format.", "`format` on a read fits not both sides of the instance"},
    ErrorInfo{unexpected_consumer_read, 400, "UNEXPECTED_CONSUMER_READ_EXCEPTION", "Read {0} failed.",
              "nothing is subscribed or assigned, Kafka refuses, or a record cannot be decoded: the text names its topic, "
              "partition and offset"},
    ErrorInfo{serialize_exception, 400, "SERIALIZE_SCHEMA_EXCEPTION", "Cannot serialise as {0}: {1}",
              "a key or value does not fit its format; the text names the record's index"},
    ErrorInfo{failed_to_commit_offsets, 400, "FAILED_TO_COMMIT_OFFSETS", "Commit for {0} failed: {1}",
              "the broker refuses a commit, does not answer, or a rebalance took the partition away"},
    ErrorInfo{failed_to_get_schema, 400, "FAILED_TO_GET_SCHEMA", "Schema of the {0} cannot be resolved: {1}",
              "the registry does not answer, does not have the schema, or refuses to register it"},
    ErrorInfo{format_with_schema_id, 400, "FORMAT_WITH_SCHEMA_ID",
              "The {0} has a schema id but a format that takes no schema.", "schema id beside binary, json or string"},
    ErrorInfo{version_with_schema_id, 400, "VERSION_WITH_SCHEMA_ID", "The {0} has a schema id and a version.",
              "one of the two says which schema"},
    ErrorInfo{schema_with_schema_id, 400, "SCHEMA_WITH_SCHEMA_ID", "The {0} has a schema id and a schema text.",
              "one of the two says which schema"},
    ErrorInfo{format_with_schema_version, 400, "FORMAT_WITH_SCHEMA_VERSION",
              "The {0} has a schema version but a format that takes no schema.",
              "schema version beside binary, json or string"},
    ErrorInfo{schema_with_schema_version, 400, "SCHEMA_WITH_SCHEMA_VERSION",
              "The {0} has a schema version and a schema text.", "one of the two says which schema"},
    ErrorInfo{raw_schema_without_format, 400, "RAW_SCHEMA_WITHOUT_FORMAT",
              "The {0} has a schema text but no format that takes one.", "schema text beside binary, json or string"},
    ErrorInfo{format_with_subject, 400, "FORMAT_WITH_SUBJECT",
              "The {0} has a schema subject but a format that takes no schema.",
              "schema subject beside binary, json or string"},
    ErrorInfo{producer_not_enabled, 400, "PRODUCER_NOT_ENABLED", "The producer is not started.",
              "the producer is not among the enabled components"},
    ErrorInfo{consumer_subscription_conflict, 409, "CONSUMER_SUBSCRIPTION_CONFLICT",
              "Instance {1} in group {0} is already subscribed or assigned.",
              "subscribe on an instance with a manual assignment, or the other way round: end the one first"},
    ErrorInfo{invalid_seek_request, 400, "INVALID_SEEK_REQUEST", "Cannot seek {0}-{1}: {2}",
              "a partition is not assigned to the instance, or its offset cannot be found out"},
    ErrorInfo{remote_access_denied, 403, "REMOTE_ACCESS_DENIED", "Caller {0} is not in this pod.",
              "a caller from another host while `server.remoteAccess` forbids it"},
    ErrorInfo{sidecar_overloaded, 503, "SIDECAR_OVERLOADED", "Limit {0} is reached; try again after {1} s.",
              "connections, requests, bytes in work or consumer instances are at their limit; `Retry-After` says when to come back"},
    ErrorInfo{headers_too_large, 431, "HEADERS_TOO_LARGE", "Request header exceeds {0}.",
              "more header bytes or fields than allowed"},
    ErrorInfo{uri_too_long, 414, "URI_TOO_LONG", "Request line exceeds {0} bytes.", "a request line above the limit"},
    ErrorInfo{malformed_request, 400, "MALFORMED_REQUEST", "Not a valid HTTP request: {0}",
              "the request breaks RFC 9110 or 9112; the connection is closed"},
    ErrorInfo{request_timeout, 408, "REQUEST_TIMEOUT", "The {0} did not arrive within {1} ms.",
              "header or body too slow; the connection is closed"},
};
static_assert(std::ranges::is_sorted(catalogue, {}, &ErrorInfo::code));

}  // namespace

std::span<const ErrorInfo> error_catalogue() { return catalogue; }

const ErrorInfo& error_info(ErrorCode code) {
  return *std::ranges::lower_bound(catalogue, code, {}, &ErrorInfo::code);
}

std::string error_name(ErrorCode code) { return "ERR" + std::to_string(static_cast<unsigned>(code)); }

Error Error::of(ErrorCode code, std::initializer_list<std::string_view> arguments) {
  const std::string_view text = error_info(code).description;
  std::string description;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '{' && i + 2 < text.size() && text[i + 2] == '}') {
      const auto index = static_cast<std::size_t>(text[i + 1] - '0');
      if (index < arguments.size()) description += *(arguments.begin() + index);
      i += 2;
    } else {
      description += text[i];
    }
  }
  return Error{code, std::move(description)};
}

}  // namespace sidecar
