// A version's folder with a table's files, and tensors of keys to ask it with.
#pragma once

#include <dirent.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "table/table.h"

namespace tensorgate {
namespace table_test {

class TableFolder {
 public:
  TableFolder() {
    char path[] = "/tmp/table-XXXXXX";
    path_ = mkdtemp(path);
  }
  ~TableFolder() {
    for (const std::string& name : names_) unlink((path_ + "/" + name).c_str());
    rmdir(path_.c_str());
  }

  void Write(const std::string& name, std::string_view content) {
    names_.push_back(name);
    std::ofstream file(path_ + "/" + name, std::ios::binary);
    file.write(content.data(), static_cast<std::streamsize>(content.size()));
  }

  // Of the file that is made of `content`.
  Status Load(TableConfig config, std::string_view content) {
    Write(config.file, content);
    return Load(std::move(config));
  }
  Status Load(TableConfig config) {
    table_.reset();
    return Table::Load(std::move(config), path_, options, &table_);
  }
  // The message without the folder.
  std::string Error(TableConfig config, std::string_view content) {
    Write(config.file, content);
    return Error(std::move(config));
  }
  std::string Error(TableConfig config) {
    const std::string message = Load(std::move(config)).message();
    return message.rfind(path_ + "/", 0) == 0 ? message.substr(path_.size() + 1) : message;
  }

  const Table& table() const { return *table_; }
  const std::string& path() const { return path_; }

  TableLoadOptions options;

 private:
  std::string path_;
  std::vector<std::string> names_;
  std::unique_ptr<const Table> table_;
};

inline TableConfig Config(TableFormat format, const std::string& file) {
  TableConfig config;
  config.format = format;
  config.file = file;
  return config;
}

// A tensor of keys with its memory.
class Keys {
 public:
  explicit Keys(std::vector<std::string> texts) : texts_(std::move(texts)) {
    Fill(DataType::kString, texts_.size(), &texts_);
    view_.string_at = [](const void* data, int64_t index) -> std::string_view {
      return (*static_cast<const std::vector<std::string>*>(data))[static_cast<size_t>(index)];
    };
  }
  explicit Keys(std::vector<int64_t> numbers) : longs_(std::move(numbers)) {
    Fill(DataType::kInt64, longs_.size(), longs_.data());
  }
  explicit Keys(std::vector<int32_t> numbers) : ints_(std::move(numbers)) {
    Fill(DataType::kInt32, ints_.size(), ints_.data());
  }
  Keys(const Keys&) = delete;

  Keys& Reshape(std::vector<int64_t> dims) {
    dims_ = std::move(dims);
    view_.dims = dims_.data();
    view_.rank = static_cast<int>(dims_.size());
    return *this;
  }
  const TensorView& view() const { return view_; }

 private:
  void Fill(DataType dtype, size_t count, const void* data) {
    view_.dtype = dtype;
    view_.elements = static_cast<int64_t>(count);
    view_.data = data;
    Reshape({static_cast<int64_t>(count)});
  }

  std::vector<std::string> texts_;
  std::vector<int64_t> longs_;
  std::vector<int32_t> ints_;
  std::vector<int64_t> dims_;
  TensorView view_;
};

// The values of one output.
inline Tensor Looked(const Table& table, const Keys& keys, size_t output = 0) {
  std::vector<Tensor> values;
  const Status status = table.Lookup(keys.view(), {output}, {}, &values);
  EXPECT_TRUE(status.ok()) << status.message();
  if (values.empty()) return {};
  return std::move(values[0]);
}

template <typename T>
std::vector<T> Elements(const Tensor& tensor) {
  std::vector<T> elements(static_cast<size_t>(tensor.elements));
  EXPECT_EQ(tensor.data.size(), elements.size() * sizeof(T));
  if (!elements.empty()) std::memcpy(elements.data(), tensor.data.data(), tensor.data.size());
  return elements;
}

template <typename T>
std::string BytesOf(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

// A .npy file as numpy writes it.
inline std::string Npy(const std::string& descr, const std::string& shape, const std::string& data,
                       int version = 1) {
  std::string dict = "{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape + ", }";
  const size_t begin = version == 1 ? 10 : 12;
  while ((begin + dict.size() + 1) % 64 != 0) dict += ' ';
  dict += '\n';
  std::string file = "\x93NUMPY";
  file += static_cast<char>(version);
  file += '\0';
  for (size_t i = 0; i < begin - 8; ++i) file += static_cast<char>(dict.size() >> (8 * i));
  return file + dict + data;
}

}  // namespace table_test
}  // namespace tensorgate
