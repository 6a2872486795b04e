// Batches with TensorFlow beneath: what they answer is what each request gets alone.
#include "batch/batch_run.h"

#include <gtest/gtest.h>

#include <numeric>
#include <string>
#include <vector>

#include "../proto_builder.h"
#include "batch_tasks.h"

namespace tensorgate {
namespace {

using proto::BytesField;

class BatchRunTest : public testing::Test {
 protected:
  void TearDown() override { EXPECT_EQ(LiveInputTensors(), 0); }

  BatchReport Run(std::vector<BatchPart>* parts) { return RunBatch(options_, parts); }

  // In one batch and alone.
  BatchReport ExpectAnswersAsAlone(const Model& model, const std::vector<std::string>& bodies) {
    std::vector<BatchPart> parts = JsonParts(model, bodies);
    const BatchReport report = Run(&parts);
    EXPECT_EQ(AnswersOf(parts), AloneAnswers(model, bodies));
    EXPECT_GT(report.run_time.count(), 0);
    return report;
  }

  // The signature's outputs for x in the given shape: what a padded batch gives.
  static std::string Rows(const std::string& values) {
    return R"({"signature_name": "identity_float32", "instances": )" + values + "}";
  }

  BatchOptions options_;
  const Model half_ = LoadModel("examples/models/half_plus_two/1");
};

void ExpectReport(const BatchReport& report, int64_t rows, int64_t padded_rows,
                  BatchOutcome outcome) {
  EXPECT_EQ(report.rows, rows);
  EXPECT_EQ(report.padded_rows, padded_rows);
  EXPECT_EQ(report.outcome, outcome);
}

TEST_F(BatchRunTest, AnswersEachAsItWouldBeAlone) {
  std::vector<std::string> bodies;
  int64_t rows = 0;
  for (int tasks = 1; tasks <= 32; ++tasks) {
    std::string values = std::to_string(tasks);
    for (int i = 1; i < 1 + tasks % 4; ++i) values += ", " + std::to_string(tasks + 100 * i);
    bodies.push_back("{\"instances\": [" + values + "]}");
    rows += 1 + tasks % 4;
    ExpectReport(ExpectAnswersAsAlone(half_, bodies), rows, rows, BatchOutcome::kRan);
  }
}

TEST_F(BatchRunTest, MixesTheFormsOfRequests) {
  const std::string floats =
      proto::Dtype(DataType::kFloat) + proto::Shape({2}) + proto::PackedFixed<float>(5, {1, 2});
  const std::string body = BytesField(2, BytesField(1, "x") + BytesField(2, floats));
  const std::string json = R"({"inputs": [3, 4, 5]})";
  std::vector<BatchPart> parts;
  parts.push_back(WholeOf(TaskOf(NewProtoPredictCall(half_, false), body)));
  parts.push_back(WholeOf(JsonTask(half_, json)));
  parts.push_back(WholeOf(TaskOf(NewProtoPredictCall(half_, true), body)));
  ExpectReport(Run(&parts), 7, 7, BatchOutcome::kRan);
  EXPECT_EQ(AnswerOf(parts[0]), AloneAnswer(NewProtoPredictCall(half_, false), body));
  EXPECT_EQ(AnswerOf(parts[1]), AloneAnswer(NewJsonPredictCall(half_), json));
  EXPECT_EQ(AnswerOf(parts[2]), AloneAnswer(NewProtoPredictCall(half_, true), body));
}

TEST_F(BatchRunTest, MergesSeveralInputsAndOutputs) {
  const Model model = LoadModel("test/models/multi_io/1");
  ExpectReport(ExpectAnswersAsAlone(model, {R"({"inputs": {"a": [[1, 2]], "b": [10]}})",
                                            R"({"inputs": {"a": [[3, 4], [5, 6]], "b": [7, 8]}})"}),
               3, 3, BatchOutcome::kRan);
}

TEST_F(BatchRunTest, MergesFetchesOfAnotherOrder) {
  const Model model = LoadModel("test/models/multi_io/1");
  const auto input = [](const std::string& alias, const std::string& tensor) {
    return BytesField(2, BytesField(1, alias) + BytesField(2, tensor));
  };
  const std::string inputs =
      input("a", proto::Dtype(DataType::kFloat) + proto::Shape({1, 2}) +
                     proto::PackedFixed<float>(5, {1, 2})) +
      input("b", proto::Dtype(DataType::kInt32) + proto::Shape({1}) + proto::PackedVarints(7, {9}));
  const std::string sum = BytesField(3, "sum");
  const std::string plus = BytesField(3, "b_plus_one");
  std::vector<BatchPart> parts;
  const std::vector<std::string> bodies = {inputs + sum + plus, inputs + plus + sum};
  for (const std::string& body : bodies) {
    parts.push_back(WholeOf(TaskOf(NewProtoPredictCall(model, false), body)));
  }
  ExpectReport(Run(&parts), 2, 2, BatchOutcome::kRan);
  for (size_t i = 0; i < parts.size(); ++i) {
    EXPECT_EQ(AnswerOf(parts[i]), AloneAnswer(NewProtoPredictCall(model, false), bodies[i]));
  }
}

TEST_F(BatchRunTest, MergesStringsAndExamples) {
  const Model identity = LoadModel("test/models/identity/1");
  const std::string strings = R"({"signature_name": "identity_string", "instances": )";
  ExpectReport(ExpectAnswersAsAlone(identity, {strings + R"(["a", "bc"]})",
                                               strings + "[\"" + std::string(99, 'x') + "\"]}"}),
               3, 3, BatchOutcome::kRan);
  const Model model = LoadModel("test/models/example_outputs/1");
  for (const auto& [method, signature] :
       {std::pair(Method::kClassify, "classify"), std::pair(Method::kRegress, "regress")}) {
    std::vector<BatchPart> parts;
    std::vector<std::string> answers;
    for (const std::string examples : {R"([{"x": 1.5}])", R"([{"x": 2.0}, {"x": -3.0}])"}) {
      const std::string body = std::string(R"({"signature_name": ")") + signature +
                               R"(", "examples": )" + examples + "}";
      parts.push_back(WholeOf(TaskOf(NewJsonExampleCall(model, method), body)));
      answers.push_back(AloneAnswer(NewJsonExampleCall(model, method), body));
    }
    ExpectReport(Run(&parts), 3, 3, BatchOutcome::kRan);
    EXPECT_EQ(AnswersOf(parts), answers);
  }
}

