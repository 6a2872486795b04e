#include "codec/record/tf_record.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "codec/record/crc32c.h"
#include "tf_record_builder.h"

namespace tensorgate {
namespace {

using record::Header;
using record::MemoryFile;
using record::Record;

struct Outcome {
  std::vector<std::string> records;
  Status status;
};

Outcome ReadAll(std::string_view bytes) {
  MemoryFile file(bytes);
  Outcome outcome;
  while (true) {
    std::string_view record;
    bool ended = false;
    outcome.status = file.reader().Next(&record, &ended);
    if (!outcome.status.ok() || ended) return outcome;
    outcome.records.emplace_back(record);
  }
}

void ExpectDataLoss(const Outcome& outcome, size_t records, const std::string& message) {
  EXPECT_EQ(outcome.records.size(), records);
  EXPECT_EQ(outcome.status.code(), Code::kDataLoss);
  EXPECT_EQ(outcome.status.message(), message);
}

TEST(Crc32cTest, AgreesWithPublishedValues) {
  EXPECT_EQ(Crc32c(""), 0u);
  EXPECT_EQ(Crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(Crc32c(std::string(32, '\xff')), 0x62a8ab43u);
}

TEST(Crc32cTest, AgreesWithBitByBitAtEveryLengthAndAlignment) {
  std::string bytes;
  for (int i = 0; i < 80; ++i) bytes += static_cast<char>(i * 37 + 11);
  for (size_t begin = 0; begin < 9; ++begin) {
    for (size_t size = 0; size + begin <= bytes.size(); ++size) {
      const std::string_view part(bytes.data() + begin, size);
      ASSERT_EQ(MaskedCrc32c(part), record::SlowMaskedCrc(part)) << begin << ", " << size;
    }
  }
}

TEST(TfRecordReaderTest, ReadsRecordsOfAnyLength) {
  const std::string large(100000, 'x');
  const Outcome outcome = ReadAll(Record("hello") + Record("") + Record(large));
  EXPECT_TRUE(outcome.status.ok()) << outcome.status.message();
  EXPECT_EQ(outcome.records, (std::vector<std::string>{"hello", "", large}));
}

TEST(TfRecordReaderTest, ReadsWhatTensorFlowWrote) {
  // tf.io.TFRecordWriter, TensorFlow 2.21: b"hello".
  const std::string bytes(
      "\x05\x00\x00\x00\x00\x00\x00\x00\xea\xb2\x04\x3e"
      "hello"
      "\xbb\x1f\x1c\x19",
      21);
  EXPECT_EQ(ReadAll(bytes).records, std::vector<std::string>{"hello"});
}

TEST(TfRecordReaderTest, TakesAnEmptyFileAsEnded) {
  const Outcome outcome = ReadAll("");
  EXPECT_TRUE(outcome.status.ok());
  EXPECT_TRUE(outcome.records.empty());
}

// As TensorFlow 2.21 reads the same files: a cut in a header is the end.
TEST(TfRecordReaderTest, SaysWhereAFileIsCutShort) {
  const std::string first = Record("hello");
  const std::string bytes = first + Record("worldwide");
  for (size_t size = 0; size < bytes.size(); ++size) {
    SCOPED_TRACE(size);
    const Outcome outcome = ReadAll(std::string_view(bytes).substr(0, size));
    const size_t whole = size < first.size() ? 0 : 1;
    const size_t offset = whole * first.size();
    if (size - offset < 12) {
      EXPECT_TRUE(outcome.status.ok()) << outcome.status.message();
      EXPECT_EQ(outcome.records.size(), whole);
    } else {
      ExpectDataLoss(outcome, whole,
                     "truncated record at " + std::to_string(offset) +
                         "' failed with Read less bytes than requested");
    }
  }
}

TEST(TfRecordReaderTest, FindsEveryFlippedBit) {
  const std::string first = Record("hello");
  const std::string bytes = first + Record("worldwide");
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    SCOPED_TRACE(bit);
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    const size_t whole = bit / 8 < first.size() ? 0 : 1;
    const size_t offset = whole * first.size();
    const bool in_header = bit / 8 - offset < 12;
    ExpectDataLoss(ReadAll(flipped), whole,
                   "corrupted record at " + std::to_string(offset + (in_header ? 0 : 12)) +
                       (in_header && offset == 0 ? " (Is this even a TFRecord file?)" : ""));
  }
}

TEST(TfRecordReaderTest, TakesNoMemoryForALengthBeyondTheFile) {
  for (const uint64_t length : {uint64_t{5}, uint64_t{1} << 31, uint64_t{1} << 62, UINT64_MAX - 16,
                                UINT64_MAX - 3, UINT64_MAX}) {
    SCOPED_TRACE(length);
    ExpectDataLoss(ReadAll(Header(length) + "12345678"), 0,
                   "truncated record at 0' failed with Read less bytes than requested");
  }
}

TEST(TfRecordReaderTest, RefusesARecordLongerThanAnyMessage) {
  // The file says it is that long; nothing of it is read.
  const std::string header = Header(kMaxTfRecordBytes + 1);
  std::FILE* file = fmemopen(const_cast<char*>(header.data()), header.size(), "rb");
  TfRecordReader reader(file, uint64_t{1} << 40);
  std::string_view record;
  bool ended = false;
  const Status status = reader.Next(&record, &ended);
  EXPECT_EQ(status.code(), Code::kDataLoss);
  EXPECT_EQ(status.message(), "record size too large");
  std::fclose(file);
}

TEST(TfRecordReaderTest, NoticesAFileThatShrankSinceItsSizeWasTaken) {
  const std::string bytes = Record("hello");
  for (const size_t size : {size_t{3}, size_t{14}}) {
    std::FILE* file = fmemopen(const_cast<char*>(bytes.data()), size, "rb");
    TfRecordReader reader(file, bytes.size());
    std::string_view record;
    bool ended = false;
    EXPECT_EQ(reader.Next(&record, &ended).message(),
              "truncated record at 0' failed with Read less bytes than requested");
    std::fclose(file);
  }
}

}  // namespace
}  // namespace tensorgate
