// Weights of a session that are put aside, and come back for the runs that need them.
#include "model/session_weights.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "plan/agreement.h"
#include "plan/frozen_graph.h"
#include "test_model.h"
#include "tf/status.h"
#include "tf/tensor.h"
#include "warmup/synthetic_inputs.h"

namespace tensorgate {
namespace {

class SessionWeightsTest : public testing::Test {
 protected:
  void SetUp() override {
    ScratchFile file;
    ASSERT_TRUE(file.Make().ok());
    if (!file.is_on_disk()) GTEST_SKIP() << "there is no disk for scratch files";
    model_ = LoadModel("test/models/conv/1");
    ASSERT_TRUE(FreezeModel(*model_, {16, 1}, &frozen_).ok());
    ASSERT_FALSE(frozen_.weights.empty());
    ASSERT_TRUE(NewFrozenSession(frozen_, "", FrozenSessionKind::kPlain, &session_).ok());
    signature_ = model_->SignaturesInOrder()[0];
    ASSERT_TRUE(MakeSyntheticInputs(*signature_, {RowFill::kRandom, RowFill::kOtherRandom},
                                    size_t{1} << 20, &inputs_));
    ASSERT_TRUE(
        model_->Run(signature_->inputs, inputs_.values, signature_->outputs, &expected_).ok());
  }

  std::string Differs() const {
    std::vector<TF_Tensor*> values(signature_->outputs.size(), nullptr);
    StatusHandle status(TF_NewStatus());
    session_->Run(nullptr, signature_->inputs, inputs_.values, signature_->outputs, &values,
                  nullptr, status.get());
    if (TF_GetCode(status.get()) != TF_OK) return TF_Message(status.get());
    std::vector<TensorHandle> outputs;
    for (TF_Tensor* value : values) outputs.emplace_back(value);
    Agreement agreement;
    Compare(expected_, outputs, &agreement);
    return agreement.difference;
  }

  // Of all weights, as the session has them now.
  size_t BytesHeld() const {
    std::vector<std::string> reads;
    for (const ResidentWeight& weight : frozen_.weights) reads.push_back(weight.read);
    std::vector<TensorHandle> values;
    EXPECT_TRUE(session_->RunByName(nullptr, {}, {}, reads, {}, nullptr, &values).ok());
    size_t bytes = 0;
    for (const TensorHandle& value : values) bytes += TF_TensorByteSize(value.get());
    return bytes;
  }

  std::unique_ptr<SavedModel> model_;
  FrozenGraph frozen_;
  std::unique_ptr<GraphSession> session_;
  const Signature* signature_ = nullptr;
  SyntheticInputs inputs_;
  std::vector<TensorHandle> expected_;
};

TEST_F(SessionWeightsTest, AreHeldByNobodyUntilARunNeedsThem) {
  const size_t whole = BytesHeld();
  EXPECT_GT(whole, 0u);
  session_->PutWeightsAside();
  EXPECT_EQ(BytesHeld(), 0u);
  EXPECT_EQ(Differs(), "");
  EXPECT_EQ(BytesHeld(), whole);
  session_->PutWeightsAsideAfter(std::chrono::hours(1));
  EXPECT_EQ(BytesHeld(), whole) << "they were needed just now";
  session_->PutWeightsAsideAfter(std::chrono::seconds(0));
  EXPECT_EQ(BytesHeld(), 0u);
  EXPECT_EQ(Differs(), "");
}

TEST_F(SessionWeightsTest, AreThereForEveryRunWhoeverPutsThemAside) {
  session_->PutWeightsAside();
  std::atomic<bool> is_over{false};
  std::atomic<int> runs{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      while (!is_over) {
        EXPECT_EQ(Differs(), "");
        ++runs;
      }
    });
  }
  while (runs < 200) {
    session_->PutWeightsAsideAfter(std::chrono::seconds(0));
    std::this_thread::yield();
  }
  is_over = true;
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace tensorgate