TEST_F(BatchRunTest, MergesTasksWithoutRows) {
  const Model model = LoadModel("test/models/identity/1");
  const std::string none = proto::Dtype(DataType::kFloat) + proto::Shape({0});
  const std::string some =
      proto::Dtype(DataType::kFloat) + proto::Shape({1}) + proto::PackedFixed<float>(5, {4});
  std::vector<BatchPart> parts;
  std::vector<std::string> answers;
  for (const std::string& tensor : {none, some, none}) {
    const std::string body = BytesField(2, BytesField(1, "x") + BytesField(2, tensor));
    parts.push_back(WholeOf(TaskOf(NewProtoPredictCall(model, false), body)));
    answers.push_back(AloneAnswer(NewProtoPredictCall(model, false), body));
  }
  options_.pad_to = 4;
  ExpectReport(Run(&parts), 1, 4, BatchOutcome::kRan);
  EXPECT_EQ(AnswersOf(parts), answers);
}

TEST_F(BatchRunTest, FailsOnlyTheRequestAtFault) {
  const Model model = LoadModel("test/models/failing/1");
  const std::vector<std::string> bodies = {R"({"instances": [1, 5]})", R"({"instances": [2, 0]})",
                                           R"({"instances": [4]})"};
  ExpectReport(ExpectAnswersAsAlone(model, bodies), 5, 5, BatchOutcome::kRetried);
  std::vector<BatchPart> parts = JsonParts(model, bodies);
  Run(&parts);
  EXPECT_TRUE(parts[0].status.ok());
  EXPECT_EQ(parts[1].status.code(), Code::kInvalidArgument);
  EXPECT_TRUE(parts[2].status.ok());
}

