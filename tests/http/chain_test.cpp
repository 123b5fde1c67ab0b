#include "http/chain.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <iostream>
#include <stdexcept>

#include "http/router.hpp"
#include "http/support.hpp"

namespace sidecar::http::test {
namespace {

using testing::ElementsAre;

TEST(Chain, HoldsTheHandlersThatExistInOrder) {
  const Chain chain = default_chain({}, {});
  std::cout << "chain " << chain.name() << ":";
  for (const auto& name : chain.names()) std::cout << ' ' << name;
  std::cout << '\n';
  EXPECT_THAT(chain.names(), ElementsAre("exception", "traceability", "correlation", "security", "body", "endpoint"));
  EXPECT_THAT(bare_chain().names(), ElementsAre("endpoint"));
}

TEST(Chain, TakesLaterHandlersAtTheirPlace) {
  Chain chain = default_chain({}, {});
  chain.insert_after("exception", Handler{.name = "metrics"});
  chain.insert_before("security", Handler{.name = "specification"});
  chain.insert_after("body", Handler{.name = "audit"});
  chain.insert_before("endpoint", Handler{.name = "validator"});
  EXPECT_THAT(chain.names(), ElementsAre("exception", "metrics", "traceability", "correlation", "specification",
                                         "security", "body", "audit", "validator", "endpoint"));
  EXPECT_THROW(chain.insert_before("nothing", Handler{.name = "x"}), std::invalid_argument);
  EXPECT_THROW(chain.insert_after("endpoint", Handler{.name = "x"}), std::invalid_argument);
}

class NoBody final : public BodySource {
 public:
  bool announced() const override { return false; }
  bool surely_not_empty() const override { return false; }
  bool has_framing() const override { return false; }
  Task<Result<void>> read() override { co_return Result<void>{}; }
};

/// Runs a chain in front of `endpoint` and returns the answer; rethrows what comes out.
Response run(const Chain& chain, Endpoint endpoint, Exchange exchange = {}) {
  NoBody body;
  Route route{.method = "GET", .path = "/x", .chain = "t", .endpoint = std::move(endpoint)};
  exchange.route = &route;
  exchange.body = &body;
  asio::io_context loop;
  Response response;
  std::exception_ptr thrown;
  auto task = [&]() -> Task<> { response = co_await chain.run(exchange); };
  asio::co_spawn(loop.get_executor(), task, [&thrown](std::exception_ptr e) { thrown = e; });
  loop.run();
  if (thrown) std::rethrow_exception(thrown);
  return response;
}

Handler noting(std::string name, std::vector<std::string>& notes) {
  Handler handler{.name = name};
  handler.before = [&notes, name](Exchange&) -> std::optional<Response> {
    notes.push_back(name + " before");
    return std::nullopt;
  };
  handler.after = [&notes, name](const Exchange&, Response& response) {
    notes.push_back(name + " after " + std::to_string(response.status));
  };
  return handler;
}

Task<Response> throwing(Request&) {
  throw std::runtime_error("disk \"full\"");
  co_return Response{};
}

TEST(Chain, GoesInAndComesBack) {
  std::vector<std::string> notes;
  const Chain chain("t", {noting("a", notes), noting("b", notes)});
  EXPECT_EQ(run(chain, text_endpoint("x")).body, "x");
  EXPECT_THAT(notes, ElementsAre("a before", "b before", "b after 200", "a after 200"));
}

TEST(Chain, EndsWhereAHandlerAnswers) {
  std::vector<std::string> notes;
  Handler refuse{.name = "refuse"};
  refuse.before = [](Exchange&) -> std::optional<Response> { return Response{.status = 403}; };
  const Chain chain("t", {noting("a", notes), refuse, noting("b", notes)});
  EXPECT_EQ(run(chain, text_endpoint("x")).status, 403);
  EXPECT_THAT(notes, ElementsAre("a before", "a after 403"));
}

TEST(Chain, TurnsWhatIsThrownIntoAnAnswerThatEveryHandlerSees) {
  std::vector<std::string> notes;
  std::string log_text;
  const observability::Logger log(observability::open_log({}, log_text), "http");
  const Chain chain("t", {exception_handler(log), noting("metrics", notes)});
  const auto response = run(chain, throwing);
  EXPECT_EQ(response.status, 500);
  EXPECT_NE(response.body.find("ERR10010"), std::string::npos);
  EXPECT_EQ(response.body.find("disk"), std::string::npos) << "the cause is for the log";
  EXPECT_THAT(notes, ElementsAre("metrics before", "metrics after 500"));
  EXPECT_NE(log_text.find("disk"), std::string::npos);
}

TEST(Chain, WithoutARescuerThrows) {
  EXPECT_THROW(run(bare_chain(), throwing), std::runtime_error);
}

Exchange with_headers(std::vector<HeaderField>& fields) {
  Exchange exchange;
  exchange.request.headers = fields;
  return exchange;
}

Task<Response> show_ids(Request& request) {
  co_return Response{
      .status = 200, .content_type = "text/plain", .body = request.correlation_id + "|" + request.traceability_id};
}

std::string ids_for(std::vector<HeaderField> fields, bool generate = true) {
  const Chain chain("t", {traceability_handler(20), correlation_handler(generate, 20, {})});
  return run(chain, show_ids, with_headers(fields)).body;
}

TEST(Correlation, TakesTheCallersIds) {
  EXPECT_EQ(ids_for({{"x-correlation-id", "c-1"}, {"X-TRACEABILITY-ID", "t-1"}}), "c-1|t-1");
  EXPECT_EQ(ids_for({{"X-Correlation-Id", "12345678901234567890"}}), "12345678901234567890|");
}

TEST(Correlation, ReplacesWhatIsMissingOrUnusable) {
  for (const std::string value : {"", "123456789012345678901", "\xFF", "a\rb", "a\nX: y"}) {
    const auto ids = ids_for({{"X-Correlation-Id", value}, {"X-Traceability-Id", value}});
    EXPECT_EQ(ids.size(), 23U) << ids;
    EXPECT_EQ(ids.back(), '|');
  }
  EXPECT_NE(ids_for({}), ids_for({}));
  EXPECT_EQ(ids_for({}, false), "|");
}

TEST(Correlation, LinksAGeneratedIdToTheTrace) {
  std::string log_text;
  const observability::Logger log(observability::open_log({}, log_text), "http");
  std::vector<HeaderField> fields{{"X-Traceability-Id", "trace-7"}};
  const Chain chain("t", {traceability_handler(20), correlation_handler(true, 20, log)});
  const auto ids = run(chain, show_ids, with_headers(fields)).body;
  EXPECT_NE(log_text.find("trace-7"), std::string::npos);
  EXPECT_NE(log_text.find(ids.substr(0, 22)), std::string::npos);
}

TEST(SamePod, RefusesOtherAddresses) {
  const auto own = asio::ip::make_address("10.0.0.7");
  const Chain chain("t", {same_pod_handler([own](const asio::ip::address& a) { return a == own; })});
  Exchange exchange;
  exchange.request.peer = own;
  EXPECT_EQ(run(chain, text_endpoint("x"), exchange).status, 200);
  exchange.request.peer = asio::ip::make_address("10.0.0.8");
  const auto refused = run(chain, text_endpoint("x"), exchange);
  EXPECT_EQ(refused.status, 403);
  EXPECT_NE(refused.body.find("ERR30008"), std::string::npos);
  EXPECT_NE(refused.body.find("10.0.0.8"), std::string::npos);
}

struct AccessRow {
  const char* name;
  RemoteAccess access;
  bool tokens_checked;
  int status;
  bool warns;
};
class Access : public testing::TestWithParam<AccessRow> {};

TEST_P(Access, DecidesAboutACallerFromElsewhere) {
  std::string log_text;
  const observability::Logger log(observability::open_log({}, log_text), "http");
  const auto chain =
      default_chain({.remote_access = GetParam().access, .tokens_checked = GetParam().tokens_checked}, log);
  Exchange exchange;
  exchange.request.peer = asio::ip::make_address("192.0.2.1");  // TEST-NET-1: on no interface
  EXPECT_EQ(run(chain, text_endpoint("x"), exchange).status, GetParam().status);
  exchange.request.peer = asio::ip::make_address("127.0.0.1");
  EXPECT_EQ(run(chain, text_endpoint("x"), exchange).status, 200);
  EXPECT_EQ(log_text.find("WARN") != std::string::npos, GetParam().warns) << log_text;
}

INSTANTIATE_TEST_SUITE_P(Rows, Access,
                         testing::Values(AccessRow{"auto", RemoteAccess::automatic, false, 403, false},
                                         AccessRow{"auto_with_tokens", RemoteAccess::automatic, true, 200, false},
                                         AccessRow{"allow", RemoteAccess::allow, false, 200, true},
                                         AccessRow{"deny", RemoteAccess::deny, false, 403, false},
                                         AccessRow{"deny_with_tokens", RemoteAccess::deny, true, 403, false}),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace sidecar::http::test
