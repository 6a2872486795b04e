#include "warmup/warmup.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "../proto_builder.h"
#include "../tf_record_builder.h"
#include "test_model.h"

namespace tensorgate {
namespace {

using proto::BytesField;
using record::Record;

std::string SpecOf(const std::string& signature, const std::string& name = "") {
  return BytesField(1, BytesField(1, name) + BytesField(3, signature));
}

std::string PredictLog(const std::string& request) { return BytesField(6, BytesField(1, request)); }

std::string FloatInput(const std::string& alias, const std::vector<float>& values) {
  const std::string tensor = proto::Dtype(DataType::kFloat) +
                             proto::Shape({static_cast<int64_t>(values.size())}) +
                             proto::Content(proto::Raw(values));
  return BytesField(2, BytesField(1, alias) + BytesField(2, tensor));
}

// An Input with one Example of the four features that iris_classifier's examples have.
std::string IrisInput() {
  std::string features;
  for (const char* name : {"sepal_length", "sepal_width", "petal_length", "petal_width"}) {
    const std::string list = BytesField(2, proto::PackedFixed<float>(1, {1.0f}));
    features += BytesField(1, BytesField(1, name) + BytesField(2, list));
  }
  return BytesField(2, BytesField(1, BytesField(1, BytesField(1, features))));
}

std::string IrisTask(const std::string& method) {
  return BytesField(1, SpecOf(method, "m") + BytesField(2, "tensorflow/serving/" + method));
}

class WarmupTest : public testing::Test {
 protected:
  WarmupTest() {
    std::string pattern = testing::TempDir() + "tensorgate-warmup-XXXXXX";
    path_ = mkdtemp(pattern.data());
    std::filesystem::create_directory(path_ + "/assets.extra");
  }
  ~WarmupTest() override { std::filesystem::remove_all(path_); }

  std::string FilePath() const { return path_ + "/assets.extra/tf_serving_warmup_requests"; }

  void Write(const std::string& bytes) const {
    std::ofstream(FilePath(), std::ios::binary) << bytes;
  }

  WarmupReport Run(const SavedModel& model, uint32_t iterations = 1, bool synthetic = false) const {
    WarmupOptions options;
    options.path = path_;
    options.iterations = iterations;
    options.synthetic = synthetic;
    return WarmUp(model, options);
  }

  WarmupReport RunFile(const SavedModel& model, const std::string& bytes) const {
    Write(bytes);
    return Run(model);
  }

  void ExpectFailure(const WarmupReport& report, Code code, const std::string& message) const {
    EXPECT_EQ(report.status.code(), code);
    EXPECT_EQ(report.status.message(), message);
  }

