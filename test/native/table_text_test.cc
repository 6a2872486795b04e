// Tables of text: CSV, TSV, upstream's hashmap, JSON Lines, and what is refused in them.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cmath>

#include "table_folder.h"

namespace tensorgate {
namespace {

using table_test::Config;
using table_test::Elements;
using table_test::Keys;
using table_test::Looked;
using table_test::TableFolder;
using Strings = std::vector<std::string>;
using Views = std::vector<std::string_view>;
using Dims = std::vector<int64_t>;

TableOutputConfig OutputOf(const std::string& name, Strings columns, DataType dtype) {
  TableOutputConfig output;
  output.name = name;
  output.columns = std::move(columns);
  output.dtype = dtype;
  return output;
}

TEST(TableTextTest, TakesTheFirstColumnForKeysAndTheOthersForValues) {
  TableFolder folder;
  ASSERT_TRUE(folder.Load(Config(TableFormat::kCsv, "t.csv"), "a,1,2.5\nb,-3e2, 4 \n").ok());
  EXPECT_EQ(folder.table().rows(), 2u);
  EXPECT_EQ(folder.table().outputs()[0].name, "values");
  EXPECT_EQ(folder.table().outputs()[0].row_dims, Dims{2});
  const Tensor values = Looked(folder.table(), Keys(Strings{"b", "a", "b"}));
  EXPECT_EQ(values.dims, (Dims{3, 2}));
  EXPECT_EQ(Elements<float>(values), (std::vector<float>{-300, 4, 1, 2.5, -300, 4}));
}

TEST(TableTextTest, ReadsColumnsByNameIntoSeveralOutputs) {
  TableFolder folder;
  TableConfig config = Config(TableFormat::kCsv, "t.csv");
  config.header_row = true;
  config.key.column = "id";
  config.key.dtype = DataType::kInt64;
  config.outputs = {
      OutputOf("name", {"name"}, DataType::kString), OutputOf("in", {"yes"}, DataType::kBool),
      OutputOf("rest", {}, DataType::kDouble), OutputOf("swapped", {"y", "x"}, DataType::kInt32)};
  // A quoted separator, quote and line break; a byte order mark; a last line without its end.
  ASSERT_TRUE(folder
                  .Load(config,
                        "\xef\xbb\xbfname,id,x,yes,y,extra\r\n"
                        "\"a,\"\"b\"\"\r\nc\",7,1,True,2,nan\r\n"
                        "\"\",-8,3,0,4,1e-400")
                  .ok());
  const Keys keys(std::vector<int64_t>{-8, 7});
  EXPECT_EQ(Looked(folder.table(), keys).strings, (Views{"", "a,\"b\"\r\nc"}));
  EXPECT_EQ(Looked(folder.table(), keys).dims, Dims{2});
  EXPECT_EQ(Elements<uint8_t>(Looked(folder.table(), keys, 1)), (std::vector<uint8_t>{0, 1}));
  EXPECT_EQ(Looked(folder.table(), keys, 2).dims, Dims{2});
  EXPECT_EQ(Elements<double>(Looked(folder.table(), keys, 2))[0], 0);
  EXPECT_TRUE(std::isnan(Elements<double>(Looked(folder.table(), keys, 2))[1]));
  EXPECT_EQ(Elements<int32_t>(Looked(folder.table(), keys, 3)), (std::vector<int32_t>{4, 3, 2, 1}));
}

TEST(TableTextTest, LeavesQuotesInTsvAlone) {
  TableFolder folder;
  TableConfig config = Config(TableFormat::kTsv, "t.tsv");
  config.outputs = {OutputOf("v", {"1"}, DataType::kString)};
  ASSERT_TRUE(folder.Load(config, "\"\t\"x\ty\n,\ta\"b\tz\n").ok());
  EXPECT_EQ(Looked(folder.table(), Keys(Strings{",", "\""})).strings, (Views{"a\"b", "\"x"}));
}

TEST(TableTextTest, ReadsTheFilesOfUpstreamsHashmap) {
  TableFolder folder;
  const TableConfig config = Config(TableFormat::kSimpleCsv, "map.csv");
  ASSERT_TRUE(folder.Load(config, "key0,value0\nkey1,value1\nkey0,again\n").ok());
  const Tensor values = Looked(folder.table(), Keys(Strings{"key1", "key0"}));
  EXPECT_EQ(values.strings, (Views{"value1", "value0"}));
  EXPECT_EQ(folder.Error(config, "a,b\nc,d,e\n"),
            "map.csv: line 2: expected 2 fields as in line 1, got 3");
  EXPECT_EQ(folder.Error(config, "a,b,c\n"), "map.csv: line 1: expected 2 fields, got 3");
}

TEST(TableTextTest, ReadsJsonLines) {
  TableFolder folder;
  TableConfig config = Config(TableFormat::kJsonLines, "t.jsonl");
  config.outputs = {OutputOf("values", {}, DataType::kFloat),
                    OutputOf("label", {"l"}, DataType::kString),
                    OutputOf("pair", {"x", "y"}, DataType::kInt64)};
  ASSERT_TRUE(
      folder
          .Load(config,
                R"({"key": "a", "values": [1, 2.5e0, NaN], "l": "\u00e9\"", "y": 4, "x": 3})"
                "\n \r\n"
                R"({"x":5,"skip":{"z":[{}]},"y":-6,"l":"","values":[0,0,-1],"key":"\n"})")
          .ok());
  const Keys keys(Strings{"\n", "a"});
  const Tensor values = Looked(folder.table(), keys);
  EXPECT_EQ(values.dims, (Dims{2, 3}));
  EXPECT_EQ(Elements<float>(values)[2], -1);
  EXPECT_EQ(Elements<float>(values)[4], 2.5);
  EXPECT_EQ(Looked(folder.table(), keys, 1).strings, (Views{"", "\xc3\xa9\""}));
  EXPECT_EQ(Elements<int64_t>(Looked(folder.table(), keys, 2)),
            (std::vector<int64_t>{5, -6, 3, 4}));
}

