#include "table/value_column.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace tensorgate {
namespace {

// Rows that are asked of memory before they are copied.
constexpr size_t kRowsAhead = 12;
constexpr size_t kLineBytes = 64;

// Of a compile-time size a copy is one move.
template <size_t kBytes>
void CopyElement(uint8_t* to, const uint8_t* from, size_t) {
  std::memcpy(to, from, kBytes);
}

void CopyBytes(uint8_t* to, const uint8_t* from, size_t bytes) { std::memcpy(to, from, bytes); }

template <typename T>
void WriteRowNumbers(const std::vector<int64_t>& rows, T fallback, uint8_t* to) {
  for (const int64_t row : rows) {
    const T value = row < 0 ? fallback : static_cast<T>(row);
    std::memcpy(to, &value, sizeof(value));
    to += sizeof(value);
  }
}

}  // namespace

ValueColumn::ValueColumn(Source source, DataType dtype, std::vector<int64_t> row_dims)
    : source_(source), dtype_(dtype), row_dims_(std::move(row_dims)) {
  for (const int64_t size : row_dims_) width_ *= static_cast<size_t>(size);
  row_bytes_ = width_ * ElementSize(dtype);
}

Status ValueColumn::SetDefault(const std::vector<std::string>& texts) {
  if (texts.empty()) return Status();
  if (texts.size() != 1 && texts.size() != width_) {
    const std::string counts =
        width_ == 1 ? "1 value" : "1 or " + std::to_string(width_) + " values";
    return InvalidArgument("expected " + counts + ", got " + std::to_string(texts.size()));
  }
  has_default_ = true;
  if (dtype_ == DataType::kString) {
    default_strings_ = texts;
    default_strings_.resize(width_, texts[0]);
    return Status();
  }
  if (!IsCellType(dtype_)) {
    return InvalidArgument("expected none for values of type " + DataTypeName(dtype_));
  }
  default_elements_.resize(row_bytes_);
  const size_t size = ElementSize(dtype_);
  for (size_t i = 0; i < width_; ++i) {
    const Cell cell = {texts[texts.size() == 1 ? 0 : i], CellKind::kText};
    if (!ParseCell(cell, dtype_, default_elements_.data() + i * size)) {
      return InvalidArgument(CellError(cell, dtype_));
    }
  }
  return Status();
}

Status ValueColumn::Append(const Cell* cells, size_t* cell) {
  const Status out_of_memory(Code::kResourceExhausted, "no memory for another row");
  const bool are_strings = dtype_ == DataType::kString;
  const size_t begin = elements_.size();
  if (!are_strings && !elements_.Resize(begin + row_bytes_)) return out_of_memory;
  const size_t size = ElementSize(dtype_);
  for (size_t i = 0; i < width_; ++i) {
    *cell = i;
    if (are_strings ? !FitsCellKind(cells[i].kind, dtype_)
                    : !ParseCell(cells[i], dtype_, elements_.data() + begin + i * size)) {
      return InvalidArgument(CellError(cells[i], dtype_));
    }
    if (are_strings && !strings_.Append(cells[i].text)) return out_of_memory;
  }
  return Status();
}

void ValueColumn::Adopt(MemoryRegion region, size_t offset) {
  elements_ = std::move(region);
  offset_ = offset;
}

void ValueColumn::Trim() {
  elements_.Trim();
  strings_.Trim();
}

Status ValueColumn::Gather(const std::vector<int64_t>& rows, std::vector<int64_t> key_dims,
                           size_t* budget, Tensor* tensor) const {
  const size_t size = dtype_ == DataType::kString ? sizeof(std::string_view) : ElementSize(dtype_);
  size_t elements, bytes;
  if (__builtin_mul_overflow(rows.size(), width_, &elements) ||
      __builtin_mul_overflow(elements, size, &bytes) || bytes > *budget) {
    return Status(Code::kResourceExhausted, "expected outputs of at most " +
                                                std::to_string(*budget) + " further bytes, got " +
                                                std::to_string(rows.size()) + " rows of " +
                                                std::to_string(width_) + " values");
  }
  *budget -= bytes;
  tensor->dtype = dtype_;
  tensor->dims = std::move(key_dims);
  tensor->dims.insert(tensor->dims.end(), row_dims_.begin(), row_dims_.end());
  tensor->elements = static_cast<int64_t>(elements);
  if (dtype_ == DataType::kString) return GatherStrings(rows, budget, tensor);
  if (!tensor->data.Resize(bytes)) {
    return Status(Code::kResourceExhausted, "no memory for " + std::to_string(bytes) + " bytes");
  }
  if (source_ == Source::kRowNumber) {
    GatherRowNumbers(rows, tensor->data.data());
  } else {
    GatherElements(rows, tensor->data.data());
  }
  return Status();
}

void ValueColumn::GatherRowNumbers(const std::vector<int64_t>& rows, uint8_t* to) const {
  if (dtype_ == DataType::kInt32) {
    int32_t fallback = 0;
    if (has_default_) std::memcpy(&fallback, default_elements_.data(), sizeof(fallback));
    WriteRowNumbers(rows, fallback, to);
  } else {
    int64_t fallback = 0;
    if (has_default_) std::memcpy(&fallback, default_elements_.data(), sizeof(fallback));
    WriteRowNumbers(rows, fallback, to);
  }
}

void ValueColumn::GatherElements(const std::vector<int64_t>& rows, uint8_t* to) const {
  const uint8_t* const stored = elements_.data() + offset_;
  const auto row_at = [&](size_t i) {
    return rows[i] < 0 ? default_elements_.data()
                       : stored + static_cast<size_t>(rows[i]) * row_bytes_;
  };
  const auto prefetch = [&](size_t i) {
    const uint8_t* const row = row_at(i);
    // The processor itself goes on along a row that is longer.
    const size_t bytes = std::min(row_bytes_, 8 * kLineBytes);
    for (size_t at = 0; at < bytes; at += kLineBytes) __builtin_prefetch(row + at);
    __builtin_prefetch(row + bytes - 1);  // in a further line where the row is not aligned
  };
  const auto copy = row_bytes_ == 4 ? CopyElement<4> : row_bytes_ == 8 ? CopyElement<8> : CopyBytes;
  for (size_t i = 0; i < std::min(kRowsAhead, rows.size()); ++i) prefetch(i);
  for (size_t i = 0; i < rows.size(); ++i, to += row_bytes_) {
    if (i + kRowsAhead < rows.size()) prefetch(i + kRowsAhead);
    copy(to, row_at(i), row_bytes_);
  }
}

Status ValueColumn::GatherStrings(const std::vector<int64_t>& rows, size_t* budget,
                                  Tensor* tensor) const {
  tensor->strings.reserve(rows.size() * width_);
  size_t left = *budget;  // an answer holds the strings themselves
  for (const int64_t row : rows) {
    for (size_t i = 0; i < width_; ++i) {
      const std::string_view text = row < 0 ? std::string_view(default_strings_[i])
                                            : strings_.at(static_cast<size_t>(row) * width_ + i);
      if (text.size() > left) {
        return Status(
            Code::kResourceExhausted,
            "expected strings of at most " + std::to_string(*budget) + " further bytes, got more");
      }
      left -= text.size();
      tensor->strings.push_back(text);
    }
  }
  *budget = left;
  return Status();
}

uint64_t ValueColumn::own_bytes() const {
  return strings_.own_bytes() + (elements_.is_file() ? 0 : elements_.capacity());
}

uint64_t ValueColumn::file_bytes() const { return elements_.is_file() ? elements_.size() : 0; }

}  // namespace tensorgate
