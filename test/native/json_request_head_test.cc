#include "codec/json/json_request_head.h"

#include <gtest/gtest.h>

#include <vector>

namespace tensorgate {
namespace {

std::string Named(std::string_view body) {
  // An exact copy on the heap, so that the address sanitizer sees a read beyond the end.
  const std::vector<char> bytes(body.begin(), body.end());
  return FindJsonSignatureName({bytes.data(), bytes.size()});
}

TEST(JsonSignatureName, StandsBeforeOrBehindTheValues) {
  EXPECT_EQ(Named(R"({"signature_name": "a", "instances": [1, [2], {"signature_name": "b"}]})"),
            "a");
  EXPECT_EQ(Named(R"( {"inputs": {"x": "}]\""}, "signature_name":"a"} )"), "a");
}

TEST(JsonSignatureName, IsReadWhereItIsWrittenUnusually) {
  EXPECT_EQ(Named(R"({"signature\u005fname": "a", "inputs": 1})"), "a");
  EXPECT_EQ(Named(R"({"signature_name": "\u0061", "inputs": 1})"), "a");
  EXPECT_EQ(Named("\xef\xbb\xbf{\"signature_name\": \"a\"}"), "a");
}

TEST(JsonSignatureName, IsEmptyWhereThereIsNone) {
  for (const char* body : {"", "{", "[]", "{}", R"({"instances": [1]})",
                           R"({"signature_name": ""})", R"({"signature_name": 1})",
                           R"({"signature_name": "a)", R"({"signature_name": "a", "inputs": [})"}) {
    EXPECT_EQ(Named(body), "") << body;
  }
}

}  // namespace
}  // namespace tensorgate