// Rows lie over the ends of what is read at once, 1 MiB, wherever that is.
TEST(TableTextTest, ReadsRowsAcrossItsSteps) {
  for (const TableFormat format : {TableFormat::kCsv, TableFormat::kJsonLines}) {
    TableFolder folder;
    std::string text;
    const std::string filler(97, 'x');
    size_t rows = 0;
    for (; text.size() < (size_t{3} << 20); ++rows) {
      const std::string key = "\"" + std::to_string(rows) + filler.substr(rows % 97) + "\"";
      text += format == TableFormat::kCsv
                  ? key + ",\"" + std::to_string(rows) + "\"\r\n"
                  : "{\"key\":" + key + ",\"values\":" + std::to_string(rows) + "}\r\n";
    }
    // One longer than a step.
    const std::string longest(size_t{5} << 20, 'y');
    text += format == TableFormat::kCsv ? "\"" + longest + "\",7\n"
                                        : "{\"values\":7,\"key\":\"" + longest + "\"}";
    const Status status = folder.Load(Config(format, "t"), text);
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(folder.table().rows(), rows + 1);
    for (size_t row = 0; row < rows; row += 997) {
      const Keys key(Strings{std::to_string(row) + filler.substr(row % 97)});
      ASSERT_EQ(Elements<float>(Looked(folder.table(), key))[0], static_cast<float>(row));
    }
    EXPECT_EQ(Elements<float>(Looked(folder.table(), Keys(Strings{longest})))[0], 7);
  }
}

TEST(TableTextTest, KeepsTheKeyThatItIsToldTo) {
  TableFolder folder;
  TableConfig config = Config(TableFormat::kCsv, "t.csv");
  const char* const text = "a,1\nb,2\na,3\n";
  EXPECT_EQ(folder.Error(config, text),
            "t.csv: row 3: expected each key once, got \"a\" as in row 1");
  config.duplicate_keys = DuplicateKeys::kKeepFirst;
  ASSERT_TRUE(folder.Load(config).ok());
  EXPECT_EQ(Elements<float>(Looked(folder.table(), Keys(Strings{"a"}))), (std::vector<float>{1}));
  config.duplicate_keys = DuplicateKeys::kKeepLast;
  ASSERT_TRUE(folder.Load(config).ok());
  EXPECT_EQ(Elements<float>(Looked(folder.table(), Keys(Strings{"a"}))), (std::vector<float>{3}));
}

