#include "app/demo_backend.hpp"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <utility>

#include "base/json_reader.hpp"

namespace sidecar::app {
namespace {

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

/// One record of a batch, the reader standing before it.
DemoRecord read_record(JsonReader& reader) {
  DemoRecord record;
  reader.enter_object();
  for (JsonString name; reader.next_member(name);) {
    std::string_view ignored;
    std::int64_t number = 0;
    if (name.equals("value")) {
      record.rejected = has_negative_total(reader);
    } else if (reader.kind() != JsonKind::number) {
      reader.take_slice(ignored);
    } else if (reader.take_integer(number) == JsonReader::Integer::ok) {
      if (name.equals("partition")) record.partition = static_cast<std::int32_t>(number);
      if (name.equals("offset")) record.offset = number;
    }
  }
  return record;
}

}  // namespace

http::ServerSettings demo_listener() {
  http::ServerSettings settings;
  settings.ip = "127.0.0.1";
  settings.enable_http = true;
  settings.enable_https = false;
  settings.http_port = 0;
  settings.body_bytes_max = 8 << 20;
  return settings;
}

std::size_t DemoDelivery::rejected() const {
  return static_cast<std::size_t>(std::ranges::count(records, true, &DemoRecord::rejected));
}

DemoBackend::DemoBackend(asio::io_context& loop, observability::Logger logger)
    : loop_(loop), server_({&loop}, demo_listener(), routes(), std::move(logger)) {}

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
  JsonReader reader(*request.body, 64);
  if (reader.kind() == JsonKind::array) {
    reader.enter_array();
    while (reader.next_element()) delivery.records.push_back(read_record(reader));
  }
  http::Response response;
  response.content_type = "application/json";
  for (const auto& record : delivery.records) {
    response.body += response.body.empty() ? '[' : ',';
    response.body += record.rejected ? R"({"processed":false,"stacktrace":"OrderRejected: the total is negative\n  at take_batch"})"
                                     : R"({"processed":true})";
  }
  response.body += response.body.empty() ? "[]" : "]";
  if (work) {
    SteadyTimer timer(loop_.get_executor(), work(delivery));
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(use_task, ignored));
  }
  {
    const std::lock_guard lock(mutex_);
    deliveries_.push_back(delivery);
  }
  if (on_delivery) on_delivery(delivery);
  co_return response;
}

}  // namespace sidecar::app