TEST_F(BatchRunTest, DoesNotRunAFailingBatchOfOneAgain) {
  const Model model = LoadModel("test/models/failing/1");
  options_.pad_to = 4;
  std::vector<BatchPart> parts = JsonParts(model, {R"({"instances": [0]})"});
  ExpectReport(Run(&parts), 1, 4, BatchOutcome::kRan);
  EXPECT_EQ(parts[0].status.code(), Code::kInvalidArgument);
}

TEST_F(BatchRunTest, RunsWhatDoesNotMatchTheFirstAlone) {
  const Model identity = LoadModel("test/models/identity/1");
  const Model other = LoadModel("test/models/identity/1");
  const std::string doubles = R"({"signature_name": "identity_float64", "instances": [1, 2]})";
  const std::vector<std::pair<Model, std::string>> requests = {
      {identity, Rows("[[1, 2]]")}, {identity, Rows("[[3, 4, 5]]")},
      {identity, Rows("[6]")},      {other, Rows("[[7, 8]]")},
      {identity, doubles},          {identity, Rows("[[9, 0]]")}};
  std::vector<BatchPart> parts;
  for (const auto& [model, body] : requests) parts.push_back(WholeOf(JsonTask(model, body)));
  ExpectReport(Run(&parts), 2, 2, BatchOutcome::kRan);
  for (size_t i = 0; i < parts.size(); ++i) {
    EXPECT_EQ(AnswerOf(parts[i]),
              AloneAnswer(NewJsonPredictCall(requests[i].first), requests[i].second));
  }
}

TEST_F(BatchRunTest, RunsWhatHasNoRowsToShareAlone) {
  const Model counter = LoadModel("test/models/counter/1");
  std::vector<BatchPart> parts =
      JsonParts(counter, {R"({"signature_name": "incr_counter_by", "inputs": 2})",
                          R"({"signature_name": "incr_counter_by", "inputs": 3})"});
  ExpectReport(Run(&parts), 0, 0, BatchOutcome::kRan);
  EXPECT_EQ(AnswerOf(parts[1]), "{\n    \"outputs\": 5.0\n}");
}

TEST_F(BatchRunTest, FillsUpWithRowsThatNobodySees) {
  options_.pad_to = 8;
  ExpectReport(ExpectAnswersAsAlone(half_, {R"({"instances": [1, 2]})", R"({"instances": [3]})"}),
               3, 8, BatchOutcome::kRan);
  ExpectReport(ExpectAnswersAsAlone(half_, {R"({"instances": [1]})"}), 1, 8, BatchOutcome::kRan);
  options_.pad_to = 2;
  ExpectReport(ExpectAnswersAsAlone(half_, {R"({"instances": [1, 2]})", R"({"instances": [3]})"}),
               3, 3, BatchOutcome::kRan);
}

TEST_F(BatchRunTest, PadsRowsOfDifferentLengthsWithTheFirstElement) {
  const Model model = LoadModel("test/models/identity/1");
  options_.pad_variable_length = true;
  std::vector<BatchPart> parts =
      JsonParts(model, {Rows("[[[1, 2]]]"), Rows("[[[3], [4]]]"), Rows("[[[5, 6], [7, 8]]]")});
  ExpectReport(Run(&parts), 3, 3, BatchOutcome::kRan);
  EXPECT_EQ(AnswerOf(parts[0]), AloneAnswer(NewJsonPredictCall(model), Rows("[[[1, 2], [1, 1]]]")));
  EXPECT_EQ(AnswerOf(parts[1]), AloneAnswer(NewJsonPredictCall(model), Rows("[[[3, 3], [4, 3]]]")));
  EXPECT_EQ(AnswerOf(parts[2]), AloneAnswer(NewJsonPredictCall(model), Rows("[[[5, 6], [7, 8]]]")));
}

