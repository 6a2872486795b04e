// Which requests have equal keys, and what counts as their rows.
#include "call/batch_keys.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "../proto_builder.h"
#include "batch_tasks.h"

namespace tensorgate {
namespace {

using proto::BytesField;

std::string Input(const std::string& alias, const std::string& tensor) {
  return BytesField(2, BytesField(1, alias) + BytesField(2, tensor));
}
std::string Floats(const std::string& shape) {
  return proto::Dtype(DataType::kFloat) + shape + proto::PackedFixed<float>(5, {1});
}
std::string Filter(const std::string& alias) { return BytesField(3, alias); }
std::string SpecWithSignature(const std::string& name) {
  return BytesField(1, BytesField(3, name));
}

class BatchKeysTest : public testing::Test {
 protected:
  void TearDown() override { EXPECT_EQ(LiveInputTensors(), 0); }

  static BatchKeys Of(const Model& model, const std::string& body, uint32_t number = 1) {
    return KeysOf(*Decoded(NewProtoPredictCall(model, false), body), number);
  }
  static int64_t RowsOf(const std::string& folder, const std::string& json) {
    return KeysOf(*Decoded(NewJsonPredictCall(LoadModel(folder)), json), 1).rows;
  }

  const Model two_ = LoadModel("test/models/multi_io/1");
  const std::string a_ = Input("a", Floats(proto::Shape({3, 2})));
  const std::string b_ = Input("b", Floats(proto::Shape({3})));
};

TEST_F(BatchKeysTest, TellModelsFeedsAndFetchesApart) {
  const uint64_t both = Of(two_, a_ + b_).queue;
  EXPECT_EQ(Of(two_, b_ + a_).queue, both);
  EXPECT_NE(Of(two_, a_ + b_, 2).queue, both);
  const uint64_t sum = Of(two_, a_ + b_ + Filter("sum")).queue;
  EXPECT_NE(sum, both);
  EXPECT_NE(Of(two_, a_ + b_ + Filter("b_plus_one")).queue, sum);
  const Model identity = LoadModel("test/models/identity/1");
  const std::string x = Input("x", Floats(proto::Shape({3})));
  EXPECT_NE(Of(identity, SpecWithSignature("identity_float32") + x).queue,
            Of(identity, SpecWithSignature("identity_float64") + x).queue);
  EXPECT_EQ(Of(identity, SpecWithSignature("identity_float32") + x).queue, Of(identity, x).queue);
}

TEST_F(BatchKeysTest, HaveRowsOnlyWhereProvenWhenThatIsRequired) {
  std::unique_ptr<SavedModel> loaded = LoadModel("test/models/multi_io/1");
  loaded->RequireProvenRows();
  EXPECT_EQ(Of(std::move(loaded), a_ + b_).rows, kUnprovenRows);
  loaded = LoadModel("test/models/multi_io/1");
  loaded->RequireProvenRows();
  loaded->ProveRows(0);
  const BatchKeys keys = Of(std::move(loaded), a_ + b_);
  EXPECT_EQ(keys.rows, 3);
  EXPECT_EQ(keys.signature, 0);
}

TEST_F(BatchKeysTest, DoNotDependOnTheOrderOfTheFetches) {
  EXPECT_EQ(Of(two_, a_ + b_ + Filter("sum") + Filter("b_plus_one")).queue,
            Of(two_, a_ + b_ + Filter("b_plus_one") + Filter("sum")).queue);
}

TEST_F(BatchKeysTest, TellShapesApartButNotRows) {
  const BatchKeys keys = Of(two_, a_ + b_);
  const BatchKeys more_rows =
      Of(two_, Input("a", Floats(proto::Shape({9, 2}))) + Input("b", Floats(proto::Shape({9}))));
  EXPECT_EQ(more_rows.queue, keys.queue);
  EXPECT_EQ(more_rows.shape, keys.shape);
  EXPECT_EQ(more_rows.rank, keys.rank);
  EXPECT_EQ(more_rows.rows, 9);
  const BatchKeys wider = Of(two_, Input("a", Floats(proto::Shape({3, 5}))) + b_);
  EXPECT_EQ(wider.queue, keys.queue);
  EXPECT_NE(wider.shape, keys.shape);
  EXPECT_EQ(wider.rank, keys.rank);
  const BatchKeys deeper = Of(two_, Input("a", Floats(proto::Shape({3, 2, 1}))) + b_);
  EXPECT_EQ(deeper.queue, keys.queue);
  EXPECT_NE(deeper.rank, keys.rank);
  const std::string other_type =
      proto::Dtype(DataType::kInt32) + proto::Shape({3}) + proto::PackedVarints(7, {1});
  EXPECT_NE(Of(two_, a_ + Input("b", other_type)).rank, keys.rank);
}

TEST_F(BatchKeysTest, FitIntoANumberOfJavaScript) {
  for (uint32_t model = 1; model < 100; ++model) {
    const BatchKeys keys = Of(two_, a_ + b_, model);
    EXPECT_LT(keys.queue | keys.shape | keys.rank, uint64_t{1} << 53);
  }
}

TEST_F(BatchKeysTest, CountTheRows) {
  EXPECT_EQ(RowsOf("examples/models/half_plus_two/1", R"({"instances": [1, 2, 3]})"), 3);
  EXPECT_EQ(
      Of(two_, Input("a", Floats(proto::Shape({0, 2}))) + Input("b", Floats(proto::Shape({0}))))
          .rows,
      0);
}

TEST_F(BatchKeysTest, SayWhyThereAreNoRows) {
  EXPECT_EQ(Of(LoadModel("test/models/counter/1"), SpecWithSignature("get_counter")).rows,
            kNoInputs);
  EXPECT_EQ(
      RowsOf("test/models/counter/1", R"({"signature_name": "incr_counter_by", "inputs": 1})"),
      kScalarInput);
  EXPECT_EQ(RowsOf("test/models/multi_io/1", R"({"inputs": {"a": [[1, 2]], "b": [1, 2]}})"),
            kUnequalRows);
  const Model half = LoadModel("examples/models/half_plus_two/1");
  const std::string fetch = BytesField(3, "x:0");
  const std::string feed = BytesField(2, BytesField(1, "x:0") + BytesField(2, Floats("")));
  EXPECT_EQ(KeysOf(*Decoded(NewSessionRunCall(half), feed + fetch), 1).rows, kNeverBatched);
}

TEST_F(BatchKeysTest, DoNotTakeADefaultForRowsOfTheRequest) {
  const Model defaults = LoadModel("test/models/defaults/1");
  EXPECT_EQ(Of(defaults, Input("x", Floats(proto::Shape({3})))).rows, kNeverBatched);
  const std::string scalar = Floats(BytesField(2, ""));
  EXPECT_EQ(Of(defaults, Input("x", Floats(proto::Shape({3}))) + Input("scale", scalar) +
                             Input("offset", scalar))
                .rows,
            kScalarInput);
}

// Fed with one tensor of each number of rows, the last of them a default.
class FedCall : public InferenceCall {
 public:
  FedCall(Model model, const std::vector<int64_t>& rows) : InferenceCall(std::move(model)) {
    for (const int64_t own : rows) {
      inputs_.emplace_back(TF_AllocateTensor(TF_FLOAT, &own, 1, sizeof(float) * own));
      run_.values.push_back(inputs_.back().get());
      run_.feeds.push_back({nullptr, static_cast<int>(run_.feeds.size())});
    }
    run_.defaults = {rows.size() - 1};
  }
  Status DecodeBody(std::string_view, const DecodeLimits&) override { return Status(); }
  Status Run(OutputBuffer*) override { return Status(); }
  Method method() const override { return Method::kPredict; }
  const RunArguments* arguments() const override { return &run_; }

 private:
  std::vector<TensorHandle> inputs_;
  RunArguments run_;
};

TEST_F(BatchKeysTest, CountADefaultThatHasTheRowsOfTheRequest) {
  EXPECT_EQ(KeysOf(FedCall(two_, {3, 3, 3}), 1).rows, 3);
  EXPECT_EQ(KeysOf(FedCall(two_, {3, 3, 1}), 1).rows, kNeverBatched);
  EXPECT_EQ(KeysOf(FedCall(two_, {3, 2, 3}), 1).rows, kUnequalRows);
  EXPECT_EQ(KeysOf(FedCall(two_, {3}), 1).rows, kNeverBatched);
}

TEST_F(BatchKeysTest, CountTheExamplesOfClassify) {
  const Model model = LoadModel("test/models/example_outputs/1");
  const std::string body =
      R"({"signature_name": "classify", "examples": [{"x": 1.0}, {"x": 2.0}]})";
  EXPECT_EQ(KeysOf(*Decoded(NewJsonExampleCall(model, Method::kClassify), body), 1).rows, 2);
}

}  // namespace
}  // namespace tensorgate
