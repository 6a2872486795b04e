// Requests split over batches.
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "batch_tasks.h"

namespace tensorgate {
namespace {

class BatchSlicesTest : public testing::Test {
 protected:
  void TearDown() override { EXPECT_EQ(LiveInputTensors(), 0); }

  // A batch of one slice, which holds the answer when it is the last.
  BatchPart RunSlice(const std::shared_ptr<BatchTask>& task, int64_t begin, int64_t count) {
    std::vector<BatchPart> parts;
    parts.push_back(SliceOf(task, begin, count));
    RunBatch(options_, &parts);
    return std::move(parts[0]);
  }

  BatchOptions options_;
  const Model half_ = LoadModel("examples/models/half_plus_two/1");
  const std::string five_ = R"({"instances": [1, 2, 3, 4, 5]})";
};

TEST_F(BatchSlicesTest, AreAnsweredByTheLast) {
  const std::shared_ptr<BatchTask> task = JsonTask(half_, five_);
  EXPECT_EQ(AnswerOf(RunSlice(task, 0, 2)), "no answer");
  EXPECT_EQ(AnswerOf(RunSlice(task, 2, 2)), "no answer");
  EXPECT_EQ(AnswerOf(RunSlice(task, 4, 1)), AloneAnswer(NewJsonPredictCall(half_), five_));
}

TEST_F(BatchSlicesTest, MayEndInAnyOrder) {
  const std::shared_ptr<BatchTask> task = JsonTask(half_, five_);
  EXPECT_EQ(AnswerOf(RunSlice(task, 4, 1)), "no answer");
  EXPECT_EQ(AnswerOf(RunSlice(task, 0, 2)), "no answer");
  EXPECT_EQ(AnswerOf(RunSlice(task, 2, 2)), AloneAnswer(NewJsonPredictCall(half_), five_));
}

TEST_F(BatchSlicesTest, ShareTheirRunsWithOthers) {
  const std::shared_ptr<BatchTask> task = JsonTask(half_, five_);
  options_.pad_to = 4;
  std::vector<BatchPart> first = JsonParts(half_, {R"({"instances": [7]})"});
  first.push_back(SliceOf(task, 0, 2));
  const BatchReport report = RunBatch(options_, &first);
  EXPECT_EQ(report.rows, 3);
  EXPECT_EQ(report.padded_rows, 4);
  EXPECT_EQ(AnswerOf(first[0]), AloneAnswer(NewJsonPredictCall(half_), R"({"instances": [7]})"));
  EXPECT_EQ(AnswerOf(first[1]), "no answer");
  std::vector<BatchPart> second;
  second.push_back(SliceOf(task, 2, 3));
  second.push_back(WholeOf(JsonTask(half_, R"({"instances": [8]})")));
  RunBatch(options_, &second);
  EXPECT_EQ(AnswerOf(second[0]), AloneAnswer(NewJsonPredictCall(half_), five_));
  EXPECT_EQ(AnswerOf(second[1]), AloneAnswer(NewJsonPredictCall(half_), R"({"instances": [8]})"));
}

TEST_F(BatchSlicesTest, FailTheirRequestOnce) {
  const Model model = LoadModel("test/models/failing/1");
  const std::string body = R"({"instances": [1, 0, 2, 4]})";
  const std::shared_ptr<BatchTask> task = JsonTask(model, body);
  std::vector<BatchPart> parts = JsonParts(model, {R"({"instances": [5]})"});
  parts.push_back(SliceOf(task, 0, 2));
  EXPECT_EQ(RunBatch(options_, &parts).outcome, BatchOutcome::kRetried);
  EXPECT_EQ(AnswerOf(parts[0]), AloneAnswer(NewJsonPredictCall(model), R"({"instances": [5]})"));
  EXPECT_EQ(AnswerOf(parts[1]), "no answer");
  EXPECT_TRUE(task->failed());
  // Those after it need not run.
  std::vector<BatchPart> last;
  last.push_back(SliceOf(task, 2, 2));
  EXPECT_EQ(RunBatch(options_, &last).run_time.count(), 0);
  EXPECT_EQ(AnswerOf(last[0]), AloneAnswer(NewJsonPredictCall(model), body));
}

TEST_F(BatchSlicesTest, FailWithThatOfABatchThatDidNotRun) {
  const std::shared_ptr<BatchTask> task = JsonTask(half_, five_);
  std::vector<BatchPart> parts;
  parts.push_back(SliceOf(task, 0, 2));
  FailBatch(Status(Code::kUnavailable, "full"), &parts);
  EXPECT_EQ(AnswerOf(parts[0]), "no answer");
  EXPECT_EQ(AnswerOf(RunSlice(task, 2, 3)), "UNAVAILABLE: full");
}

TEST_F(BatchSlicesTest, NeedOutputsThatHaveARowForEach) {
  const Model model = LoadModel("test/models/odd_outputs/1");
  for (const bool strict : {false, true}) {
    options_.strict = strict;
    const std::shared_ptr<BatchTask> task =
        JsonTask(model, R"({"signature_name": "scalar", "inputs": [1, 2, 3]})");
    EXPECT_EQ(AnswerOf(RunSlice(task, 0, 2)), "no answer");
    EXPECT_EQ(AnswerOf(RunSlice(task, 2, 1)),
              "FAILED_PRECONDITION: Batched output tensor has 0 dimensions");
  }
}

TEST_F(BatchSlicesTest, NeedOutputsOfOneShape) {
  const Model model = LoadModel("test/models/identity/1");
  const auto body = [](const std::string& rows) {
    return R"({"signature_name": "identity_float32", "instances": )" + rows + "}";
  };
  options_.pad_variable_length = true;
  const std::shared_ptr<BatchTask> task = JsonTask(model, body("[[1], [2]]"));
  EXPECT_EQ(AnswerOf(RunSlice(task, 0, 1)), "no answer");
  std::vector<BatchPart> parts;
  parts.push_back(SliceOf(task, 1, 1));
  parts.push_back(WholeOf(JsonTask(model, body("[[3, 4]]"))));
  RunBatch(options_, &parts);
  EXPECT_EQ(AnswerOf(parts[0]),
            "INTERNAL: Tensor concat operation failed: the outputs of a split request differ in "
            "type or shape");
  EXPECT_EQ(AnswerOf(parts[1]), AloneAnswer(NewJsonPredictCall(model), body("[[3, 4]]")));
}

TEST_F(BatchSlicesTest, CarryTheViolationsOfTheRequest) {
  const Model model = LoadModel("examples/models/keras_mlp/1");
  const std::string body = R"({"instances": [[1], [2]]})";
  OutputBuffer reply;
  const Status alone = Decoded(NewJsonPredictCall(model), body)->RunAndEncode(&reply);
  ASSERT_EQ(alone.violations().size(), 1u);
  const std::shared_ptr<BatchTask> task = JsonTask(model, body);
  RunSlice(task, 0, 1);
  const BatchPart last = RunSlice(task, 1, 1);
  EXPECT_EQ(last.status.code(), alone.code());
  ASSERT_EQ(last.status.violations().size(), 1u);
  EXPECT_EQ(last.status.violations()[0].description, alone.violations()[0].description);
}

TEST_F(BatchSlicesTest, RunOnSeveralThreadsAtOnce) {
  std::string body = R"({"instances": [0)";
  for (int i = 1; i < 64; ++i) body += ", " + std::to_string(i);
  body += "]}";
  const std::string expected = AloneAnswer(NewJsonPredictCall(half_), body);
  for (int round = 0; round < 20; ++round) {
    std::shared_ptr<BatchTask> task = JsonTask(half_, body);
    std::vector<std::string> answers(4);
    std::vector<std::thread> threads;
    for (size_t i = 0; i < answers.size(); ++i) {
      threads.emplace_back([this, &answers, task, i] {
        const int64_t begin = static_cast<int64_t>(i) * 16;
        for (int64_t row = begin; row < begin + 16; row += 8) {
          const std::string answer = AnswerOf(RunSlice(task, row, 8));
          if (answer != "no answer") answers[i] += answer;
        }
      });
    }
    task.reset();
    for (std::thread& thread : threads) thread.join();
    std::string all;
    for (const std::string& answer : answers) all += answer;
    EXPECT_EQ(all, expected);
  }
}

}  // namespace
}  // namespace tensorgate