TEST_F(BatchRunTest, RefusesThatAloneWhichCannotBePadded) {
  const Model model = LoadModel("test/models/identity/1");
  options_.pad_variable_length = true;
  std::vector<BatchPart> parts = JsonParts(model, {Rows("[[1, 2]]"), Rows("[[]]"), Rows("[[3]]")});
  ExpectReport(Run(&parts), 2, 2, BatchOutcome::kRan);
  EXPECT_EQ(AnswerOf(parts[0]), AloneAnswer(NewJsonPredictCall(model), Rows("[[1, 2]]")));
  EXPECT_EQ(AnswerOf(parts[1]),
            "INVALID_ARGUMENT: Got empty tensor in batch of non-empty tensors.");
  EXPECT_EQ(AnswerOf(parts[2]), AloneAnswer(NewJsonPredictCall(model), Rows("[[3, 3]]")));

  parts = JsonParts(model, {Rows("[[[[[[[1, 2]]]]]]]"), Rows("[[[[[[[3]]]]]]]")});
  ExpectReport(Run(&parts), 1, 1, BatchOutcome::kRan);
  EXPECT_TRUE(parts[0].status.ok());
  EXPECT_EQ(AnswerOf(parts[1]),
            "INVALID_ARGUMENT: Only tensors with rank from 1 to 6 can be padded.");
}

TEST_F(BatchRunTest, KeepsTheOrderOfAFirstRequestThatCannotBePadded) {
  const Model model = LoadModel("test/models/four_kinds/1");
  const auto input = [](const std::string& alias, DataType dtype, std::string_view values,
                        int64_t columns) {
    return BytesField(
        2, BytesField(1, alias) + BytesField(2, proto::Dtype(dtype) + proto::Shape({1, columns}) +
                                                    proto::Content(values)));
  };
  const auto body = [&](int64_t columns, char value, const std::vector<std::string>& filter) {
    const auto bytes = [&](size_t size) {
      return std::string(static_cast<size_t>(columns) * size, value);
    };
    std::string strings = proto::Dtype(DataType::kString) + proto::Shape({1, columns});
    for (int64_t i = 0; i < columns; ++i) strings += proto::StringVal(std::string(3, value));
    std::string request = input("an_int", DataType::kInt32, bytes(4), columns) +
                          input("a_float", DataType::kFloat, bytes(4), columns) +
                          input("a_double", DataType::kDouble, bytes(8), columns) +
                          BytesField(2, BytesField(1, "a_string") + BytesField(2, strings));
    for (const std::string& alias : filter) request += BytesField(3, alias);
    return request;
  };
  options_.pad_variable_length = true;
  const std::vector<std::string> bodies = {body(0, 'a', {"a_float_out", "an_int_out"}),
                                           body(2, 'b', {"an_int_out", "a_float_out"}),
                                           body(2, 'c', {"a_float_out", "an_int_out"})};
  std::vector<BatchPart> parts;
  for (const std::string& one : bodies) {
    parts.push_back(WholeOf(TaskOf(NewProtoPredictCall(model, false), one)));
  }
  ExpectReport(Run(&parts), 2, 2, BatchOutcome::kRan);
  EXPECT_EQ(AnswerOf(parts[0]),
            "INVALID_ARGUMENT: Got empty tensor in batch of non-empty tensors.");
  for (size_t i = 1; i < parts.size(); ++i) {
    EXPECT_EQ(AnswerOf(parts[i]), AloneAnswer(NewProtoPredictCall(model, false), bodies[i]));
  }
}

TEST_F(BatchRunTest, RunsOtherRanksAloneWherePaddingIsOn) {
  const Model model = LoadModel("test/models/identity/1");
  options_.pad_variable_length = true;
  ExpectReport(ExpectAnswersAsAlone(model, {Rows("[[1, 2]]"), Rows("[[[3]]]"), Rows("[[4, 5]]")}),
               2, 2, BatchOutcome::kRan);
}