  std::string path_;
};

TEST_F(WarmupTest, RunsEveryKindOfRequestInOneFile) {
  const auto model = LoadModel("examples/models/iris_classifier/1");
  const std::string predict = PredictLog(
      BytesField(2, BytesField(1, "features") +
                        BytesField(2, proto::Dtype(DataType::kFloat) + proto::Shape({1, 4}) +
                                          proto::Content(proto::Raw<float>({1, 2, 3, 4})))));
  const std::string classify = BytesField(2, BytesField(1, SpecOf("classify") + IrisInput()));
  const std::string regress =
      BytesField(3, BytesField(1, SpecOf("regress", "another") + IrisInput()));
  const std::string multi =
      BytesField(4, BytesField(1, IrisTask("classify") + IrisTask("regress") + IrisInput()));
  const WarmupReport report =
      RunFile(*model, Record(predict) + Record(classify) + Record(regress) + Record(multi));
  EXPECT_TRUE(report.status.ok()) << report.status.message();
  EXPECT_TRUE(report.has_file);
  EXPECT_TRUE(report.read_through);
  EXPECT_EQ(report.records, 4u);
  EXPECT_GT(report.micros, 0);
}

TEST_F(WarmupTest, RunsEachRecordAsOftenAsAsked) {
  const auto model = LoadModel("test/models/tally/1");
  Write(Record(PredictLog(SpecOf("incr_tally", "any name"))) +
        Record(PredictLog(SpecOf("incr_count"))));
  EXPECT_EQ(Run(*model, /*iterations=*/3).records, 2u);
  EXPECT_EQ(ValueOf(*model, "get_tally"), 3.0f);
  EXPECT_EQ(ValueOf(*model, "serving_default"), 3.0f);
}

TEST_F(WarmupTest, CountsRecordsWithoutALogTypeAndRunsNothing) {
  const auto model = LoadModel("test/models/no_signature/1");
  const WarmupReport report = RunFile(*model, Record("") + Record(BytesField(1, "")));
  EXPECT_TRUE(report.status.ok()) << report.status.message();
  EXPECT_EQ(report.records, 2u);
}

TEST_F(WarmupTest, TakesAnEmptyFileAndRunsNothingSyntheticBesideIt) {
  const auto model = LoadModel("examples/models/half_plus_two/1");
  Write("");
  const WarmupReport report = Run(*model, 1, /*synthetic=*/true);
  EXPECT_TRUE(report.status.ok()) << report.status.message();
  EXPECT_TRUE(report.has_file);
  EXPECT_TRUE(report.read_through);
  EXPECT_EQ(report.records, 0u);
  EXPECT_EQ(report.synthetic.run, 0u);
}

TEST_F(WarmupTest, DoesNothingWithoutAFileWhereNothingSyntheticMayRun) {
  const auto model = LoadModel("examples/models/half_plus_two/1");
  const WarmupReport report = Run(*model);
  EXPECT_TRUE(report.status.ok()) << report.status.message();
  EXPECT_FALSE(report.has_file);
  EXPECT_FALSE(report.read_through);
  EXPECT_EQ(report.synthetic.run + report.synthetic.skipped + report.synthetic.failed, 0u);
}

TEST_F(WarmupTest, FailsWithTheStatusOfARequest) {
  const auto model = LoadModel("examples/models/half_plus_two/1");
  const std::string good = Record(PredictLog(FloatInput("x", {1.0f})));
  const WarmupReport report = RunFile(*model, good + Record(PredictLog(SpecOf("nope"))));
  ExpectFailure(report, Code::kFailedPrecondition, "Serving signature key \"nope\" not found.");
  EXPECT_EQ(report.records, 1u);
  EXPECT_FALSE(report.read_through);
}

TEST_F(WarmupTest, RefusesStreamedAndSessionRunLogs) {
  const auto model = LoadModel("examples/models/half_plus_two/1");
  ExpectFailure(RunFile(*model, Record(BytesField(7, ""))), Code::kUnimplemented,
                "Unsupported log_type for warmup: 7");
  ExpectFailure(RunFile(*model, Record(BytesField(5, ""))), Code::kUnimplemented,
                "Unsupported log_type for warmup: 5");
}

TEST_F(WarmupTest, RefusesMoreThanAThousandRecords) {
  const auto model = LoadModel("examples/models/half_plus_two/1");
  std::string records;
  for (int i = 0; i < 1000; ++i) records += Record("");
  EXPECT_EQ(RunFile(*model, records).records, 1000u);
  EXPECT_TRUE(Run(*model).status.ok());
  const WarmupReport report = RunFile(*model, records + Record(""));
  ExpectFailure(report, Code::kInvalidArgument,
                "Number of warmup records exceeds the maximum (1000) at " + FilePath());
  EXPECT_FALSE(report.read_through);
}

TEST_F(WarmupTest, QuotesARecordItCannotParseUpToALimit) {
  const auto model = LoadModel("examples/models/half_plus_two/1");
  ExpectFailure(RunFile(*model, Record("no log")), Code::kInvalidArgument,
                "Failed to parse warmup record: no log from " + FilePath());
  ExpectFailure(RunFile(*model, Record(std::string(100000, 'n'))), Code::kInvalidArgument,
                "Failed to parse warmup record: " + std::string(4096, 'n') + " from " + FilePath());
}

TEST_F(WarmupTest, RefusesWhatIsNoTfRecordFile) {
  const auto model = LoadModel("examples/models/half_plus_two/1");
  const std::string hint = ". Please verify your warmup data is in TFRecord format.";
  const WarmupReport report = RunFile(*model, "this is just a line of text");
  ExpectFailure(report, Code::kDataLoss,
                "corrupted record at 0 (Is this even a TFRecord file?)" + hint);
  EXPECT_TRUE(report.read_through);
  std::string wrong_data = Record("");
  wrong_data.back() ^= 1;
  ExpectFailure(RunFile(*model, wrong_data), Code::kDataLoss, "corrupted record at 12" + hint);
  const std::string good = Record(PredictLog(FloatInput("x", {1.0f})));
  const WarmupReport cut = RunFile(*model, good + good.substr(0, good.size() - 1));
  ExpectFailure(cut, Code::kDataLoss,
                "truncated record at " + std::to_string(good.size()) +
                    "' failed with Read less bytes than requested" + hint);
  EXPECT_EQ(cut.records, 1u);
}

TEST_F(WarmupTest, RefusesAFolderInTheFilesPlace) {
  const auto model = LoadModel("examples/models/half_plus_two/1");
  std::filesystem::create_directory(FilePath());
  ExpectFailure(Run(*model), Code::kFailedPrecondition, FilePath() + "; Not a regular file");
}

TEST_F(WarmupTest, MakesRequestsUpWhereThereIsNoFile) {
  const auto model = LoadModel("examples/models/keras_mlp/1");
  const WarmupReport report = Run(*model, 1, /*synthetic=*/true);
  EXPECT_TRUE(report.status.ok()) << report.status.message();
  EXPECT_FALSE(report.has_file);
  EXPECT_EQ(report.synthetic.run, 2u);  // serve, serving_default
  EXPECT_EQ(report.synthetic.failed, 0u) << report.synthetic.first_failure;
  EXPECT_EQ(report.synthetic.skipped, 1u);  // __saved_model_init_op
}

}  // namespace
}  // namespace tensorgate
