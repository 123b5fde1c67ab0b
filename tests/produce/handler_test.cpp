/// The endpoint around the body: topic, tracing ids, headers, reports.
#include "produce/posting.hpp"

namespace sidecar::produce {
namespace {

using produce::testing::Headers;
using ::testing::HasSubstr;
using ::testing::Not;

class ProduceHandlerTest : public produce::testing::Posting {};

TEST_F(ProduceHandlerTest, WithoutAProducerEveryRequestIsErr12216) {
  enabled = false;
  for (const auto* body : {R"({"records":[{"value":1}]})", R"({"records":[]})", "{"}) {
    const auto response = post(body);
    EXPECT_EQ(response.status, 400);
    EXPECT_THAT(response.body, HasSubstr(R"("code":"ERR12216","message":"PRODUCER_NOT_ENABLED")"));
  }
}

TEST_F(ProduceHandlerTest, WithoutABodyItIsErr11014) {
  const auto response = post(std::shared_ptr<PaddedBuffer>());
  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(response.body, HasSubstr(R"("code":"ERR11014")"));
  EXPECT_THAT(response.body, HasSubstr("POST on /producers/{topic} needs a body."));
}

TEST_F(ProduceHandlerTest, IllegalTopicNamesAreErr11004) {
  for (const std::string& name :
       {std::string("a b"), std::string("a/b"), std::string("."), std::string(".."), std::string("ä"),
        std::string("a\nb"), std::string(), std::string(250, 'x'), std::string("a:b"), std::string(1, '\0')}) {
    topic = name;
    expect_refused(R"({"records":[{"value":1}]})", "ERR11004", "path parameter topic");
  }
  topic = "a b";
  expect_refused("{", "ERR10015");
  for (const std::string& name :
       {std::string("a"), std::string("A.b_c-9"), std::string("..."), std::string(249, 'x')}) {
    topic = name;
    expect_sent(R"({"records":[{"value":1}]})");
    EXPECT_EQ(sent_topic, name);
  }
}

TEST_F(ProduceHandlerTest, AllRecordsShareTheCorrelationIdOfTheRequestUnlessTheyBringTheirOwn) {
  expect_sent(
      R"({"records":[{"value":1},{"value":1,"correlationId":"own \u00fc"},{"value":1},{"value":1,"correlationId":""}]})",
      4);
  EXPECT_EQ(sent[0].headers, (Headers{{"X-Correlation-Id", "request-id"}}));
  EXPECT_EQ(sent[1].headers, (Headers{{"X-Correlation-Id", "own ü"}}));
  EXPECT_EQ(sent[2].headers, (Headers{{"X-Correlation-Id", "request-id"}}));
  EXPECT_EQ(sent[3].headers, (Headers{{"X-Correlation-Id", ""}}));
}

TEST_F(ProduceHandlerTest, TheTraceabilityIdOfTheRequestServesRecordsWithoutTheirOwn) {
  traceability_id = "request-trace";
  expect_sent(R"({"records":[{"value":1},{"value":1,"traceabilityId":"own"}]})", 2);
  EXPECT_EQ(sent[0].headers, (Headers{{"X-Traceability-Id", "request-trace"}, {"X-Correlation-Id", "request-id"}}));
  EXPECT_EQ(sent[1].headers, (Headers{{"X-Traceability-Id", "own"}, {"X-Correlation-Id", "request-id"}}));
}

TEST_F(ProduceHandlerTest, HeadersStandInTheOrderOfTheContract) {
  settings.inject_authorization = true;
  settings.inject_caller_id = true;
  const http::HeaderField fields[] = {{"Accept", "*/*"}, {"AUTHORIZATION", "Bearer abc"}};
  request_headers.assign(std::begin(fields), std::end(fields));
  expect_sent(
      R"({"records":[{"value":1,"headers":{"z":"1","a":"2","authorization":"mine","caller_id":"me"},"traceabilityId":"t"},{"value":1}]})",
      2);
  EXPECT_EQ(sent[0].headers, (Headers{{"authorization", "Bearer abc"},
                                      {"caller_id", "com.example.orders-1.0.0"},
                                      {"X-Traceability-Id", "t"},
                                      {"X-Correlation-Id", "request-id"},
                                      {"z", "1"},
                                      {"a", "2"},
                                      {"authorization", "mine"},
                                      {"caller_id", "me"}}));
  EXPECT_EQ(sent[1].headers, (Headers{{"authorization", "Bearer abc"},
                                      {"caller_id", "com.example.orders-1.0.0"},
                                      {"X-Correlation-Id", "request-id"}}));
}

TEST_F(ProduceHandlerTest, TheAuthorizationFieldTravelsOnlyWhenItIsConfigured) {
  const http::HeaderField field{"Authorization", "Bearer secret"};
  request_headers.push_back(field);
  expect_sent(R"({"records":[{"value":1}]})");
  EXPECT_EQ(sent[0].headers, (Headers{{"X-Correlation-Id", "request-id"}}));
  settings.inject_authorization = true;
  request_headers.clear();
  expect_sent(R"({"records":[{"value":1}]})");
  EXPECT_EQ(sent[0].headers, (Headers{{"X-Correlation-Id", "request-id"}}));
  EXPECT_THAT(log, Not(HasSubstr("secret")));
}

TEST_F(ProduceHandlerTest, OwnHeadersWithTheTracingNamesAreDroppedInAnyCase) {
  expect_sent(
      R"({"records":[{"value":1,"headers":{"x-correlation-id":"a","X-CORRELATION-ID":"b","X-Traceability-Id":"c",)"
      R"("x-traceability-ID":"d","\u0058-Correlation-Id":"e","X-Correlation-Id2":"kept","keep":"k"}}]})");
  EXPECT_EQ(sent[0].headers,
            (Headers{{"X-Correlation-Id", "request-id"}, {"X-Correlation-Id2", "kept"}, {"keep", "k"}}));
}

TEST_F(ProduceHandlerTest, ManyRecordsKeepTheirOwnHeaders) {
  std::string body = R"({"records":[)";
  for (int i = 0; i < 500; ++i) {
    body += (i > 0 ? "," : "") + std::string(R"({"value":)") + std::to_string(i) + R"(,"headers":{"n":")" +
            std::to_string(i) + R"(","m":"\u0041"}})";
  }
  expect_sent(body + "]}", 500);
  for (int i = 0; i < 500; ++i) {
    const auto& record = sent[static_cast<std::size_t>(i)];
    EXPECT_EQ(record.value, std::to_string(i));
    EXPECT_EQ(record.headers, (Headers{{"X-Correlation-Id", "request-id"}, {"n", std::to_string(i)}, {"m", "A"}}));
  }
}

