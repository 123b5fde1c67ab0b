/// A ProduceHandler without Kafka: what it hands to the producer is written down, the reports are the test's.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "produce/produce_handler.hpp"

namespace sidecar::produce::testing {

using Headers = std::vector<std::pair<std::string, std::string>>;

/// A record as it was handed over.
struct SentRecord {
  std::optional<std::string> key;
  std::optional<std::string> value;
  Headers headers;
  std::optional<std::int32_t> partition;
  std::int64_t timestamp_ms = 0;
};

inline ProduceSettings string_and_json() {
  ProduceSettings settings;
  settings.key_format = formats::Format::string;
  settings.value_format = formats::Format::json;
  settings.service_id = "com.example.orders-1.0.0";
  return settings;
}

class Posting : public ::testing::Test {
 protected:
  ProduceSettings settings = string_and_json();
  std::string correlation_id = "request-id";
  std::string traceability_id;
  std::vector<http::HeaderField> request_headers;
  std::string topic = "orders";
  /// Reports to give; empty: all written to partition 3, offsets from 100.
  std::vector<kafka::Delivery> reports;
  bool enabled = true;
  bool sending_throws = false;
  /// What the registry would say; by default it has nothing.
  ResolveSchema resolve = [](SchemaQuestion question) -> Task<Result<SchemaAnswer>> {
    co_return std::unexpected(Error::of(ErrorCode::failed_to_get_schema, {name_of(question.side), "nothing here"}));
  };

  int sends = 0;
  std::string sent_topic;
  std::vector<SentRecord> sent;
  std::string log;

  http::Response post(std::string_view body) { return post(std::make_shared<PaddedBuffer>(body)); }

  http::Response post(std::shared_ptr<PaddedBuffer> body) {
    http::Request request;
    request.method = "POST";
    request.route = "/producers/{topic}";
    request.path_parameters.push_back({"topic", topic});
    request.headers = request_headers;
    request.correlation_id = correlation_id;
    request.traceability_id = traceability_id;
    request.body = std::move(body);
    sends = 0;
    sent.clear();

    SendRecords send;
    if (enabled) {
      send = [this](std::string to, std::vector<kafka::ProduceRecord> records, std::shared_ptr<const void> owner) {
        return take(std::move(to), std::move(records), std::move(owner));
      };
    }
    observability::LogSettings log_settings;
    const ProduceHandler handler(settings, std::move(send), resolve, {observability::open_log(log_settings, log), "produce"});
    asio::io_context loop;
    std::optional<http::Response> response;
    std::exception_ptr failure;
    const auto task = [&]() -> Task<> { response = co_await handler.handle(request); };
    asio::co_spawn(loop, task, [&](std::exception_ptr thrown) { failure = std::move(thrown); });
    loop.run();
    if (failure) std::rethrow_exception(failure);
    return std::move(*response);
  }

  /// The request is refused with that code and a description that says `words`; nothing was sent.
  void expect_refused(std::string_view body, std::string_view code, std::string_view words = "") {
    const http::Response response = post(body);
    EXPECT_EQ(response.status, 400) << body;
    EXPECT_THAT(response.body, ::testing::HasSubstr("\"code\":\"" + std::string(code) + "\"")) << body;
    EXPECT_THAT(response.body, ::testing::HasSubstr(std::string(words))) << body;
    EXPECT_EQ(sends, 0) << body;
  }

  /// All records are sent.
  void expect_sent(std::string_view body, std::size_t records = 1) {
    const http::Response response = post(body);
    EXPECT_EQ(response.status, 200) << body << '\n' << response.body;
    EXPECT_EQ(sent.size(), records) << body;
  }

  /// The own headers of a sent record: without the correlation id that always stands there.
  static Headers own(const SentRecord& record) {
    Headers headers;
    for (const auto& header : record.headers) {
      if (header.first != "X-Correlation-Id") headers.push_back(header);
    }
    return headers;
  }

 private:
  Task<std::vector<kafka::Delivery>> take(std::string to, std::vector<kafka::ProduceRecord> records,
                                          std::shared_ptr<const void> owner) {
    ++sends;
    EXPECT_NE(owner, nullptr);
    if (sending_throws) throw std::runtime_error("broken");
    sent_topic = std::move(to);
    for (const auto& record : records) {
      SentRecord& copy = sent.emplace_back();
      if (record.key) copy.key = *record.key;
      if (record.value) copy.value = *record.value;
      for (const auto& header : record.headers) {
        EXPECT_TRUE(header.value.has_value());
        copy.headers.emplace_back(header.name, header.value.value_or("null"));
      }
      copy.partition = record.partition;
      copy.timestamp_ms = record.timestamp_ms;
    }
    auto answers = reports;
    for (std::size_t i = answers.size(); i < (reports.empty() ? records.size() : 0); ++i) {
      answers.push_back({.outcome = kafka::Outcome::written,
                         .partition = 3,
                         .offset = static_cast<std::int64_t>(100 + i),
                         .error = {}});
    }
    co_return answers;
  }
};

}  // namespace sidecar::produce::testing
