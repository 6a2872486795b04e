// SavedModels whose signatures OpenVINO computes, beside TensorFlow in one process.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

#include "../openvino_models.h"
#include "model/run_statistics.h"
#include "plan/agreement.h"
#include "plan/plan.h"
#include "pool/worker_pool.h"
#include "test_model.h"
#include "tf/tensor.h"
#include "warmup/synthetic_inputs.h"

namespace tensorgate {
namespace {

class OpenVinoPlanTest : public testing::Test {
 protected:
  void SetUp() override {
    TENSORGATE_NEEDS_OPENVINO();
    options_.openvino.library = openvino_test::LibraryPath();
    options_.path = "/nowhere";
    options_.trial_millis = 20;
    options_.shared_weights = {16, 1};
    options_.openvino.is_wanted = true;
    options_.openvino.loads = &loads_;
  }

  std::unique_ptr<SavedModel> Planned(const std::string& path) {
    std::unique_ptr<SavedModel> model = LoadModel(path);
    report_ = ChoosePlan(model.get(), options_);
    model->Serve();
    return model;
  }

  // With so many rows, in all signatures.
  static std::string Differs(const SavedModel& expected, const SavedModel& given, size_t rows) {
    for (size_t i = 0; i < expected.signatures().size(); ++i) {
      const Signature& one = expected.signatures()[i];
      const Signature& other = given.signatures()[i];
      if (!one.has_outputs()) continue;
      SyntheticInputs inputs;
      if (!MakeSyntheticInputs(one, std::vector<RowFill>(rows, RowFill::kRandom), size_t{1} << 20,
                               &inputs)) {
        return "no inputs for " + one.def.name;
      }
      std::vector<TensorHandle> answers, others;
      Status status = expected.Run(one.inputs, inputs.values, one.outputs, &answers);
      if (status.ok()) status = given.Run(other.inputs, inputs.values, other.outputs, &others);
      if (!status.ok()) return status.message();
      Agreement agreement;
      Compare(answers, others, &agreement);
      if (!agreement.agrees) return one.def.name + ": " + agreement.difference;
    }
    return "";
  }

  WorkerPool loads_{"loads", 1, 16};
  PlanOptions options_;
  PlanReport report_;
};

TEST_F(OpenVinoPlanTest, AnswersAsTheSavedGraphInEveryShapeFromAllThreads) {
  const auto saved = LoadModel("examples/models/keras_mlp/1");
  const auto planned = Planned("examples/models/keras_mlp/1");
  ASSERT_EQ(report_.plan.kind, PlanKind::kOpenVino) << report_.no_openvino;
  EXPECT_TRUE(report_.shared_weights) << report_.no_shared_weights;
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      for (size_t run = 0; run < 60; ++run) {
        EXPECT_EQ(Differs(*saved, *planned, 1 + run % 3), "");
        loads_.Wake();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(OpenVinoPlanTest, GoesWithTheModelWhateverIsCompiledThen) {
  const auto saved = LoadModel("examples/models/keras_mlp/1");
  for (int load = 0; load < 5; ++load) {
    const auto planned = Planned("examples/models/keras_mlp/1");
    ASSERT_EQ(report_.plan.kind, PlanKind::kOpenVino) << report_.no_openvino;
    // The second run of a shape has it compiled.
    for (const size_t rows : {2, 2, 3, 3}) EXPECT_EQ(Differs(*saved, *planned, rows), "");
  }
}

// Each number of rows from 1 to 24; how many of these runs were left to TensorFlow.
uint64_t LeftOf(const std::function<void(size_t rows)>& run) {
  const uint64_t before = RunStatistics::Process().engine_runs().left;
  for (size_t i = 0; i < 24; ++i) run(1 + i * 7 % 24);
  return RunStatistics::Process().engine_runs().left - before;
}

TEST_F(OpenVinoPlanTest, PadsRowsThatAreProvenToFewSizes) {
  const auto saved = LoadModel("examples/models/keras_mlp/1");
  const auto planned = Planned("examples/models/keras_mlp/1");
  ASSERT_EQ(report_.plan.kind, PlanKind::kOpenVino) << report_.no_openvino;
  const auto run = [&](size_t rows) {
    EXPECT_EQ(Differs(*saved, *planned, rows), "") << rows;
    loads_.Wake();
  };
  // Of the signatures of the model one serves.
  const uint64_t rounds = LeftOf(run);
  EXPECT_GE(rounds, 16u) << "as they are";
  for (size_t i = 0; i < planned->signatures().size(); ++i) planned->ProveRows(i);
  uint64_t left = rounds;
  for (int round = 0; round < 200 && left > 6; ++round) {
    left = LeftOf(run);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  EXPECT_LE(left, 6u);
}

}  // namespace
}  // namespace tensorgate