TEST(TableTextTest, SaysWhereCsvIsWrong) {
  TableFolder folder;
  TableConfig config = Config(TableFormat::kCsv, "t");
  EXPECT_EQ(folder.Error(config, ""), "t: expected at least one row, got none");
  EXPECT_EQ(folder.Error(config, "a,1\n\"b\nc\",2,3\n"),
            "t: line 2: expected 2 fields as in line 1, got 3");
  EXPECT_EQ(folder.Error(config, "a,1\n\nb,2\n"),
            "t: line 2: expected 2 fields as in line 1, got 1");
  EXPECT_EQ(folder.Error(config, "a,1\nb,1.5x\n"),
            "t: line 2: column 1: expected a value of type float, got \"1.5x\"");
  EXPECT_EQ(folder.Error(config, "a,1e39\n"),
            "t: line 1: column 1: expected a value of type float, got \"1e39\"");
  EXPECT_EQ(folder.Error(config, "a,1\n\"b,\n\n2"),
            "t: line 4: expected a closing quote, got the end of the file");
  EXPECT_EQ(folder.Error(config, "a,1\n\"b\"x,2"),
            "t: line 2: expected a separator or the end of the line behind a closing quote");
  EXPECT_EQ(folder.Error(config, "a,1\nb\"x\",2"),
            "t: line 2: expected a field with a quote in it to be quoted as a whole");
  EXPECT_EQ(folder.Error(config, "a\n"),
            "t: line 1: expected columns for the output \"values\", got 1, all of them taken");
  config.key.column = "2";
  EXPECT_EQ(folder.Error(config, "a,1\n"),
            "t: line 1: expected the number of a column below 2 where there is no header_row, got "
            "\"2\"");
  config.header_row = true;
  config.key.column = "id";
  EXPECT_EQ(folder.Error(config, "a,b\n1,2\n"),
            "t: line 1: expected column \"id\", got \"a\", \"b\"");
  EXPECT_EQ(folder.Error(config, "id,b,id\n1,2,3\n"),
            "t: line 1: expected only one column \"id\", got \"id\", \"b\", \"id\"");
  config.key.dtype = DataType::kInt32;
  EXPECT_EQ(folder.Error(config, "id,b\n2147483648,2\n"),
            "t: line 2: column \"id\": expected a value of type int32, got \"2147483648\"");
  EXPECT_EQ(folder.Error(config, "id,b\n"), "t: expected at least one row, got none");
}

TEST(TableTextTest, SaysWhereJsonIsWrong) {
  TableFolder folder;
  const TableConfig config = Config(TableFormat::kJsonLines, "t");
  const std::string good = "{\"key\":\"a\",\"values\":[1,2]}\n";
  const auto error = [&](const std::string& line) { return folder.Error(config, good + line); };
  EXPECT_EQ(folder.Error(config, "\n \n"), "t: expected at least one row, got none");
  EXPECT_EQ(error("[1]"), "t: line 2: byte 1: expected an object, {...}");
  EXPECT_EQ(error("{\"key\":\"b\",\"values\":[1,2]"),
            "t: line 2: byte 26: expected a comma or } behind a member");
  EXPECT_EQ(error("{\"key\":\"b\",\"values\":[1,2]}}"),
            "t: line 2: byte 27: expected the end of the line behind the object");
  EXPECT_EQ(error("{\"key\":\"b\",}"), "t: line 2: byte 12: expected a member's name");
  EXPECT_EQ(error("{\"key\" \"b\"}"), "t: line 2: byte 8: expected a colon behind a member's name");
  EXPECT_EQ(error("{\"key\":\"b\",\"key\":\"c\"}"), "t: line 2: byte 18: member \"key\" twice");
  EXPECT_EQ(error("{\"key\":\"b\"}"), "t: line 2: expected a member \"values\", got none");
  EXPECT_EQ(
      error("{\"key\":\"b\",\"values\":[1]}"),
      "t: line 2: member \"values\": expected an array of 2 as in the first row, got an array "
      "of 1");
  EXPECT_EQ(
      error("{\"key\":\"b\",\"values\":1}"),
      "t: line 2: member \"values\": expected an array of 2 as in the first row, got a single "
      "value");
  EXPECT_EQ(error("{\"key\":\"b\",\"values\":[1,\"2\"]}"),
            "t: line 2: member \"values\"[1]: expected a value of type float, got the string "
            "\"2\"");
  EXPECT_EQ(error("{\"key\":\"b\",\"values\":[1,null]}"),
            "t: line 2: byte 24: member \"values\": expected a string, a number, true or false");
  EXPECT_EQ(error("{\"key\":[\"b\"],\"values\":[1,2]}"),
            "t: line 2: byte 8: member \"key\": expected a single value, got an array");
  EXPECT_EQ(error("{\"key\":7,\"values\":[1,2]}"),
            "t: line 2: member \"key\": expected a value of type string, got 7");
  EXPECT_EQ(error("{\"key\":\"b\",\"x\":[1,}"), "t: line 2: byte 16: expected a JSON value");
  EXPECT_EQ(error("{\"key\":\"\\x\"}"), "t: line 2: byte 9: Invalid escape character in string.");
}

