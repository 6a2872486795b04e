// Requests on their way into a batch. THREAD: the test's.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "batch/batch_run.h"
#include "test_model.h"

namespace tensorgate {

using Model = std::shared_ptr<const SavedModel>;

inline std::unique_ptr<InferenceCall> Decoded(std::unique_ptr<InferenceCall> call,
                                              const std::string& body) {
  const Status status = call->Decode(body, DecodeLimits());
  EXPECT_TRUE(status.ok()) << status.message();
  return call;
}

inline std::shared_ptr<BatchTask> TaskOf(std::unique_ptr<InferenceCall> call,
                                         const std::string& body) {
  return std::make_shared<BatchTask>(Decoded(std::move(call), body), 1);
}
inline std::shared_ptr<BatchTask> JsonTask(const Model& model, const std::string& body) {
  return TaskOf(NewJsonPredictCall(model), body);
}

inline BatchPart WholeOf(std::shared_ptr<BatchTask> task) {
  BatchPart part;
  part.count = task->rows();
  part.task = std::move(task);
  return part;
}
inline BatchPart SliceOf(std::shared_ptr<BatchTask> task, int64_t begin, int64_t count) {
  BatchPart part;
  part.task = std::move(task);
  part.begin = begin;
  part.count = count;
  part.is_slice = true;
  return part;
}

inline std::vector<BatchPart> JsonParts(const Model& model,
                                        const std::vector<std::string>& bodies) {
  std::vector<BatchPart> parts;
  for (const std::string& body : bodies) parts.push_back(WholeOf(JsonTask(model, body)));
  return parts;
}

// The answer: the reply, or "CODE: message".
inline std::string AnswerOf(const BatchPart& part) {
  if (!part.answered) return "no answer";
  if (part.status.ok()) return std::string(part.reply.view());
  return std::string(CodeName(part.status.code())) + ": " + part.status.message();
}
inline std::vector<std::string> AnswersOf(const std::vector<BatchPart>& parts) {
  std::vector<std::string> answers;
  for (const BatchPart& part : parts) answers.push_back(AnswerOf(part));
  return answers;
}

// Of the same requests without batching.
inline std::string AloneAnswer(std::unique_ptr<InferenceCall> call, const std::string& body) {
  BatchPart part;
  part.status = Decoded(std::move(call), body)->RunAndEncode(&part.reply);
  part.answered = true;
  return AnswerOf(part);
}
inline std::vector<std::string> AloneAnswers(const Model& model,
                                             const std::vector<std::string>& bodies) {
  std::vector<std::string> answers;
  for (const std::string& body : bodies) {
    answers.push_back(AloneAnswer(NewJsonPredictCall(model), body));
  }
  return answers;
}

}  // namespace tensorgate
