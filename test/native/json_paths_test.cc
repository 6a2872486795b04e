// The single pass against the slow way: whatever it takes, both must decode to the same request;
// and what clients usually send, it must take.
#include <gtest/gtest.h>

#include <chrono>
#include <random>

#include "json_request.h"

namespace tensorgate {
namespace {

std::string Fast(std::string_view body, const SignatureLookup& signatures,
                 const DecodeLimits& limits = {}) {
  JsonPredictRequest request;
  if (!DecodePredictJsonFast(body, signatures, limits, &request)) return "not taken";
  return RequestText(request);
}

std::string Slow(std::string_view body, const SignatureLookup& signatures) {
  JsonPredictRequest request;
  const Status status = DecodePredictJsonSlow(body, signatures, {}, &request);
  return status.ok() ? RequestText(request) : "error: " + status.message();
}

constexpr DataType kTypes[] = {DataType::kFloat,  DataType::kDouble, DataType::kInt32,
                               DataType::kInt16,  DataType::kInt8,   DataType::kUint8,
                               DataType::kString, DataType::kInt64,  DataType::kBool,
                               DataType::kUint32, DataType::kUint64};

// Writes bodies that are mostly right: regular lists with now and then a surprise in them.
class BodyWriter {
 public:
  explicit BodyWriter(uint64_t seed) : random_(seed) {}

  std::string Write(const Signature& signature) {
    std::string body = Chance(20) ? " {" : "{";
    if (Chance(4)) body += "\"z\": " + Ignored() + ", ";
    if (Chance(6)) body += "\"signature_name\": \"serving_default\",";
    if (Chance(2)) {
      body += "\"instances\": [";
      const uint64_t rows = 1 + Below(4);
      std::vector<std::vector<uint64_t>> shapes;
      for (size_t i = 0; i < signature.size(); ++i) shapes.push_back(Shape());
      const bool named = signature.size() > 1 || Chance(4);
      for (uint64_t row = 0; row < rows; ++row) {
        if (row > 0) body += ", ";
        body += named ? Members(signature, shapes) : Value(signature[0].dtype, shapes[0], 0);
      }
      body += "]";
    } else {
      std::vector<std::vector<uint64_t>> shapes;
      for (size_t i = 0; i < signature.size(); ++i) shapes.push_back(Shape());
      body += "\"inputs\": ";
      body += signature.size() > 1 || Chance(3) ? Members(signature, shapes)
                                                : Value(signature[0].dtype, shapes[0], 0);
    }
    if (Chance(6)) body += ", \"signature_name\": \"serving_default\"";
    if (Chance(8)) body += ", \"y\": " + Ignored();
    body += "}";
    if (Chance(10)) body += "trailing";
    if (Chance(4)) Spoil(&body);
    return body;
  }

 private:
  uint64_t Below(uint64_t bound) { return random_() % bound; }
  bool Chance(uint64_t one_in) { return Below(one_in) == 0; }
  template <size_t kSize>
  std::string Pick(const char* const (&texts)[kSize]) {
    return texts[Below(kSize)];
  }

  std::vector<uint64_t> Shape() {
    std::vector<uint64_t> shape(Below(4));
    for (uint64_t& dim : shape) dim = Chance(12) ? 0 : 1 + Below(3);
    return shape;
  }

  std::string Members(const Signature& signature,
                      const std::vector<std::vector<uint64_t>>& shapes) {
    std::string text = "{";
    const size_t first = Below(signature.size());
    for (size_t i = 0; i < signature.size(); ++i) {
      const size_t input = (first + i) % signature.size();
      if (i > 0) text += ",";
      text += "\"" + signature[input].alias + "\": ";
      text += Value(signature[input].dtype, shapes[input], 0);
    }
    return text + "}";
  }

  std::string Value(DataType dtype, const std::vector<uint64_t>& shape, size_t level) {
    if (level == shape.size()) return Leaf(dtype);
    std::string text = "[";
    const uint64_t size = Chance(100) ? Below(4) : shape[level];
    for (uint64_t i = 0; i < size; ++i) {
      if (i > 0) text += Chance(3) ? ", " : ",";
      text += Value(dtype, shape, Chance(200) ? shape.size() : level + 1);
    }
    return text + (Chance(9) ? " ]" : "]");
  }

  std::string Leaf(DataType dtype) {
    if (Chance(60)) return Ignored();
    switch (dtype) {
      case DataType::kString:
        return Pick({"\"\"", "\"a\"", "\"\\u00e9\\n\"", "\"plain text of some length\"",
                     "{\"b64\": \"aGk=\"}", "{ \"b64\" : \"\" }", "{\"b64\":\"\\/\\/79\"}"});
      case DataType::kBool:
        return Pick({"true", "false"});
      case DataType::kFloat:
      case DataType::kDouble:
        return Pick({"1", "-2.5", "0.1", "1e10", "-0", "-0.0", "NaN", "Infinity", "-Inf", "1e-45",
                     "0.8414709848078965", "18446744073709551616", "1e-400", "3.5E+2",
                     "123456789012345678901234567890.5", "1e30"});
      default:
        return Pick({"0", "1", "-1", "-0", "255", "256", "2147483647", "-2147483648", "2147483648",
                     "4294967295", "9223372036854775807", "-9223372036854775808", "7", "8", "9"});
    }
  }

  std::string Ignored() {
    return Pick({"null", "[]", "{}", "[[1, {\"a\": []}], true]", "{\"b64\": 1}", "\"\\\"\"", "1.5",
                 "{\"a\": {\"b\": [{}, {\"c\": null}]}}"});
  }

