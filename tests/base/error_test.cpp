#include "base/error.hpp"

#include <gtest/gtest.h>

namespace sidecar {
namespace {

TEST(ErrorCatalogue, EveryCodeFindsItself) {
  for (const auto& info : error_catalogue()) EXPECT_EQ(error_info(info.code).message, info.message);
}

TEST(ErrorOf, FillsTheArgumentsOfTheTemplate) {
  const auto error = Error::of(ErrorCode::method_not_allowed, {"GET", "/producers/{topic}"});
  EXPECT_EQ(error.description, "GET is not offered on /producers/{topic}.");
  EXPECT_EQ(error_name(error.code), "ERR10008");
}

}  // namespace
}  // namespace sidecar
