#include "plan/plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <limits>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "../graph_builder.h"
#include "plan/agreement.h"
#include "plan/frozen_graph.h"
#include "plan/trial.h"
#include "test_model.h"
#include "tf/tensor.h"
#include "warmup/synthetic_inputs.h"
#include "warmup/warmup.h"

namespace tensorgate {
namespace {

PlanReport Choose(SavedModel* model, std::optional<PlanKind> wanted) {
  PlanOptions options;
  options.wanted = wanted;
  options.path = "/nowhere";
  options.trial_millis = 20;
  return ChoosePlan(model, options);
}

// Runs every signature of both on the same inputs. `expected` is as it was saved.
void ExpectSameAnswers(const SavedModel& expected, const SavedModel& given,
                       std::vector<RowFill> fills = {RowFill::kZeros, RowFill::kRandom}) {
  ASSERT_EQ(expected.signatures().size(), given.signatures().size());
  for (size_t i = 0; i < expected.signatures().size(); ++i) {
    const Signature& one = expected.signatures()[i];
    const Signature& other = given.signatures()[i];
    if (!one.has_outputs()) continue;  // that of a model's initialization
    for (const RowFill fill : fills) {
      for (size_t rows : {1, 3}) {
        SyntheticInputs inputs;
        ASSERT_TRUE(
            MakeSyntheticInputs(one, std::vector<RowFill>(rows, fill), size_t{1} << 20, &inputs))
            << one.def.name;
        std::vector<TensorHandle> answers, others;
        const Status saved = expected.Run(one.inputs, inputs.values, one.outputs, &answers);
        const Status status = given.Run(other.inputs, inputs.values, other.outputs, &others);
        EXPECT_EQ(status.code(), saved.code()) << one.def.name << ": " << status.message();
        if (!saved.ok()) continue;  // an empty string is no Example for every signature
        Agreement agreement;
        Compare(answers, others, &agreement);
        EXPECT_TRUE(agreement.agrees) << one.def.name << ": " << agreement.difference;
      }
    }
  }
}

TEST(PlanTest, AFrozenGraphAnswersAsTheSavedOne) {
  for (const char* path : {"test/models/plans/1", "test/models/conv/1",
                           "examples/models/keras_mlp/1", "test/models/half_plus_family/123"}) {
    const auto saved = LoadModel(path);
    const auto frozen = LoadModel(path);
    const PlanReport report = Choose(frozen.get(), PlanKind::kFrozen);
    EXPECT_EQ(report.plan.kind, PlanKind::kFrozen) << path << ": " << report.reason;
    EXPECT_EQ(report.reason, "asked for");
    EXPECT_TRUE(report.tried);
    EXPECT_GT(report.cases, 0u);
    EXPECT_GT(report.variables, 0u);
    EXPECT_GT(report.weight_bytes, 0);
    EXPECT_EQ(frozen->session(), nullptr) << "its variables are held no more";
    ExpectSameAnswers(*saved, *frozen);
  }
  EXPECT_EQ(LiveInputTensors(), 0);
}

PlanOptions SharedWeightsOptions() {
  PlanOptions options;
  options.wanted = PlanKind::kFrozen;
  options.path = "/nowhere";
  options.trial_millis = 20;
  options.shared_weights = {16, 1};
  return options;
}

TEST(PlanTest, HoldsLargeWeightsInVariablesWhereTheGraphAllowsIt) {
  for (const char* path : {"test/models/conv/1", "examples/models/keras_mlp/1"}) {
    const auto saved = LoadModel(path);
    for (bool is_known : {false, true}) {
      const auto shared = LoadModel(path);
      PlanOptions options = SharedWeightsOptions();
      if (is_known) options.known = PlanChoice{PlanKind::kFrozen, true};
      const PlanReport report = ChoosePlan(shared.get(), options);
      EXPECT_EQ(report.plan.kind, PlanKind::kFrozen) << path << ": " << report.reason;
      EXPECT_TRUE(report.shared_weights) << path << ": " << report.no_shared_weights;
      ExpectSameAnswers(*saved, *shared);
    }
  }
  EXPECT_EQ(LiveInputTensors(), 0);
}

// Whether TensorFlow executes convolutions by oneDNN here: that depends on the CPU, the build and
// TF_ENABLE_ONEDNN_OPTS.
bool HasOneDnn() {
  const auto model = LoadModel("test/models/bottlenecks/1");
  FrozenGraph frozen;
  std::unique_ptr<GraphSession> session;
  EXPECT_TRUE(FreezeModel(*model, SharedWeightsLimits(), &frozen).ok());
  EXPECT_TRUE(NewFrozenSession(frozen, "", FrozenSessionKind::kTellsGraph, &session).ok());
  const Signature& signature = *model->FindSignature("serving_default");
  SyntheticInputs inputs;
  EXPECT_TRUE(MakeSyntheticInputs(signature, {RowFill::kZeros}, size_t{1} << 20, &inputs));
  std::vector<std::string> feeds, fetches;
  for (const SignatureTensors& tensors : frozen.signatures) {
    if (tensors.fetches.empty()) continue;
    for (const NamedOutput& feed : tensors.feeds) feeds = {feed.name};
    for (const NamedOutput& fetch : tensors.fetches) fetches = {fetch.name};
  }
  constexpr unsigned char kTellGraph[] = {0x28, 0x01};
  const BufferHandle options(TF_NewBufferFromString(kTellGraph, sizeof(kTellGraph)));
  BufferHandle metadata(TF_NewBuffer());
  EXPECT_TRUE(
      session->RunByName(options.get(), feeds, inputs.values, fetches, {}, metadata.get(), nullptr)
          .ok());
  const std::string_view told(static_cast<const char*>(metadata->data), metadata->length);
  return told.find("_MklNative") != std::string_view::npos;
}

TEST(PlanTest, ConvolutionsOfAGraphWithSharedWeightsTakeInWhatFollowsThem) {
  // TensorFlow's own convolutions, which are taken where oneDNN's are not, have no depthwise ones.
  const uint32_t fused = HasOneDnn() ? 6 : 4;
  const auto saved = LoadModel("test/models/bottlenecks/1");
  for (bool is_known : {false, true}) {
    const auto shared = LoadModel("test/models/bottlenecks/1");
    PlanOptions options = SharedWeightsOptions();
    options.shared_weights.weight = 100;  // filters, but no normalizations
    if (is_known) options.known = PlanChoice{PlanKind::kFrozen, true};
    const PlanReport report = ChoosePlan(shared.get(), options);
    EXPECT_EQ(report.plan.kind, PlanKind::kFrozen) << report.reason;
    ASSERT_TRUE(report.shared_weights) << report.no_shared_weights;
    EXPECT_EQ(report.fused, fused);
    ExpectSameAnswers(*saved, *shared);
  }
  EXPECT_EQ(LiveInputTensors(), 0);
}

TEST(PlanTest, SaysWhyWeightsStayConstants) {
  struct Case {
    const char* path;
    SharedWeightsLimits limits;
    const char* reason;
  };
  for (const Case& each :
       {Case{"test/models/plans/1", {16, 1}, "it uses Enter"},
        Case{"test/models/half_plus_family/123", {1, 1}, "x:0 is fed by some signatures only"},
        Case{"test/models/conv/1", {1 << 20, 1}, ""},
        Case{"test/models/conv/1", {16, 1 << 20}, ""}}) {
    const auto saved = LoadModel(each.path);
    const auto frozen = LoadModel(each.path);
    PlanOptions options = SharedWeightsOptions();
    options.shared_weights = each.limits;
    const PlanReport report = ChoosePlan(frozen.get(), options);
    EXPECT_EQ(report.plan.kind, PlanKind::kFrozen) << each.path << ": " << report.reason;
    EXPECT_FALSE(report.shared_weights) << each.path;
    EXPECT_EQ(report.no_shared_weights, each.reason);
    ExpectSameAnswers(*saved, *frozen);
  }
}

TEST(PlanTest, AutoChoosesByTimesAndAnswersAsTheSavedGraph) {
  const auto saved = LoadModel("test/models/plans/1");
  const auto chosen = LoadModel("test/models/plans/1");
  const PlanReport report = Choose(chosen.get(), {});
  EXPECT_TRUE(report.tried) << report.reason;
  ASSERT_GE(report.times.size(), 2u);
  EXPECT_EQ(report.times[0].plan.kind, PlanKind::kAsSaved);
  EXPECT_EQ(report.times[1].plan.kind, PlanKind::kFrozen);
  for (const PlanTime& time : report.times) EXPECT_GT(time.nanos, 0);
  EXPECT_LT(report.largest_difference, 1e-4);
  ExpectSameAnswers(*saved, *chosen);
}

TEST(PlanTest, XlaIsTakenWhereItIsFasterAndAnswersAsTheSavedGraph) {
  const auto saved = LoadModel("examples/models/keras_mlp/1");
  const auto chosen = LoadModel("examples/models/keras_mlp/1");
  const PlanReport report = Choose(chosen.get(), PlanKind::kFrozenXla);
  EXPECT_NE(report.plan.kind, PlanKind::kAsSaved) << report.reason;
  ExpectSameAnswers(*saved, *chosen);
}

TEST(PlanTest, ModelsThatCannotBeFrozenAreServedAsSavedAndSayWhy) {
  struct Case {
    const char* path;
    const char* reason;
  };
  for (const Case& each :
       {Case{"test/models/tally/1", "may change its state: it uses "},
        Case{"test/models/counter/1", "may change its state: it uses Assign"},
        Case{"test/models/table/1", "it cannot be frozen: it uses LookupTableFindV2"},
        Case{"test/models/identity/1", "it has no variables"},
        Case{"test/models/no_signature/1", "it cannot be frozen: "}}) {
    const auto model = LoadModel(each.path);
    const PlanReport report = Choose(model.get(), PlanKind::kFrozen);
    EXPECT_EQ(report.plan.kind, PlanKind::kAsSaved);
    EXPECT_NE(report.reason.find(each.reason), std::string::npos) << report.reason;
    EXPECT_TRUE(report.times.empty());
    EXPECT_NE(model->session(), nullptr);
  }
  const auto tally = LoadModel("test/models/tally/1");
  Choose(tally.get(), {});
  EXPECT_EQ(ValueOf(*tally, "get_tally"), 0.0f) << "nothing that changes it was run";
}

TEST(PlanTest, AnswersNanAsTheSavedGraphWhereThatIsAskedFor) {
  for (const char* path :
       {"test/models/bottlenecks/1", "test/models/conv/1", "examples/models/keras_mlp/1"}) {
    const auto saved = LoadModel(path);
    const auto chosen = LoadModel(path);
    PlanOptions options = SharedWeightsOptions();
    options.keeps_nan = true;
    const PlanReport report = ChoosePlan(chosen.get(), options);
    EXPECT_EQ(report.nan, "") << path;
    ExpectSameAnswers(*saved, *chosen, {RowFill::kRandom, RowFill::kNan});
  }
}

TEST(PlanTest, ALoadIsNotMadeMuchLongerByTrials) {
  PlanOptions options;
  options.path = "/nowhere";
  options.trial_millis = 20;
  options.load_cpu = std::chrono::hours(1);
  const auto slow = LoadModel("test/models/plans/1");
  EXPECT_TRUE(ChoosePlan(slow.get(), options).times.size() >= 2) << "it is a part of the load";
  const auto stopped = LoadModel("test/models/plans/1");
  LoadStop stop;
  stop.Stop();
  options.stop = &stop;
  ChoosePlan(stopped.get(), options);
  EXPECT_NE(stopped->session(), nullptr) << "nothing is adopted";
}

TEST(PlanTest, ATableStillAnswers) {
  const auto model = LoadModel("test/models/table/1");
  Choose(model.get(), {});
  const Signature& signature = *model->FindSignature("serving_default");
  SyntheticInputs inputs;
  ASSERT_TRUE(MakeSyntheticInputs(signature, {RowFill::kZeros}, 1000, &inputs));
  std::vector<TensorHandle> outputs;
  ASSERT_TRUE(model->Run(signature.inputs, inputs.values, signature.outputs, &outputs).ok());
  EXPECT_EQ(*static_cast<const float*>(TF_TensorData(outputs[0].get())), -10.0f);
}

TEST(PlanTest, IsAsSavedWhereThatIsAskedForOrNothingElseMayBe) {
  const auto model = LoadModel("examples/models/keras_mlp/1");
  PlanReport report = Choose(model.get(), PlanKind::kAsSaved);
  EXPECT_EQ(report.reason, "asked for");
  PlanOptions options;
  options.wanted = PlanKind::kFrozen;
  options.refusal = "clients may name any node";
  report = ChoosePlan(model.get(), options);
  EXPECT_EQ(report.plan.kind, PlanKind::kAsSaved);
  EXPECT_EQ(report.reason, options.refusal);
  EXPECT_NE(model->session(), nullptr);
}

TEST(PlanTest, TakesAnEarlierTrialsChoiceWithoutAnother) {
  for (PlanKind kind : {PlanKind::kAsSaved, PlanKind::kFrozen}) {
    const auto saved = LoadModel("test/models/plans/1");
    const auto model = LoadModel("test/models/plans/1");
    PlanOptions options;
    options.known = PlanChoice{kind, false};
    const PlanReport report = ChoosePlan(model.get(), options);
    EXPECT_EQ(report.plan.kind, kind);
    EXPECT_FALSE(report.plan.in_caller_thread);
    EXPECT_FALSE(report.tried);
    EXPECT_TRUE(report.times.empty());
    ExpectSameAnswers(*saved, *model);
  }
  const auto table = LoadModel("test/models/table/1");
  PlanOptions options;
  options.known = PlanChoice{PlanKind::kFrozen, true};
  EXPECT_EQ(ChoosePlan(table.get(), options).plan.kind, PlanKind::kAsSaved)
      << "the model is another than it was";
}

TEST(PlanTest, IsNotAdoptedWithoutAnythingToCompareWith) {
  const auto model = LoadModel("test/models/plans/1");
  PlanOptions options;
  options.wanted = PlanKind::kFrozen;
  options.synthetic = false;
  const PlanReport report = ChoosePlan(model.get(), options);
  EXPECT_EQ(report.plan.kind, PlanKind::kAsSaved);
  EXPECT_EQ(report.reason, "there was no input to compare plans with");
}

TEST(PlanTest, AnAdoptedPlanIsWarmedUpInEverySize) {
  const auto model = LoadModel("examples/models/keras_mlp/1");
  ASSERT_EQ(Choose(model.get(), PlanKind::kFrozen).plan.kind, PlanKind::kFrozen);
  WarmupOptions options;
  options.path = "/nowhere";
  options.batch_rows = {2, 8};
  const WarmupReport report = WarmUp(*model, options);
  EXPECT_EQ(report.synthetic.failed, 0u) << report.synthetic.first_failure;
  EXPECT_EQ(report.synthetic.run % 3, 0u);
  EXPECT_GT(report.synthetic.run, 0u);
}

TEST(PlanTest, AFrozenGraphHasNoOtherEndpointsThanItsSignatures) {
  const auto model = LoadModel("examples/models/keras_mlp/1");
  ASSERT_EQ(Choose(model.get(), PlanKind::kFrozen).plan.kind, PlanKind::kFrozen);
  EXPECT_EQ(model->FindOperation("StatefulPartitionedCall/MatMul"), nullptr);
  TF_Operation* other = TF_FinishOperation(TF_NewOperation(model->graph(), "NoOp", "other"),
                                           StatusHandle(TF_NewStatus()).get());
  std::vector<TensorHandle> outputs;
  EXPECT_EQ(model->Run({}, {}, {TF_Output{other, 0}}, &outputs).code(), Code::kFailedPrecondition);
  EXPECT_EQ(model->RunTargets({}, {}, {}, {other}, 0, &outputs).code(), Code::kFailedPrecondition);
}

// All outputs of a signature that the bits of `which` choose.
void RunSome(const SavedModel& model, const Execution& execution, const Signature& signature,
             uint32_t which, std::vector<TensorHandle>* outputs) {
  SyntheticInputs inputs;
  ASSERT_TRUE(MakeSyntheticInputs(signature, {RowFill::kRandom, RowFill::kRandom}, 1000, &inputs));
  std::vector<TF_Output> fetches;
  for (size_t i = 0; i < signature.outputs.size(); ++i) {
    if ((which >> i & 1) != 0) fetches.push_back(signature.outputs[i]);
  }
  const Status status =
      model.RunAs(execution, 0, signature.inputs, inputs.values, fetches, outputs);
  ASSERT_TRUE(status.ok()) << status.message();
}

TEST(PlanTest, ClientsMakeNoMoreCopiesOfAFrozenGraphThanAFew) {
  const auto model = LoadModel("test/models/plans/1");
  FrozenGraph frozen;
  std::unique_ptr<GraphSession> session;
  ASSERT_TRUE(FreezeModel(*model, SharedWeightsLimits(), &frozen).ok());
  ASSERT_TRUE(NewFrozenSession(frozen, "", FrozenSessionKind::kPlain, &session).ok());
  size_t combinations = 0;
  for (const char* name : {"gathered", "serving_default", "reference"}) {
    const Signature& signature = *model->FindSignature(name);
    const uint32_t all = (1u << signature.outputs.size()) - 1;
    for (uint32_t which = 1; which <= all; ++which) {
      if (which != all) ++combinations;
      for (int again = 0; again < 2; ++again) {
        std::vector<TensorHandle> expected, given;
        RunSome(*model, {nullptr, true}, signature, which, &expected);
        RunSome(*model, {session.get(), true}, signature, which, &given);
        Agreement agreement;
        Compare(expected, given, &agreement);
        EXPECT_TRUE(agreement.agrees) << name << " " << which << ": " << agreement.difference;
      }
    }
  }
  EXPECT_GT(combinations, GraphSession::kMaxOtherCombinations);
  EXPECT_EQ(session->other_combinations(), GraphSession::kMaxOtherCombinations);
}

TEST(PlanTest, SignaturesThatComputeTheSameShareAFrozenGraph) {
  // Keras exports "serve" and "serving_default", with functions of their own.
  const auto saved = LoadModel("examples/models/keras_mlp/1");
  FrozenGraph frozen;
  ASSERT_TRUE(FreezeModel(*saved, SharedWeightsLimits(), &frozen).ok());
  std::set<std::string> names;
  size_t with_outputs = 0;
  for (const SignatureTensors& signature : frozen.signatures) {
    if (signature.fetches.empty()) continue;
    ++with_outputs;
    for (const NamedOutput& fetch : signature.fetches) names.insert(fetch.name);
  }
  EXPECT_EQ(with_outputs, 2u);
  EXPECT_EQ(names.size(), 1u);
  // One that computes something else stays itself.
  const auto plans = LoadModel("test/models/plans/1");
  FrozenGraph others;
  ASSERT_TRUE(FreezeModel(*plans, SharedWeightsLimits(), &others).ok());
  names.clear();
  size_t outputs = 0;
  for (const SignatureTensors& signature : others.signatures) {
    for (const NamedOutput& fetch : signature.fetches) names.insert(fetch.name);
    outputs += signature.fetches.size();
  }
  EXPECT_EQ(names.size(), outputs);
}

// Adds nothing to x, but looks at its first row for that.
std::string GraphThatNeedsRows() {
  using namespace graph;
  constexpr int64_t kInt = 3;
  const auto ints = [](int32_t value) {
    const std::string tensor = proto::Dtype(DataType::kInt32) + proto::Shape({1}) +
                               proto::Content(proto::Raw(std::vector<int32_t>{value}));
    return std::pair<const char*, std::string>("value", BytesField(8, tensor));
  };
  const std::pair<const char*, std::string> floats = {"T", Type(kFloat)};
  return Graph({NodeDef("x", "Placeholder", {}, {{"dtype", Type(kFloat)}}),
                NodeDef("begin", "Const", {}, {{"dtype", Type(kInt)}, ints(0)}),
                NodeDef("size", "Const", {}, {{"dtype", Type(kInt)}, ints(1)}),
                NodeDef("row", "Slice", {"x", "begin", "size"}, {floats, {"Index", Type(kInt)}}),
                NodeDef("nothing", "Sub", {"row", "row"}, {floats}),
                NodeDef("y", "AddV2", {"x", "nothing"}, {floats})});
}

// Zeros in place of NaN.
std::string GraphThatHidesNan() {
  using namespace graph;
  return Graph({NodeDef("x", "Placeholder", {}, {{"dtype", Type(kFloat)}}),
                NodeDef("is_nan", "IsNan", {"x"}, {{"T", Type(kFloat)}}),
                NodeDef("zeros", "ZerosLike", {"x"}, {{"T", Type(kFloat)}}),
                NodeDef("y", "SelectV2", {"is_nan", "zeros", "x"}, {{"T", Type(kFloat)}})});
}

// Compares a graph from x to y with a model that gives back what it gets.
Candidate CompareWithIdentity(const std::string& graph, bool keeps_nan) {
  const auto model = LoadModel("test/models/identity/1");
  const Signature& signature = *model->FindSignature("identity_float32");
  std::vector<TrialCase> cases;
  for (TrialCase& each : MakeTrialCases(*model, "/nowhere", true)) {
    if (each.feeds[0].oper == signature.inputs[0].oper) cases.push_back(std::move(each));
  }
  std::vector<TrialCaseKind> kinds;
  std::vector<int64_t> rows;
  for (const TrialCase& each : cases) {
    kinds.push_back(each.kind);
    rows.push_back(TF_Dim(each.values[0], 0));
  }
  EXPECT_EQ(std::count(rows.begin(), rows.end(), 0), 1);
  EXPECT_EQ(kinds.size() > 1 ? kinds[1] : TrialCaseKind::kNan, TrialCaseKind::kNoRows);
  EXPECT_EQ(kinds.empty() ? TrialCaseKind::kRows : kinds.back(), TrialCaseKind::kNan);
  std::unique_ptr<GraphSession> session;
  // Without TensorFlow's optimizers, which find out.
  const std::string as_it_is("\x52\x05\x52\x03\x98\x01\x01", 7);
  const SignatureTensors tensors{{{signature.inputs[0], "x:0"}}, {{signature.outputs[0], "y:0"}}};
  const Status status = GraphSession::Create(as_it_is, graph, {tensors}, &session);
  EXPECT_TRUE(status.ok()) << status.message();
  TrialLimits limits;
  limits.keeps_nan = keeps_nan;
  Trial trial(*model, cases, limits, true, nullptr);
  EXPECT_TRUE(trial.Begin());
  Candidate candidate;
  candidate.execution.frozen = session.get();
  trial.Compare(&candidate);
  return candidate;
}

TEST(TrialTest, WhatFailsWithoutRowsDoesNotAgree) {
  const Candidate candidate = CompareWithIdentity(GraphThatNeedsRows(), false);
  EXPECT_FALSE(candidate.agrees);
  EXPECT_EQ(candidate.rejected.rfind("without rows: ", 0), 0u) << candidate.rejected;
}

// 10 (x + 1) for every x.
std::string GraphThatFailsNowhere() {
  using namespace graph;
  constexpr int64_t kInt = 3;
  const std::pair<const char*, std::string> ints = {"T", Type(kInt)};
  const std::string ten = proto::Dtype(DataType::kInt32) + proto::Shape({1}) +
                          proto::Content(proto::Raw(std::vector<int32_t>{10}));
  return Graph({NodeDef("x", "Placeholder", {}, {{"dtype", Type(kInt)}}),
                NodeDef("ten", "Const", {}, {{"dtype", Type(kInt)}, {"value", BytesField(8, ten)}}),
                NodeDef("tens", "Mul", {"x", "ten"}, {ints}),
                NodeDef("y", "AddV2", {"tens", "ten"}, {ints})});
}

TEST(TrialTest, WhatAnswersWhereTheSavedGraphFailsDoesNotAgree) {
  const auto model = LoadModel("test/models/failing/1");
  const Signature& gather = *model->FindSignature("gather");  // of 10, 20 and 30
  std::vector<TrialCase> cases;
  std::vector<TensorHandle> indices;
  for (const int32_t index : {2, 7}) {
    const int64_t rows = 1;
    indices.emplace_back(TF_AllocateTensor(TF_INT32, &rows, 1, sizeof(index)));
    std::memcpy(TF_TensorData(indices.back().get()), &index, sizeof(index));
    TrialCase& made = cases.emplace_back();
    made.feeds = gather.inputs;
    made.values = {indices.back().get()};
    made.fetches = gather.outputs;
  }
  std::unique_ptr<GraphSession> session;
  const SignatureTensors tensors{{{gather.inputs[0], "x:0"}}, {{gather.outputs[0], "y:0"}}};
  ASSERT_TRUE(GraphSession::Create("", GraphThatFailsNowhere(), {tensors}, &session).ok());
  Trial trial(*model, cases, TrialLimits(), true, nullptr);
  ASSERT_TRUE(trial.Begin());
  Candidate as_saved, candidate;
  trial.Compare(&as_saved);
  EXPECT_TRUE(as_saved.agrees) << "both fail: " << as_saved.rejected;
  EXPECT_EQ(trial.cases(), 1u);
  candidate.execution.frozen = session.get();
  trial.Compare(&candidate);
  EXPECT_FALSE(candidate.agrees);
  EXPECT_EQ(candidate.rejected.rfind("there is an answer, as saved indices[0] = 7", 0), 0u)
      << candidate.rejected;
}

TEST(TrialTest, WhatHidesNanSaysSoAndAgreesUnlessThatIsForbidden) {
  Candidate candidate = CompareWithIdentity(GraphThatHidesNan(), false);
  EXPECT_TRUE(candidate.agrees) << candidate.rejected;
  EXPECT_EQ(candidate.nan, "output 0: element 0 is 0, as saved nan");
  candidate = CompareWithIdentity(GraphThatHidesNan(), true);
  EXPECT_FALSE(candidate.agrees);
  EXPECT_EQ(candidate.rejected, "with NaN: " + candidate.nan);
}

TensorHandle FloatTensor(const std::vector<float>& values) {
  const int64_t dims[] = {static_cast<int64_t>(values.size())};
  TensorHandle tensor(TF_AllocateTensor(TF_FLOAT, dims, 1, values.size() * sizeof(float)));
  std::memcpy(TF_TensorData(tensor.get()), values.data(), values.size() * sizeof(float));
  return tensor;
}

Agreement AgreementOf(const std::vector<float>& expected, const std::vector<float>& given) {
  std::vector<TensorHandle> a, b;
  a.push_back(FloatTensor(expected));
  b.push_back(FloatTensor(given));
  Agreement agreement;
  Compare(a, b, &agreement);
  return agreement;
}

TEST(AgreementTest, IsWithinAToleranceOfEachNumberAndAFloorOfTheTensor) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float inf = std::numeric_limits<float>::infinity();
  EXPECT_TRUE(AgreementOf({1, nan, inf, 0}, {1, nan, inf, 0}).agrees);
  EXPECT_TRUE(AgreementOf({1000, 1}, {1000.05f, 1}).agrees);
  EXPECT_FALSE(AgreementOf({1000, 1}, {1000.2f, 1}).agrees);
  EXPECT_TRUE(AgreementOf({1000, 0}, {1000, 0.0009f}).agrees) << "rounding of the larger";
  EXPECT_FALSE(AgreementOf({1000, 0}, {1000, 0.0011f}).agrees);
  EXPECT_FALSE(AgreementOf({1e-9f}, {2e-9f}).agrees) << "all are small";
  EXPECT_FALSE(AgreementOf({1}, {nan}).agrees);
  EXPECT_FALSE(AgreementOf({nan}, {1}).agrees);
  EXPECT_FALSE(AgreementOf({inf}, {-inf}).agrees);
  EXPECT_FALSE(AgreementOf({1, 2}, {1}).agrees) << "another shape";
  EXPECT_NEAR(AgreementOf({2}, {2.0001f}).largest, 5e-5, 1e-6);
  EXPECT_EQ(AgreementOf({1, 2}, {1, 3}).difference, "output 0: element 1 is 3, as saved 2");
}

}  // namespace
}  // namespace tensorgate
