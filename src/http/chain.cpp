#include "http/chain.hpp"

#include <algorithm>
#include <memory>
#include <stdexcept>

#include "base/ids.hpp"
#include "base/utf8.hpp"
#include "http/head_parser.hpp"
#include "http/own_addresses.hpp"
#include "http/router.hpp"
#include "http/text.hpp"

namespace sidecar::http {
namespace {

/// A caller's id that may be echoed and logged: a legal field value is free of CR, LF and other control bytes, so it
/// cannot start a header of its own.
std::optional<std::string_view> usable_id(const Request& request, std::string_view name, std::size_t bytes_max) {
  const auto value = request.header(name);
  if (!value || value->empty() || value->size() > bytes_max || !is_field_value(*value) || !is_utf8(*value)) {
    return std::nullopt;
  }
  return value;
}

std::string_view what_of(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& e) {
    return e.what();  // the object lives as long as `thrown`
  } catch (...) {
    return "not a std::exception";
  }
}

Error not_json() {
  return Error::of(ErrorCode::content_type_mismatch, {"application/json"});
}

/// Rules that need only the head: what they refuse is refused before a byte of the body is read.
std::optional<Response> refuse_by_head(Exchange& exchange) {
  const Request& request = exchange.request;
  const BodySource& body = *exchange.body;
  if (exchange.route->body == BodyRule::none) {
    if (!body.surely_not_empty()) return std::nullopt;
    return to_response(Error::of(ErrorCode::request_body_unexpected, {request.method, request.route}), request);
  }
  const auto content_type = request.header("content-type");
  if (body.announced()) {
    if (content_type && !is_json_type(*content_type)) return to_response(not_json(), request);
    return std::nullopt;
  }
  if (exchange.route->body == BodyRule::optional_json) return std::nullopt;
  if (content_type && is_json_type(*content_type)) return to_response(not_json(), request);
  return to_response(Error::of(ErrorCode::request_body_missing, {request.method, request.route}), request);
}

std::optional<Response> refuse_by_bytes(const Exchange& exchange) {
  const Request& request = exchange.request;
  const std::string_view text = request.body ? request.body->view() : std::string_view{};
  if (exchange.route->body == BodyRule::none) {
    if (text.empty()) return std::nullopt;
    return to_response(Error::of(ErrorCode::request_body_unexpected, {request.method, request.route}), request);
  }
  if (text.empty()) {  // chunks that held nothing
    if (exchange.route->body == BodyRule::optional_json) return std::nullopt;
    if (request.header("content-type")) return to_response(not_json(), request);
    return to_response(Error::of(ErrorCode::request_body_missing, {request.method, request.route}), request);
  }
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos || (text[first] != '{' && text[first] != '[')) {
    return to_response(not_json(), request);
  }
  return std::nullopt;
}

Task<std::optional<Response>> read_body(Exchange& exchange) {
  if (!exchange.body->announced()) co_return std::nullopt;
  const auto outcome = co_await exchange.body->read();
  if (!outcome) co_return to_response(outcome.error(), exchange.request);
  co_return refuse_by_bytes(exchange);
}

}  // namespace

std::vector<std::string> Chain::names() const {
  std::vector<std::string> names;
  for (const auto& handler : handlers_) names.push_back(handler.name);
  names.emplace_back("endpoint");
  return names;
}

std::size_t Chain::place_of(std::string_view name) const {
  if (name == "endpoint") return handlers_.size();
  const auto found = std::ranges::find(handlers_, name, &Handler::name);
  if (found == handlers_.end()) {
    throw std::invalid_argument("chain " + name_ + " has no handler " + std::string(name));
  }
  return static_cast<std::size_t>(found - handlers_.begin());
}

void Chain::insert_before(std::string_view place, Handler handler) {
  handlers_.insert(handlers_.begin() + static_cast<std::ptrdiff_t>(place_of(place)), std::move(handler));
}

void Chain::insert_after(std::string_view place, Handler handler) {
  if (place == "endpoint") throw std::invalid_argument("nothing stands behind the endpoint");
  handlers_.insert(handlers_.begin() + static_cast<std::ptrdiff_t>(place_of(place)) + 1, std::move(handler));
}

