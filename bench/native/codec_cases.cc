#include "codec_cases.h"

#include <gnu/libc-version.h>
#include <sys/utsname.h>

#include <cstdio>
#include <memory>
#include <string_view>

#include "codec/json/json_predict.h"
#include "codec/proto/example_request.h"
#include "codec/proto/predict_proto.h"
#include "command_line.h"
#include "example_builder.h"

namespace tensorgate::bench {
namespace {

using Work = std::function<void()>;

constexpr int kFloat = 1;  // DT_FLOAT
const std::vector<int64_t> kSmall = {3};
const std::vector<int64_t> kImage = {1, 224, 224, 3};  // 150,528 numbers, 602,112 bytes

void Check(const Status& status) {
  if (!status.ok()) Fail(status.message());
}

// Numbers in [0, 1) with up to five digits after the point, as the bench sends them.
std::vector<float> Numbers(const std::vector<int64_t>& dims) {
  int64_t elements = 1;
  for (const int64_t dim : dims) elements *= dim;
  std::vector<float> values;
  for (int64_t i = 0; i < elements; i++) {
    values.push_back(static_cast<float>((i * 7919 + 13) % 10007) / 10007.0f);
  }
  return values;
}

std::string ProtoRequest(const std::vector<int64_t>& dims, bool as_content) {
  const std::vector<float> values = Numbers(dims);
  std::string shape;
  for (const int64_t dim : dims) shape += proto::Dim(dim);
  const std::string tensor =
      proto::VarintField(1, kFloat) + proto::BytesField(2, shape) +
      (as_content ? proto::BytesField(4, proto::Raw(values)) : proto::PackedFixed(5, values));
  return proto::BytesField(1, proto::BytesField(1, "half_plus_two")) +
         proto::BytesField(2, proto::BytesField(1, "x") + proto::BytesField(2, tensor));
}

void AppendJson(const std::vector<float>& values, const std::vector<int64_t>& dims, size_t axis,
                size_t* next, std::string* json) {
  if (axis == dims.size()) {
    char text[16];
    std::snprintf(text, sizeof(text), "%.5g", static_cast<double>(values[(*next)++]));
    *json += text;
    return;
  }
  for (int64_t i = 0; i < dims[axis]; i++) {
    *json += i == 0 ? "[" : ",";
    AppendJson(values, dims, axis + 1, next, json);
  }
  *json += "]";
}

std::string JsonRequest(const std::vector<int64_t>& dims) {
  std::string json = "{\"instances\": ";
  size_t next = 0;
  AppendJson(Numbers(dims), dims, 0, &next, &json);
  return json + "}";
}

Work DecodeProto(const std::vector<int64_t>& dims, bool as_content) {
  return [body = ProtoRequest(dims, as_content)] {
    PredictRequestView request;
    Check(ParsePredictRequest(body, &request));
    DecodeBudget budget({});
    Tensor tensor;
    for (const auto& [alias, proto] : request.inputs) {
      Check(DecodeTensorProto(proto, &budget, &tensor));
    }
    if (request.inputs.size() != 1) Fail("the request has lost its input");
  };
}

Work DecodeJson(const std::vector<int64_t>& dims) {
  return [body = JsonRequest(dims)] {
    static const std::vector<InputSpec> inputs = {{"x", DataType::kFloat}};
    JsonPredictRequest request;
    Check(DecodePredictJson(body, [](std::string_view) { return &inputs; }, {}, &request));
  };
}

// The output of a model, and its memory.
struct Output {
  std::vector<float> values;
  std::vector<int64_t> dims;
  std::vector<NamedTensorView> views;
};

std::shared_ptr<const Output> OutputOf(const std::vector<int64_t>& dims) {
  auto output = std::make_shared<Output>();
  output->values = Numbers(dims);
  output->dims = dims;
  TensorView view = proto::FloatsView(output->values);
  view.dims = output->dims.data();
  view.rank = static_cast<int>(output->dims.size());
  output->views.push_back({"y", view});
  return output;
}

Work EncodeProto(const std::vector<int64_t>& dims) {
  return [output = OutputOf(dims)] {
    OutputBuffer out;
    Check(EncodePredictResponse("half_plus_two", 1, "serving_default", output->views, false, &out));
  };
}

Work EncodeJson(const std::vector<int64_t>& dims) {
  return [output = OutputOf(dims)] {
    OutputBuffer out;
    Check(EncodePredictJson(JsonFormat::kRow, output->views, &out));
  };
}

// Classify and Regress requests are alike: sixteen examples of four features.
Work SplitProto() {
  std::string features;
  for (const char* name : {"sepal_length", "sepal_width", "petal_length", "petal_width"}) {
    features += proto::Feature(name, proto::FloatFeature({1.5f}));
  }
  const std::vector<std::string> examples(16, proto::Example(features));
  const std::string input = proto::ListKind(proto::Examples(examples));
  return [body = proto::BytesField(1, proto::BytesField(1, "iris")) + proto::InputField(input)] {
    DecodeBudget budget({});
    ExampleRequest request;
    Check(ParseExampleRequest(body, &budget, &request));
    if (request.examples.size() != 16) Fail("the request has lost examples");
  };
}

Work SplitJson() {
  std::string json = "{\"examples\": [";
  for (int i = 0; i < 16; i++) {
    json += i == 0 ? "" : ", ";
    json += R"({"sepal_length": 5.1, "sepal_width": 3.5, "petal_length": 1.4, "petal_width": 0.2})";
  }
  return [body = json + "]}"] {
    ExampleRequest request;
    Check(DecodeExamplesJson(body, {}, &request));
    if (request.examples.size() != 16) Fail("the request has lost examples");
  };
}

}  // namespace

const std::vector<CodecCase>& CodecCases() {
  static const std::vector<CodecCase> cases = {
      {"proto decode, 3 numbers", 1000, [] { return DecodeProto(kSmall, false); }},
      {"proto decode, 600 KB of tensor_content", 20, [] { return DecodeProto(kImage, true); }},
      {"proto decode, 600 KB of float_val", 20, [] { return DecodeProto(kImage, false); }},
      {"proto encode, 3 numbers", 1000, [] { return EncodeProto(kSmall); }},
      {"proto encode, 600 KB", 20, [] { return EncodeProto(kImage); }},
      {"JSON decode, 3 numbers", 1000, [] { return DecodeJson(kSmall); }},
      {"JSON decode, 150,528 numbers", 2, [] { return DecodeJson(kImage); }},
      {"JSON encode, 3 numbers", 1000, [] { return EncodeJson(kSmall); }},
      {"JSON encode, 150,528 numbers", 2, [] { return EncodeJson(kImage); }},
      {"proto examples, 16 of 4 features", 200, [] { return SplitProto(); }},
      {"JSON examples, 16 of 4 features", 200, [] { return SplitJson(); }},
  };
  return cases;
}

std::string Combination() {
#if defined(__clang__)
  const std::string compiler = "clang " + std::to_string(__clang_major__);
#else
  const std::string compiler = "gcc " + std::to_string(__GNUC__);
#endif
  utsname machine = {};
  uname(&machine);
  return compiler + ", glibc " + gnu_get_libc_version() + ", " + machine.machine;
}

}  // namespace tensorgate::bench
