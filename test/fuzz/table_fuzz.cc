// Any bytes as the files of a lookup table, of every format: loaded, and asked for keys that are
// there and keys that are not; a vocabulary's rows are compared with a plain search. The first two
// bytes choose format and types; of a matrix, what precedes the first "\n\n" is its vocabulary. One
// thread.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "table/table.h"

namespace {

using namespace tensorgate;

void Check(bool ok) {
  if (!ok) std::abort();
}

// A file without a folder: /proc/self/fd has it under its number.
class FuzzedFile {
 public:
  FuzzedFile() : fd_(memfd_create("table", 0)) { Check(fd_ >= 0); }

  std::string Write(std::string_view content) {
    Check(ftruncate(fd_, 0) == 0);
    Check(pwrite(fd_, content.data(), content.size(), 0) == static_cast<ssize_t>(content.size()));
    return std::to_string(fd_);
  }

 private:
  const int fd_;
};

TableConfig ConfigOf(uint8_t first, uint8_t second) {
  TableConfig config;
  config.format = static_cast<TableFormat>(first % 6);
  const bool is_by_place =
      config.format == TableFormat::kNpy || config.format == TableFormat::kVocabulary;
  config.header_row = (first & 0x40) != 0 && !is_by_place;
  config.memory_map = (first & 0x40) != 0 && config.format == TableFormat::kNpy;
  config.num_oov_buckets = (first & 0x80) != 0 && is_by_place ? 3 : 0;
  config.duplicate_keys = static_cast<DuplicateKeys>(second % 4);
  constexpr DataType kKeyTypes[] = {DataType::kInvalid, DataType::kString, DataType::kInt64,
                                    DataType::kInt32};
  config.key.dtype = kKeyTypes[second / 4 % 4];
  constexpr DataType kTypes[] = {DataType::kInvalid, DataType::kFloat, DataType::kString,
                                 DataType::kBool,    DataType::kInt64, DataType::kUint8};
  TableOutputConfig& output = config.outputs.emplace_back();
  output.dtype = kTypes[second / 16 % 6];
  if (second >= 0xc0) output.default_value = {"1"};
  TableOutputConfig& row = config.outputs.emplace_back();
  row.name = "row";
  row.row_number = true;
  if (config.num_oov_buckets == 0) row.default_value = {"-1"};
  return config;
}

Status FuzzedBuckets(const std::vector<std::string_view>& keys, int64_t num_buckets,
                     int64_t* buckets) {
  for (size_t i = 0; i < keys.size(); ++i) {
    buckets[i] = static_cast<int64_t>(keys[i].size()) % num_buckets;
  }
  return Status();
}

std::string_view TextAt(const void* data, int64_t index) {
  return (*static_cast<const std::vector<std::string_view>*>(data))[static_cast<size_t>(index)];
}

// The number of the line that is `key`: the last one, or else the first one; -1 without any.
int64_t LineOf(std::string_view key, std::string_view lines, bool last) {
  int64_t found = -1;
  for (int64_t number = 0; !lines.empty() && (last || found < 0); ++number) {
    const size_t newline = lines.find('\n');
    std::string_view line = lines.substr(0, newline);
    lines.remove_prefix(std::min(line.size() + 1, lines.size()));
    if (newline != std::string_view::npos && !line.empty() && line.back() == '\r') {
      line.remove_suffix(1);
    }
    if (line == key) found = number;
  }
  return found;
}

// Numbers of rows against a search from line to line; `vocabulary` is the table's file.
void CheckLines(const std::vector<std::string_view>& keys, std::string_view vocabulary, bool last,
                const Tensor& rows) {
  for (size_t i = 0; i < keys.size(); ++i) {
    int64_t row;
    std::memcpy(&row, rows.data.data() + i * sizeof(row), sizeof(row));
    Check(row == LineOf(keys[i], vocabulary, last));
  }
}

// `is_checked`: the bytes are a vocabulary of strings, without buckets.
void Ask(const Table& table, std::string_view bytes, bool is_checked, bool last) {
  std::vector<std::string_view> texts = {"", "0", "absent"};
  for (size_t begin = 0; begin < bytes.size() && texts.size() < 100;) {
    const size_t end = std::min(bytes.find_first_of(",\t\n\":", begin), bytes.size());
    texts.push_back(bytes.substr(begin, end - begin));
    begin = end + 1;
  }
  std::vector<int64_t> numbers;
  std::vector<int32_t> narrow;
  for (size_t i = 0; i < texts.size(); ++i) {
    numbers.push_back(std::strtoll(std::string(texts[i]).c_str(), nullptr, 10));
    narrow.push_back(static_cast<int32_t>(numbers.back()));
  }
  const int64_t dims[] = {static_cast<int64_t>(texts.size()), 1};
  TensorView keys;
  keys.dtype = table.key_dtype();
  keys.dims = dims;
  keys.rank = 2;
  keys.elements = dims[0];
  keys.string_at = TextAt;
  keys.data = keys.dtype == DataType::kString  ? static_cast<const void*>(&texts)
              : keys.dtype == DataType::kInt64 ? static_cast<const void*>(numbers.data())
                                               : narrow.data();
  DecodeLimits limits;
  limits.max_tensor_bytes = 1 << 20;
  for (size_t output = 0; output < table.outputs().size(); ++output) {
    std::vector<Tensor> values;
    if (!table.Lookup(keys, {output}, limits, &values).ok()) continue;
    const Tensor& tensor = values[0];
    if (is_checked && output == 1) CheckLines(texts, bytes, last, tensor);
    int64_t elements = 1;
    for (const int64_t size : tensor.dims) elements *= size;
    Check(elements == tensor.elements && tensor.dtype == table.outputs()[output].dtype);
    Check(tensor.data.size() == static_cast<size_t>(elements) * ElementSize(tensor.dtype));
    if (tensor.dtype != DataType::kString) continue;
    Check(tensor.strings.size() == static_cast<size_t>(elements));
    size_t read = 0;
    for (const std::string_view text : tensor.strings) {
      for (const char c : text) read += c != '\0';
    }
    Check(read <= limits.max_tensor_bytes);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static FuzzedFile file, vocabulary;
  if (size < 2) return 0;
  TableConfig config = ConfigOf(data[0], data[1]);
  std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::string_view all = bytes;
  const size_t parted = bytes.find("\n\n");
  if (config.format == TableFormat::kNpy && parted != std::string_view::npos) {
    config.vocabulary_file = vocabulary.Write(bytes.substr(0, parted + 1));
    bytes.remove_prefix(parted + 2);
  }
  config.file = file.Write(bytes);
  const bool is_checked = config.format == TableFormat::kVocabulary &&
                          config.key.dtype != DataType::kInt64 &&
                          config.key.dtype != DataType::kInt32 && config.num_oov_buckets == 0;
  const bool last = config.duplicate_keys == DuplicateKeys::kKeepLast;
  TableLoadOptions options;
  options.oov_buckets = FuzzedBuckets;
  std::unique_ptr<const Table> table;
  const Status status = Table::Load(std::move(config), "/proc/self/fd", options, &table);
  Check(status.ok() == (table != nullptr) && status.ok() == status.message().empty());
  if (table != nullptr) Ask(*table, all, is_checked, last);
  return 0;
}
