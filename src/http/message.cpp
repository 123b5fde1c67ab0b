#include "http/message.hpp"

#include <algorithm>
#include <cassert>

#include "base/json_writer.hpp"
#include "http/head_parser.hpp"
#include "http/text.hpp"

namespace sidecar::http {
namespace {

constexpr std::string_view problem_type = "application/problem+json";

bool prefers_problem(const Request& request) {
  AcceptWeight problem;
  AcceptWeight status;
  for (const auto& field : request.headers) {
    if (!equal_ignoring_case(field.name, "accept")) continue;
    const auto p = accept_weight(field.value, problem_type);
    const auto s = accept_weight(field.value, "application/json");
    if (p.explicit_range || p.thousandths > problem.thousandths) problem = p;
    if (s.explicit_range || s.thousandths > status.thousandths) status = s;
  }
  // A wildcard prefers nothing: who did not name the type gets the Status object. Named beside a wildcard, it was
  // meant.
  if (!problem.explicit_range || problem.thousandths == 0) return false;
  return problem.thousandths > status.thousandths ||
         (problem.thousandths == status.thousandths && !status.explicit_range);
}

std::string decode_query_text(std::string_view text) {
  std::string spaced(text);
  std::ranges::replace(spaced, '+', ' ');
  // The connection has refused queries that cannot be decoded.
  return percent_decode(spaced).value_or(spaced);
}

void append_member(std::string& out, std::string_view name, std::string_view value) {
  out += ",\"";
  out += name;
  out += "\":";
  append_json_string(out, value);
}

}  // namespace

std::optional<std::string_view> Request::header(std::string_view name) const {
  for (const auto& field : headers) {
    if (equal_ignoring_case(field.name, name)) return field.value;
  }
  return std::nullopt;
}

std::string_view Request::path_parameter(std::string_view name) const {
  const auto found = std::ranges::find(path_parameters, name, &Parameter::name);
  assert(found != path_parameters.end());
  return found->value;
}

std::vector<Parameter> Request::query_parameters() const {
  std::vector<Parameter> parameters;
  std::string_view rest = query;
  while (!rest.empty()) {
    const auto end = std::min(rest.find('&'), rest.size());
    const auto pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (pair.empty()) continue;
    const auto equals = std::min(pair.find('='), pair.size());
    parameters.push_back({decode_query_text(pair.substr(0, equals)),
                          equals < pair.size() ? decode_query_text(pair.substr(equals + 1)) : std::string{}});
  }
  return parameters;
}

Response to_response(const Error& error, const Request& request) {
  return to_response(error, error_info(error.code).http_status, request);
}

Response to_response(const Error& error, std::uint16_t http_status, const Request& request) {
  const ErrorInfo& info = error_info(error.code);
  const std::string code = error_name(error.code);
  Response response;
  response.status = http_status;
  std::string& out = response.body;
  if (prefers_problem(request)) {  // RFC 9457
    response.content_type = problem_type;
    out = R"({"type":"about:blank","title":)";
    append_json_string(out, reason_phrase(http_status));
    out += ",\"status\":";
    append_json_number(out, http_status);
    if (request.status.show_description) append_member(out, "detail", error.description);
    append_member(out, "code", code);
    if (request.status.show_message) append_member(out, "message", info.message);
  } else {
    response.content_type = "application/json";
    out = R"({"statusCode":)";
    append_json_number(out, http_status);
    append_member(out, "code", code);
    if (request.status.show_message) append_member(out, "message", info.message);
    if (request.status.show_description) append_member(out, "description", error.description);
  }
  out += R"(,"severity":"ERROR"})";
  if (error.code == ErrorCode::sidecar_overloaded) response.headers.emplace_back("Retry-After", "1");
  return response;
}

}  // namespace sidecar::http
