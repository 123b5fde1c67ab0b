// How an error is shown.
#include <gtest/gtest.h>

#include "http/message.hpp"

namespace sidecar::http {
namespace {

Response show(const Error& error, std::vector<HeaderField> fields = {}, StatusOptions options = {}) {
  Request request;
  request.headers = fields;
  request.status = options;
  return to_response(error, request);
}

TEST(Status, IsOneJsonObject) {
  const auto response = show(Error::of(ErrorCode::path_not_implemented, {"/x", "GET"}));
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(
      response.body,
      R"({"statusCode":404,"code":"ERR10048","message":"PATH_NOT_IMPLEMENTED","description":"Nothing serves path /x with method GET.","severity":"ERROR"})");
}

TEST(Status, StaysValidWhateverStandsInTheText) {
  const auto response = show(Error::of(ErrorCode::path_not_implemented, {"/\"\\\n\xFF", "GET"}));
  EXPECT_NE(response.body.find(R"(/\"\\\n)"
                               "\xEF\xBF\xBD"),
            std::string::npos)
      << response.body;
}

TEST(Status, LeavesOutWhatIsSwitchedOff) {
  const Error error = Error::of(ErrorCode::runtime_exception);
  EXPECT_EQ(show(error, {}, {.show_message = false, .show_description = false}).body,
            R"({"statusCode":500,"code":"ERR10010","severity":"ERROR"})");
  EXPECT_EQ(show(error, {}, {.show_message = true, .show_description = false}).body,
            R"({"statusCode":500,"code":"ERR10010","message":"RUNTIME_EXCEPTION","severity":"ERROR"})");
}

TEST(Status, BecomesAProblemWhenThatIsPreferred) {
  const Error error = Error::of(ErrorCode::path_not_implemented, {"/x", "GET"});
  const auto problem = show(error, {{"Accept", "application/problem+json"}});
  EXPECT_EQ(problem.content_type, "application/problem+json");
  EXPECT_EQ(
      problem.body,
      R"({"type":"about:blank","title":"Not Found","status":404,"detail":"Nothing serves path /x with method GET.","code":"ERR10048","message":"PATH_NOT_IMPLEMENTED","severity":"ERROR"})");

  const auto is_problem = [&error](std::vector<HeaderField> fields) {
    return show(error, std::move(fields)).content_type == "application/problem+json";
  };
  EXPECT_TRUE(is_problem({{"Accept", "application/json;q=0.5, application/problem+json"}}));
  EXPECT_TRUE(is_problem({{"Accept", "application/problem+json, */*"}}));
  EXPECT_TRUE(is_problem({{"Accept", "text/html"}, {"Accept", "application/problem+json;q=0.2"}}));
  EXPECT_FALSE(is_problem({}));
  EXPECT_FALSE(is_problem({{"Accept", "*/*"}}));
  EXPECT_FALSE(is_problem({{"Accept", "application/*"}}));
  EXPECT_FALSE(is_problem({{"Accept", "application/json, application/problem+json"}}));
  EXPECT_FALSE(is_problem({{"Accept", "application/json, application/problem+json;q=0.9"}}));
  EXPECT_FALSE(is_problem({{"Accept", "application/problem+json;q=0"}}));
}

TEST(Status, SaysWhenToComeBack) {
  const auto response = show(Error::of(ErrorCode::sidecar_overloaded, {"server.maxRequestsInFlight", "1"}));
  EXPECT_EQ(response.status, 503);
  ASSERT_EQ(response.headers.size(), 1U);
  EXPECT_EQ(response.headers[0], (std::pair<std::string, std::string>{"Retry-After", "1"}));
}

TEST(Request, DecodesQueryParametersInOrder) {
  Request request;
  request.query = "a=1&b=x%20y+z&a=2&&c&d=%3D=&=e";
  const auto parameters = request.query_parameters();
  ASSERT_EQ(parameters.size(), 6U);
  EXPECT_EQ(parameters[0].value, "1");
  EXPECT_EQ(parameters[1].value, "x y z");
  EXPECT_EQ(parameters[2].name, "a");
  EXPECT_EQ(parameters[3].name, "c");
  EXPECT_EQ(parameters[3].value, "");
  EXPECT_EQ(parameters[4].value, "==");
  EXPECT_EQ(parameters[5].name, "");
}

}  // namespace
}  // namespace sidecar::http
