#include "config/crypt.hpp"

#include <gtest/gtest.h>

namespace sidecar::config {
namespace {

// Both were written by a Java program with javax.crypto and the password `light`.
constexpr std::string_view cbc = "CRYPT:00112233445566778899aabbccddeeff:795de8fffca0408b0cca4a7ee9b2269c";
constexpr std::string_view gcm =
    "CRYPT:00112233445566778899aabbccddeeff:0102030405060708090a0b0c:"
    "e9bd71169f6ce9e2a98084b431e2c306fcc9166f5e0bf9c84c89fe87c1";
constexpr std::string_view plain = "s3cr\\et\"p\xC3\xA4ss";

TEST(Decrypt, OpensBothForms) {
  EXPECT_EQ(decrypt(cbc, "light").value(), plain);
  EXPECT_EQ(decrypt(gcm, "light").value(), plain);
}

TEST(Decrypt, RefusesAnotherPassword) {
  EXPECT_EQ(decrypt(gcm, "Light").error(),
            "an encrypted value does not open with the password in light_4j_config_password");
  EXPECT_FALSE(decrypt(cbc, "Light"));
}

TEST(Decrypt, RefusesAChangedCipher) {
  std::string changed(gcm);
  changed.back() = '0';
  EXPECT_FALSE(decrypt(changed, "light"));
}

class BadForm : public testing::TestWithParam<const char*> {};
TEST_P(BadForm, IsAnErrorWithoutTheValue) {
  const auto result = decrypt(GetParam(), "light");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().find("zz"), std::string::npos);
}
INSTANTIATE_TEST_SUITE_P(Forms, BadForm,
                         testing::Values("CRYPT:", "CRYPT:00", "CRYPT:00:", "CRYPT:zz:00", "CRYPT:00:0",
                                         "CRYPT:00:00:00:00", "CRYPT:00:00", "CRYPT:00:00:00", "CRYPT::00"));

TEST(IsEncrypted, NeedsThePrefixInUpperCase) {
  EXPECT_TRUE(is_encrypted(cbc));
  EXPECT_FALSE(is_encrypted("crypt:00:00"));
  EXPECT_FALSE(is_encrypted("xCRYPT:00:00"));
}

}  // namespace
}  // namespace sidecar::config
