// Other loops, and ends in the middle of calls.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include "registry/asking.hpp"
#include "registry/fake_registry.hpp"

namespace sidecar::registry {
namespace {

using namespace std::chrono_literals;
using Kind = Failure::Kind;
using test::Call;
using test::FakeRegistry;
using test::Reply;

using RegistryLoops = test::Asking;

TEST_F(RegistryLoops, AnAnswerComesBackOnTheLoopThatAsked) {
  FakeRegistry server([](const Call&) { return test::schema("one"); });
  start(server.url());
  auto& other = *loops_.all()[1];
  const auto look = [&]() -> Task<bool> {
    const auto answer = co_await registry().by_id(1);
    co_return answer&& other.get_executor().running_in_this_thread();
  };
  EXPECT_TRUE(asio::co_spawn(other, look, asio::use_future).get());
  EXPECT_TRUE(asio::co_spawn(other, look, asio::use_future).get()) << "from memory";
  EXPECT_EQ(server.calls().size(), 1U);
}

TEST_F(RegistryLoops, ManyLoopsReadTheCachesWhileTheyChange) {
  FakeRegistry server([](const Call& call) { return test::schema(call.target); });
  start({.urls = {server.url()}, .cache_entries_max = 5});
  const auto look = [&]() -> Task<int> {
    int good = 0;
    for (std::uint32_t i = 0; i < 200; ++i) {
      const auto id = 1 + i % 7;
      const auto answer = co_await registry().by_id(id);
      if (answer && answer->document->text == "/schemas/ids/" + std::to_string(id)) ++good;
    }
    co_return good;
  };
  auto first = asio::co_spawn(*loops_.all()[0], look, asio::use_future);
  auto second = asio::co_spawn(*loops_.all()[1], look, asio::use_future);
  EXPECT_EQ(first.get(), 200);
  EXPECT_EQ(second.get(), 200);
}

TEST_F(RegistryLoops, StopEndsEveryCallAndKeepsWhatIsKnown) {
  FakeRegistry server(
      [](const Call& call) { return call.target == "/schemas/ids/1" ? test::schema("one") : Reply{.silent = true}; });
  start({.urls = {server.url()}, .request_timeout = 60s});
  EXPECT_TRUE(get(registry().by_id(1)));
  std::vector<test::Pending> pending;
  // More than there may be at a time, from both loops, some of them together.
  for (std::uint32_t i = 0; i < 60; ++i) pending.push_back(ask(registry().by_id(10 + i / 2), i % 2));
  pending.push_back(ask(registry().latest("s")));
  EXPECT_TRUE(http::test::eventually([&] { return server.calls().size() >= 16; }));
  loops_.call([&] { registry().stop(); });
  for (auto& each : pending) {
    const auto answer = answer_of(std::move(each));
    EXPECT_EQ(kind_of(answer), Kind::unavailable);
    EXPECT_THAT(text_of(answer), testing::HasSubstr("the sidecar stops"));
  }
  EXPECT_EQ(kind_of(get(registry().by_id(99))), Kind::unavailable);
  EXPECT_EQ(text_of(get(registry().by_id(1))), "schema one");
}

TEST_F(RegistryLoops, TheRegistryMayGoWhileCallsAreOut) {
  FakeRegistry server([](const Call&) { return Reply{.silent = true}; });
  start({.urls = {server.url()}, .request_timeout = 60s});
  std::vector<test::Pending> pending;
  for (std::uint32_t i = 0; i < 40; ++i) pending.push_back(ask(registry().by_id(i), i % 2));
  EXPECT_TRUE(http::test::eventually([&] { return !server.calls().empty(); }));
  end();
  for (auto& each : pending) EXPECT_EQ(kind_of(answer_of(std::move(each))), Kind::unavailable);
}

TEST_F(RegistryLoops, StopDuringThePauseBeforeTheRetryEndsTheCall) {
  start({.urls = {"http://127.0.0.1:1"}, .request_timeout = 60s});
  std::vector<test::Pending> pending;
  for (std::uint32_t i = 0; i < 10; ++i) pending.push_back(ask(registry().by_id(i)));
  loops_.call([&] { registry().stop(); });
  for (auto& each : pending) EXPECT_EQ(kind_of(answer_of(std::move(each))), Kind::unavailable);
}

TEST(RegistryLoopsEnd, LoopsMayEndWithoutAStop) {
  FakeRegistry server([](const Call&) { return Reply{.silent = true}; });
  std::unique_ptr<Registry> registry;
  auto context = std::make_unique<asio::io_context>(1);
  registry = std::make_unique<Registry>(*context, RegistrySettings{.urls = {server.url()}}, observability::Logger());
  for (std::uint32_t i = 0; i < 40; ++i) asio::co_spawn(*context, registry->by_id(i / 2), asio::detached);
  while (server.calls().empty()) context->run_for(10ms);
  // Nobody runs the loop any more: what is out is dropped with it.
  registry.reset();
  context.reset();
}

}  // namespace
}  // namespace sidecar::registry