TEST_F(BatchRunTest, RunsEachAloneWherePaddingWouldTakeTooMuch) {
  const Model model = LoadModel("test/models/identity/1");
  options_.pad_variable_length = true;
  const auto body = [](std::initializer_list<int64_t> shape) {
    const std::string tensor =
        proto::Dtype(DataType::kFloat) + proto::Shape(shape) + proto::PackedFixed<float>(5, {1});
    return BytesField(2, BytesField(1, "x") + BytesField(2, tensor));
  };
  // Small each, and 10^12 elements in a rectangle.
  const std::vector<std::string> bodies = {body({1, 1, 1000000}), body({1, 1000000, 1})};
  std::vector<BatchPart> parts;
  for (const std::string& one : bodies) {
    parts.push_back(WholeOf(TaskOf(NewProtoPredictCall(model, true), one)));
  }
  EXPECT_EQ(Run(&parts).outcome, BatchOutcome::kUnmergeable);
  for (size_t i = 0; i < parts.size(); ++i) {
    EXPECT_EQ(AnswerOf(parts[i]), AloneAnswer(NewProtoPredictCall(model, true), bodies[i]));
  }
}

TEST_F(BatchRunTest, RefusesOutputsWithoutARowForEachWhereStrict) {
  const Model model = LoadModel("test/models/odd_outputs/1");
  const auto bodies = [](const std::string& signature) {
    const std::string head = R"({"signature_name": ")" + signature + R"(", "inputs": )";
    return std::vector<std::string>{head + "[1, 2]}", head + "[3]}"};
  };
  options_.strict = true;
  std::vector<BatchPart> parts = JsonParts(model, bodies("scalar"));
  ExpectReport(Run(&parts), 3, 3, BatchOutcome::kRan);
  for (const BatchPart& part : parts) {
    EXPECT_EQ(AnswerOf(part), "FAILED_PRECONDITION: Batched output tensor has 0 dimensions");
  }
  parts = JsonParts(model, bodies("one_row_more"));
  ExpectReport(Run(&parts), 3, 3, BatchOutcome::kRan);
  for (const BatchPart& part : parts) {
    EXPECT_EQ(AnswerOf(part),
              "FAILED_PRECONDITION: Batched output tensor's 0th dimension does not equal the sum "
              "of the 0th dimension sizes of the input tensors");
  }
  // One alone is not split, so it may have any outputs.
  ExpectAnswersAsAlone(model, {bodies("one_row_more")[0]});
}

TEST_F(BatchRunTest, RunsEachAloneWhereOutputsHaveNoRowForEach) {
  const Model model = LoadModel("test/models/odd_outputs/1");
  for (const std::string signature : {"scalar", "one_row_more", "no_rows"}) {
    const std::string head = R"({"signature_name": ")" + signature + R"(", "inputs": )";
    ExpectReport(ExpectAnswersAsAlone(model, {head + "[1, 2]}", head + "[3]}"}), 3, 3,
                 BatchOutcome::kUnmergeable);
    options_.pad_to = 4;
    ExpectReport(ExpectAnswersAsAlone(model, {head + "[1, 2]}"}), 2, 4, BatchOutcome::kUnmergeable);
    options_.pad_to = 0;
  }
}

TEST_F(BatchRunTest, CountsARunForEachRequest) {
  const auto counted = [&] {
    const std::vector<uint64_t> buckets = half_->statistics().runs(Method::kPredict).Read().buckets;
    return std::accumulate(buckets.begin(), buckets.end(), uint64_t{0});
  };
  const uint64_t before = counted();
  std::vector<BatchPart> parts =
      JsonParts(half_, {R"({"instances": [1]})", R"({"instances": [2]})"});
  Run(&parts);
  EXPECT_EQ(counted(), before + 2);
}

TEST_F(BatchRunTest, AnswersAllWithAStatusWithoutARun) {
  std::vector<BatchPart> parts =
      JsonParts(half_, {R"({"instances": [1]})", R"({"instances": [2]})"});
  FailBatch(Status(Code::kUnavailable, "full"), &parts);
  EXPECT_EQ(AnswersOf(parts), (std::vector<std::string>{"UNAVAILABLE: full", "UNAVAILABLE: full"}));
}

}  // namespace
}  // namespace tensorgate
