#include "registry/cache.hpp"

#include <gtest/gtest.h>

#include <string>

namespace sidecar::registry {
namespace {

using namespace std::chrono_literals;
const auto start = std::chrono::steady_clock::time_point{};

TEST(RegistryCache, ForgetsWhatWasNotUsedForLongest) {
  Cache<int, std::string> cache(2, 1000);
  cache.put(1, "one", 1);
  cache.put(2, "two", 1);
  EXPECT_EQ(cache.find(1, start), "one");
  cache.put(3, "three", 1);
  EXPECT_EQ(cache.find(2, start), std::nullopt);
  EXPECT_EQ(cache.find(1, start), "one");
  EXPECT_EQ(cache.find(3, start), "three");
  EXPECT_EQ(cache.size(), 2U);
}

TEST(RegistryCache, BoundsTheBytes) {
  Cache<int, std::string> cache(100, 10);
  cache.put(1, "one", 6);
  cache.put(2, "two", 4);
  EXPECT_EQ(cache.size(), 2U);
  cache.put(3, "three", 5);
  EXPECT_EQ(cache.find(1, start), std::nullopt);
  EXPECT_EQ(cache.find(2, start), "two");
  cache.put(2, "larger than all", 11);
  EXPECT_EQ(cache.find(2, start), std::nullopt);
  EXPECT_EQ(cache.find(3, start), "three");
  cache.put(4, "four", 5);
  EXPECT_EQ(cache.size(), 2U) << "the bytes of replaced entries are given back";
}

TEST(RegistryCache, DropsWhatIsTooOld) {
  Cache<int, std::string> cache(100, 1000);
  cache.put(1, "one", 1, start + 5s);
  EXPECT_EQ(cache.find(1, start + 5s - 1ns), "one");
  EXPECT_EQ(cache.find(1, start + 5s), std::nullopt);
  EXPECT_EQ(cache.size(), 0U);
  cache.put(1, "for ever", 1);
  EXPECT_EQ(cache.find(1, start + 24h * 365 * 100), "for ever");
}

TEST(RegistryCache, ReplacesAndErases) {
  Cache<int, std::string> cache(100, 1000);
  cache.put(1, "one", 1, start + 1s);
  cache.put(1, "uno", 1);
  cache.put(2, "two", 1);
  EXPECT_EQ(cache.find(1, start + 2s), "uno");
  cache.erase_if([](int key, const std::string& value) { return key == 1 && value == "uno"; });
  EXPECT_EQ(cache.find(1, start), std::nullopt);
  EXPECT_EQ(cache.find(2, start), "two");
}

}  // namespace
}  // namespace sidecar::registry
