// What is asked of the registry, what is kept, and for how long.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <map>
#include <mutex>

#include "registry/asking.hpp"
#include "registry/fake_registry.hpp"

namespace sidecar::registry {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Kind = Failure::Kind;
using test::Call;
using test::FakeRegistry;
using test::Reply;

using RegistryLookup = test::Asking;

/// Answers by the line of the call; anything else is not found.
class Answers {
 public:
  Answers(std::initializer_list<std::pair<const std::string, Reply>> replies) : replies_(replies) {}
  void set(const std::string& line, Reply reply) {
    const std::lock_guard lock(mutex_);
    replies_[line] = std::move(reply);
  }
  FakeRegistry::Handler handler() {
    return [this](const Call& call) {
      const std::lock_guard lock(mutex_);
      const auto at = replies_.find(call.line());
      return at == replies_.end() ? test::error(404, 40403, "nothing at " + call.line()) : at->second;
    };
  }

 private:
  std::mutex mutex_;
  std::map<std::string, Reply> replies_;
};

/// Holds those who come to it until it is opened.
class Gate {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void pass() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

std::string reference(const std::string& name, const std::string& subject, int version) {
  return R"({"name":")" + name + R"(","subject":")" + subject + R"(","version":)" + std::to_string(version) + "}";
}

/// Name and text of each import, in order.
std::vector<std::string> imports_of(const Schema& schema) {
  std::vector<std::string> lines;
  for (const auto& import : schema.document->imports) lines.push_back(import.name + "=" + import.text);
  return lines;
}

TEST_F(RegistryLookup, AnIdIsAskedOnceAndKept) {
  Answers answers{{"GET /schemas/ids/7", {.body = R"({"schema":"{}","schemaType":"JSON"})"}}};
  FakeRegistry server(answers.handler());
  start(server.url());
  EXPECT_FALSE(registry().cached_by_id(7));
  const auto first = get(registry().by_id(7));
  ASSERT_TRUE(first) << text_of(first);
  EXPECT_EQ(first->id, 7U);
  EXPECT_EQ(first->document->type, SchemaType::json);
  EXPECT_EQ(first->document->text, "{}");
  EXPECT_THAT(first->document->imports, IsEmpty());
  pass(24h * 365);
  const auto known = registry().cached_by_id(7);
  ASSERT_TRUE(known);
  ASSERT_TRUE(*known);
  EXPECT_EQ((*known)->document, first->document);
  EXPECT_EQ(get(registry().by_id(7))->document, first->document);
  EXPECT_EQ(server.calls().size(), 1U);
}

TEST_F(RegistryLookup, ConnectionsAreKept) {
  FakeRegistry server([](const Call&) { return test::schema("one"); });
  start(server.url());
  for (std::uint32_t id = 1; id <= 20; ++id) EXPECT_TRUE(get(registry().by_id(id)));
  EXPECT_EQ(server.calls().size(), 20U);
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(RegistryLookup, AHundredWhoAskTheSameShareOneRequest) {
  Gate gate;
  FakeRegistry server([&gate](const Call&) {
    gate.pass();
    return test::schema("one");
  });
  start(server.url());
  std::vector<test::Pending> pending;
  for (std::size_t i = 0; i < 100; ++i) pending.push_back(ask(registry().by_id(7), i % 2));
  EXPECT_TRUE(http::test::eventually([&] { return !server.calls().empty(); }));
  gate.open();
  for (auto& each : pending) EXPECT_EQ(text_of(answer_of(std::move(each))), "schema one");
  EXPECT_EQ(server.calls().size(), 1U);
}

TEST_F(RegistryLookup, DifferentQuestionsRunSideBySideWithinBounds) {
  Gate gate;
  std::atomic<int> at_once{0};
  FakeRegistry server([&](const Call&) {
    ++at_once;
    gate.pass();
    return test::schema("one");
  });
  start(server.url());
  std::vector<test::Pending> pending;
  for (std::uint32_t id = 1; id <= 40; ++id) pending.push_back(ask(registry().by_id(id)));
  EXPECT_TRUE(http::test::eventually([&] { return at_once == 16; }));
  // The loop is free meanwhile, and no 17th request has been made.
  loops_.call([] {});
  EXPECT_EQ(at_once, 16);
  gate.open();
  for (auto& each : pending) EXPECT_EQ(text_of(answer_of(std::move(each))), "schema one");
  EXPECT_EQ(server.calls().size(), 40U);
  EXPECT_LE(server.connections(), 40);
}

TEST_F(RegistryLookup, NotFoundIsKeptForFiveSeconds) {
  Answers answers{};
  FakeRegistry server(answers.handler());
  start(server.url());
  EXPECT_EQ(kind_of(get(registry().by_id(7))), Kind::not_found);
  answers.set("GET /schemas/ids/7", test::schema("one"));
  pass(4s);
  EXPECT_EQ(kind_of(get(registry().by_id(7))), Kind::not_found);
  EXPECT_EQ(kind_of(*registry().cached_by_id(7)), Kind::not_found);
  EXPECT_EQ(server.calls().size(), 1U);
  pass(1s);
  EXPECT_FALSE(registry().cached_by_id(7));
  EXPECT_EQ(text_of(get(registry().by_id(7))), "schema one");
}

TEST_F(RegistryLookup, TheCacheHoldsNoMoreThanItsCapacity) {
  FakeRegistry server([](const Call&) { return test::schema("one"); });
  start({.urls = {server.url()}, .cache_entries_max = 3});
  for (std::uint32_t id = 1; id <= 4; ++id) EXPECT_TRUE(get(registry().by_id(id)));
  EXPECT_FALSE(registry().cached_by_id(1));
  for (std::uint32_t id = 2; id <= 4; ++id) EXPECT_TRUE(registry().cached_by_id(id)) << id;
  EXPECT_TRUE(get(registry().by_id(1)));
  EXPECT_EQ(server.calls().size(), 5U);
}

TEST_F(RegistryLookup, AVersionIsKeptAndKnownByItsId) {
  Answers answers{{"GET /subjects/orders-value/versions/3", test::schema("three", 30, 3)}};
  FakeRegistry server(answers.handler());
  start(server.url());
  const auto answer = get(registry().by_version("orders-value", 3));
  ASSERT_TRUE(answer) << text_of(answer);
  EXPECT_EQ(answer->id, 30U);
  EXPECT_EQ(answer->version, 3);
  EXPECT_EQ(answer->subject, "orders-value");
  pass(24h);
  EXPECT_EQ((*registry().cached_by_version("orders-value", 3))->document, answer->document);
  EXPECT_EQ(get(registry().by_id(30))->document, answer->document);
  EXPECT_EQ(server.calls().size(), 1U);
  EXPECT_EQ(kind_of(get(registry().by_version("orders-value", 4))), Kind::not_found);
}

TEST_F(RegistryLookup, WhatCannotBeAskedIsRefusedWithoutARequest) {
  FakeRegistry server([](const Call&) { return test::schema("one", 1, 1); });
  start(server.url());
  EXPECT_EQ(text_of(get(registry().by_version("s", 0))), "subject s version 0: versions count from 1");
  EXPECT_EQ(kind_of(get(registry().by_version("s", -1))), Kind::refused);
  for (auto* question : {+[](Registry& r) { return r.by_version("", 1); }, +[](Registry& r) { return r.latest(""); },
                         +[](Registry& r) { return r.by_id_under("", 1); },
                         +[](Registry& r) { return r.of_text("", SchemaType::avro, "x"); }})
    EXPECT_EQ(kind_of(get(question(registry()))), Kind::refused);
  EXPECT_THAT(server.calls(), IsEmpty());
}

TEST_F(RegistryLookup, TheLatestVersionGrowsOld) {
  Answers answers{{"GET /subjects/s/versions/latest", test::schema("one", 1, 1)}};
  FakeRegistry server(answers.handler());
  start(server.url());
  const auto first = get(registry().latest("s"));
  ASSERT_TRUE(first);
  EXPECT_EQ(first->version, 1);
  pass(29s);
  EXPECT_TRUE(registry().cached_latest("s"));
  EXPECT_TRUE(get(registry().latest("s")));
  EXPECT_EQ(server.calls().size(), 1U);
  pass(1s);
  EXPECT_FALSE(registry().cached_latest("s"));
  EXPECT_EQ(get(registry().latest("s"))->document, first->document) << "the same schema is the same object";
  EXPECT_EQ(server.calls().size(), 2U);
  answers.set("GET /subjects/s/versions/latest", test::schema("two", 2, 2));
  EXPECT_EQ(text_of(get(registry().latest("s"))), "schema one");
  EXPECT_EQ(text_of(get(registry().latest("s", true))), "schema two");
  EXPECT_EQ(text_of(*registry().cached_latest("s")), "schema two");
  EXPECT_EQ(server.calls().size(), 3U);
}

TEST_F(RegistryLookup, ARefreshThatFailsLeavesWhatIsKnown) {
  Answers answers{{"GET /subjects/s/versions/latest", test::schema("one", 1, 1)}};
  FakeRegistry server(answers.handler());
  start(server.url());
  EXPECT_TRUE(get(registry().latest("s")));
  answers.set("GET /subjects/s/versions/latest", test::error(500, 50001, "down"));
  EXPECT_EQ(kind_of(get(registry().latest("s", true))), Kind::unavailable);
  EXPECT_EQ(text_of(get(registry().latest("s"))), "schema one");
}

TEST_F(RegistryLookup, AnIdCountsUnderASubjectOnlyIfTheSubjectHasIt) {
  Answers answers{
      {"GET /schemas/ids/1",
       {.body = R"({"schema":"one","schemaType":"PROTOBUF","references":[)" + reference("a.proto", "a", 1) + "]}"}},
      {"GET /subjects/a/versions/1", test::schema("import", 9, 1)},
      {"POST /subjects/mine", test::schema("one", 1, 5)},
      {"POST /subjects/twin", test::schema("one", 2, 1)}};
  FakeRegistry server(answers.handler());
  start(server.url());
  const auto mine = get(registry().by_id_under("mine", 1));
  ASSERT_TRUE(mine) << text_of(mine);
  EXPECT_EQ(mine->id, 1U);
  EXPECT_EQ(mine->version, 5);
  EXPECT_EQ(mine->subject, "mine");
  EXPECT_EQ(server.calls().back().body, R"({"schema":"one","schemaType":"PROTOBUF","references":[)"
                                        R"({"name":"a.proto","subject":"a","version":1}]})");
  EXPECT_EQ(server.calls().back().content_type, "application/vnd.schemaregistry.v1+json");
  const auto asked = server.calls().size();
  EXPECT_TRUE(get(registry().by_id_under("mine", 1)));
  EXPECT_TRUE(registry().cached_by_id_under("mine", 1));
  EXPECT_EQ(server.calls().size(), asked);
  EXPECT_EQ(text_of(get(registry().by_id_under("twin", 1))),
            "schema id 1 under subject twin: the subject has this schema under another id");
  EXPECT_EQ(kind_of(get(registry().by_id_under("twin", 1))), Kind::not_found);
  EXPECT_EQ(text_of(get(registry().by_id_under("other", 1))),
            "schema id 1 under subject other: not found: nothing at POST /subjects/other");
  EXPECT_EQ(kind_of(get(registry().by_id_under("mine", 8))), Kind::not_found);
}

TEST_F(RegistryLookup, ATextThatTheSubjectHasIsFound) {
  Answers answers{{"POST /subjects/s", test::schema("\"int\"", 4, 2)}};
  FakeRegistry server(answers.handler());
  start(server.url());
  EXPECT_FALSE(registry().cached_of_text("s", SchemaType::avro, "\"int\""));
  const auto answer = get(registry().of_text("s", SchemaType::avro, "\"int\""));
  ASSERT_TRUE(answer) << text_of(answer);
  EXPECT_EQ(answer->id, 4U);
  EXPECT_EQ(answer->version, 2);
  EXPECT_THAT(server.lines(), ElementsAre("POST /subjects/s"));
  EXPECT_EQ(server.calls().front().body, R"({"schema":"\"int\""})");
  EXPECT_TRUE(registry().cached_of_text("s", SchemaType::avro, "\"int\""));
  EXPECT_FALSE(registry().cached_of_text("s", SchemaType::json, "\"int\""));
  EXPECT_FALSE(registry().cached_of_text("t", SchemaType::avro, "\"int\""));
  EXPECT_FALSE(registry().cached_of_text("s", SchemaType::avro, "\"long\""));
  EXPECT_EQ(get(registry().of_text("s", SchemaType::avro, "\"int\""))->document, answer->document);
  EXPECT_EQ(server.calls().size(), 1U);
}

TEST_F(RegistryLookup, ATextHasTheTypeItWasLookedUpWith) {
  // As Apicurio answers: without `schemaType`.
  Answers answers{{"POST /subjects/s", test::schema("{}", 4, 2)}};
  FakeRegistry server(answers.handler());
  start(server.url());
  const auto answer = get(registry().of_text("s", SchemaType::json, "{}"));
  ASSERT_TRUE(answer) << text_of(answer);
  EXPECT_EQ(answer->document->type, SchemaType::json);
  EXPECT_EQ(get(registry().by_id(4))->document->type, SchemaType::json);
}

TEST_F(RegistryLookup, ATextThatTheSubjectLacksIsRegistered) {
  Answers answers{{"POST /subjects/s/versions", {.body = R"({"id":5})"}}};
  FakeRegistry server(answers.handler());
  start(server.url());
  // What was not there is asked again after the registration, although "not found" is young.
  EXPECT_EQ(kind_of(get(registry().latest("s"))), Kind::not_found);
  EXPECT_EQ(kind_of(get(registry().by_version("s", 1))), Kind::not_found);
  const auto answer = get(registry().of_text("s", SchemaType::json, "{\"title\":\"caf\u00e9\"}"));
  ASSERT_TRUE(answer) << text_of(answer);
  EXPECT_EQ(answer->id, 5U);
  EXPECT_EQ(answer->document->type, SchemaType::json);
  EXPECT_EQ(answer->document->text, "{\"title\":\"caf\u00e9\"}");
  EXPECT_EQ(server.calls().back().line(), "POST /subjects/s/versions");
  EXPECT_EQ(server.calls().back().body, "{\"schema\":\"{\\\"title\\\":\\\"caf\u00e9\\\"}\",\"schemaType\":\"JSON\"}");
  EXPECT_EQ(get(registry().by_id(5))->document, answer->document);
  answers.set("GET /subjects/s/versions/latest", test::schema("{}", 5, 1));
  answers.set("GET /subjects/s/versions/1", test::schema("{}", 5, 1));
  EXPECT_TRUE(get(registry().latest("s")));
  EXPECT_TRUE(get(registry().by_version("s", 1)));
  end();
  EXPECT_THAT(log_, HasSubstr("schema registered"));
}

TEST_F(RegistryLookup, NormalizingIsAskedForInLookUpAndRegistration) {
  Answers answers{{"POST /subjects/s/versions?normalize=true", {.body = R"({"id":5})"}},
                  {"GET /schemas/ids/5", test::schema("normal")}};
  FakeRegistry server(answers.handler());
  start({.urls = {server.url()}, .normalize = true});
  EXPECT_TRUE(get(registry().of_text("s", SchemaType::avro, "text")));
  EXPECT_THAT(server.lines(),
              ElementsAre("POST /subjects/s?normalize=true", "POST /subjects/s/versions?normalize=true"));
  EXPECT_EQ(text_of(get(registry().by_id(5))), "schema normal") << "by its id it is what the registry keeps";
}

TEST_F(RegistryLookup, WithoutAutoRegisterAnUnknownTextIsNotFound) {
  Answers answers{};
  FakeRegistry server(answers.handler());
  start({.urls = {server.url()}, .auto_register = false});
  const auto answer = get(registry().of_text("s", SchemaType::avro, "text"));
  EXPECT_EQ(kind_of(answer), Kind::not_found);
  EXPECT_EQ(text_of(answer),
            "schema text under subject s: not found: nothing at POST /subjects/s (auto.register.schemas is off)");
  EXPECT_THAT(server.lines(), ElementsAre("POST /subjects/s"));
}

TEST_F(RegistryLookup, ARefusedRegistrationCarriesTheReasonAndIsNotKept) {
  Answers answers{{"POST /subjects/s/versions", test::error(409, 409, "Schema is incompatible with version 1")}};
  FakeRegistry server(answers.handler());
  start(server.url());
  const auto answer = get(registry().of_text("s", SchemaType::avro, "text"));
  EXPECT_EQ(kind_of(answer), Kind::refused);
  EXPECT_EQ(text_of(answer), "registration under subject s: Schema is incompatible with version 1");
  EXPECT_FALSE(registry().cached_of_text("s", SchemaType::avro, "text"));
  answers.set("POST /subjects/s/versions", {.body = R"({"id":5})"});
  EXPECT_TRUE(get(registry().of_text("s", SchemaType::avro, "text")));
}

TEST_F(RegistryLookup, TheLatestVersionStandsForATextWhenAsked) {
  Answers answers{{"GET /subjects/s/versions/latest", test::schema("latest", 8, 3)},
                  {"POST /compatibility/subjects/s/versions/3", {.body = R"({"is_compatible":false})"}}};
  FakeRegistry server(answers.handler());
  start({.urls = {server.url()}, .auto_register = false, .use_latest_version = true});
  const auto refused = get(registry().of_text("s", SchemaType::avro, "text"));
  EXPECT_EQ(kind_of(refused), Kind::refused);
  EXPECT_EQ(text_of(refused),
            "schema text under subject s: not compatible with version 3 (latest.compatibility.strict)");
  answers.set("POST /compatibility/subjects/s/versions/3", {.body = R"({"is_compatible":true})"});
  const auto answer = get(registry().of_text("s", SchemaType::avro, "text"));
  EXPECT_EQ(text_of(answer), "schema latest");
  EXPECT_EQ(answer->id, 8U);
  pass(30s);
  EXPECT_FALSE(registry().cached_of_text("s", SchemaType::avro, "text")) << "it is as old as a latest version may be";
  end();
  start({.urls = {server.url()},
         .auto_register = false,
         .use_latest_version = true,
         .latest_compatibility_strict = false});
  const auto before = server.calls().size();
  EXPECT_EQ(text_of(get(registry().of_text("s", SchemaType::avro, "text"))), "schema latest");
  EXPECT_EQ(server.calls().size(), before + 1);
  end();
  start({.urls = {server.url()}, .use_latest_version = true});
  answers.set("POST /subjects/s", test::schema("text", 4, 1));
  EXPECT_EQ(text_of(get(registry().of_text("s", SchemaType::avro, "text"))), "schema text")
      << "no effect while texts are registered";
}

TEST_F(RegistryLookup, AGuidIsAskedInItsTextForm) {
  Answers answers{{"GET /schemas/guids/00112233-4455-6677-8899-aabbccddeeff", test::schema("one")},
                  {"GET /schemas/guids/ff112233-4455-6677-8899-aabbccddeeff", test::schema("two", 2, 1)}};
  FakeRegistry server(answers.handler());
  start(server.url());
  Guid guid{0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};
  const auto one = get(registry().by_guid(guid));
  ASSERT_TRUE(one) << text_of(one);
  EXPECT_EQ(one->id, 0U);
  EXPECT_TRUE(registry().cached_by_guid(guid));
  guid[0] = 0xff;
  const auto two = get(registry().by_guid(guid));
  ASSERT_TRUE(two) << text_of(two);
  EXPECT_EQ(two->id, 2U);
  EXPECT_EQ((*registry().cached_by_id(2))->document, two->document);
  guid[0] = 0x01;
  EXPECT_EQ(kind_of(get(registry().by_guid(guid))), Kind::not_found);
}

TEST_F(RegistryLookup, AGuidIsNotFoundWhereARegistryKnowsNoGuids) {
  // As old registries answer a path that they do not know.
  Answers answers{{"GET /schemas/guids/00000000-0000-0000-0000-000000000000", test::error(404, 404, "HTTP 404")}};
  FakeRegistry server(answers.handler());
  start(server.url());
  EXPECT_EQ(kind_of(get(registry().by_guid({}))), Kind::not_found);
  end();
  // As a server answers that is no registry at all.
  FakeRegistry other([](const Call&) { return Reply{.status = 404, .body = "<html>"}; });
  start(other.url());
  EXPECT_EQ(kind_of(get(registry().by_guid({}))), Kind::unavailable);
  EXPECT_FALSE(registry().cached_by_guid({}));
}

TEST_F(RegistryLookup, SubjectsArePercentEncodedBelowThePrefixOfTheUrl) {
  FakeRegistry server([](const Call&) { return test::schema("one", 1, 1); });
  start(server.url() + "/apis/ccompat/v7");
  EXPECT_TRUE(get(registry().by_version("a/b ?#%:.caf\u00e9-value_~", 1)));
  EXPECT_TRUE(get(registry().latest("..")));
  EXPECT_THAT(server.lines(),
              ElementsAre("GET /apis/ccompat/v7/subjects/a%2Fb%20%3F%23%25%3A.caf%C3%A9-value_~/versions/1",
                          "GET /apis/ccompat/v7/subjects/../versions/latest"));
}

TEST_F(RegistryLookup, AnAnswerWithoutAnIdIsUnusableWhereOneIsNeeded) {
  FakeRegistry server([](const Call&) { return test::schema("one"); });
  start(server.url());
  EXPECT_EQ(kind_of(get(registry().latest("s"))), Kind::unavailable);
  EXPECT_EQ(kind_of(get(registry().by_version("s", 1))), Kind::unavailable);
  EXPECT_EQ(kind_of(get(registry().of_text("s", SchemaType::avro, "one"))), Kind::unavailable);
}

TEST_F(RegistryLookup, ReferencesComeBeforeWhatUsesThemEachOnce) {
  // root -> left, right; left -> base; right -> base, left.
  Answers answers{{"GET /schemas/ids/1",
                   {.body = R"({"schema":"root","references":[)" + reference("Left", "left", 1) + "," +
                            reference("Right", "right", 2) + "]}"}},
                  {"GET /subjects/left/versions/1",
                   test::schema("left", 11, 1, R"(,"references":[)" + reference("Base", "base", 1) + "]")},
                  {"GET /subjects/right/versions/2", test::schema("right", 12, 2,
                                                                  R"(,"references":[)" + reference("Base", "base", 1) +
                                                                      "," + reference("Left", "left", 1) + "]")},
                  {"GET /subjects/base/versions/1", test::schema("base", 10, 1)}};
  FakeRegistry server(answers.handler());
  start(server.url());
  const auto answer = get(registry().by_id(1));
  ASSERT_TRUE(answer) << text_of(answer);
  EXPECT_THAT(imports_of(*answer), ElementsAre("Base=base", "Left=left", "Right=right"));
  EXPECT_THAT(answer->document->references, ElementsAre(Reference{"Left", "left", 1}, Reference{"Right", "right", 2}));
  EXPECT_EQ(server.calls().size(), 4U) << "each is fetched once";
  // What was fetched as a reference is known as a version.
  EXPECT_THAT(imports_of(*get(registry().by_version("right", 2))), ElementsAre("Base=base", "Left=left"));
  EXPECT_EQ(server.calls().size(), 4U);
}

TEST_F(RegistryLookup, ANameThatIsUsedTwiceMeansWhatItMeansFirst) {
  Answers answers{
      {"GET /schemas/ids/1",
       {.body = R"({"schema":"root","references":[)" + reference("A", "a", 1) + "," + reference("B", "b", 1) + "]}"}},
      {"GET /subjects/a/versions/1", test::schema("a1", 11, 1)},
      {"GET /subjects/a/versions/2", test::schema("a2", 12, 2)},
      {"GET /subjects/b/versions/1", test::schema("b", 13, 1, R"(,"references":[)" + reference("A", "a", 2) + "]")}};
  FakeRegistry server(answers.handler());
  start(server.url());
  EXPECT_THAT(imports_of(*get(registry().by_id(1))), ElementsAre("A=a1", "B=b"));
}

TEST_F(RegistryLookup, ReferencesInACircleAreUnusable) {
  Answers answers{
      {"GET /schemas/ids/1", {.body = R"({"schema":"root","references":[)" + reference("A", "a", 1) + "]}"}},
      {"GET /subjects/a/versions/1", test::schema("a", 11, 1, R"(,"references":[)" + reference("B", "b", 1) + "]")},
      {"GET /subjects/b/versions/1", test::schema("b", 12, 1, R"(,"references":[)" + reference("A", "a", 1) + "]")},
      {"GET /subjects/c/versions/1", test::schema("c", 13, 1, R"(,"references":[)" + reference("C", "c", 1) + "]")}};
  FakeRegistry server(answers.handler());
  start(server.url());
  const auto answer = get(registry().by_id(1));
  EXPECT_EQ(kind_of(answer), Kind::unusable);
  EXPECT_EQ(text_of(answer), "schema id 1: references go in a circle at subject a version 1");
  EXPECT_EQ(kind_of(get(registry().by_version("c", 1))), Kind::unusable);
  const auto asked = server.calls().size();
  EXPECT_EQ(kind_of(get(registry().by_id(1))), Kind::unusable);
  EXPECT_EQ(server.calls().size(), asked) << "that is known for a while";
}

TEST_F(RegistryLookup, ReferencesAreBoundedInDepthCountAndBytes) {
  // Each version of `deep` refers to the next; `wide` refers to many, and each of those to many.
  FakeRegistry server([](const Call& call) {
    const auto number = std::stoi(call.target.substr(call.target.rfind('/') + 1));
    if (call.target.starts_with("/subjects/deep/"))
      return test::schema(
          "deep", number, number,
          number == 40 ? "" : R"(,"references":[)" + reference("D" + std::to_string(number), "deep", number + 1) + "]");
    if (call.target.starts_with("/subjects/wide/")) {
      std::string list;
      for (int i = 0; i < number; ++i) list += (i == 0 ? "" : ",") + reference("W" + std::to_string(i), "leaf", i + 1);
      return test::schema("wide", 1000 + number, number, R"(,"references":[)" + list + "]");
    }
    if (call.target.starts_with("/subjects/twice/"))
      return test::schema(
          "twice", 3000, 1,
          R"(,"references":[)" + reference("X", "leaf", 1000) + "," + reference("Y", "wide", 256) + "]");
    if (call.target.starts_with("/subjects/heavy/")) {
      std::string list;
      for (int i = 0; i < number; ++i) list += (i == 0 ? "" : ",") + reference("H" + std::to_string(i), "rock", i + 1);
      return test::schema("heavy", 4000 + number, number, R"(,"references":[)" + list + "]");
    }
    if (call.target.starts_with("/subjects/rock/"))
      return test::schema(std::string(4'000'000, ' '), 5000 + number, number);
    return test::schema("leaf", 2000 + number, number);
  });
  start({.urls = {server.url()}, .request_timeout = 60s});
  EXPECT_EQ(get(registry().by_version("deep", 40 - 16))->document->imports.size(), 16U);
  EXPECT_EQ(text_of(get(registry().by_version("deep", 40 - 17))),
            "subject deep version 23: references go deeper than 16 levels");
  EXPECT_EQ(get(registry().by_version("wide", 256))->document->imports.size(), 256U);
  EXPECT_EQ(text_of(get(registry().by_version("twice", 1))),
            "subject twice version 1: refers to more than 256 schemas");
  EXPECT_EQ(get(registry().by_version("heavy", 4))->document->imports.size(), 4U);
  EXPECT_EQ(text_of(get(registry().by_version("heavy", 5))),
            "subject heavy version 5: is larger than 16777216 bytes with its references");
}

TEST_F(RegistryLookup, AReferenceThatIsMissingMakesASchemaUnusableAndOneThatIsOutOfReachDoesNot) {
  Answers answers{
      {"GET /schemas/ids/1", {.body = R"({"schema":"root","references":[)" + reference("A", "a", 1) + "]}"}}};
  FakeRegistry server(answers.handler());
  start(server.url());
  answers.set("GET /subjects/a/versions/1", test::error(503, 50301, "down"));
  EXPECT_EQ(kind_of(get(registry().by_id(1))), Kind::unavailable);
  EXPECT_FALSE(registry().cached_by_id(1));
  answers.set("GET /subjects/a/versions/1", test::error(404, 40402, "Version 1 not found."));
  const auto answer = get(registry().by_id(1));
  EXPECT_EQ(kind_of(answer), Kind::unusable);
  EXPECT_EQ(text_of(answer), "schema id 1: reference to subject a version 1: not found: Version 1 not found.");
}

TEST_F(RegistryLookup, TheTimeLimitIsOneForAllReferencesTogether) {
  Answers answers{
      {"GET /schemas/ids/1", {.body = R"({"schema":"root","references":[)" + reference("A", "a", 1) + "]}"}},
      {"GET /subjects/a/versions/1", {.silent = true}}};
  FakeRegistry server(answers.handler());
  start({.urls = {server.url()}, .request_timeout = 300ms});
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(kind_of(get(registry().by_id(1))), Kind::unavailable);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);
}

}  // namespace
}  // namespace sidecar::registry