  void Spoil(std::string* body) {
    const size_t at = Below(body->size());
    switch (Below(3)) {
      case 0:
        (*body)[at] = "{}[],:\"\\0a.e-\x01"[Below(14)];
        break;
      case 1:
        body->erase(at, 1 + Below(3));
        break;
      default:
        body->insert(at, Ignored());
    }
  }

  std::mt19937_64 random_;
};

TEST(JsonPaths, AgreeOnGeneratedBodies) {
  BodyWriter writer(42);
  size_t taken = 0;
  const int kBodies = 60000;
  for (int i = 0; i < kBodies; ++i) {
    Signature signature = {{"a", kTypes[static_cast<size_t>(i) % 11]}};
    if (i % 3 == 0) signature.push_back({"bb", kTypes[static_cast<size_t>(i) / 3 % 11]});
    const SignatureLookup lookup = Lookup({{"serving_default", signature}});
    const std::string body = writer.Write(signature);
    const std::vector<char> bytes(body.begin(), body.end());  // no byte to spare behind the end
    const std::string fast = Fast({bytes.data(), bytes.size()}, lookup);
    if (fast == "not taken") continue;
    ++taken;
    ASSERT_EQ(fast, Slow({bytes.data(), bytes.size()}, lookup)) << body;
  }
  EXPECT_GT(taken, static_cast<size_t>(kBodies) / 3);
}

TEST(JsonPaths, TakeWhatClientsSendInOnePass) {
  const SignatureLookup floats = OneInput(DataType::kFloat);
  const SignatureLookup strings = OneInput(DataType::kString);
  const SignatureLookup two =
      Lookup({{"serving_default", {{"a", DataType::kInt64}, {"b", DataType::kString}}}});
  for (const char* body :
       {"{\"instances\": [1.0, 2.0, 5.0]}", "{\"inputs\": [[1, 2], [3, 4]]}",
        "{\"signature_name\": \"serving_default\", \"instances\": [[1e-3, NaN, -Infinity]]}",
        "{\"instances\": [0.30000000000000004, 12345678901234567890123.5, 1e-320]}",
        "{\"instances\": [{\"x\": 1}, {\"x\": 2}]}", "{\"inputs\": {\"x\": 1}}",
        "{\"instances\": [1], \"signature_name\": \"serving_default\"}",
        "{\"z\": [[[[{\"y\": null}]]]], \"instances\": [1], \"parameters\": {\"k\": \"v\"}}"}) {
    EXPECT_NE(Fast(body, floats), "not taken") << body;
  }
  for (const char* body :
       {"{\"instances\": [\"a\", \"\\u00e9\"]}", "{\"instances\": [{\"b64\": \"aGk=\"}, \"x\"]}",
        "{\"inputs\": {\"b64\": \"aGk=\"}}", "{\"instances\": [{\"x\": {\"b64\": \"aGk=\"}}]}"}) {
    EXPECT_NE(Fast(body, strings), "not taken") << body;
  }
  for (const char* body : {"{\"instances\": [{\"a\": 1, \"b\": \"x\"}, {\"b\": \"y\", \"a\": 2}]}",
                           "{\"inputs\": {\"b\": [\"x\"], \"z\": 0, \"a\": [1, 2]}}"}) {
    EXPECT_NE(Fast(body, two), "not taken") << body;
  }
}

TEST(JsonPaths, DecodeBehindAnUnsuitableDefaultSignatureInOnePass) {
  const SignatureLookup lookup = Lookup(
      {{"serving_default", {{"x", DataType::kString}}}, {"floats", {{"y", DataType::kFloat}}}});
  EXPECT_EQ(Fast(R"({"instances": [1, 2], "signature_name": "floats"})", lookup),
            "row floats; y = float [2]: 1 2");
}

TEST(JsonPaths, GiveUpTheSinglePassOnDeepNestingInAnIgnoredKey) {
  for (const size_t depth : {4095, 4096, 4097, 100000}) {
    const std::string body =
        "{\"z\": " + std::string(depth, '[') + std::string(depth, ']') + ", \"inputs\": 1}";
    EXPECT_EQ(Fast(body, OneInput(DataType::kInt32)),
              depth <= 4096 ? "columnar serving_default; x = int32 []: 1" : "not taken");
  }
}

TEST(JsonPaths, TakeLittleMoreMemoryThanTheTensorNeeds) {
  for (const size_t rows : {1, 63, 64, 65, 1000, 100000}) {
    std::string body = "{\"instances\": [";
    for (size_t i = 0; i < rows; ++i) body += i < 100 ? "1," : "1234567.125,";
    body.back() = ']';
    body += ", \"z\": \"" + std::string(100000, 'z') + "\"}";
    JsonPredictRequest request;
    ASSERT_TRUE(DecodePredictJsonFast(body, OneInput(DataType::kDouble), {}, &request));
    EXPECT_EQ(request.inputs[0].tensor.elements, static_cast<int64_t>(rows));
    EXPECT_LE(request.inputs[0].tensor.data.capacity(), 2 * (rows * 8 + 4096) + 64);
  }
}

TEST(JsonPaths, StayWithinTheLimitWhileGrowing) {
  std::string body = "{\"instances\": [0";
  for (int i = 1; i < 10000; ++i) body += ",0";
  body += "]}";
  DecodeLimits limits;
  limits.max_tensor_bytes = 40000;
  EXPECT_NE(Fast(body, OneInput(DataType::kFloat), limits), "not taken");
  limits.max_tensor_bytes = 39999;
  EXPECT_EQ(Fast(body, OneInput(DataType::kFloat), limits), "not taken");
}

}  // namespace
}  // namespace tensorgate
