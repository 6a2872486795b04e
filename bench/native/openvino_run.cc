// openvino_run: a SavedModel read and run by OpenVINO itself in a bare loop, the ceiling of what
// --engine=auto can serve. One float32 or int32 input, one thread, compiled for one shape.
//   openvino_run --library=libopenvino_c.so.2641 --model=VERSION_FOLDER --shape=1,3 --dtype=float32
//   --seconds=2
// Prints {"p50_us": ...}. Of binding/ it uses the table of OpenVINO's C
// functions alone: what the server adds must not hide in its own yardstick.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <string>
#include <vector>

#include "command_line.h"
#include "openvino/c_api.h"
#include "openvino/element_type.h"

namespace {

using SteadyClock = std::chrono::steady_clock;
using namespace tensorgate;            // NOLINT(google-build-using-namespace)
using namespace tensorgate::openvino;  // NOLINT(google-build-using-namespace)
using bench::DimsOf;
using bench::Fail;
using bench::Option;

void Check(int failed) {
  if (failed != 0) Fail(Api().last_error());
}

}  // namespace

int main(int argc, char** argv) {
  const Status opened = OpenLibrary(Option(argc, argv, "library"));
  if (!opened.ok()) Fail(opened.message());
  std::vector<int64_t> dims = DimsOf(Option(argc, argv, "shape"));
  const bool whole = Option(argc, argv, "dtype") == "int32";
  const double seconds = std::atof(Option(argc, argv, "seconds").c_str());
  const CApi& api = Api();

  CoreObject* core = nullptr;
  ModelObject* model = nullptr;
  Check(api.core_create(&core));
  Check(api.read_model(core, Option(argc, argv, "model").c_str(), nullptr, &model));
  const auto rank = static_cast<int64_t>(dims.size());
  std::vector<CRange> ranges;
  int64_t elements = 1;
  for (const int64_t dim : dims) {
    ranges.push_back({dim, dim});
    elements *= dim;
  }
  const size_t only = 0;
  const CPartialShape shape{{rank, rank}, ranges.data()};
  Check(api.model_reshape(model, &only, &shape, 1));
  // As the server has a model compiled for a run pool of one thread.
  const CProperty properties[] = {{"INFERENCE_PRECISION_HINT", "f32"},
                                  {"NUM_STREAMS", "1"},
                                  {"INFERENCE_NUM_THREADS", "1"},
                                  {"PERFORMANCE_HINT", "LATENCY"},
                                  {"ENABLE_CPU_PINNING", "NO"}};
  CompiledModelObject* compiled = nullptr;
  Check(api.compile_model(core, model, "CPU", std::size(properties), properties, &compiled));
  api.model_free(model);

  std::vector<float> floats(static_cast<size_t>(elements));
  std::vector<int32_t> integers(static_cast<size_t>(elements));
  for (size_t i = 0; i < floats.size(); i++) {
    integers[i] = static_cast<int32_t>(i % 7);
    floats[i] = static_cast<float>(i % 7) / 7;
  }
  void* const memory = whole ? static_cast<void*>(integers.data()) : floats.data();
  const DataType dtype = whole ? DataType::kInt32 : DataType::kFloat;
  InferRequestObject* request = nullptr;
  TensorObject* input = nullptr;
  Check(api.create_request(compiled, &request));
  Check(api.tensor_over(ElementTypeOf(dtype), {rank, dims.data()}, memory, &input));
  Check(api.set_input(request, 0, input));

  std::vector<double> micros;
  const auto run_for = [&](double limit) {
    micros.clear();
    const auto start = SteadyClock::now();
    auto before = start;
    do {
      Check(api.infer(request));
      const auto after = SteadyClock::now();
      micros.push_back(std::chrono::duration<double, std::micro>(after - before).count());
      before = after;
    } while (std::chrono::duration<double>(before - start).count() < limit);
  };
  run_for(seconds / 4);
  run_for(seconds);
  const auto middle = micros.begin() + static_cast<std::ptrdiff_t>(micros.size() / 2);
  std::nth_element(micros.begin(), middle, micros.end());
  std::printf("{\"p50_us\": %.3f}\n", *middle);
  return 0;
}
