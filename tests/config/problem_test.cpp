#include "config/problem.hpp"

#include <gtest/gtest.h>

namespace sidecar::config {
namespace {

TEST(ProblemLine, NamesFileLineAndColumn) {
  EXPECT_EQ(to_line({{"dir/values.yml", 3, 7}, "server.httpPort is odd"}),
            "dir/values.yml:3:7: server.httpPort is odd");
}

TEST(ProblemLine, NamesTheSourceAloneWhereThereAreNoLines) {
  EXPECT_EQ(to_line({{"environment SERVER_HTTPPORT"}, "is odd"}), "environment SERVER_HTTPPORT: is odd");
}

TEST(Nearest, FindsASlipOfThePen) {
  const std::vector<std::string> keys{"server.httpPort", "server.httpsPort", "server.enableHttp"};
  EXPECT_EQ(nearest("server.htpPort", keys), "server.httpPort");
  EXPECT_EQ(nearest("server.enableHttpp", keys), "server.enableHttp");
  EXPECT_EQ(nearest("server.httpsPort", keys), "server.httpsPort");
}

TEST(Nearest, SuggestsNothingForAnotherWord) {
  const std::vector<std::string> keys{"server.httpPort"};
  EXPECT_EQ(nearest("rate-limit.enabled", keys), "");
  EXPECT_EQ(nearest("x", {}), "");
}

TEST(SortByPlace, OrdersBySourceThenLineThenColumn) {
  std::vector<Problem> problems{{{"b", 1, 1}, "4"}, {{"a", 10, 1}, "3"}, {{"a", 2, 9}, "2"}, {{"a", 2, 1}, "1"}};
  sort_by_place(problems);
  std::string order;
  for (const auto& problem : problems) order += problem.text;
  EXPECT_EQ(order, "1234");
}

}  // namespace
}  // namespace sidecar::config
