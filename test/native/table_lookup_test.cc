// Lookups, and the tables that are looked up by place: matrices and vocabularies.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "table/npy_header.h"
#include "table_folder.h"

namespace tensorgate {
namespace {

using table_test::BytesOf;
using table_test::Config;
using table_test::Elements;
using table_test::Keys;
using table_test::Looked;
using table_test::Npy;
using table_test::TableFolder;
using Texts = std::vector<std::string>;
using Dims = std::vector<int64_t>;

TableConfig Matrix() {
  TableConfig config = Config(TableFormat::kNpy, "m.npy");
  config.vocabulary_file = "v.txt";
  return config;
}

// Bucket 0 of keys that begin with a, else the last; as many keys as it was asked for.
OovBuckets TestBuckets(std::vector<std::string>* asked) {
  return [asked](const std::vector<std::string_view>& keys, int64_t num_buckets, int64_t* buckets) {
    for (size_t i = 0; i < keys.size(); ++i) {
      asked->emplace_back(keys[i]);
      buckets[i] = keys[i].substr(0, 1) == "a" ? 0 : num_buckets - 1;
    }
    return Status();
  };
}

TEST(TableLookupTest, GivesRowsOfAMatrixForTheKeysOfAVocabulary) {
  for (const bool memory_map : {false, true}) {
    TableFolder folder;
    folder.Write("v.txt", "a\r\nb\r\n\r\nlast");
    TableConfig config = Matrix();
    config.memory_map = memory_map;
    const std::string data = BytesOf(std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8});
    const Status status = folder.Load(config, Npy("<f4", "(4, 1, 2)", data));
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(folder.table().memory().file, memory_map ? 128 + 32u : 0u);
    const Tensor values =
        Looked(folder.table(), Keys(Texts{"b", "", "last", "b"}).Reshape({2, 1, 2}));
    EXPECT_EQ(values.dims, (Dims{2, 1, 2, 1, 2}));
    EXPECT_EQ(Elements<float>(values), (std::vector<float>{3, 4, 5, 6, 7, 8, 3, 4}));
  }
}

TEST(TableLookupTest, TakesScalarsAndEmptyTensors) {
  TableFolder folder;
  folder.Write("v.txt", "a\nb\n");
  ASSERT_TRUE(folder.Load(Matrix(), Npy("|u1", "(2,)", "xy", 2)).ok());
  const Tensor scalar = Looked(folder.table(), Keys(Texts{"b"}).Reshape({}));
  EXPECT_EQ(scalar.dims, Dims{});
  EXPECT_EQ(Elements<uint8_t>(scalar), (std::vector<uint8_t>{'y'}));
  const Tensor empty = Looked(folder.table(), Keys(Texts{}).Reshape({3, 0}));
  EXPECT_EQ(empty.dims, (Dims{3, 0}));
  EXPECT_EQ(empty.elements, 0);
}

TEST(TableLookupTest, TakesRowNumbersWithoutAVocabulary) {
  TableFolder folder;
  TableConfig config = Config(TableFormat::kNpy, "m.npy");
  config.key.dtype = DataType::kInt32;
  config.outputs.emplace_back();
  config.outputs.emplace_back().name = "row";
  config.outputs[1].row_number = true;
  config.outputs[1].default_value = {"-1"};
  ASSERT_TRUE(
      folder.Load(config, Npy("<i8", "(3,)", BytesOf(std::vector<int64_t>{7, 8, 9}), 3)).ok());
  EXPECT_EQ(Elements<int64_t>(Looked(folder.table(), Keys(std::vector<int32_t>{2, 0}))),
            (std::vector<int64_t>{9, 7}));
  const Keys unknown(std::vector<int32_t>{1, -1, 3});
  EXPECT_EQ(Elements<int64_t>(Looked(folder.table(), unknown, 1)),
            (std::vector<int64_t>{1, -1, -1}));
  std::vector<Tensor> values;
  const Status status = folder.table().Lookup(unknown.view(), {1, 0}, {}, &values);
  EXPECT_EQ(status.code(), Code::kNotFound);
  EXPECT_EQ(status.message(),
            "Key -1 at index 1 of \"keys\" is not in the table, and output \"values\" has no "
            "default");
  ASSERT_EQ(status.violations().size(), 1u);
  EXPECT_EQ(status.violations()[0].field, "[1]");
  config.key.dtype = DataType::kString;
  EXPECT_EQ(folder.Error(config),
            "table.pbtxt: key.dtype: expected DT_INT64 or DT_INT32 for row numbers as keys, since "
            "there is no vocabulary_file, got DT_STRING");
}

TEST(TableLookupTest, GivesUnknownKeysTheDefault) {
  TableFolder folder;
  TableConfig config = Config(TableFormat::kCsv, "t.csv");
  config.outputs.emplace_back().columns = {"1"};
  config.outputs[0].default_value = {"0.5"};
  config.outputs.push_back({"name", {"2"}, DataType::kString, {"?"}, false});
  config.outputs.push_back({"pair", {"1", "1"}, DataType::kInt64, {"8", "9"}, false});
  ASSERT_TRUE(folder.Load(config, "a,1,x\n").ok());
  const Keys keys(Texts{"b", "a"});
  EXPECT_EQ(Elements<float>(Looked(folder.table(), keys)), (std::vector<float>{0.5, 1}));
  EXPECT_EQ(Looked(folder.table(), keys, 1).strings, (std::vector<std::string_view>{"?", "x"}));
  EXPECT_EQ(Elements<int64_t>(Looked(folder.table(), keys, 2)), (std::vector<int64_t>{8, 9, 1, 1}));
}

TEST(TableLookupTest, NumbersAVocabularyWithBucketsBehindIt) {
  std::vector<std::string> asked;
  TableFolder folder;
  TableConfig config = Config(TableFormat::kVocabulary, "v.txt");
  config.num_oov_buckets = 3;
  EXPECT_EQ(folder.Load(config, "x\ny\n").code(), Code::kFailedPrecondition);
  folder.options.oov_buckets = TestBuckets(&asked);
  ASSERT_TRUE(folder.Load(config).ok());
  EXPECT_EQ(Elements<int64_t>(Looked(folder.table(), Keys(Texts{"y", "ab", "x", "z"}))),
            (std::vector<int64_t>{1, 2, 0, 4}));
  EXPECT_EQ(asked, (Texts{"ab", "z"}));
  // Integers are hashed as their text.
  asked.clear();
  config.key.dtype = DataType::kInt64;
  ASSERT_TRUE(folder.Load(config, "10\r\n-20").ok());
  EXPECT_EQ(Elements<int64_t>(Looked(folder.table(), Keys(std::vector<int64_t>{-20, 10, -7}))),
            (std::vector<int64_t>{1, 0, 4}));
  EXPECT_EQ(asked, Texts{"-7"});
  EXPECT_EQ(folder.Error(config, "10\n\n"),
            "v.txt: line 2: expected a value of type int64, got \"\"");
  EXPECT_EQ(folder.Error(config, "10\n20\n10\n"),
            "v.txt: line 3: expected each key once, got 10 as in line 1");
  EXPECT_EQ(folder.Error(config, ""), "v.txt: expected at least one key, got an empty file");
}

TEST(TableLookupTest, HasRowsForTheBucketsOfAMatrix) {
  std::vector<std::string> asked;
  TableFolder folder;
  folder.options.oov_buckets = TestBuckets(&asked);
  folder.Write("v.txt", "x\ny\n");
  TableConfig config = Matrix();
  config.num_oov_buckets = 2;
  const std::string four = BytesOf(std::vector<double>{1, 2, 3, 4});
  ASSERT_TRUE(folder.Load(config, Npy("<f8", "(4,)", four)).ok());
  EXPECT_EQ(Elements<double>(Looked(folder.table(), Keys(Texts{"y", "a", "b"}))),
            (std::vector<double>{2, 3, 4}));
  config.num_oov_buckets = 0;
  EXPECT_EQ(folder.Error(config),
            "m.npy: expected 2 rows, one for each of 2 keys in \"v.txt\" and of 0 num_oov_buckets, "
            "got 4");
  // A hash that lies is no reason to read elsewhere.
  folder.options.oov_buckets = [](const auto&, int64_t, int64_t* buckets) {
    buckets[0] = 2;
    return Status();
  };
  config.num_oov_buckets = 2;
  ASSERT_TRUE(folder.Load(config).ok());
  std::vector<Tensor> values;
  EXPECT_EQ(folder.table().Lookup(Keys(Texts{"a"}).view(), {0}, {}, &values).code(),
            Code::kInternal);
}

TEST(TableLookupTest, RefusesKeysOfAnotherTypeAndAnswersThatAreTooLarge) {
  TableFolder folder;
  ASSERT_TRUE(folder.Load(Config(TableFormat::kCsv, "t.csv"), "a,1,2\n").ok());
  std::vector<Tensor> values;
  Status status = folder.table().Lookup(Keys(std::vector<int64_t>{1}).view(), {0}, {}, &values);
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_EQ(status.message(), "Expected keys of type DT_STRING for \"keys\", got DT_INT64");
  status = folder.table().Lookup(Keys(Texts{"a"}).Reshape(Dims(254, 1)).view(), {0}, {}, &values);
  EXPECT_EQ(status.message(), "Expected keys of at most 253 dimensions, got 254");
  DecodeLimits limits;
  limits.max_tensor_bytes = 23;
  status = folder.table().Lookup(Keys(Texts{"a", "a"}).view(), {0}, limits, &values);
  EXPECT_TRUE(status.ok()) << status.message();
  status = folder.table().Lookup(Keys(Texts{"a", "a"}).view(), {0, 0}, limits, &values);
  EXPECT_EQ(status.code(), Code::kResourceExhausted);
  EXPECT_EQ(status.message(),
            "Output \"values\": expected outputs of at most 7 further bytes, got 2 rows of 2 "
            "values");
  status = folder.table().Lookup(Keys(Texts{"a", "a", "a"}).view(), {}, limits, &values);
  EXPECT_EQ(status.message(), "Expected at most 2 keys, got 3");
}

// What strings take is bounded too: a few keys of a request can ask for the same long one.
TEST(TableLookupTest, BoundsTheBytesOfStrings) {
  TableFolder folder;
  const TableConfig config = Config(TableFormat::kSimpleCsv, "t.csv");
  ASSERT_TRUE(folder.Load(config, "a," + std::string(100, 'x') + "\n").ok());
  std::vector<Tensor> values;
  DecodeLimits limits;
  limits.max_tensor_bytes = 2 * sizeof(std::string_view) + 200;
  const Keys two(Texts{"a", "a"});
  EXPECT_TRUE(folder.table().Lookup(two.view(), {0}, limits, &values).ok());
  --limits.max_tensor_bytes;
  EXPECT_EQ(folder.table().Lookup(two.view(), {0}, limits, &values).code(),
            Code::kResourceExhausted);
}

TEST(TableLookupTest, FindsEachOfManyKeysFromManyThreads) {
  constexpr int64_t kRows = 200000;
  for (const DataType dtype : {DataType::kString, DataType::kInt64}) {
    TableFolder folder;
    std::string text;
    for (int64_t row = 0; row < kRows; ++row) text += std::to_string(row * 8) + "\n";
    TableConfig config = Config(TableFormat::kVocabulary, "v.txt");
    config.key.dtype = dtype;
    config.outputs.emplace_back().default_value = {"-1"};
    ASSERT_TRUE(folder.Load(config, text).ok());
    const auto ask = [&](int64_t from) {
      // Every other key is none.
      std::vector<std::string> texts;
      std::vector<int64_t> numbers;
      for (int64_t key = from * 8; key < (from + kRows / 4) * 8; key += 4) {
        texts.push_back(std::to_string(key));
        numbers.push_back(key);
      }
      const Tensor values = dtype == DataType::kString ? Looked(folder.table(), Keys(texts))
                                                       : Looked(folder.table(), Keys(numbers));
      const std::vector<int64_t> rows = Elements<int64_t>(values);
      for (size_t i = 0; i < rows.size(); ++i) {
        const int64_t expected = i % 2 == 0 ? from + static_cast<int64_t>(i) / 2 : -1;
        ASSERT_EQ(rows[i], expected) << numbers[i];
      }
    };
    std::vector<std::thread> threads;
    for (int64_t i = 0; i < 4; ++i) threads.emplace_back(ask, i * kRows / 4);
    for (std::thread& thread : threads) thread.join();
  }
}

// Keys of one hash: the index says so before a lookup would have to look at more than 32 buckets.
TEST(KeyIndexTest, DoesNotLetKeysLieFarFromTheirBucket) {
  StringColumn keys;
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(keys.Append(std::to_string(i)));
  KeyIndex index;
  ASSERT_TRUE(index.Reset(1000, 0));
  uint32_t* other = nullptr;
  uint32_t added = 0;
  while (index.Add(0, added, keys, &other) == KeyIndex::Added::kNew) ++added;
  EXPECT_EQ(added, 9u * 32);
  ASSERT_TRUE(index.TakeTexts(keys));
  EXPECT_EQ(index.Find(0, "287"), 287);
  EXPECT_EQ(index.Find(0, "288"), KeyIndex::kNone);
}

// Keys whose length takes a byte, more than a byte, and none, in one bucket.
TEST(KeyIndexTest, HoldsKeysOfAnyLength) {
  StringColumn keys;
  for (const size_t size : {0, 254, 300, 255, 1, 256, 70000}) {
    ASSERT_TRUE(keys.Append(std::string(size, 'x')));
  }
  KeyIndex index;
  ASSERT_TRUE(index.Reset(keys.size(), 0));
  uint32_t* other = nullptr;
  for (uint32_t row = 0; row < keys.size(); ++row) {
    ASSERT_EQ(index.Add(7, row, keys, &other), KeyIndex::Added::kNew);
  }
  EXPECT_EQ(index.Add(7, 2, keys, &other), KeyIndex::Added::kTwice);
  ASSERT_TRUE(index.TakeTexts(keys));
  for (uint32_t row = 0; row < keys.size(); ++row) EXPECT_EQ(index.Find(7, keys.at(row)), row);
  for (const size_t size : {2, 253, 257, 69999}) {
    EXPECT_EQ(index.Find(7, std::string(size, 'x')), KeyIndex::kNone);
  }
  EXPECT_EQ(index.Find(7, std::string(255, 'y')), KeyIndex::kNone);
}

// A free place is no key, not even the empty one, though its tag differs from that before it by 1.
TEST(KeyIndexTest, DoesNotTakeAFreePlaceForTheEmptyKey) {
  StringColumn keys;
  ASSERT_TRUE(keys.Append("x"));
  KeyIndex index;
  ASSERT_TRUE(index.Reset(keys.size(), 0));
  uint32_t* other = nullptr;
  ASSERT_EQ(index.Add(1, 0, keys, &other), KeyIndex::Added::kNew);
  ASSERT_TRUE(index.TakeTexts(keys));
  EXPECT_EQ(index.Find(1, "x"), 0);
  EXPECT_EQ(index.Find(1, ""), KeyIndex::kNone);
}

TEST(NpyHeaderTest, ReadsWhatNumpyWrites) {
  NpyHeader header;
  std::string problem;
  for (const int version : {1, 2, 3}) {
    const std::string file = Npy("<f2", "(10, 3, 2)", "", version);
    ASSERT_TRUE(ParseNpyHeader(file, &header, &problem)) << problem;
    EXPECT_EQ(header.dtype, DataType::kHalf);
    EXPECT_EQ(header.shape, (Dims{10, 3, 2}));
    EXPECT_EQ(header.data_offset, file.size());
    EXPECT_EQ(header.row_bytes, 12u);
    EXPECT_EQ(header.data_bytes, 120u);
  }
}

TEST(NpyHeaderTest, RefusesWhatItCannotServe) {
  const auto problem_of = [](const std::string& file) {
    NpyHeader header;
    std::string problem;
    EXPECT_FALSE(ParseNpyHeader(file, &header, &problem));
    return problem;
  };
  const auto with = [](const std::string& from, const std::string& to) {
    std::string file = Npy("<f4", "(2, 2)", "");
    return file.replace(file.find(from), from.size(), to);
  };
  EXPECT_EQ(problem_of("PK\x03\x04 and more"), "expected a .npy file, got \"PK?? a\"");
  EXPECT_EQ(problem_of(with(std::string("\x01\0", 2), std::string("\x04\0", 2))),
            "expected version 1.0, 2.0 or 3.0 of the .npy format, got 4.0");
  EXPECT_EQ(problem_of(with("False", "True ")),
            "npy header: expected fortran_order False (numpy.ascontiguousarray makes it so), at "
            "\"True , 'shape': (2, 2), }       \"");
  EXPECT_EQ(problem_of(with("<f4", ">f4")),
            "npy header: expected descr <f2, <f4, <f8, |b1, or an integer such as <i8, got "
            "\">f4\"");
  EXPECT_EQ(problem_of(with("(2, 2)", "()    ")),
            "npy header: expected an array with rows, got a scalar");
  EXPECT_EQ(problem_of(with("(2, 2)", "(2, 0)")),
            "npy header: expected rows with elements, got size 0 for dimension 1");
  EXPECT_EQ(problem_of(Npy("<f8", "(4611686018427387904, 4611686018427387904)", "")),
            "npy header: expected a shape of at most 2^62 bytes, got a larger one");
  EXPECT_EQ(problem_of(Npy("<f8", "(0, 4611686018427387904)", "")),
            "npy header: expected a shape of at most 2^62 bytes, got a larger one");
  EXPECT_EQ(problem_of(with("(2, 2)", "(-2,) ")).substr(0, 31), "npy header: expected a size, at");
  EXPECT_EQ(problem_of(with("'shape'", "'descr'")).substr(0, 30),
            "npy header: unexpected \"descr\"");
  EXPECT_EQ(problem_of(Npy("<f4", "(2, 2)", "").substr(0, 60)),
            "npy header: expected a length within the file, got 118 bytes");
}

TEST(TableLookupTest, RefusesFilesThatTheirHeaderLiesAbout) {
  TableFolder folder;
  const TableConfig config = Config(TableFormat::kNpy, "m.npy");
  EXPECT_EQ(folder.Load(config, Npy("<f4", "(2, 2)", "only 13 bytes")).code(), Code::kDataLoss);
  EXPECT_EQ(folder.Error(config, Npy("<f4", "(2, 2)", "only 13 bytes")),
            "m.npy: expected 144 bytes by its header, got 141");
  EXPECT_EQ(folder.Error(config, Npy("<f4", "(0, 2)", "")),
            "m.npy: expected at least one row, got none");
  EXPECT_EQ(folder.Error(config, Npy("|b1", "(2,)", "\1\2")),
            "m.npy: expected bools of 0 or 1, got another value");
  TableConfig typed = config;
  typed.outputs.emplace_back().dtype = DataType::kFloat;
  EXPECT_EQ(folder.Error(typed, Npy("<f8", "(1,)", "12345678")),
            "m.npy: expected elements of type float as in output \"values\", got double");
}

}  // namespace
}  // namespace tensorgate
