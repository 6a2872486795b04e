#include "logging/record_files.h"

#include <dirent.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "codec/record/tf_record.h"
#include "tf_record_builder.h"

namespace tensorgate {
namespace {

using record::Record;

std::string Written(std::string_view data) {
  OutputBuffer out;
  out.Append("before");
  const size_t begin = BeginTfRecord(&out);
  out.Append(data);
  EndTfRecord(begin, &out);
  EXPECT_EQ(out.view().substr(0, begin), "before");
  return std::string(out.view().substr(begin));
}

TEST(TfRecordWriterTest, WritesWhatTheReaderExpects) {
  for (const std::string& data : {std::string(), std::string("x"), std::string(100000, 'y')}) {
    EXPECT_EQ(Written(data), Record(data));
  }
}

class RecordFilesTest : public testing::Test {
 protected:
  RecordFilesTest() {
    char path[] = "/tmp/record-files-XXXXXX";
    folder_ = mkdtemp(path);
    folder_ += "/deep";
  }
  ~RecordFilesTest() override {
    for (const std::string& name : Names()) unlink(Path(name).c_str());
    rmdir(folder_.c_str());
    rmdir(folder_.substr(0, folder_.size() - 5).c_str());
  }

  std::string Path(const std::string& name) const { return folder_ + "/" + name; }

  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    DIR* const folder = opendir(folder_.c_str());
    if (folder == nullptr) return names;
    while (const dirent* const entry = readdir(folder)) {
      if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
    }
    closedir(folder);
    std::sort(names.begin(), names.end());
    return names;
  }

  std::string Content(const std::string& name) const {
    std::ifstream file(Path(name), std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }

  void Put(const std::string& name, const std::string& content) const {
    mkdir(folder_.c_str(), 0755);
    std::ofstream(Path(name), std::ios::binary) << content;
  }

  std::unique_ptr<RecordFiles> Files(RecordFileLimits limits = {1000, 10000, Hour()}) const {
    return std::make_unique<RecordFiles>(Path("m"), limits);
  }

  static std::chrono::seconds Hour() { return std::chrono::hours(1); }

  static void Append(RecordFiles* files, const std::string& data) {
    std::string error;
    ASSERT_TRUE(files->Append(Record(data), &error)) << error;
  }

  std::string folder_;
};

TEST_F(RecordFilesTest, NamesAFileWhenItIsComplete) {
  auto files = Files();
  EXPECT_TRUE(Names().empty());
  Append(files.get(), "a");
  Append(files.get(), "b");
  ASSERT_EQ(Names().size(), 1u);
  EXPECT_NE(Names()[0].find(".tfrecord.part"), std::string::npos);
  files.reset();
  ASSERT_EQ(Names().size(), 1u);
  EXPECT_EQ(Names()[0].substr(Names()[0].size() - 9), ".tfrecord");
  EXPECT_EQ(Content(Names()[0]), Record("a") + Record("b"));
}

TEST_F(RecordFilesTest, EndsAFileThatIsFullOrOld) {
  auto files = Files({100, 10000, Hour()});
  Append(files.get(), std::string(60, 'a'));
  Append(files.get(), std::string(60, 'b'));
  EXPECT_EQ(Names().size(), 2u);
  EXPECT_EQ(files->total_bytes(), 2 * Record(std::string(60, 'a')).size());
  files->set_limits({1000, 10000, std::chrono::seconds(0)});
  EXPECT_TRUE(files->is_open());
  files->EndIfOld();
  EXPECT_FALSE(files->is_open());
}

TEST_F(RecordFilesTest, DeletesTheOldestOfItsOwnAlone) {
  const std::string old = "m-20200101T000000000Z-0001.tfrecord";
  const std::string older = "m-20190101T000000000Z-0001.tfrecord";
  const std::vector<std::string> others = {
      "m-2-20200101T000000000Z-0001.tfrecord", "m-20200101T000000000Z-0001.txt",
      "m-2020010xT000000000Z-0001.tfrecord", "mm-20200101T000000000Z-0001.tfrecord"};
  for (const std::string& name : others) Put(name, "others");
  Put(old, std::string(500, 'x'));
  Put(older, std::string(500, 'x'));
  auto files = Files({400, 1000, Hour()});
  Append(files.get(), std::string(100, 'a'));
  std::vector<std::string> names = Names();
  EXPECT_EQ(std::count(names.begin(), names.end(), older), 0);
  EXPECT_EQ(std::count(names.begin(), names.end(), old), 1);
  for (int i = 0; i < 30; ++i) {
    Append(files.get(), std::string(100, 'a'));
    EXPECT_LE(files->total_bytes(), 1000u);
  }
  names = Names();
  EXPECT_EQ(std::count(names.begin(), names.end(), old), 0);
  for (const std::string& name : others) EXPECT_EQ(Content(name), "others");
}

TEST_F(RecordFilesTest, CompletesWhatADeadProcessHasLeft) {
  const std::string torn = Record("second").substr(0, 15);
  Put("m-20200101T000000000Z-0001.tfrecord.part", Record("first") + torn);
  Put("m-20200101T000000000Z-0002.tfrecord.part", torn);
  Append(Files().get(), "third");
  const std::vector<std::string> names = Names();
  ASSERT_EQ(names.size(), 2u);
  EXPECT_EQ(names[0], "m-20200101T000000000Z-0001.tfrecord");
  EXPECT_EQ(Content(names[0]), Record("first"));
  EXPECT_EQ(Content(names[1]), Record("third"));
}

TEST_F(RecordFilesTest, LeavesAloneWhatAnotherStillWrites) {
  auto others = Files();
  Append(others.get(), "other");
  const std::string part = Names()[0];
  Append(Files().get(), "own");
  EXPECT_EQ(Names().size(), 2u);
  EXPECT_EQ(Content(part), Record("other"));
  Append(others.get(), "more");
  EXPECT_EQ(Content(part), Record("other") + Record("more"));
}

TEST_F(RecordFilesTest, SaysWhyItCannotWrite) {
  std::string error;
  RecordFiles files("/proc/none/m", {1000, 10000, Hour()});
  EXPECT_FALSE(files.Append(Record("a"), &error));
  EXPECT_EQ(error, "cannot open the folder in /proc/none/: No such file or directory");
  error.clear();
  EXPECT_FALSE(files.Append(Record("a"), &error));  // which does not try again at once
  EXPECT_EQ(error, "cannot open the folder in /proc/none/: No such file or directory");
  EXPECT_FALSE(Files()->Append(std::string(10001, 'x'), &error));
  EXPECT_EQ(error, "a record of 10001 bytes is more than all files of the model may take");
}

}  // namespace
}  // namespace tensorgate
