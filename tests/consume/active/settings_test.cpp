/// What one instance gets from the settings of all and from its client (contract, 5.2).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "consume/active/instances.hpp"

namespace sidecar::consume::active {
namespace {

ActiveSettings settings() {
  ActiveSettings all;
  all.consumer.properties = {
      {"group.id", "group1"}, {"auto.offset.reset", "earliest"}, {"client.id", "service-consumer-host"}};
  all.formats.key = formats::Format::string;
  all.formats.value = formats::Format::json;
  return all;
}

InstanceSettings own(const ActiveSettings& all, const CreateRequest& request = {}) {
  auto result = instance_settings(all, {"g", "i"}, request);
  EXPECT_TRUE(result) << result.error().description;
  return result.value_or(InstanceSettings{});
}

TEST(InstanceSettings, TheGroupIsThatOfThePath) {
  EXPECT_EQ(own(settings()).consumer.properties.at("group.id"), "g");
}

TEST(InstanceSettings, OnlyAnIdBecomesTheClientId) {
  EXPECT_EQ(own(settings(), {.name = "n"}).consumer.properties.at("client.id"), "service-consumer-host");
  EXPECT_EQ(own(settings(), {.name = "n", .client_id = "n"}).consumer.properties.at("client.id"), "n");
}

TEST(InstanceSettings, AStaticMemberIsOneOfItsOwn) {
  EXPECT_FALSE(own(settings()).consumer.properties.contains("group.instance.id"));
  auto all = settings();
  all.consumer.properties["group.instance.id"] = "pod-1";
  EXPECT_EQ(own(all).consumer.properties.at("group.instance.id"), "pod-1-i");
}

TEST(InstanceSettings, OffsetResetHasJavasNames) {
  EXPECT_EQ(own(settings()).consumer.properties.at("auto.offset.reset"), "earliest");
  EXPECT_EQ(own(settings(), {.auto_offset_reset = "latest"}).consumer.properties.at("auto.offset.reset"), "latest");
  EXPECT_EQ(own(settings(), {.auto_offset_reset = "none"}).consumer.properties.at("auto.offset.reset"), "error");
  for (const auto* name : {"error", "smallest", "Latest", ""}) {
    const auto refused = instance_settings(settings(), {"g", "i"}, {.auto_offset_reset = name});
    ASSERT_FALSE(refused) << name;
    EXPECT_EQ(refused.error().code, ErrorCode::consumer_config);
  }
}

TEST(InstanceSettings, TheClientsWishesWinOverTheConfiguration) {
  auto all = settings();
  all.consumer.auto_commit = true;
  all.fetch_bytes_min = 5;
  const auto asked = own(all);
  EXPECT_TRUE(asked.consumer.auto_commit);
  EXPECT_EQ(asked.bytes_min, 5);
  EXPECT_EQ(asked.read_max, all.request_timeout);
  const auto other = own(all, {.key_format = formats::Format::binary,
                               .auto_commit = false,
                               .response_bytes_min = 6,
                               .request_wait = std::chrono::milliseconds(7)});
  EXPECT_EQ(other.formats.key, formats::Format::binary);
  EXPECT_EQ(other.formats.value, formats::Format::json);
  EXPECT_FALSE(other.consumer.auto_commit);
  EXPECT_EQ(other.bytes_min, 6);
  EXPECT_EQ(other.read_max, std::chrono::milliseconds(7));
}

TEST(InstanceSettings, ALongInstanceTimeoutLengthensThePollInterval) {
  EXPECT_FALSE(own(settings()).consumer.properties.contains("max.poll.interval.ms"));
  auto all = settings();
  all.instance_timeout = std::chrono::milliseconds(300001);
  EXPECT_EQ(own(all).consumer.properties.at("max.poll.interval.ms"), "300001");
}

}  // namespace
}  // namespace sidecar::consume::active
