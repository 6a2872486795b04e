#include "codec/json/base64.h"

#include <gtest/gtest.h>

#include <random>

namespace tensorgate {
namespace {

std::string DecodeText(std::string_view text) {
  std::string decoded;
  return DecodeBase64(text, &decoded) ? decoded : "<error>";
}

std::string Encode(std::string_view data) {
  std::string text(EncodedBase64Size(data.size()), '?');
  EXPECT_EQ(EncodeBase64(data, text.data()), text.data() + text.size());
  return text;
}

TEST(Base64, EncodesWithPadding) {
  EXPECT_EQ(Encode(""), "");
  EXPECT_EQ(Encode("h"), "aA==");
  EXPECT_EQ(Encode("hi"), "aGk=");
  EXPECT_EQ(Encode("hi!"), "aGkh");
  EXPECT_EQ(Encode("\xff\xfe\xfd\xfc"), "//79/A==");
}

TEST(Base64, DecodesWithAndWithoutPadding) {
  EXPECT_EQ(DecodeText(""), "");
  EXPECT_EQ(DecodeText("aA=="), "h");
  EXPECT_EQ(DecodeText("aA"), "h");
  EXPECT_EQ(DecodeText("aGk="), "hi");
  EXPECT_EQ(DecodeText("aGk"), "hi");
  EXPECT_EQ(DecodeText("aGkh"), "hi!");
}

TEST(Base64, AcceptsSpareBitsThatAreSet) {
  EXPECT_EQ(DecodeText("aGl="), "hi");
  EXPECT_EQ(DecodeText("aB"), "h");
}

TEST(Base64, RefusesEverythingElse) {
  for (const char* text :
       {"a",     "aGkha",    "=",    "==",   "====",     "aA=",  "aA===", "aGk==",
        "aGkh=", "aGkh====", "aG=k", "a=Gk", "aGk=aGk=", "a Gk", "aGk ",  " aGk",
        "aGk\n", "aGk.",     "_-8=", "-_-_", "aG\xff",   "aG*k"}) {
    EXPECT_EQ(DecodeText(text), "<error>") << text;
  }
}

TEST(Base64, GivesBackWhatWasEncoded) {
  std::mt19937 random(1);
  for (size_t size = 0; size < 200; ++size) {
    std::string data(size, '\0');
    for (char& c : data) c = static_cast<char>(random());
    EXPECT_EQ(DecodeText(Encode(data)), data);
  }
}

}  // namespace
}  // namespace tensorgate
