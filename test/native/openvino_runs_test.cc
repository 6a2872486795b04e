// Runs of OpenVINO's models: in whose memory, and in whose threads.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <utility>

#include "openvino/run_model.h"
#include "openvino_fixture.h"

namespace tensorgate::openvino_test {
namespace {

using openvino::RunModel;

class OpenVinoRunsTest : public OpenVinoSuite {};

TEST_F(OpenVinoRunsTest, WritesOutputsOfKnownShapesIntoMemoryOfOthers) {
  const auto model = ReadGraph(ScaleGraph());
  ASSERT_TRUE(model->Reshape({{0, {2, 3}}}).ok());
  EXPECT_EQ(model->outputs()[0].shape.dims, (Dims{2, 3}));
  const auto compiled = Compiled(*model);
  CompiledModel::Lease request;
  ASSERT_TRUE(compiled->Take(&request).ok());
  std::vector<float> in{1, 1, 1, 2, 2, 2}, out(6);
  ASSERT_TRUE(request->SetInput(0, Floats(&in, {2, 3})).ok());
  ASSERT_TRUE(request->SetOutput(0, Floats(&out, {2, 3})).ok());
  ASSERT_TRUE(request->Infer().ok());
  EXPECT_EQ(out, (std::vector<float>{11, 12, 13, 12, 14, 16}));
  TensorMemory output;
  ASSERT_TRUE(request->Output(0, &output).ok());
  EXPECT_EQ(output.data, out.data());
  in[0] = 5;  // no copy was made
  ASSERT_TRUE(request->Infer().ok());
  EXPECT_EQ(out[0], 15);
}

TEST_F(OpenVinoRunsTest, SmallValuesAreCopiedLargeOnesReadWhereTheyAre) {
  const auto model = ReadGraph(ScaleGraph());
  for (const int64_t rows : {1, 2, 341, 342, 5000}) {  // 4,092 bytes and 4,104
    ASSERT_TRUE(model->Reshape({{0, {rows, 3}}}).ok());
    const auto compiled = Compiled(*model);
    const bool copies = rows <= 341;
    {
      CompiledModel::Lease request;
      ASSERT_TRUE(compiled->Take(&request).ok());
      EXPECT_EQ(request->own_input(0) != nullptr, copies) << rows;
      EXPECT_EQ(request->own_output(0) != nullptr, copies) << rows;
    }
    std::vector<Tensor> first, second;
    std::vector<float> values(static_cast<size_t>(rows) * 3, 1);
    const TensorMemory in = Floats(&values, {rows, 3});
    ASSERT_TRUE(RunModel(*compiled, {in}, {0}, &first).ok());
    values.back() = 7;
    ASSERT_TRUE(RunModel(*compiled, {in}, {0}, &second).ok());
    for (const auto& [tensor, last] : {std::pair(&first[0], 13.f), std::pair(&second[0], 31.f)}) {
      EXPECT_EQ(tensor->dtype, DataType::kFloat);
      EXPECT_EQ(tensor->dims, (Dims{rows, 3}));
      ASSERT_EQ(tensor->elements, rows * 3);
      const float* const out = reinterpret_cast<const float*>(tensor->data.data());
      EXPECT_EQ(out[0], 11) << rows;
      EXPECT_EQ(out[rows * 3 - 1], last) << rows;
    }
    std::vector<int64_t> numbers(static_cast<size_t>(rows) * 3);
    const TensorMemory of_another{DataType::kInt64, {rows, 3}, numbers.data(), numbers.size() * 8};
    EXPECT_EQ(RunModel(*compiled, {of_another}, {0}, &first).code(), Code::kInvalidArgument);
    ASSERT_TRUE(RunModel(*compiled, {in}, {0}, &first).ok());
    EXPECT_EQ(reinterpret_cast<const float*>(first[0].data.data())[rows * 3 - 1], 31) << rows;
  }
}

TEST_F(OpenVinoRunsTest, MemoryThatWasSetTakesThePlaceOfTheRequestsOwn) {
  const auto model = ReadGraph(ScaleGraph());
  ASSERT_TRUE(model->Reshape({{0, {1, 3}}}).ok());
  const auto compiled = Compiled(*model);
  std::vector<float> in{1, 1, 1}, out(3);
  {
    CompiledModel::Lease request;
    ASSERT_TRUE(compiled->Take(&request).ok());
    ASSERT_TRUE(request->SetInput(0, Floats(&in, {1, 3})).ok());
    ASSERT_TRUE(request->SetOutput(0, Floats(&out, {1, 3})).ok());
    EXPECT_EQ(request->own_input(0), nullptr);
    EXPECT_EQ(request->own_output(0), nullptr);
  }
  std::vector<float> others{2, 2, 2};
  std::vector<Tensor> values;
  ASSERT_TRUE(RunModel(*compiled, {Floats(&others, {1, 3})}, {0}, &values).ok());
  EXPECT_EQ(*reinterpret_cast<const float*>(values[0].data.data()), 12);
  EXPECT_EQ(out[0], 0);
}

TEST_F(OpenVinoRunsTest, ComputesInTheCallersThreadWithOneStreamAndAsAsked) {
  CompileOptions options;
  const auto one = Compiled(*ReadGraph(ScaleGraph()), options);
  EXPECT_EQ(one->Property("NUM_STREAMS"), "1");
  EXPECT_EQ(one->Property("INFERENCE_NUM_THREADS"), "1");
  EXPECT_EQ(one->Property("INFERENCE_PRECISION_HINT"), "f32");
  EXPECT_EQ(one->Property("ENABLE_CPU_PINNING"), "NO");
  EXPECT_EQ(one->Property("NO_SUCH_PROPERTY"), "");
}

TEST_F(OpenVinoRunsTest, RunsOfManyThreadsDoNotMeet) {
  for (const int streams : {1, 2, 6}) {
    CompileOptions options;
    options.streams = options.threads = streams;
    const auto model = Compiled(*ReadGraph(ScaleGraph()), options);
    std::vector<std::thread> threads;
    std::atomic<int> wrong{0};
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&, thread] {
        for (int run = 0; run < 50; ++run) {
          const float value = static_cast<float>(thread * 100 + run);
          std::vector<float> out;
          Dims dims;
          const bool ran = RunOnce(*model, {value, 0, 0}, {1, 3}, &out, &dims).ok();
          if (!ran || out[0] != value + 10) ++wrong;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0) << streams;
  }
}

TEST_F(OpenVinoRunsTest, RunsOfSmallModelsAtTheSameTimeAreInTheirCallersThreads) {
  const auto model = ReadGraph(ScaleGraph());
  CompileOptions options;
  options.streams = options.threads = 3;
  EXPECT_EQ(Compiled(*model, options)->Property("NUM_STREAMS"), "1");
  options.streams = options.threads = 6;
  const auto compiled = Compiled(*model, options);
  // More than there are copies.
  std::vector<CompiledModel::Lease> leases(6);
  std::vector<float> values{1, 2, 3};
  for (CompiledModel::Lease& lease : leases) {
    ASSERT_TRUE(compiled->Take(&lease).ok());
    ASSERT_TRUE(lease->SetInput(0, Floats(&values, {1, 3})).ok());
    ASSERT_TRUE(lease->Infer().ok());
    TensorMemory output;
    ASSERT_TRUE(lease->Output(0, &output).ok());
    EXPECT_EQ(FloatsOf(output), (std::vector<float>{11, 14, 19}));
  }
}

}  // namespace
}  // namespace tensorgate::openvino_test