TEST_F(ProduceHandlerTest, RecordsWithATraceabilityIdLogOneLineForEachPairOfIds) {
  expect_sent(
      R"({"records":[{"value":"secret-value"},{"key":"secret-key","traceabilityId":"t1"},{"traceabilityId":"t1"},)"
      R"({"traceabilityId":"t1","correlationId":"c2"}]})",
      4);
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 2) << log;
  EXPECT_THAT(log, HasSubstr(R"("correlationId":"request-id","traceabilityId":"t1")"));
  EXPECT_THAT(log, HasSubstr(R"("records":2)"));
  EXPECT_THAT(log, HasSubstr(R"("correlationId":"c2","traceabilityId":"t1")"));
  EXPECT_THAT(log, HasSubstr(R"("level":"INFO")"));
  EXPECT_THAT(log, Not(HasSubstr("secret")));
  log.clear();
  expect_sent(R"({"records":[{"value":1}]})");
  EXPECT_EQ(log, "");
  expect_refused(R"({"records":[{"traceabilityId":"t1","key":1}]})", "ERR12206");
  EXPECT_EQ(log, "") << "nothing travels";
}

TEST_F(ProduceHandlerTest, AnswersOneSlotPerRecordInOrder) {
  reports = {{.outcome = kafka::Outcome::written, .partition = 0, .offset = 5120, .error = {}},
             {.outcome = kafka::Outcome::not_written, .error_code = 50003, .error = "Local: Unknown partition"},
             {.outcome = kafka::Outcome::unknown, .error_code = 50003, .error = "outcome unknown"}};
  const auto response = post(R"({"records":[{"value":1},{"value":2},{"value":3}]})");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(
      response.body,
      R"({"offsets":[{"partition":0,"offset":5120},{"errorCode":50003,"error":"Local: Unknown partition","outcome":"not-written"},)"
      R"({"errorCode":50003,"error":"outcome unknown","outcome":"unknown"}],"requestStatus":"OK"})");
}

TEST_F(ProduceHandlerTest, AProducerThatBreaksItsPromiseIsAnInternalFailure) {
  reports = {{.outcome = kafka::Outcome::written, .partition = 0, .offset = 1, .error = {}}};
  EXPECT_THROW(post(R"({"records":[{"value":1},{"value":2}]})"), std::logic_error);
  sending_throws = true;
  EXPECT_THROW(post(R"({"records":[{"value":1}]})"), std::runtime_error);
}

TEST(ProduceMemory, RecordsOutliveTheRequestAndTheHandler) {
  std::vector<kafka::ProduceRecord> kept;
  std::shared_ptr<const void> owner;
  std::weak_ptr<PaddedBuffer> body;
  {
    ProduceSettings settings = produce::testing::string_and_json();
    settings.inject_caller_id = true;
    const SendRecords send = [&](std::string, std::vector<kafka::ProduceRecord> records,
                                 std::shared_ptr<const void> holder) -> Task<std::vector<kafka::Delivery>> {
      kept = records;
      owner = std::move(holder);
      std::vector<kafka::Delivery> unknown(kept.size());
      co_return unknown;
    };
    const ProduceHandler handler(settings, send, {}, {});
    http::Request request;
    request.path_parameters.push_back({"topic", "orders"});
    request.correlation_id = "a correlation id that is too long for a small string";
    request.body =
        std::make_shared<PaddedBuffer>(R"({"records":[{"key":"k\u0041","value":{"a":1},"headers":{"h":"\u0042"}}]})");
    body = request.body;
    asio::io_context loop;
    const auto task = [&]() -> Task<> { co_await handler.handle(request); };
    asio::co_spawn(loop, task, asio::detached);
    loop.run();
  }
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept[0].key, "kA");
  EXPECT_EQ(kept[0].value, R"({"a":1})");
  ASSERT_EQ(kept[0].headers.size(), 3U);
  EXPECT_EQ(kept[0].headers[0].value, "com.example.orders-1.0.0");
  EXPECT_EQ(kept[0].headers[1].value, "a correlation id that is too long for a small string");
  EXPECT_EQ(kept[0].headers[2].value, "B");
  EXPECT_FALSE(body.expired());
  owner.reset();
  EXPECT_TRUE(body.expired());
}

}  // namespace
}  // namespace sidecar::produce
