#include "base/ids.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace sidecar {
namespace {

TEST(MakeId, Is22UrlSafeCharactersAndUnique) {
  std::set<std::string> ids;
  for (int i = 0; i < 10000; ++i) {
    const auto id = make_id();
    ASSERT_EQ(id.size(), 22U);
    ASSERT_EQ(id.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), std::string::npos);
    ids.insert(id);
  }
  EXPECT_EQ(ids.size(), 10000U);
}

}  // namespace
}  // namespace sidecar
