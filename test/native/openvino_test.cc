// The binding of OpenVINO: models from bytes, shapes, and errors.
#include <dirent.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "files/scratch_folder.h"
#include "openvino/error.h"
#include "openvino_fixture.h"

namespace tensorgate::openvino_test {
namespace {

class OpenVinoTest : public OpenVinoSuite {};

TEST_F(OpenVinoTest, ReadsAGraphFromMemoryWithItsNamesTypesAndShapes) {
  const auto model = ReadGraph(ScaleGraph());
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
  ReadGraph(ScaleGraph());
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
  const auto model = Compiled(*ReadGraph(ScaleGraph()));
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

TEST_F(OpenVinoTest, OneModelIsCompiledForSeveralShapes) {
  const auto model = ReadGraph(ScaleGraph());
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
  const auto model = ReadGraph(ScaleGraph());
  const Status status = model->Reshape({{0, {2, 7}}});
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_EQ(status.message().rfind("OpenVINO cannot take inputs of these shapes: ", 0), 0u)
      << status.message();
}

TEST_F(OpenVinoTest, ReadsOnnxFromMemoryAndFindsWhatWasCompiledBefore) {
  char folder[] = "/tmp/openvino-test-XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  CompileOptions options;
  options.cache_dir = folder;
  for (int start = 0; start < 2; ++start) {
    std::unique_ptr<Model> model;
    Status status = core_->ReadOnnx(SumOnnx(), &model);
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
  Status status = core_->ReadOnnx(SumOnnx("NoSuchOp"), &model);
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_NE(status.message().find("NoSuchOp"), std::string::npos) << status.message();
  EXPECT_EQ(status.message().find("src/"), std::string::npos) << status.message();
  const std::string graph = graph::Graph({Placeholder("x", {2}), FloatOp("y", "NoSuchOp", {"x"})});
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
  const auto model = Compiled(*ReadGraph(ScaleGraph()));
  CompiledModel::Lease request;
  ASSERT_TRUE(model->Take(&request).ok());
  int64_t numbers[3] = {1, 2, 3};
  EXPECT_EQ(request->SetInput(0, {DataType::kInt64, {1, 3}, numbers, sizeof(numbers)}).code(),
            Code::kInvalidArgument);
  EXPECT_EQ(request->SetInput(0, {DataType::kString, {1, 3}, numbers, 0}).message(),
            "OpenVINO has no tensors of string");
}

TEST(OpenVinoLibraryTest, SaysWhyALibraryCannotBeUsed) {
  if (!LibraryPath().empty()) {
    const Core* core = nullptr;  // another is open already, or will be: one is tried only once
    ASSERT_TRUE(Core::Get(LibraryPath(), &core).ok());
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
}  // namespace tensorgate::openvino_test
