#include "codec/json/json_document.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "codec/json/json_dump.h"

namespace tensorgate {
namespace {

using namespace std::string_literals;

// The error's text without its fixed beginning, or the dump of a body that parses.
std::string Parsed(std::string_view body) {
  // An exact copy on the heap, so that the address sanitizer sees a read beyond the end.
  const std::vector<char> bytes(body.begin(), body.end());
  JsonDocument document;
  const Status status = document.Parse({bytes.data(), bytes.size()});
  if (status.ok()) return DumpJson(document, JsonDocument::kRoot);
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  const std::string start = "JSON Parse error: ";
  EXPECT_EQ(status.message().substr(0, start.size()), start);
  return status.message().substr(start.size());
}

double NumberIn(const std::string& text) {
  JsonDocument document;
  EXPECT_TRUE(document.Parse(text).ok()) << text;
  EXPECT_EQ(document.type(0), JsonType::kNumber) << text;
  return document.number(0).ToDouble();
}

struct ErrorCase {
  std::string body;
  std::string reason;
  int offset;
};

void ExpectErrors(const std::vector<ErrorCase>& cases) {
  for (const ErrorCase& c : cases) {
    EXPECT_EQ(Parsed(c.body), c.reason + " at offset: " + std::to_string(c.offset)) << c.body;
  }
}

TEST(JsonDocument, SaysThatAnEmptyBodyIsEmptyWithoutAnOffset) {
  EXPECT_EQ(Parsed(""), "The document is empty");
}

TEST(JsonDocument, SaysThatABodyWithoutAValueIsEmpty) {
  ExpectErrors({{"   ", "The document is empty.", 3},
                {"]", "The document is empty.", 0},
                {",", "The document is empty.", 0},
                {"\0{}"s, "The document is empty.", 0},
                {"\xef\xbb\xbf", "The document is empty.", 3}});
}

TEST(JsonDocument, FindsInvalidValues) {
  for (const auto& [body, offset] :
       std::vector<std::pair<std::string, int>>{{"instances = [1, 2]", 0},
                                                {"{\"a\":}", 5},
                                                {"{\"a\":[1,]}", 8},
                                                {"{\"a\":nul}", 8},
                                                {"{\"a\":Nan}", 7},
                                                {"{\"a\":-}", 6},
                                                {"{\"a\":.5}", 5},
                                                {"{\"a\":+1}", 5},
                                                {"{\"a\":inf}", 5},
                                                {"{\"a\":In}", 7},
                                                {"{\"a\":Infinit}", 12},
                                                {"[", 1},
                                                {"{\"a\":", 5},
                                                {"//c", 0},
                                                {"[1,", 3},
                                                {"tru", 3},
                                                {"falsy", 4},
                                                {"[nan]", 2},
                                                {"-", 1},
                                                {"-a", 1},
                                                {"N", 1},
                                                {"[\x80]", 1},
                                                {"[1,\0]"s, 3},
                                                {"[:]", 1}}) {
    ExpectErrors({{body, "Invalid value.", offset}});
  }
}

TEST(JsonDocument, FindsBrokenObjectsAndArrays) {
  ExpectErrors({{"{", "Missing a name for object member.", 1},
                {"{a:1}", "Missing a name for object member.", 1},
                {"{\"a\":1,}", "Missing a name for object member.", 7},
                {"{'a':1}", "Missing a name for object member.", 1},
                {"{\"a\" 1}", "Missing a colon after a name of object member.", 5},
                {"{\"a\"", "Missing a colon after a name of object member.", 4},
                {"{\"a\":1", "Missing a comma or '}' after an object member.", 6},
                {"{\"a\":01}", "Missing a comma or '}' after an object member.", 6},
                {"{\"a\":1]", "Missing a comma or '}' after an object member.", 6},
                {"{\"a\":[1 2]}", "Missing a comma or ']' after an array element.", 8},
                {"{\"a\":[1}", "Missing a comma or ']' after an array element.", 7}});
}

TEST(JsonDocument, FindsBrokenStrings) {
  const char kHex[] = "Incorrect hex digit after \\u escape in string.";
  const char kSurrogate[] = "The surrogate pair in string is invalid.";
  const char kEscape[] = "Invalid escape character in string.";
  const char kQuote[] = "Missing a closing quotation mark in string.";
  ExpectErrors({{R"({"a":"\u12G4"})", kHex, 6},
                {R"({"a":"\u12)", kHex, 6},
                {R"({"a":"\ud800\u12G4"})", kHex, 6},
                {R"({"a":"\ud800x"})", kSurrogate, 6},
                {R"({"a":"\ud800\n"})", kSurrogate, 6},
                {R"({"a":"\ud800\ud800"})", kSurrogate, 6},
                {R"({"a":"\q"})", kEscape, 6},
                {R"({"a":"0123456789abc\q"})", kEscape, 19},
                {"{\"a\":\"\\", kEscape, 6},
                {"{\"a\":\"x\ty\"}", kEscape, 7},
                {"{\"a\":\"x\x1f\"}", kEscape, 7},
                {"{\"a\":\"x", kQuote, 7},
                {"{\"a\":\"0123456789abcdef", kQuote, 22},
                {"{\"a\":\"x\0y\"}"s, kQuote, 7}});
}

TEST(JsonDocument, FindsBrokenNumbers) {
  const char kBig[] = "Number too big to be stored in double.";
  ExpectErrors({{"{\"a\":1.}", "Miss fraction part in number.", 7},
                {"{\"a\":1.e2}", "Miss fraction part in number.", 7},
                {"{\"a\":1e}", "Miss exponent in number.", 7},
                {"{\"a\":1e+}", "Miss exponent in number.", 8},
                {"{\"a\":1e400}", kBig, 5},
                {"{\"a\":-1e400}", kBig, 5},
                {"{\"a\":1e309}", kBig, 5},
                {"{\"a\":1.8e308}", kBig, 5},
                {"{\"a\":0e400}", kBig, 5},
                {"{\"a\":1e99999999999999999999}", kBig, 5},
                {"{\"a\":1" + std::string(400, '0') + "}", kBig, 5},
                {"{\"a\":1" + std::string(400, '0') + "e-200}", kBig, 5},
                {"{\"a\":1" + std::string(400, '0') + ".}", kBig, 5}});
}

TEST(JsonDocument, CountsAByteOrderMarkInOffsets) {
  EXPECT_EQ(Parsed("\xef\xbb\xbf{}"), "{}");
  ExpectErrors({{"\xef\xbb\xbf{\"a\":}", "Invalid value.", 8}});
}

TEST(JsonDocument, IgnoresWhatFollowsTheRoot) {
  EXPECT_EQ(Parsed("{}X"), "{}");
  EXPECT_EQ(Parsed("[1]]]"), "[1]");
  EXPECT_EQ(Parsed("7 8"), "7");
}

TEST(JsonDocument, TellsIntegersFromDoubles) {
  JsonDocument document;
  ASSERT_TRUE(document
                  .Parse("[0, -0, 1.0, 1e2, 4294967295, 4294967296, -2147483648, -2147483649, "
                         "18446744073709551615, 18446744073709551616, -9223372036854775808, "
                         "-9223372036854775809]")
                  .ok());
  const auto fits = [&document](size_t node) {
    const JsonNumber number = document.number(node);
    std::string text;
    if (number.FitsInt32()) text += "i32 ";
    if (number.FitsUint32()) text += "u32 ";
    if (number.FitsInt64()) text += "i64 ";
    if (number.FitsUint64()) text += "u64 ";
    return text;
  };
  EXPECT_EQ(fits(1), "i32 u32 i64 u64 ");
  EXPECT_EQ(fits(2), "i32 u32 i64 u64 ");
  EXPECT_FALSE(std::signbit(document.number(2).ToDouble()));
  EXPECT_EQ(fits(3), "");
  EXPECT_EQ(fits(4), "");
  EXPECT_EQ(fits(5), "u32 i64 u64 ");
  EXPECT_EQ(fits(6), "i64 u64 ");
  EXPECT_EQ(fits(7), "i32 i64 ");
  EXPECT_EQ(fits(8), "i64 ");
  EXPECT_EQ(fits(9), "u64 ");
  EXPECT_EQ(fits(10), "");
  EXPECT_EQ(fits(11), "i64 ");
  EXPECT_EQ(fits(12), "");
}

TEST(JsonDocument, ReadsNumbersCorrectlyRounded) {
  for (const char* text : {"0.1",
                           "0.30000000000000004",
                           "123456789.123456789",
                           "9007199254740993.0",
                           "9007199254740993.5e-1",
                           "0.8414709848078965",
                           "1.7976931348623157e308",
                           "5e-324",
                           "1e-310",
                           "2.2250738585072011e-308",
                           "123456789012345678901234567890",
                           "1e22",
                           "1e23",
                           "8.5e-27",
                           "0.000000000000000000000000000012345",
                           "179769313486231570000e288",
                           "1e-400",
                           "4.35",
                           "18446744073709551616",
                           "7.2057594037927945e16",
                           "1.00000000000000011102230246251565",
                           "9999999999999999999e-27",
                           "1e-27",
                           "0.0",
                           "3.0000000000000000000000000000000001"}) {
    EXPECT_EQ(NumberIn(text), std::strtod(text, nullptr)) << text;
    EXPECT_EQ(NumberIn("-" + std::string(text)), -std::strtod(text, nullptr)) << text;
  }
  EXPECT_TRUE(std::signbit(NumberIn("-0.0")));
}

TEST(JsonDocument, ReadsBareWordsForValuesThatAreNotFinite) {
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_TRUE(std::isnan(NumberIn("NaN")));
  EXPECT_TRUE(std::isnan(NumberIn("-NaN")));
  EXPECT_EQ(NumberIn("Inf"), infinity);
  EXPECT_EQ(NumberIn("Infinity"), infinity);
  EXPECT_EQ(NumberIn("-Inf"), -infinity);
  EXPECT_EQ(NumberIn("-Infinity"), -infinity);
}

TEST(JsonDocument, DecodesEscapesAndPassesRawBytes) {
  JsonDocument document;
  std::string scratch;
  ASSERT_TRUE(
      document.Parse(R"("\"\\\/\b\f\n\r\t\u0041\u00e9\u20ac\ud83d\ude00\udc00\u0000")").ok());
  EXPECT_EQ(document.StringValue(0, &scratch),
            "\"\\/\b\f\n\r\tA\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xed\xb0\x80\0"s);
  ASSERT_TRUE(document.Parse("\"\xff\x80 not UTF-8 \x7f\"").ok());
  EXPECT_EQ(document.StringValue(0, &scratch), "\xff\x80 not UTF-8 \x7f");
}

TEST(JsonDocument, FindsTheFirstMemberOfAName) {
  JsonDocument document;
  ASSERT_TRUE(document.Parse(R"({"x": [1, [2]], "\u0061": 3, "a": 4, "b\u0000": 5})").ok());
  EXPECT_EQ(document.number(document.Find(0, "a")).magnitude, 3u);
  EXPECT_EQ(document.size(document.Find(0, "x")), 2u);
  EXPECT_EQ(document.Find(0, "b"), JsonDocument::kNone);
  EXPECT_NE(document.Find(0, "b\0"s), JsonDocument::kNone);
}

TEST(JsonDocument, SurvivesHalfAMillionNestedLevels) {
  const size_t kDepth = 500000;
  const std::string open(kDepth, '[');
  JsonDocument document;
  EXPECT_TRUE(document.Parse(open + std::string(kDepth, ']')).ok());
  EXPECT_EQ(document.Next(0), kDepth);
  EXPECT_EQ(DumpJson(document, 0), std::string(256, '['));
  EXPECT_EQ(Parsed(open), "Invalid value. at offset: " + std::to_string(kDepth));
  std::string objects;
  for (size_t i = 0; i < kDepth; ++i) objects += "{\"a\":";
  EXPECT_EQ(Parsed(objects), "Invalid value. at offset: " + std::to_string(5 * kDepth));
}

TEST(JsonDocument, CanBeUsedAgain) {
  JsonDocument document;
  ASSERT_TRUE(document.Parse("[1, 2, 3]").ok());
  ASSERT_FALSE(document.Parse("[1, 2").ok());
  ASSERT_TRUE(document.Parse("{\"a\": 1}").ok());
  EXPECT_EQ(DumpJson(document, 0), "{\n    \"a\": 1\n}");
}

TEST(JsonDump, PrintsArraysOnOneLineAndObjectsOnSeveral) {
  EXPECT_EQ(Parsed("{\"instances\":[1.0,2]}"), "{\n    \"instances\": [1.0, 2]\n}");
  EXPECT_EQ(Parsed("{\"a\":[{\"x\":1}]}"), "{\n    \"a\": [{\n            \"x\": 1\n        }]\n}");
  EXPECT_EQ(Parsed("[{\"x\":1}]"), "[{\n        \"x\": 1\n    }]");
  EXPECT_EQ(Parsed("[{},[],{\"a\":{},\"b\":null}]"),
            "[{}, [], {\n        \"a\": {},\n        \"b\": null\n    }]");
  EXPECT_EQ(Parsed("[true,false,\"\\u0001\\\"\\n/\"]"), "[true, false, \"\\u0001\\\"\\n/\"]");
}

TEST(JsonDump, PrintsDoublesInTheirShortestForm) {
  EXPECT_EQ(Parsed("1e2"), "100.0");
  EXPECT_EQ(Parsed("-0"), "0");
  EXPECT_EQ(Parsed("-0.0"), "-0.0");
  EXPECT_EQ(Parsed("0.001"), "0.001");
  EXPECT_EQ(Parsed("12.5"), "12.5");
  EXPECT_EQ(Parsed("1e-6"), "0.000001");
  EXPECT_EQ(Parsed("1e-7"), "1e-7");
  EXPECT_EQ(Parsed("1.5e-7"), "1.5e-7");
  EXPECT_EQ(Parsed("1e21"), "1e21");
  EXPECT_EQ(Parsed("1e20"), "100000000000000000000.0");
  EXPECT_EQ(Parsed("-1.25e30"), "-1.25e30");
  EXPECT_EQ(Parsed("18446744073709551615"), "18446744073709551615");
  // Upstream's shortest form is not always the nearest one; there the last digit before the zeros
  // is a 3.
  EXPECT_EQ(Parsed("18446744073709551616"), "18446744073709552000.0");
}

TEST(JsonDump, StopsAtTheFirstTokenThatIsNotFinite) {
  EXPECT_EQ(Parsed("NaN"), "");
  EXPECT_EQ(Parsed("[1, NaN, 2]"), "[1, ");
  EXPECT_EQ(Parsed("{\"a\": -Infinity}"), "{\n    \"a\": ");
}

TEST(JsonDump, StartsNothingOnceItHas256Bytes) {
  std::string body = "[";
  for (int i = 0; i < 1000; ++i) body += "1111111,";
  body += "1]";
  std::string expected = "[1111111";  // 8 bytes, then 9 each
  for (int i = 0; i < 28; ++i) expected += ", 1111111";
  ASSERT_EQ(expected.size(), 260u);
  EXPECT_EQ(Parsed(body), expected);
  const std::string long_string = "\"" + std::string(300, 'a') + "\"";
  EXPECT_EQ(Parsed("[" + long_string + ", 1]"), "[" + long_string);
  EXPECT_EQ(Parsed("{" + long_string + ": 1}"), "{\n    " + long_string);
}

TEST(JsonDump, CutsAStringThatIsFarTooLong) {
  const std::string dump = Parsed("[\"" + std::string(100000, 'a') + "\"]");
  EXPECT_EQ(dump, "[\"" + std::string(kMaxShownStringBytes - 1, 'a'));
}

}  // namespace
}  // namespace tensorgate
