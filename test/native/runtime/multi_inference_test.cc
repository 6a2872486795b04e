// MultiInference on signatures with inputs of their own, some of which compute the same: what a
// frozen graph answers, alone and in a batch, is what the graph answers as it was saved.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "../example_builder.h"
#include "batch_tasks.h"
#include "plan/frozen_graph.h"

namespace tensorgate {
namespace {

using proto::BytesField;

constexpr char kModel[] = "test/models/own_inputs/1";

std::string TaskFor(const std::string& signature) {
  const std::string method = signature.substr(0, signature.find('_'));
  return BytesField(1, BytesField(1, BytesField(1, "m") + BytesField(3, signature)) +
                           BytesField(2, "tensorflow/serving/" + method));
}

std::string RequestOf(const std::vector<std::string>& signatures, int examples) {
  std::string tasks;
  for (const std::string& signature : signatures) tasks += TaskFor(signature);
  std::vector<std::string> made;
  for (int i = 0; i < examples; ++i) {
    const float x = static_cast<float>(10 * i + 2);
    made.push_back(proto::Example(proto::Feature("x", proto::FloatFeature({x})) +
                                  proto::Feature("x2", proto::FloatFeature({x + 100}))));
  }
  return tasks + proto::InputField(proto::ListKind(proto::Examples(made)));
}

std::string AnswerTo(const Model& model, const std::string& request) {
  return AloneAnswer(NewProtoExampleCall(model, Method::kMultiInference), request);
}

class MultiInferenceTest : public testing::Test {
 protected:
  MultiInferenceTest() {
    std::unique_ptr<SavedModel> model = LoadModel(kModel);
    model->Adopt(FrozenSessionOf(*model), true);
    frozen_ = std::move(model);
  }
  static std::unique_ptr<GraphSession> FrozenSessionOf(const SavedModel& model) {
    FrozenGraph graph;
    EXPECT_TRUE(FreezeModel(model, SharedWeightsLimits(), &graph).ok());
    std::unique_ptr<GraphSession> session;
    EXPECT_TRUE(NewFrozenSession(graph, "", FrozenSessionKind::kPlain, &session).ok());
    return session;
  }
  void TearDown() override { EXPECT_EQ(LiveInputTensors(), 0); }

  const Model saved_ = LoadModel(kModel);
  Model frozen_;
  const std::vector<std::vector<std::string>> tasks_ = {
      {"regress_x_to_y", "classify_x_to_y"},
      {"classify_x_to_y", "regress_x_to_y"},
      {"regress_x2_to_y3", "classify_x_to_y", "regress_x_to_y2", "regress_x_to_y"},
      {"regress_x_to_y2", "regress_x2_to_y3"},
      {"classify_x_to_y"},
  };
};

TEST_F(MultiInferenceTest, AnswersTasksWhoseInputsAreOneTensorOfAFrozenGraph) {
  for (const std::vector<std::string>& signatures : tasks_) {
    for (int examples : {1, 3}) {
      const std::string request = RequestOf(signatures, examples);
      const std::string expected = AnswerTo(saved_, request);
      EXPECT_EQ(expected.find("INVALID_ARGUMENT"), std::string::npos) << expected;
      EXPECT_EQ(AnswerTo(frozen_, request), expected) << signatures[0] << ", " << examples;
    }
  }
}

TEST_F(MultiInferenceTest, AnswersTheSameInABatch) {
  for (const std::vector<std::string>& signatures : tasks_) {
    std::vector<BatchPart> parts;
    std::vector<std::string> expected;
    for (int examples : {1, 3, 1, 2}) {
      const std::string request = RequestOf(signatures, examples);
      expected.push_back(AnswerTo(saved_, request));
      parts.push_back(
          WholeOf(TaskOf(NewProtoExampleCall(frozen_, Method::kMultiInference), request)));
    }
    BatchOptions options;
    options.pad_to = 8;
    const BatchReport report = RunBatch(options, &parts);
    EXPECT_EQ(report.outcome, BatchOutcome::kRan) << signatures[0];
    EXPECT_EQ(AnswersOf(parts), expected) << signatures[0];
  }
}

// As a trial does, before the session is the model's.
TEST_F(MultiInferenceTest, RunsOnAFrozenSessionBesideTheSavedOne) {
  const std::unique_ptr<GraphSession> session = FrozenSessionOf(*saved_);
  for (const std::vector<std::string>& signatures : tasks_) {
    const auto call =
        Decoded(NewProtoExampleCall(saved_, Method::kMultiInference), RequestOf(signatures, 2));
    const RunArguments& run = *call->arguments();
    std::vector<TensorHandle> outputs;
    const Status status =
        saved_->RunAs({session.get(), true}, 0, run.feeds, run.values, run.fetches, &outputs);
    EXPECT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(outputs.size(), run.fetches.size());
  }
}

}  // namespace
}  // namespace tensorgate
