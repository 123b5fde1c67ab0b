/// A registry client on loops of its own, asked from the test's thread.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "http/support.hpp"
#include "registry/registry.hpp"

namespace sidecar::registry::test {

using Pending = std::future<Answer<Schema>>;

class Asking : public testing::Test {
 protected:
  ~Asking() override { end(); }

  /// `log_` gets the log lines; read it after `end`.
  void start(RegistrySettings settings) {
    const auto sink = observability::open_log(
        {.level = observability::Level::debug, .format = observability::LogFormat::text, .service_id = {}}, log_);
    loops_.call([&] {
      registry_ =
          std::make_unique<Registry>(loops_.first(), std::move(settings), observability::Logger(sink, "registry"),
                                     [this] { return std::chrono::steady_clock::now() + later_.load(); });
    });
  }
  void start(const std::string& url) { start({.urls = {url}}); }
  void end() {
    loops_.call([this] { registry_.reset(); });
  }
  /// Lets time pass for what is cached.
  void pass(std::chrono::milliseconds time) { later_ = later_.load() + time; }

  /// Awaits on one of the two loops.
  Pending ask(Task<Answer<Schema>> question, std::size_t loop = 0) {
    return asio::co_spawn(*loops_.all().at(loop), std::move(question), asio::use_future);
  }
  static Answer<Schema> answer_of(Pending pending) {
    if (pending.wait_for(std::chrono::seconds(30)) != std::future_status::ready) throw std::runtime_error("no answer");
    return pending.get();
  }
  Answer<Schema> get(Task<Answer<Schema>> question, std::size_t loop = 0) {
    return answer_of(ask(std::move(question), loop));
  }
  /// The kind of the failure and its text; for an answer that is none, nothing.
  static std::optional<Failure::Kind> kind_of(const Answer<Schema>& answer) {
    return answer ? std::nullopt : std::optional(answer.error().kind);
  }
  static std::string text_of(const Answer<Schema>& answer) {
    return answer ? "schema " + answer->document->text : answer.error().text;
  }

  Registry& registry() { return *registry_; }

  http::test::Loops loops_{2};
  std::atomic<std::chrono::milliseconds> later_{std::chrono::milliseconds(0)};
  std::string log_;
  std::unique_ptr<Registry> registry_;
};

}  // namespace sidecar::registry::test
