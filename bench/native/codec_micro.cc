// codec_micro: the codec by itself. Times it on one request body, bytes to tensors, and the same
// tensors back to reply bytes:
//   codec_micro --format=json|proto --body=FILE --seconds=1
// prints {"body_bytes": ..., "decode_us": ..., "encode_us": ...}; each figure is the median of
// short rounds, which an interruption of one round leaves unharmed.
// Or runs a case of codec_cases.h so many times, for valgrind to count; --describe names the cases:
//   codec_micro --case=NAME --iterations=N
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "codec/json/json_predict.h"
#include "codec/proto/predict_proto.h"
#include "codec_cases.h"
#include "command_line.h"

namespace {

using tensorgate::NamedTensor;
using tensorgate::NamedTensorView;
using tensorgate::Status;
using tensorgate::bench::CodecCase;
using tensorgate::bench::Fail;
using tensorgate::bench::Option;
using SteadyClock = std::chrono::steady_clock;

void Check(const Status& status) {
  if (!status.ok()) Fail(status.message());
}

std::string FileBytes(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) Fail("cannot read " + path);
  std::string bytes;
  char buffer[1 << 16];
  for (size_t n; (n = std::fread(buffer, 1, sizeof(buffer), file)) > 0;) bytes.append(buffer, n);
  std::fclose(file);
  return bytes;
}

// The tensors of one request; all inputs are taken for float32.
struct Decoded {
  std::vector<NamedTensor> inputs;
  tensorgate::JsonFormat format = tensorgate::JsonFormat::kRow;
};

void DecodeJson(const std::string& body, Decoded* decoded) {
  static const std::vector<tensorgate::InputSpec> inputs = {{"x", tensorgate::DataType::kFloat}};
  tensorgate::JsonPredictRequest request;
  Check(
      tensorgate::DecodePredictJson(body, [](std::string_view) { return &inputs; }, {}, &request));
  decoded->inputs = std::move(request.inputs);
  decoded->format = request.format;
}

void DecodeProto(const std::string& body, Decoded* decoded) {
  tensorgate::PredictRequestView request;
  Check(tensorgate::ParsePredictRequest(body, &request));
  tensorgate::DecodeBudget budget({});
  decoded->inputs.clear();
  for (const auto& [alias, proto] : request.inputs) {
    decoded->inputs.push_back({std::string(alias), {}});
    Check(tensorgate::DecodeTensorProto(proto, &budget, &decoded->inputs.back().tensor));
  }
}

// {"combination": ..., "cases": [{"name": ..., "iterations": ...}, ...]}
void Describe() {
  std::printf("{\"combination\": \"%s\", \"cases\": [", tensorgate::bench::Combination().c_str());
  const char* comma = "";
  for (const CodecCase& one : tensorgate::bench::CodecCases()) {
    std::printf("%s{\"name\": \"%s\", \"iterations\": %d}", comma, one.name, one.iterations);
    comma = ", ";
  }
  std::printf("]}\n");
}

void RunCase(const std::string& name, int iterations) {
  for (const CodecCase& one : tensorgate::bench::CodecCases()) {
    if (name != one.name) continue;
    const std::function<void()> work = one.prepare();
    for (int i = 0; i < iterations; i++) work();
    return;
  }
  Fail("no case " + name);
}

double MedianMicros(double seconds, const std::function<void()>& work) {
  work();
  const auto start = SteadyClock::now();
  work();
  const double once = std::chrono::duration<double>(SteadyClock::now() - start).count();
  const int repeats = std::max(1, static_cast<int>(seconds / 50 / std::max(once, 1e-9)));
  std::vector<double> rounds;
  const auto begin = SteadyClock::now();
  while (std::chrono::duration<double>(SteadyClock::now() - begin).count() < seconds) {
    const auto round = SteadyClock::now();
    for (int i = 0; i < repeats; i++) work();
    rounds.push_back(std::chrono::duration<double>(SteadyClock::now() - round).count() / repeats);
  }
  std::nth_element(rounds.begin(), rounds.begin() + rounds.size() / 2, rounds.end());
  return rounds[rounds.size() / 2] * 1e6;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string first = argc > 1 ? argv[1] : "";
  if (first == "--describe") {
    Describe();
    return 0;
  }
  if (first.compare(0, 7, "--case=") == 0) {
    RunCase(Option(argc, argv, "case"), std::atoi(Option(argc, argv, "iterations").c_str()));
    return 0;
  }
  const std::string format = Option(argc, argv, "format");
  const bool json = format == "json";
  if (!json && format != "proto") Fail("--format is json or proto");
  const std::string body = FileBytes(Option(argc, argv, "body"));
  const double seconds = std::atof(Option(argc, argv, "seconds").c_str()) / 2;

  const double decode_us = MedianMicros(seconds, [&] {
    Decoded decoded;
    json ? DecodeJson(body, &decoded) : DecodeProto(body, &decoded);
  });

  Decoded decoded;
  json ? DecodeJson(body, &decoded) : DecodeProto(body, &decoded);
  std::vector<NamedTensorView> outputs;
  for (const NamedTensor& input : decoded.inputs) {
    const tensorgate::Tensor& tensor = input.tensor;
    tensorgate::TensorView view;
    view.dtype = tensor.dtype;
    view.dims = tensor.dims.data();
    view.rank = static_cast<int>(tensor.dims.size());
    view.elements = tensor.elements;
    view.data = tensor.data.data();
    outputs.push_back({input.name, view});
  }
  const double encode_us = MedianMicros(seconds, [&] {
    tensorgate::OutputBuffer out;
    Check(json ? tensorgate::EncodePredictJson(decoded.format, outputs, &out)
               : tensorgate::EncodePredictResponse("model", 1, "serving_default", outputs, false,
                                                   &out));
  });
  std::printf("{\"body_bytes\": %zu, \"decode_us\": %.3f, \"encode_us\": %.3f}\n", body.size(),
              decode_us, encode_us);
  return 0;
}
