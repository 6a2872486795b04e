// raw_run: TF_SessionRun in a bare loop, the ceiling of any server on the same model. One float32
// or int32 input, one output, one thread, the graph executed in the calling thread, as tensorgate
// does it.
//   raw_run --model=VERSION_FOLDER --feed=x:0 --fetch=y:0 --shape=1,3 --dtype=float32 --seconds=2
// Prints {"runs_per_second": ..., "mean_us": ...}. Uses nothing of binding/, on purpose: what the
// server adds must not hide in its own yardstick.
#include <tensorflow/c/c_api.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "command_line.h"

namespace {

using tensorgate::bench::Fail;
using tensorgate::bench::Option;
using SteadyClock = std::chrono::steady_clock;

void Check(TF_Status* status) {
  if (TF_GetCode(status) != TF_OK) Fail(TF_Message(status));
}

// "name:0" to a graph endpoint.
TF_Output Endpoint(TF_Graph* graph, const std::string& tensor) {
  const size_t colon = tensor.rfind(':');
  const std::string name = tensor.substr(0, colon);
  const int index = colon == std::string::npos ? 0 : std::atoi(tensor.c_str() + colon + 1);
  TF_Operation* operation = TF_GraphOperationByName(graph, name.c_str());
  if (operation == nullptr) Fail("no such tensor: " + tensor);
  return {operation, index};
}

TF_Tensor* InputOf(const std::string& shape, const std::string& dtype) {
  if (dtype != "float32" && dtype != "int32") Fail("--dtype is float32 or int32");
  const std::vector<int64_t> dims = tensorgate::bench::DimsOf(shape);
  int64_t elements = 1;
  for (const int64_t dim : dims) elements *= dim;
  const bool whole = dtype == "int32";
  TF_Tensor* tensor =
      TF_AllocateTensor(whole ? TF_INT32 : TF_FLOAT, dims.data(), static_cast<int>(dims.size()),
                        static_cast<size_t>(elements) * 4);
  float* floats = static_cast<float*>(TF_TensorData(tensor));
  int32_t* integers = static_cast<int32_t*>(TF_TensorData(tensor));
  for (int64_t i = 0; i < elements; i++) {
    if (whole) {
      integers[i] = static_cast<int32_t>(i % 7);
    } else {
      floats[i] = static_cast<float>(i % 7) / 7;
    }
  }
  return tensor;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string model = Option(argc, argv, "model");
  const double seconds = std::atof(Option(argc, argv, "seconds").c_str());

  TF_Status* status = TF_NewStatus();
  TF_Graph* graph = TF_NewGraph();
  TF_SessionOptions* session_options = TF_NewSessionOptions();
  // ConfigProto { intra_op_parallelism_threads: 1, inter_op_parallelism_threads: 1 }
  const unsigned char config[] = {0x10, 1, 0x28, 1};
  TF_SetConfig(session_options, config, sizeof(config), status);
  Check(status);
  // RunOptions { inter_op_thread_pool: -1 }: the graph runs in the calling thread.
  const unsigned char run_proto[] = {0x18, 0xff, 0xff, 0xff, 0xff, 0xff,
                                     0xff, 0xff, 0xff, 0xff, 0x01};
  TF_Buffer* run_options = TF_NewBufferFromString(run_proto, sizeof(run_proto));
  const char* tags[] = {"serve"};
  TF_Session* session = TF_LoadSessionFromSavedModel(session_options, nullptr, model.c_str(), tags,
                                                     1, graph, nullptr, status);
  Check(status);

  const TF_Output feed = Endpoint(graph, Option(argc, argv, "feed"));
  const TF_Output fetch = Endpoint(graph, Option(argc, argv, "fetch"));
  TF_Tensor* const input = InputOf(Option(argc, argv, "shape"), Option(argc, argv, "dtype"));
  const auto run_once = [&] {
    TF_Tensor* output = nullptr;
    TF_SessionRun(session, run_options, &feed, &input, 1, &fetch, &output, 1, nullptr, 0, nullptr,
                  status);
    Check(status);
    TF_DeleteTensor(output);
  };

  // The first runs build the executor and warm the caches.
  const auto start = SteadyClock::now();
  const std::chrono::duration<double> warmup(seconds / 4);
  do {
    run_once();
  } while (SteadyClock::now() - start < warmup);

  const auto measured = SteadyClock::now();
  std::chrono::duration<double> elapsed(0);
  long runs = 0;
  do {
    for (int i = 0; i < 8; i++) run_once();  // reading the clock is small beside eight runs
    runs += 8;
    elapsed = SteadyClock::now() - measured;
  } while (elapsed.count() < seconds);
  std::printf("{\"runs_per_second\": %.1f, \"mean_us\": %.3f}\n",
              static_cast<double>(runs) / elapsed.count(),
              elapsed.count() * 1e6 / static_cast<double>(runs));
  return 0;
}