Task<Response> Chain::run(Exchange& exchange) const {
  Response response;
  std::exception_ptr thrown;
  std::size_t reached = 0;
  try {
    std::optional<Response> early;
    while (reached < handlers_.size() && !early) {
      const Handler& handler = handlers_[reached++];
      if (handler.before) early = handler.before(exchange);
      if (!early && handler.before_async) early = co_await handler.before_async(exchange);
    }
    if (early) {
      response = std::move(*early);
    } else {
      response = co_await exchange.route->endpoint(exchange.request);
    }
  } catch (...) {
    thrown = std::current_exception();
  }
  if (thrown) {
    // The outermost one decides, so that every `after` sees the answer that goes out.
    const auto reached_end = handlers_.begin() + static_cast<std::ptrdiff_t>(reached);
    const auto rescuer = std::find_if(handlers_.begin(), reached_end, [](const Handler& h) { return bool{h.rescue}; });
    if (rescuer == reached_end) std::rethrow_exception(thrown);
    response = rescuer->rescue(exchange, thrown);
  }
  while (reached > 0) {
    const Handler& handler = handlers_[--reached];
    if (handler.after) handler.after(exchange, response);
  }
  co_return response;
}

Handler exception_handler(observability::Logger log) {
  Handler handler{.name = "exception"};
  handler.rescue = [log = std::move(log)](const Exchange& exchange, const std::exception_ptr& thrown) {
    const Request& request = exchange.request;
    log.error("request failed", {{"method", request.method}, {"route", request.route}, {"cause", what_of(thrown)}},
              {request.correlation_id, request.traceability_id});
    return to_response(Error::of(ErrorCode::runtime_exception), request);
  };
  return handler;
}

Handler traceability_handler(std::size_t bytes_max) {
  Handler handler{.name = "traceability"};
  handler.before = [bytes_max](Exchange& exchange) -> std::optional<Response> {
    if (const auto id = usable_id(exchange.request, "x-traceability-id", bytes_max)) {
      exchange.request.traceability_id = *id;
    }
    return std::nullopt;
  };
  return handler;
}

Handler correlation_handler(bool generate, std::size_t bytes_max, observability::Logger log) {
  Handler handler{.name = "correlation"};
  handler.before = [generate, bytes_max, log = std::move(log)](Exchange& exchange) -> std::optional<Response> {
    Request& request = exchange.request;
    if (const auto id = usable_id(request, "x-correlation-id", bytes_max)) {
      request.correlation_id = *id;
    } else if (generate) {
      request.correlation_id = make_id();
      if (!request.traceability_id.empty()) {
        log.info("correlation id made for a traced request", {}, {request.correlation_id, request.traceability_id});
      }
    }
    return std::nullopt;
  };
  return handler;
}

Handler same_pod_handler(std::function<bool(const asio::ip::address&)> is_own) {
  Handler handler{.name = "security"};
  handler.before = [is_own = std::move(is_own)](Exchange& exchange) -> std::optional<Response> {
    const Request& request = exchange.request;
    if (is_own(request.peer)) return std::nullopt;
    return to_response(Error::of(ErrorCode::remote_access_denied, {plain_address(request.peer).to_string()}), request);
  };
  return handler;
}

Handler body_handler() {
  Handler handler{.name = "body"};
  handler.before = refuse_by_head;
  handler.before_async = read_body;
  return handler;
}

Chain default_chain(const ChainSettings& settings, const observability::Logger& log) {
  std::function<bool(const asio::ip::address&)> is_own;
  if (settings.remote_access == RemoteAccess::deny ||
      (settings.remote_access == RemoteAccess::automatic && !settings.tokens_checked)) {
    auto addresses = std::make_shared<OwnAddresses>();
    is_own = [addresses](const asio::ip::address& address) { return addresses->contains(address); };
  } else {
    if (settings.remote_access == RemoteAccess::allow && !settings.tokens_checked) {
      log.warn("server.remoteAccess is allow: anyone who reaches this port can use Kafka through it");
    }
    is_own = [](const asio::ip::address&) { return true; };
  }
  std::vector<Handler> handlers;
  handlers.push_back(exception_handler(log));
  handlers.push_back(traceability_handler(settings.echoed_id_bytes_max));
  handlers.push_back(correlation_handler(settings.generate_correlation_ids, settings.echoed_id_bytes_max, log));
  handlers.push_back(same_pod_handler(std::move(is_own)));
  handlers.push_back(body_handler());
  return {"default", std::move(handlers)};
}

Chain bare_chain() {
  return {"none", {}};
}

}  // namespace sidecar::http
