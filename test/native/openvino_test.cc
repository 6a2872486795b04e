// The binding of OpenVINO: models from bytes, shapes, runs in memory of ours, and errors.
#include <dirent.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>
#include <utility>

#include "files/scratch_folder.h"
#include "openvino/core.h"
#include "openvino/error.h"
#include "openvino/run_model.h"
#include "openvino_models.h"

namespace tensorgate {
namespace {

using openvino::CompiledModel;
using openvino::CompileOptions;
using openvino::Core;
using openvino::Model;
using openvino::RunModel;
using openvino::TensorMemory;
using Dims = std::vector<int64_t>;

class OpenVinoTest : public testing::Test {
 protected:
  void SetUp() override {
    TENSORGATE_NEEDS_OPENVINO();
    const Status status = Core::Get(openvino_test::LibraryPath(), &core_);
    ASSERT_TRUE(status.ok()) << status.message();
  }

  Status TryGraph(const std::string& graph, std::unique_ptr<Model>* model) {
    ScratchFile file;
    Status status = file.Make();
    if (status.ok()) status = file.Append(graph);
    return status.ok() ? core_->ReadGraphDef(file, model) : status;
  }

  std::unique_ptr<Model> ReadGraph(const std::string& graph) {
    std::unique_ptr<Model> model;
    const Status status = TryGraph(graph, &model);
    EXPECT_TRUE(status.ok()) << status.message();
    return model;
  }

  std::unique_ptr<CompiledModel> Compiled(const Model& model, const CompileOptions& options = {}) {
    std::unique_ptr<CompiledModel> compiled;
    const Status status = core_->Compile(model, options, &compiled);
    EXPECT_TRUE(status.ok()) << status.message();
    return compiled;
  }

