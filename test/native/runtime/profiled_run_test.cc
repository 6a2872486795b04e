#include "model/profiled_run.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "call/inference_call.h"
#include "profile/profiler.h"
#include "test_model.h"

namespace tensorgate {
namespace {

constexpr char kTracedBody[] = "{\"instances\": [1.0, 2.0]}";

std::shared_ptr<ProfileSession> OpenSession() {
  ProfileSession::Options options;
  options.max_ops = 1000;
  options.max_bytes = 1 << 20;
  return Profiler::Process().Open(std::move(options));
}

bool HasOp(const RunProfile& run, std::string_view name) {
  return std::any_of(run.ops.begin(), run.ops.end(),
                     [&](const OpTime& op) { return run.NameOf(op) == name; });
}

std::string Answer(const std::shared_ptr<const SavedModel>& model, const std::string& body) {
  OutputBuffer reply;
  const std::unique_ptr<InferenceCall> call = NewJsonPredictCall(model);
  const Status decoded = call->Decode(body, DecodeLimits());
  if (!decoded.ok()) return std::string(decoded.message());
  const Status status = call->RunAndEncode(&reply);
  return status.ok() ? std::string(reply.view()) : std::string(status.message());
}

TEST(ProfiledRunTest, HasTheOpsOfAModelThatServesAlone) {
  std::unique_ptr<SavedModel> loaded = LoadModel("examples/models/half_plus_two/1");
  loaded->Adopt(nullptr, /*in_caller_thread=*/true);
  const std::shared_ptr<SavedModel> model = std::move(loaded);
  const std::string before = Answer(model, kTracedBody);

  const std::shared_ptr<ProfileSession> session = OpenSession();
  ASSERT_NE(session, nullptr);
  EXPECT_EQ(Answer(model, kTracedBody), before);  // as in a warm-up
  model->Serve();
  EXPECT_EQ(Answer(model, kTracedBody), before);
  const Profile profile = session->Take();
  EXPECT_EQ(Answer(model, kTracedBody), before);
  EXPECT_FALSE(Profiler::IsOn());

  ASSERT_EQ(profile.runs.size(), 1u);
  const RunProfile& run = profile.runs[0];
  EXPECT_EQ(run.model, "m");
  EXPECT_EQ(run.version, 7);
  EXPECT_TRUE(run.in_caller_thread);
  EXPECT_GT(run.thread, 0);
  EXPECT_TRUE(HasOp(run, "y:AddV2"));
  EXPECT_LE(profile.start_nanos, run.start_nanos);
  EXPECT_LE(run.end_nanos, profile.end_nanos);
  for (const OpTime& op : run.ops) {
    EXPECT_LE(run.start_nanos, op.start_nanos);
    EXPECT_LE(op.start_nanos, op.end_nanos);
    EXPECT_LE(op.end_nanos, run.end_nanos);
  }
}

TEST(ProfiledRunTest, TracesTensorFlowsPoolAndRunsThatFail) {
  std::unique_ptr<SavedModel> loaded = LoadModel("test/models/failing/1");
  loaded->Adopt(nullptr, /*in_caller_thread=*/false);
  loaded->Serve();
  const Signature& signature = *loaded->SignaturesInOrder()[0];
  const std::shared_ptr<ProfileSession> session = OpenSession();
  ASSERT_NE(session, nullptr);
  std::vector<TensorHandle> outputs;
  // Nothing is fed.
  EXPECT_FALSE(loaded->Run({}, {}, {signature.outputs[0]}, &outputs).ok());
  EXPECT_TRUE(outputs.empty());
  const Profile profile = session->Take();
  ASSERT_EQ(profile.runs.size(), 1u);
  EXPECT_FALSE(profile.runs[0].in_caller_thread);
  EXPECT_TRUE(profile.runs[0].ops.empty());
}

}  // namespace
}  // namespace tensorgate
