// A name service that does not answer. This program has its own getaddrinfo, which libcurl finds, too.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <netdb.h>

#include <condition_variable>
#include <cstring>
#include <mutex>

#include "registry/asking.hpp"

namespace {

/// Holds whoever asks for a name below `.stuck`.
struct Stuck {
  std::mutex mutex;
  std::condition_variable changed;
  bool open = false;
  int waiting = 0;
};
Stuck& stuck() {
  static Stuck one;
  return one;
}

}  // namespace

extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** result) {
  if (node != nullptr && std::strstr(node, ".stuck") != nullptr) {
    std::unique_lock lock(stuck().mutex);
    ++stuck().waiting;
    stuck().changed.wait(lock, [] { return stuck().open; });
    --stuck().waiting;
    stuck().changed.notify_all();
    return EAI_AGAIN;
  }
  static const auto real = reinterpret_cast<decltype(&getaddrinfo)>(dlsym(RTLD_NEXT, "getaddrinfo"));
  return real(node, service, hints, result);
}

namespace sidecar::registry {
namespace {

using namespace std::chrono_literals;

using RegistryNameService = test::Asking;

TEST_F(RegistryNameService, ThatDoesNotAnswerHoldsNeitherTheCallNorTheLoop) {
  start({.urls = {"http://registry.stuck:8081"}, .request_timeout = 300ms});
  const auto began = std::chrono::steady_clock::now();
  const auto answer = get(registry().by_id(1));
  EXPECT_EQ(kind_of(answer), Failure::Kind::unavailable);
  loops_.call([] {});
  end();
  EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);
  std::unique_lock lock(stuck().mutex);
  EXPECT_GT(stuck().waiting, 0) << "the look-up is still out";
  stuck().open = true;
  stuck().changed.notify_all();
  EXPECT_TRUE(stuck().changed.wait_for(lock, 5s, [] { return stuck().waiting == 0; }));
}

}  // namespace
}  // namespace sidecar::registry
