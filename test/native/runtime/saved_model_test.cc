#include "model/saved_model.h"

#include <gtest/gtest.h>

#include <cstring>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "call/inference_call.h"
#include "codec/proto/predict_proto.h"
#include "model/servable_registry.h"
#include "test_model.h"
#include "tf/tensor.h"

namespace tensorgate {
namespace {

std::string FloatTensorProto(const std::vector<float>& values) {
  OutputBuffer bytes;
  const int64_t dims[] = {static_cast<int64_t>(values.size())};
  TensorView view;
  view.dtype = DataType::kFloat;
  view.dims = dims;
  view.rank = 1;
  view.elements = dims[0];
  view.data = values.data();
  EXPECT_TRUE(EncodeTensorProto(view, /*as_content=*/true, &bytes).ok());
  return std::string(bytes.view());
}

TEST(ToTfTensorTest, HandsDecodedMemoryOverWithoutACopy) {
  const std::string proto = FloatTensorProto(std::vector<float>(1000, 1.5f));
  DecodeBudget budget{DecodeLimits()};
  Tensor tensor;
  ASSERT_TRUE(DecodeTensorProto(proto, &budget, &tensor).ok());
  const void* decoded = tensor.data.data();
  EXPECT_EQ(reinterpret_cast<uintptr_t>(decoded) % AlignedBuffer::kAlignment, 0u);
  TensorHandle handle;
  ASSERT_TRUE(ToTfTensor(&tensor, &handle).ok());
  EXPECT_EQ(TF_TensorData(handle.get()), decoded);
  EXPECT_EQ(LiveInputTensors(), 1);
  handle.reset();
  EXPECT_EQ(LiveInputTensors(), 0);
}

TEST(ToTfTensorTest, CarriesStringsAndTensorsWithoutElements) {
  Tensor strings;
  strings.dtype = DataType::kString;
  strings.dims = {2};
  strings.elements = 2;
  const std::string long_text(100, 'x');  // beyond the inline form of TF_TString
  strings.strings = {"a", long_text};
  TensorHandle handle;
  ASSERT_TRUE(ToTfTensor(&strings, &handle).ok());
  std::vector<int64_t> dims;
  const TensorView view = ViewOf(handle.get(), &dims);
  EXPECT_EQ(view.string_at(view.data, 0), "a");
  EXPECT_EQ(view.string_at(view.data, 1), long_text);

  Tensor empty;
  empty.dtype = DataType::kFloat;
  empty.dims = {0, 3};
  ASSERT_TRUE(ToTfTensor(&empty, &handle).ok());
  EXPECT_EQ(TF_TensorElementCount(handle.get()), 0);
}

TEST(SavedModelTest, BindsItsSignatures) {
  const std::unique_ptr<SavedModel> model = LoadModel("test/models/multi_io/1");
  ASSERT_NE(model, nullptr);
  const Signature* signature = model->FindSignature("serving_default");
  ASSERT_NE(signature, nullptr);
  ASSERT_EQ(signature->def.inputs.size(), 2u);
  EXPECT_EQ(signature->def.inputs[0].alias, "a");
  EXPECT_EQ(signature->def.inputs[0].dtype, DataType::kFloat);
  EXPECT_EQ(signature->def.inputs[1].alias, "b");
  EXPECT_NE(signature->inputs[0].oper, nullptr);
  EXPECT_FALSE(model->signature_def_map().empty());
  EXPECT_EQ(model->FindSignature("nope"), nullptr);
}

TEST(SavedModelTest, LoadsAModelWithoutSignatures) {
  const std::unique_ptr<SavedModel> model = LoadModel("test/models/no_signature/1");
  ASSERT_NE(model, nullptr);
  EXPECT_EQ(model->FindSignature("serving_default"), nullptr);
}

TEST(InferenceCallTest, AnswersJsonThroughTensorFlowOnSeveralThreadsAtOnce) {
  const std::shared_ptr<const SavedModel> model = LoadModel("examples/models/half_plus_two/1");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        std::unique_ptr<InferenceCall> call = NewJsonPredictCall(model);
        ASSERT_TRUE(call->Decode(R"({"instances": [1.0, 2.0, 5.0]})", DecodeLimits()).ok());
        OutputBuffer reply;
        ASSERT_TRUE(call->RunAndEncode(&reply).ok());
        ASSERT_EQ(reply.view(), "{\n    \"predictions\": [2.5, 3.0, 4.5\n    ]\n}");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

class SignalJob : public Job {
 public:
  explicit SignalJob(std::promise<void>* done) : done_(done) {}
  void Run(std::unique_ptr<Job>) override { done_->set_value(); }

 private:
  std::promise<void>* done_;
};

TEST(SessionRegistryTest, FreesAModelWhenItsLastHolderLetsGo) {
  WorkerPool disposers("dispose", 1, 8);
  ServableRegistry registry(&disposers);
  const uint32_t id = registry.Add(LoadModel("examples/models/half_plus_two/1"));
  std::shared_ptr<const Servable> held = registry.Find(id);
  ASSERT_NE(held, nullptr);

  std::promise<void> freed;
  std::future<void> is_freed = freed.get_future();
  std::unique_ptr<Job> when_freed = std::make_unique<SignalJob>(&freed);
  ASSERT_TRUE(registry.Remove(id, &when_freed));
  EXPECT_EQ(registry.Find(id), nullptr);
  EXPECT_EQ(SavedModel::LiveCount(), 1);

  held.reset();
  is_freed.wait();
  EXPECT_EQ(SavedModel::LiveCount(), 0);
}

TEST(SessionRegistryTest, LeavesTheJobWithTheCallerForAnUnknownId) {
  WorkerPool disposers("dispose", 1, 8);
  ServableRegistry registry(&disposers);
  std::promise<void> freed;
  std::unique_ptr<Job> when_freed = std::make_unique<SignalJob>(&freed);
  EXPECT_FALSE(registry.Remove(42, &when_freed));
  EXPECT_NE(when_freed, nullptr);
}

}  // namespace
}  // namespace tensorgate