TEST(TableTextTest, RefusesWhatIsNoFileOfTheFolder) {
  TableFolder folder;
  EXPECT_EQ(folder.Load(Config(TableFormat::kCsv, "none.csv")).code(), Code::kNotFound);
  EXPECT_EQ(folder.Error(Config(TableFormat::kCsv, "../t.csv")),
            "table.pbtxt: file: expected the name of a file beside it, got \"../t.csv\"");
  EXPECT_EQ(folder.Error(Config(TableFormat::kCsv, "..")),
            "table.pbtxt: file: expected the name of a file beside it, got \"..\"");
  folder.Write("fifo", "");
  unlink((folder.path() + "/fifo").c_str());
  ASSERT_EQ(mkfifo((folder.path() + "/fifo").c_str(), 0600), 0);
  EXPECT_EQ(folder.Error(Config(TableFormat::kCsv, "fifo")), "fifo: expected a regular file");
}

TEST(TableTextTest, StopsWhenNobodyWaitsForIt) {
  TableFolder folder;
  folder.options.is_stopped = [] { return true; };
  EXPECT_EQ(folder.Load(Config(TableFormat::kCsv, "t.csv"), "a,1\n").code(), Code::kCancelled);
}

TEST(TableTextTest, RefusesConfigurationsThatSayNothing) {
  TableFolder folder;
  const auto error = [&](void (*change)(TableConfig*)) {
    TableConfig config = Config(TableFormat::kCsv, "t");
    config.outputs = {OutputOf("values", {}, DataType::kFloat)};
    change(&config);
    return folder.Error(config, "a,1,2\n");
  };
  EXPECT_EQ(error([](TableConfig* config) { config->file = ""; }),
            "table.pbtxt: file: expected the name of a file, got none");
  EXPECT_EQ(error([](TableConfig* config) { config->memory_map = true; }),
            "table.pbtxt: memory_map: expected with the format NPY only, got CSV");
  EXPECT_EQ(error([](TableConfig* config) { config->num_oov_buckets = 3; }),
            "table.pbtxt: num_oov_buckets: expected with a vocabulary only");
  EXPECT_EQ(error([](TableConfig* config) { config->key.dtype = DataType::kFloat; }),
            "table.pbtxt: key.dtype: expected DT_STRING, DT_INT64 or DT_INT32, got float");
  EXPECT_EQ(error([](TableConfig* config) { config->outputs[0].dtype = DataType::kHalf; }),
            "table.pbtxt: output \"values\": expected a type that text is read as: string, bool, "
            "float, double or an integer, got half");
  EXPECT_EQ(error([](TableConfig* config) { config->outputs.push_back(config->outputs[0]); }),
            "table.pbtxt: output \"values\": expected each name once, got it twice");
  EXPECT_EQ(error([](TableConfig* config) { config->outputs.emplace_back().name = "w"; }),
            "table.pbtxt: output: expected columns for all outputs but one, got 2 without");
  EXPECT_EQ(error([](TableConfig* config) { config->outputs[0].default_value = {"1", "2", "3"}; }),
            "table.pbtxt: output \"values\": default_value: expected 1 or 2 values, got 3");
  EXPECT_EQ(error([](TableConfig* config) { config->outputs[0].default_value = {"x"}; }),
            "table.pbtxt: output \"values\": default_value: expected a value of type float, got "
            "\"x\"");
}

}  // namespace
}  // namespace tensorgate
