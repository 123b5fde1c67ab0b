#include "http/text.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "http/origin.hpp"
#include "http/own_addresses.hpp"

namespace sidecar::http {
namespace {

TEST(PercentDecode, DecodesOnce) {
  EXPECT_EQ(percent_decode("a%20b%2Fc%2f"), "a b/c/");
  EXPECT_EQ(percent_decode("%2541"), "%41");
  EXPECT_EQ(percent_decode("+"), "+");
  for (const auto* bad : {"%", "%4", "a%4", "%G0", "%0G", "%%20"}) {
    EXPECT_FALSE(percent_decode(bad)) << bad;
    EXPECT_FALSE(is_percent_encoded(bad)) << bad;
  }
  EXPECT_TRUE(is_percent_encoded("a=%00&b"));
}

TEST(AcceptWeight, TakesTheMostSpecificRange) {
  const auto weight = [](const char* accept) { return accept_weight(accept, "application/json").thousandths; };
  EXPECT_EQ(weight("application/json"), 1000);
  EXPECT_EQ(weight("APPLICATION/JSON;q=0.5"), 500);
  EXPECT_EQ(weight("*/*;q=0.8, application/*;q=0.1, application/json; charset=utf-8; q=0.25"), 250);
  EXPECT_EQ(weight("application/*;q=0.3, */*"), 300);
  EXPECT_EQ(weight("text/html"), 0);
  EXPECT_EQ(weight("application/json;q=0"), 0);
  EXPECT_EQ(weight("application/json;q=nonsense"), 0);
  EXPECT_EQ(weight("application/json;q=1.000"), 1000);
  EXPECT_EQ(weight(""), 0);
  EXPECT_EQ(weight(",,;,"), 0);
}

TEST(MediaType, KnowsJson) {
  for (const auto* json :
       {"application/json", "Application/JSON; charset=utf-8", "application/vnd.kafka.json.v2+json"}) {
    EXPECT_TRUE(is_json_type(json)) << json;
  }
  for (const auto* other : {"", "text/plain", "application/jsonx", "application/+json", "text/x+json",
                            "application/x-www-form-urlencoded"}) {
    EXPECT_FALSE(is_json_type(other)) << other;
  }
}

TEST(ParseOrigin, SplitsUrls) {
  const auto plain = parse_origin("http://localhost:8081");
  EXPECT_FALSE(plain.tls);
  EXPECT_EQ(plain.host, "localhost");
  EXPECT_EQ(plain.port, 8081);
  EXPECT_EQ(plain.authority, "localhost:8081");
  EXPECT_EQ(plain.text, "http://localhost:8081");
  const auto https = parse_origin("HTTPS://api.example.com/");
  EXPECT_TRUE(https.tls);
  EXPECT_EQ(https.port, 443);
  EXPECT_EQ(https.authority, "api.example.com");
  const auto six = parse_origin("http://[::1]:80");
  EXPECT_EQ(six.host, "::1");
  EXPECT_EQ(six.authority, "[::1]");
  EXPECT_EQ(six.text, "http://[::1]:80");
}

TEST(ParseOrigin, RefusesOtherTextWithoutRepeatingIt) {
  for (const std::string url :
       {"", "localhost:8081", "ftp://a", "http://", "http://:80", "http://a:0", "http://a:65536",
        "http://a:", "http://a:8x", "http://user:secret@a", "http://a/path", "http://a?x", "http://a#x", "http://[::1",
        "http://[x]", "http://[::1]x", "http://a b", "http://a\r\nX: y"}) {
    try {
      (void)parse_origin(url);
      ADD_FAILURE() << url;
    } catch (const std::runtime_error& error) {
      EXPECT_EQ(std::string(error.what()).find("secret"), std::string::npos);
    }
  }
}

TEST(OwnAddresses, AreReadAgainOnAMissButNotTooOften) {
  using namespace std::chrono_literals;
  const auto pod = asio::ip::make_address("10.1.2.3");
  std::vector<asio::ip::address> interfaces;
  int reads = 0;
  std::chrono::steady_clock::time_point now{};
  OwnAddresses own(
      [&] {
        ++reads;
        return interfaces;
      },
      [&] { return now; }, 3s);
  EXPECT_TRUE(own.contains(asio::ip::make_address("127.0.0.1")));
  EXPECT_TRUE(own.contains(asio::ip::make_address("::1")));
  EXPECT_TRUE(own.contains(asio::ip::make_address("::ffff:127.0.0.1")));
  EXPECT_FALSE(own.contains(pod));
  interfaces = {pod};
  now += 2999ms;
  EXPECT_FALSE(own.contains(pod));
  EXPECT_EQ(reads, 1);
  now += 1ms;
  EXPECT_TRUE(own.contains(pod));
  EXPECT_TRUE(own.contains(asio::ip::make_address("::ffff:10.1.2.3")));
  EXPECT_FALSE(own.contains(asio::ip::make_address("10.1.2.4")));
  EXPECT_EQ(reads, 2);
}

TEST(OwnAddresses, FindTheInterfacesOfThisHost) {
  const auto addresses = interface_addresses();
  EXPECT_NE(std::find(addresses.begin(), addresses.end(), asio::ip::make_address("127.0.0.1")), addresses.end());
}

}  // namespace
}  // namespace sidecar::http