  const Core* core_ = nullptr;
};

TensorMemory Floats(std::vector<float>* values, Dims dims) {
  return TensorMemory{DataType::kFloat, std::move(dims), values->data(),
                      values->size() * sizeof(float)};
}

std::vector<float> FloatsOf(const TensorMemory& memory) {
  std::vector<float> values(memory.bytes / sizeof(float));
  if (!values.empty()) std::memcpy(values.data(), memory.data, memory.bytes);
  return values;
}

// The first output of the first input.
Status RunOnce(const CompiledModel& model, std::vector<float> values, Dims dims,
               std::vector<float>* out, Dims* out_dims) {
  CompiledModel::Lease request;
  Status status = model.Take(&request);
  if (status.ok()) status = request->SetInput(0, Floats(&values, std::move(dims)));
  if (status.ok()) status = request->Infer();
  TensorMemory output;
  if (status.ok()) status = request->Output(0, &output);
  if (!status.ok()) return status;
  *out = FloatsOf(output);
  *out_dims = output.dims;
  return Status();
}

TEST_F(OpenVinoTest, ReadsAGraphFromMemoryWithItsNamesTypesAndShapes) {
  const auto model = ReadGraph(openvino_test::ScaleGraph());
  ASSERT_NE(model, nullptr);
  ASSERT_EQ(model->inputs().size(), 1u);
  EXPECT_EQ(model->inputs()[0].name, "x:0");
  EXPECT_EQ(model->inputs()[0].dtype, DataType::kFloat);
  EXPECT_FALSE(model->inputs()[0].shape.unknown_rank);
  EXPECT_EQ(model->inputs()[0].shape.dims, (Dims{-1, 3}));
  ASSERT_EQ(model->outputs().size(), 1u);
  EXPECT_EQ(model->FindInput("x:0"), 0);
  EXPECT_EQ(model->FindOutput("y:0"), 0);
  EXPECT_EQ(model->FindOutput("add:0"), 0) << "an Identity leaves both names";
  EXPECT_EQ(model->FindOutput("mul:0"), -1);
  EXPECT_EQ(model->FindInput("y:0"), -1);
}

TEST_F(OpenVinoTest, LeavesNoFileBehind) {
  char folder[] = "/tmp/openvino-test-XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  const char* const before = getenv("TMPDIR");
  const std::string kept = before == nullptr ? "" : before;
  setenv("TMPDIR", folder, 1);
  const auto files = [] {
    int count = 0;
    DIR* const open = opendir("/proc/self/fd");
    while (readdir(open) != nullptr) ++count;
    closedir(open);
    return count;
  };
  const int files_before = files();
  ReadGraph(openvino_test::ScaleGraph());
  EXPECT_EQ(files(), files_before);
  {
    ScratchFolder scratch;
    ASSERT_TRUE(scratch.Make().ok());
    EXPECT_EQ(scratch.path().rfind(std::string(folder) + "/", 0), 0u) << scratch.path();
    std::ofstream(scratch.path() + "/left") << "content";
    ScratchFile file;
    ASSERT_TRUE(file.Make().ok());
    ASSERT_TRUE(file.Append("con").ok());
    ASSERT_TRUE(file.Append("tent").ok());
    std::stringstream content;
    content << std::ifstream(file.path()).rdbuf();
    EXPECT_EQ(content.str(), "content");
    char part[4] = {};
    EXPECT_TRUE(file.ReadAt(3, part, 4).ok());
    EXPECT_EQ(std::string(part, 4), "tent");
    EXPECT_EQ(file.ReadAt(4, part, 4).code(), Code::kDataLoss);
  }
  EXPECT_EQ(files(), files_before);
  if (before == nullptr) {
    unsetenv("TMPDIR");
  } else {
    setenv("TMPDIR", kept.c_str(), 1);
  }
  EXPECT_EQ(rmdir(folder), 0) << "something is left in it";
}

TEST_F(OpenVinoTest, RunsWithAnyNumberOfRowsAndNone) {
  const auto model = Compiled(*ReadGraph(openvino_test::ScaleGraph()));
  ASSERT_NE(model, nullptr);
  std::vector<float> out;
  Dims dims;
  for (const int64_t rows : {1, 3, 2}) {
    std::vector<float> in, expected;
    for (int64_t row = 0; row < rows; ++row) {
      for (const float value : {1.f, 2.f, 3.f}) {
        in.push_back(value + static_cast<float>(row));
        expected.push_back((value + static_cast<float>(row)) * value + 10);
      }
    }
    const Status status = RunOnce(*model, in, {rows, 3}, &out, &dims);
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(out, expected);
    EXPECT_EQ(dims, (Dims{rows, 3}));
  }
  ASSERT_TRUE(RunOnce(*model, {}, {0, 3}, &out, &dims).ok());
  EXPECT_TRUE(out.empty());
  EXPECT_EQ(dims, (Dims{0, 3}));
}

TEST_F(OpenVinoTest, WritesOutputsOfKnownShapesIntoMemoryOfOthers) {
  const auto model = ReadGraph(openvino_test::ScaleGraph());
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

TEST_F(OpenVinoTest, SmallValuesAreCopiedLargeOnesReadWhereTheyAre) {
  const auto model = ReadGraph(openvino_test::ScaleGraph());
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

TEST_F(OpenVinoTest, MemoryThatWasSetTakesThePlaceOfTheRequestsOwn) {
  const auto model = ReadGraph(openvino_test::ScaleGraph());
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

TEST_F(OpenVinoTest, OneModelIsCompiledForSeveralShapes) {
  const auto model = ReadGraph(openvino_test::ScaleGraph());
  std::vector<std::unique_ptr<CompiledModel>> compiled;
  for (const int64_t rows : {1, 4}) {
    ASSERT_TRUE(model->Reshape({{0, {rows, 3}}}).ok());
    compiled.push_back(Compiled(*model));
  }
  ASSERT_TRUE(model->Reshape({{0, {-1, 3}}}).ok());
  compiled.push_back(Compiled(*model));
  std::vector<float> out;
  Dims dims;
  const std::vector<float> row{1, 1, 1};
  EXPECT_TRUE(RunOnce(*compiled[0], row, {1, 3}, &out, &dims).ok());
  EXPECT_EQ(out, (std::vector<float>{11, 12, 13}));
  EXPECT_TRUE(RunOnce(*compiled[1], std::vector<float>(12, 1), {4, 3}, &out, &dims).ok());
  EXPECT_EQ(out.size(), 12u);
  EXPECT_TRUE(RunOnce(*compiled[2], std::vector<float>(6, 1), {2, 3}, &out, &dims).ok());
  const Status status = RunOnce(*compiled[0], std::vector<float>(12, 1), {4, 3}, &out, &dims);
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_NE(status.message().find("are incompatible"), std::string::npos) << status.message();
  EXPECT_EQ(status.message().find('\n'), std::string::npos);
}

TEST_F(OpenVinoTest, RefusesShapesThatTheGraphDoesNotWorkWith) {
  const auto model = ReadGraph(openvino_test::ScaleGraph());
  const Status status = model->Reshape({{0, {2, 7}}});
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_EQ(status.message().rfind("OpenVINO cannot take inputs of these shapes: ", 0), 0u)
      << status.message();
}

TEST_F(OpenVinoTest, ComputesInTheCallersThreadWithOneStreamAndAsAsked) {
  CompileOptions options;
  const auto one = Compiled(*ReadGraph(openvino_test::ScaleGraph()), options);
  EXPECT_EQ(one->Property("NUM_STREAMS"), "1");
  EXPECT_EQ(one->Property("INFERENCE_NUM_THREADS"), "1");
  EXPECT_EQ(one->Property("INFERENCE_PRECISION_HINT"), "f32");
  EXPECT_EQ(one->Property("ENABLE_CPU_PINNING"), "NO");
  EXPECT_EQ(one->Property("NO_SUCH_PROPERTY"), "");
}

TEST_F(OpenVinoTest, RunsOfManyThreadsDoNotMeet) {
  for (const int streams : {1, 2, 6}) {
    CompileOptions options;
    options.streams = options.threads = streams;
    const auto model = Compiled(*ReadGraph(openvino_test::ScaleGraph()), options);
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

TEST_F(OpenVinoTest, RunsOfSmallModelsAtTheSameTimeAreInTheirCallersThreads) {
  const auto model = ReadGraph(openvino_test::ScaleGraph());
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

TEST_F(OpenVinoTest, ReadsOnnxFromMemoryAndFindsWhatWasCompiledBefore) {
  char folder[] = "/tmp/openvino-test-XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  CompileOptions options;
  options.cache_dir = folder;
  for (int start = 0; start < 2; ++start) {
    std::unique_ptr<Model> model;
    Status status = core_->ReadOnnx(openvino_test::SumOnnx(), &model);
    ASSERT_TRUE(status.ok()) << status.message();
    const auto compiled = Compiled(*model, options);
    ASSERT_NE(compiled, nullptr);
    const int a = compiled->FindInput("a"), b = compiled->FindInput("b");
    ASSERT_EQ(a + b, 1);
    CompiledModel::Lease request;
    ASSERT_TRUE(compiled->Take(&request).ok());
    std::vector<float> of_a{1, 2}, of_b{30, 40};
    ASSERT_TRUE(request->SetInput(static_cast<size_t>(a), Floats(&of_a, {1, 2})).ok());
    ASSERT_TRUE(request->SetInput(static_cast<size_t>(b), Floats(&of_b, {1, 2})).ok());
    ASSERT_TRUE(request->Infer().ok());
    TensorMemory sum;
    ASSERT_TRUE(request->Output(0, &sum).ok());
    EXPECT_EQ(FloatsOf(sum), (std::vector<float>{31, 42}));
  }
  int kept = 0;
  DIR* const open = opendir(folder);
  while (const dirent* const entry = readdir(open)) {
    if (entry->d_name[0] == '.') continue;
    ++kept;
    unlink((std::string(folder) + "/" + entry->d_name).c_str());
  }
  closedir(open);
  EXPECT_EQ(kept, 1);
  EXPECT_EQ(rmdir(folder), 0);
}

TEST_F(OpenVinoTest, NamesTheOpThatItCannotRead) {
  std::unique_ptr<Model> model;
  Status status = core_->ReadOnnx(openvino_test::SumOnnx("NoSuchOp"), &model);
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_NE(status.message().find("NoSuchOp"), std::string::npos) << status.message();
  EXPECT_EQ(status.message().find("src/"), std::string::npos) << status.message();
  const std::string graph = graph::Graph(
      {openvino_test::Placeholder("x", {2}), openvino_test::FloatOp("y", "NoSuchOp", {"x"})});
  std::unique_ptr<CompiledModel> compiled;
  status = TryGraph(graph, &model);
  if (status.ok()) status = core_->Compile(*model, {}, &compiled);
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_NE(status.message().find("NoSuchOp"), std::string::npos) << status.message();
  for (const char* bytes : {"", "no model"}) {
    EXPECT_EQ(core_->ReadOnnx(bytes, &model).code(), Code::kInvalidArgument) << bytes;
  }
  EXPECT_EQ(TryGraph("", &model).code(), Code::kInvalidArgument);
}

TEST_F(OpenVinoTest, RefusesTensorsOfAnotherDtype) {
  const auto model = Compiled(*ReadGraph(openvino_test::ScaleGraph()));
  CompiledModel::Lease request;
  ASSERT_TRUE(model->Take(&request).ok());
  int64_t numbers[3] = {1, 2, 3};
  EXPECT_EQ(request->SetInput(0, {DataType::kInt64, {1, 3}, numbers, sizeof(numbers)}).code(),
            Code::kInvalidArgument);
  EXPECT_EQ(request->SetInput(0, {DataType::kString, {1, 3}, numbers, 0}).message(),
            "OpenVINO has no tensors of string");
}

TEST(OpenVinoLibraryTest, SaysWhyALibraryCannotBeUsed) {
  if (!openvino_test::LibraryPath().empty()) {
    const Core* core = nullptr;  // another is open already, or will be: one is tried only once
    ASSERT_TRUE(Core::Get(openvino_test::LibraryPath(), &core).ok());
    EXPECT_TRUE(openvino::OpenLibrary("/no/such/file").ok());
    EXPECT_EQ(openvino::LibraryVersion().rfind("2026.4.", 0), 0u);
    return;
  }
  EXPECT_EQ(openvino::OpenLibrary("/no/such/file").code(), Code::kNotFound);
  EXPECT_EQ(openvino::OpenLibrary("libc.so.6").message(),
            "cannot use OpenVINO's library libc.so.6: it lacks ov_get_openvino_version");
}

TEST(OpenVinoErrorTest, LeavesOutWhereInItsSourcesAnErrorArose) {
  EXPECT_EQ(openvino::OneLine("Exception from src/a/b.cpp:84:\n"
                              "Check 'x' failed at src/c/d.hpp:135:\n"
                              "FrontEnd API failed with GeneralFailure:\n"
                              "Could not open it\n\n  and more: \nlast\n"),
            "Could not open it; and more: last");
  EXPECT_EQ(openvino::OneLine("plain"), "plain");
  EXPECT_EQ(openvino::OneLine(""), "");
}

}  // namespace
}  // namespace tensorgate
