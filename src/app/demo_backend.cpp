#include "app/demo_backend.hpp"

#include <utility>

#include "base/json_reader.hpp"

namespace sidecar::app {
namespace {

http::ServerSettings listener() {
  http::ServerSettings settings;
  settings.ip = "127.0.0.1";
  settings.enable_http = true;
  settings.enable_https = false;
  settings.http_port = 0;
  settings.body_bytes_max = 8 << 20;
  return settings;
}

/// True when the order's total is negative: the sample's reason to reject a record.
bool has_negative_total(JsonReader& reader) {
  bool negative = false;
  std::string_view ignored;
  if (reader.kind() != JsonKind::object) {
    reader.take_slice(ignored);
    return false;
  }
  reader.enter_object();
  for (JsonString name; reader.next_member(name);) {
    std::int64_t total = 0;
    if (name.equals("total") && reader.kind() == JsonKind::number) {
      negative = reader.take_integer(total) == JsonReader::Integer::ok && total < 0;
    } else {
      reader.take_slice(ignored);
    }
  }
  return negative;
}

}  // namespace

DemoBackend::DemoBackend(asio::io_context& loop, observability::Logger logger)
    : server_({&loop}, listener(), routes(), std::move(logger)) {}

std::vector<DemoDelivery> DemoBackend::deliveries() const {
  const std::lock_guard lock(mutex_);
  return deliveries_;
}

http::Router DemoBackend::routes() {
  http::Router router;
  router.add_chain(http::Chain("plain", {http::body_handler()}));
  router.add({"POST", "/kafka/records", "plain", http::BodyRule::required_json,
              [this](http::Request& request) { return take_batch(request); }});
  return router;
}

Task<http::Response> DemoBackend::take_batch(http::Request& request) {
  DemoDelivery delivery;
  delivery.batch_id = request.header("X-Batch-Id").value_or("");
  http::Response response;
  response.content_type = "application/json";
  response.body = "[";
  JsonReader reader(*request.body, 64);
  if (reader.kind() == JsonKind::array) {
    reader.enter_array();
    while (reader.next_element()) {
      bool rejected = false;
      reader.enter_object();
      for (JsonString name; reader.next_member(name);) {
        std::string_view ignored;
        if (name.equals("value")) {
          rejected = has_negative_total(reader);
        } else {
          reader.take_slice(ignored);
        }
      }
      if (delivery.records > 0) response.body += ',';
      response.body += rejected ? R"({"processed":false,"stacktrace":"OrderRejected: the total is negative\n  at take_batch"})"
                                : R"({"processed":true})";
      ++delivery.records;
      delivery.rejected += rejected ? 1 : 0;
    }
  }
  response.body += ']';
  {
    const std::lock_guard lock(mutex_);
    deliveries_.push_back(delivery);
  }
  if (on_delivery) on_delivery(delivery);
  co_return response;
}

}  // namespace sidecar::app
