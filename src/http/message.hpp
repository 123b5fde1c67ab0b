/// Requests and answers as endpoints see them.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "loop/loop.hpp"

namespace sidecar::http {

struct HeaderField {
  std::string_view name;
  std::string_view value;
};

/// A path variable or query parameter, percent-decoded once.
struct Parameter {
  std::string name;
  std::string value;
};

/// Which parts of a Status object are shown (`status.yml`).
struct StatusOptions {
  bool show_message = true;
  bool show_description = true;
};

/// One request. Lives on the loop of its connection until its endpoint has returned; views point into the connection's
/// header buffer and stay valid as long. The body is shared so that an endpoint may keep it longer (records that point
/// into it outlive a caller who has gone away).
struct Request {
  std::string_view method;  ///< As sent; methods are case-sensitive.
  std::string_view path;    ///< Raw, without the query.
  std::string_view query;   ///< Raw, without the `?`.
  std::span<const HeaderField> headers;
  std::vector<Parameter> path_parameters;
  std::string_view route;              ///< Template of the matched route.
  std::shared_ptr<PaddedBuffer> body;  ///< Null when the request had none; may be empty.
  asio::ip::address peer;
  std::string correlation_id;   ///< Sent or generated; set by the chain's `correlation`.
  std::string traceability_id;  ///< Empty when the caller sent none.
  StatusOptions status;         ///< How an error is shown.

  /// First field of that name (any case), or nothing.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
  /// Precondition: the route's template has `{name}`.
  [[nodiscard]] std::string_view path_parameter(std::string_view name) const;
  /// Percent-decoded query parameters in the order sent.
  [[nodiscard]] std::vector<Parameter> query_parameters() const;
};

struct Response {
  std::uint16_t status = 200;
  std::string content_type{};  ///< Empty: no body and no Content-Type.
  std::string body{};
  std::vector<std::pair<std::string, std::string>>
      headers{};  ///< Beyond Content-Type, Content-Length, Date, Server, ids.
  /// Called once, on the loop of the connection, when the answer was handed to the network (true) or could not be because
  /// the caller has gone (false).
  std::function<void(bool)> sent{};
};

/// Answers one request; runs on the loop of its connection. What it throws becomes ERR10010.
using Endpoint = std::function<Task<Response>(Request&)>;

/// The Status object for `error`, or RFC 9457 when the request's Accept prefers `application/problem+json`.
[[nodiscard]] Response to_response(const Error& error, const Request& request);
/// The same under an HTTP status that is not the catalogue's.
[[nodiscard]] Response to_response(const Error& error, std::uint16_t http_status, const Request& request);

}  // namespace sidecar::http
