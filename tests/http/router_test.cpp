#include "http/router.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "http/support.hpp"

namespace sidecar::http::test {
namespace {

Router business_routes() {
  Router router;
  router.add_chain(bare_chain());
  const auto add = [&router](const char* method, const char* path) {
    router.add({.method = method, .path = path, .chain = "none", .endpoint = text_endpoint("")});
  };
  add("POST", "/producers/{topic}");
  add("POST", "/consumers/{group}");
  add("DELETE", "/consumers/{group}/instances/{instance}");
  add("POST", "/consumers/{group}/instances/{instance}/offsets");
  add("PUT", "/consumers/{group}/instances/{instance}/offsets");
  add("POST", "/consumers/{group}/instances/{instance}/positions/first");
  add("GET", "/consumers/deadLetter/reactive");
  add("GET", "/consumers/deadLetter/active");
  add("POST", "/consumers/deadLetter/active");
  add("POST", "/consumers/active/audit");
  add("GET", "/health/{serviceId}");
  add("GET", "/health/liveness");
  return router;
}

struct Row {
  const char* name;
  const char* method;
  const char* path;
  std::string route;  ///< Or the error, with `allow` behind it.
  std::vector<std::string> values;
};
class Routes : public testing::TestWithParam<Row> {};

TEST_P(Routes, AreFound) {
  const Router router = business_routes();
  std::vector<Parameter> parameters;
  const auto match = router.find(GetParam().method, GetParam().path, parameters);
  if (match.route == nullptr) {
    ASSERT_TRUE(match.error);
    EXPECT_EQ(error_name(match.error->code) + (match.allow.empty() ? "" : " " + match.allow), GetParam().route);
    return;
  }
  EXPECT_EQ(match.route->path, GetParam().route);
  EXPECT_EQ(match.chain->name(), "none");
  std::vector<std::string> values;
  for (const auto& parameter : parameters) values.push_back(parameter.value);
  EXPECT_EQ(values, GetParam().values);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, Routes,
    testing::Values(
        Row{"a_variable", "POST", "/producers/orders", "/producers/{topic}", {"orders"}},
        Row{"a_decoded_variable", "POST", "/producers/a%20b%2Fc", "/producers/{topic}", {"a b/c"}},
        Row{"decoded_once_only", "POST", "/producers/%2541", "/producers/{topic}", {"%41"}},
        Row{"utf_8", "POST", "/producers/%C3%A4", "/producers/{topic}", {"\xC3\xA4"}},
        Row{"several_variables",
            "PUT",
            "/consumers/g/instances/i/offsets",
            "/consumers/{group}/instances/{instance}/offsets",
            {"g", "i"}},
        Row{"a_literal_over_a_variable", "GET", "/health/liveness", "/health/liveness", {}},
        Row{"an_encoded_literal", "GET", "/health/live%6Eess", "/health/liveness", {}},
        Row{"the_variable_beside_it",
            "GET",
            "/health/com.networknt.kafka-sidecar-1.0.0",
            "/health/{serviceId}",
            {"com.networknt.kafka-sidecar-1.0.0"}},
        Row{"dead_letters_are_no_group", "GET", "/consumers/deadLetter/active", "/consumers/deadLetter/active", {}},
        Row{"a_group_named_like_a_literal", "POST", "/consumers/deadLetter", "/consumers/{group}", {"deadLetter"}},
        Row{"back_to_the_variable",
            "DELETE",
            "/consumers/deadLetter/instances/x",
            "/consumers/{group}/instances/{instance}",
            {"deadLetter", "x"}},
        Row{"back_from_deeper",
            "POST",
            "/consumers/active/instances/x/positions/first",
            "/consumers/{group}/instances/{instance}/positions/first",
            {"active", "x"}},
        Row{"head_is_a_get", "HEAD", "/health/liveness", "/health/liveness", {}},
        Row{"unknown_path", "GET", "/nothing", "ERR10048", {}},
        Row{"unknown_below_a_known_one", "POST", "/consumers/g/x", "ERR10048", {}},
        Row{"a_slash_too_many", "POST", "/consumers/g/", "ERR10048", {}}, Row{"the_root", "GET", "/", "ERR10048", {}},
        Row{"a_dot_segment_is_a_name", "GET", "/health/../health/liveness", "ERR10048", {}},
        Row{"a_strange_method_elsewhere", "FOO", "/nothing", "ERR10048", {}},
        Row{"connect", "CONNECT", "a:443", "ERR10048", {}},
        Row{"other_method", "GET", "/producers/orders", "ERR10008 POST", {}},
        Row{"other_method_of_two", "PATCH", "/consumers/g/instances/i/offsets", "ERR10008 POST, PUT", {}},
        Row{"a_literal_path_is_known_alone", "DELETE", "/consumers/deadLetter/active", "ERR10008 GET, HEAD, POST", {}},
        Row{"head_needs_a_get", "HEAD", "/producers/orders", "ERR10008 POST", {}},
        Row{"methods_are_case_sensitive", "post", "/producers/orders", "ERR10008 POST", {}},
        Row{"an_empty_variable", "POST", "/producers/", "ERR10007", {}},
        Row{"an_empty_variable_inside", "DELETE", "/consumers//instances/i", "ERR10007", {}},
        Row{"an_empty_variable_of_another_method", "GET", "/producers/", "ERR10007", {}},
        Row{"bad_encoding", "POST", "/producers/%4", "ERR30014", {}},
        Row{"bad_encoding_of_no_route", "POST", "/x/%zz", "ERR30014", {}},
        Row{"an_encoded_nul", "POST", "/producers/a%00b", "ERR30014", {}},
        Row{"not_utf_8", "POST", "/producers/%FF", "ERR30014", {}}),
    [](const auto& row) { return row.param.name; });

TEST(Router, NamesPathAndMethodOfWhatItDoesNotFind) {
  const Router router = business_routes();
  std::vector<Parameter> parameters;
  const auto match = router.find("GET", "/nothing/" + std::string(1000, 'x'), parameters);
  EXPECT_NE(match.error->description.find("/nothing/x"), std::string::npos);
  EXPECT_NE(match.error->description.find("GET"), std::string::npos);
  EXPECT_LT(match.error->description.size(), 400U);
}

TEST(Router, BoundsTheDepthOfAPath) {
  const Router router = business_routes();
  std::vector<Parameter> parameters;
  std::string path;
  for (int i = 0; i < 5000; ++i) path += "/a";
  EXPECT_EQ(router.find("GET", path, parameters).error->code, ErrorCode::path_not_implemented);
}

TEST(Router, RefusesATableThatCannotWork) {
  Router router = business_routes();
  const auto route = [](const char* path) {
    return Route{.method = "POST", .path = path, .chain = "none", .endpoint = text_endpoint("")};
  };
  EXPECT_THROW(router.add(route("/producers/{topic}")), std::invalid_argument);
  EXPECT_THROW(router.add(route("/producers/{other}")), std::invalid_argument);
  EXPECT_THROW(router.add(route("producers")), std::invalid_argument);
  EXPECT_THROW(router.add(route("/a{b}")), std::invalid_argument);
  EXPECT_THROW(router.add(route("/{}")), std::invalid_argument);
  EXPECT_THROW(router.add(route("/a//b")), std::invalid_argument);
  Route no_chain = route("/x");
  no_chain.chain = "admin";
  EXPECT_THROW(router.add(no_chain), std::invalid_argument);
  EXPECT_THROW(router.add({.method = "GET", .path = "/x", .chain = "none"}), std::invalid_argument);
  EXPECT_THROW(router.add_chain(bare_chain()), std::invalid_argument);
}

TEST(Router, ListsAllMethodsOnce) {
  EXPECT_EQ(business_routes().all_methods(), "POST, DELETE, PUT, GET, HEAD");
}

}  // namespace
}  // namespace sidecar::http::test
