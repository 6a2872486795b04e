// Any bytes as a Classify, Regress or MultiInference request, on the wire and as JSON, under small
// limits. What JSON decodes to must be well-formed examples that come back from the wire as they
// are; what was decoded is sent back as results of every kind. One thread.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "codec/proto/example_request.h"
#include "codec/proto/wire.h"

namespace {

using tensorgate::ClassificationTensors;
using tensorgate::DecodeBudget;
using tensorgate::DecodeLimits;
using tensorgate::ExampleRequest;
using tensorgate::OutputBuffer;
using tensorgate::RegressionTensors;
using tensorgate::TensorView;
using tensorgate::WireReader;
using tensorgate::WireType;

void Require(bool condition) {
  if (!condition) std::abort();
}

DecodeLimits SmallLimits() {
  DecodeLimits limits;
  limits.max_filled_bytes = size_t{1} << 14;
  limits.max_tensor_bytes = size_t{1} << 18;
  return limits;
}

// Walks `levels` of messages in which every field is length-delimited.
void RequireMessages(std::string_view bytes, int levels) {
  WireReader reader(bytes);
  while (!reader.AtEnd()) {
    uint32_t field;
    WireType type;
    std::string_view value;
    Require(reader.ReadTag(&field, &type) && type == WireType::kBytes && reader.ReadBytes(&value));
    // Of a map entry only the value, field 2, is a message.
    if (levels > 1 && (levels != 2 || field == 2)) RequireMessages(value, levels - 1);
  }
}

size_t TotalBytes(const ExampleRequest& request) {
  size_t bytes = 0;
  for (const std::string_view example : request.examples) bytes += example.size();
  return bytes;
}

void SendBack(const ExampleRequest& request) {
  const int64_t count = static_cast<int64_t>(request.examples.size());
  std::vector<float> floats;
  for (const std::string_view example : request.examples) {
    floats.push_back(static_cast<float>(example.size()) / 7 - 1);
  }
  TensorView labels;
  labels.data = request.examples.data();
  labels.string_at = [](const void* data, int64_t index) {
    return static_cast<const std::string_view*>(data)[index];
  };
  TensorView values;
  values.data = floats.data();
  const ClassificationTensors rows = {count, 1, &labels, &values};
  const ClassificationTensors columns = {1, count, &labels, nullptr};
  const RegressionTensors regression = {count, &values};
  const tensorgate::EffectiveSpec spec = {request.signature_name, count, "sig"};

  OutputBuffer out;
  tensorgate::EncodeClassificationResponse(spec, rows, &out);
  RequireMessages(out.view(), 1);
  out.Clear();
  tensorgate::EncodeRegressionResponse(spec, regression, &out);
  RequireMessages(out.view(), 1);
  out.Clear();
  tensorgate::EncodeMultiInferenceResponse(
      {{spec, &columns, nullptr}, {spec, nullptr, &regression}}, &out);
  RequireMessages(out.view(), 2);
  out.Clear();
  Require(tensorgate::EncodeClassificationJson(rows, &out).ok() == (count > 0));
  Require(tensorgate::EncodeClassificationJson(columns, &out).ok());
  Require(tensorgate::EncodeRegressionJson(regression, &out).ok() == (count > 0));
}

// A request with just this list of examples.
std::string RequestOf(const std::vector<std::string_view>& examples) {
  OutputBuffer list;
  for (const std::string_view example : examples) {
    tensorgate::WireWriter writer(&list, 1 + tensorgate::PrefixedSize(example.size()));
    writer.Bytes(1, example);
    writer.Done();
  }
  OutputBuffer request;
  const size_t input = 1 + tensorgate::PrefixedSize(list.size());
  tensorgate::WireWriter writer(&request, 1 + tensorgate::PrefixedSize(input));
  writer.Prefix(2, input);
  writer.Bytes(1, list.view());
  writer.Done();
  return std::string(request.view());
}

void TryProto(std::string_view body) {
  const DecodeLimits limits = SmallLimits();
  ExampleRequest request;
  DecodeBudget budget(limits);
  if (tensorgate::ParseExampleRequest(body, &budget, &request).ok()) {
    Require(TotalBytes(request) <= body.size() + limits.max_filled_bytes);
    SendBack(request);
  }
  DecodeBudget again(limits);
  if (tensorgate::ParseMultiInferenceRequest(body, &again, &request).ok()) {
    Require(request.tasks.size() * sizeof(request.tasks[0]) <= limits.max_filled_bytes);
    SendBack(request);
  }
}

void TryJson(std::string_view body) {
  ExampleRequest request;
  const tensorgate::Status status = tensorgate::DecodeExamplesJson(body, SmallLimits(), &request);
  Require(status.ok() || !status.message().empty());
  if (!status.ok()) return;
  Require(!request.examples.empty() && TotalBytes(request) <= SmallLimits().max_tensor_bytes);
  for (const std::string_view example : request.examples) RequireMessages(example, 4);
  DecodeBudget budget{DecodeLimits()};
  ExampleRequest again;
  const std::string wire = RequestOf(request.examples);
  Require(tensorgate::ParseExampleRequest(wire, &budget, &again).ok());
  Require(again.examples == request.examples);
  SendBack(request);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  TryProto(body);
  TryJson(body);
  return 0;
}
