/// The chain of handlers between the connection and an endpoint.
#pragma once

#include <cstddef>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "http/message.hpp"
#include "http/settings.hpp"
#include "loop/loop.hpp"
#include "observability/log.hpp"

namespace sidecar::http {

struct Route;

/// The body of a request that may not have been read yet.
class BodySource {
 public:
  /// True when the head announces a body: a length above zero, or chunks.
  [[nodiscard]] virtual bool announced() const = 0;
  /// True when the head gives a length or chunks, be it a length of zero.
  [[nodiscard]] virtual bool has_framing() const = 0;
  /// True when the length is known to be above zero.
  [[nodiscard]] virtual bool surely_not_empty() const = 0;
  /// Reads the body into `Request::body`, which stays null when there is none. Errors: 408, 413, 503, 400 for bad
  /// chunks; after an error the connection takes no further request. Call once.
  virtual Task<Result<void>> read() = 0;

 protected:
  ~BodySource() = default;
};

/// A request on its way through its chain. Lives on the loop of its connection.
struct Exchange {
  Request request;
  const Route* route = nullptr;  ///< Never null inside a chain.
  BodySource* body = nullptr;    ///< Never null inside a chain.
};

/// One link of a chain; shared by all loops, so its functions must not change what they hold without a lock.
struct Handler {
  std::string name;
  /// Runs on the way to the endpoint. An answer ends the way.
  std::function<std::optional<Response>(Exchange&)> before{};
  /// The same for a handler that has to wait; runs behind `before`.
  std::function<Task<std::optional<Response>>(Exchange&)> before_async{};
  /// Runs on the way back, in reverse order, for every handler that was reached.
  std::function<void(const Exchange&, Response&)> after{};
  /// Turns whatever was thrown behind this handler into the answer.
  std::function<Response(const Exchange&, std::exception_ptr)> rescue{};
};

/// Handlers in order, ending at the endpoint. Holds only handlers that exist; later ones are put at their place with
/// `insert_before` and `insert_after`.
class Chain {
 public:
  Chain(std::string name, std::vector<Handler> handlers) : name_(std::move(name)), handlers_(std::move(handlers)) {}

  [[nodiscard]] const std::string& name() const { return name_; }
  /// `exception, traceability, ..., endpoint`.
  [[nodiscard]] std::vector<std::string> names() const;
  /// Throws std::invalid_argument when no handler has that name. `endpoint` names the end.
  void insert_before(std::string_view place, Handler handler);
  void insert_after(std::string_view place, Handler handler);
  void append(Handler handler) { handlers_.push_back(std::move(handler)); }

  /// Throws only what no handler rescued.
  Task<Response> run(Exchange& exchange) const;

 private:
  [[nodiscard]] std::size_t place_of(std::string_view name) const;

  std::string name_;
  std::vector<Handler> handlers_;
};

/// What the chain of the business endpoints depends on.
struct ChainSettings {
  RemoteAccess remote_access = RemoteAccess::automatic;
  bool tokens_checked = false;           ///< Token checks stand in front: `automatic` then lets every address in.
  bool generate_correlation_ids = true;  ///< correlation.autogenCorrelationID
  std::size_t echoed_id_bytes_max = 256;
};

/// exception, traceability, correlation, security, body. The reference's metrics, specification, audit, sanitizer and
/// validator are put in between by those who build them. One WARN line when `remote_access` is `allow`.
[[nodiscard]] Chain default_chain(const ChainSettings& settings, const observability::Logger& log);
/// No handler at all: health and other pages that answer anyone.
[[nodiscard]] Chain bare_chain();

/// The links of `default_chain`, for other chains.
/// What is thrown becomes ERR10010 and one ERROR line.
[[nodiscard]] Handler exception_handler(observability::Logger log);
/// Takes over `X-Traceability-Id`.
[[nodiscard]] Handler traceability_handler(std::size_t bytes_max);
/// Takes over `X-Correlation-Id` or generates one. A value that is empty, too long or not UTF-8 counts as missing.
[[nodiscard]] Handler correlation_handler(bool generate, std::size_t bytes_max, observability::Logger log);
/// The same-pod rule: ERR30008 for a caller from an address that is not this host's.
[[nodiscard]] Handler same_pod_handler(std::function<bool(const asio::ip::address&)> is_own);
/// Reads the body and applies the route's rule.
[[nodiscard]] Handler body_handler();

}  // namespace sidecar::http
