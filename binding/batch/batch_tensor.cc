#include "batch/batch_tensor.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "tensor/dtype.h"
#include "tensorflow/c/tf_tstring.h"
#include "tf/tensor.h"

namespace tensorgate {
namespace {

// What an element of padding takes: in TensorFlow's tensor, and strings in our list of them too.
size_t PaddingSize(DataType dtype) {
  return dtype == DataType::kString ? sizeof(TF_TString) + sizeof(std::string_view)
                                    : ElementSize(dtype);
}

// Elements of fixed size.
class NumberWriter {
 public:
  NumberWriter(uint8_t* data, size_t element_size) : data_(data), element_size_(element_size) {}

  void Copy(const TensorView& part, int64_t from, int64_t to, int64_t count) {
    if (count == 0) return;
    std::memcpy(At(to), static_cast<const uint8_t*>(part.data) + Bytes(from), Bytes(count));
  }

  // The element at `from`, which is written, as `count` elements at `to`; or a row of them.
  void Repeat(int64_t from, int64_t size, int64_t to, int64_t count) {
    const size_t wanted = Bytes(size) * static_cast<size_t>(count);
    size_t done = std::min(Bytes(size), wanted);
    if (wanted == 0) return;
    std::memmove(At(to), At(from), done);
    while (done < wanted) {
      const size_t next = std::min(done, wanted - done);
      std::memcpy(At(to) + done, At(to), next);
      done += next;
    }
  }

 private:
  size_t Bytes(int64_t elements) const { return static_cast<size_t>(elements) * element_size_; }
  uint8_t* At(int64_t element) { return data_ + Bytes(element); }

  uint8_t* const data_;
  const size_t element_size_;
};

class StringWriter {
 public:
  explicit StringWriter(std::vector<std::string_view>* strings) : strings_(*strings) {}

  void Copy(const TensorView& part, int64_t from, int64_t to, int64_t count) {
    for (int64_t i = 0; i < count; ++i) At(to + i) = part.string_at(part.data, from + i);
  }

  void Repeat(int64_t from, int64_t size, int64_t to, int64_t count) {
    for (int64_t i = 0; i < count * size; ++i) At(to + i) = At(from + i % size);
  }

 private:
  std::string_view& At(int64_t element) { return strings_[static_cast<size_t>(element)]; }

  std::vector<std::string_view>& strings_;
};

// The rows of `part` from element `to` on, padded to `row_dims`.
template <typename Writer>
void Place(const TensorView& part, const std::vector<int64_t>& row_dims, int64_t row_elements,
           int64_t to, Writer* writer) {
  if (part.dims[0] == 0 || row_elements == 0) return;
  int innermost = part.rank - 1;  // the last dimension that is padded; 0: none
  while (innermost > 0 && part.dims[innermost] == row_dims[static_cast<size_t>(innermost - 1)]) {
    --innermost;
  }
  if (innermost == 0) return writer->Copy(part, 0, to, part.elements);
  writer->Copy(part, 0, to, 1);
  writer->Repeat(to, 1, to + 1, part.dims[0] * row_elements - 1);
  // From here on: runs of elements that lie together in the part, at an odometer's positions.
  int64_t run = 1;
  for (int i = innermost; i < part.rank; ++i) run *= part.dims[i];
  std::vector<int64_t> strides(static_cast<size_t>(innermost));  // of the dimensions before it
  int64_t stride = 1;
  for (int i = part.rank - 1; i >= 1; --i) {
    stride *= row_dims[static_cast<size_t>(i - 1)];
    if (i <= innermost) strides[static_cast<size_t>(i - 1)] = stride;
  }
  std::vector<int64_t> position(static_cast<size_t>(innermost), 0);
  for (int64_t from = 0; from < part.elements; from += run) {
    int64_t offset = to;
    for (size_t i = 0; i < position.size(); ++i) offset += position[i] * strides[i];
    writer->Copy(part, from, offset, run);
    for (size_t i = position.size(); i-- > 0 && ++position[i] == part.dims[i];) position[i] = 0;
  }
}

template <typename Writer>
void PlaceAll(const std::vector<TensorView>& parts, const std::vector<int64_t>& row_dims,
              int64_t row_elements, int64_t padding_rows, Writer writer) {
  int64_t to = 0;
  int64_t last_row = 0;
  for (const TensorView& part : parts) {
    if (part.dims[0] > 0) last_row = to;
    Place(part, row_dims, row_elements, to, &writer);
    to += part.dims[0] * row_elements;
  }
  writer.Repeat(last_row, row_elements, to, row_elements > 0 ? padding_rows : 0);
}

Status OutOfMemory() {
  return Status(Code::kResourceExhausted, "out of memory for the tensor of a batch");
}

Status TooMuchPadding(size_t limit) {
  return Status(Code::kResourceExhausted,
                "the padding of a batch takes more than " + std::to_string(limit) + " bytes");
}

size_t StringBytes(const std::vector<std::string_view>& strings) {
  size_t bytes = 0;
  for (std::string_view string : strings) bytes += string.size();
  return bytes;
}

size_t StringBytes(const std::vector<TensorView>& parts) {
  size_t bytes = 0;
  for (const TensorView& part : parts) {
    for (int64_t i = 0; i < part.elements; ++i) bytes += part.string_at(part.data, i).size();
  }
  return bytes;
}

}  // namespace

TensorView RowsOf(const TensorView& whole, int64_t begin, int64_t count,
                  std::vector<int64_t>* dims) {
  dims->assign(whole.dims, whole.dims + whole.rank);
  (*dims)[0] = count;
  const int64_t row_elements = whole.dims[0] > 0 ? whole.elements / whole.dims[0] : 0;
  const size_t size =
      whole.dtype == DataType::kString ? sizeof(TF_TString) : ElementSize(whole.dtype);
  TensorView rows = whole;
  rows.dims = dims->data();
  rows.elements = count * row_elements;
  // What has no elements may have no memory either.
  const size_t offset = static_cast<size_t>(begin * row_elements) * size;
  if (offset > 0) rows.data = static_cast<const uint8_t*>(whole.data) + offset;
  return rows;
}

Status ConcatRows(const std::vector<TensorView>& parts, const std::vector<int64_t>& row_dims,
                  int64_t padding_rows, size_t max_padding_bytes, TensorHandle* out) {
  int64_t rows = 0;
  int64_t given = 0;  // elements
  bool fits = true;
  for (const TensorView& part : parts) {
    fits = fits && !__builtin_add_overflow(rows, part.dims[0], &rows) &&
           !__builtin_add_overflow(given, part.elements, &given);
  }
  if (rows == 0) padding_rows = 0;  // there is no row to copy
  fits = fits && !__builtin_add_overflow(rows, padding_rows, &rows);
  int64_t row_elements = 1;
  for (const int64_t dim : row_dims) {
    fits = fits && !__builtin_mul_overflow(row_elements, dim, &row_elements);
  }
  Tensor tensor;
  tensor.dtype = parts[0].dtype;
  int64_t padding_bytes = 0;
  int64_t bytes = 0;
  const int64_t padding_size = static_cast<int64_t>(PaddingSize(tensor.dtype));
  if (!fits || __builtin_mul_overflow(rows, row_elements, &tensor.elements) ||
      __builtin_mul_overflow(tensor.elements, padding_size, &bytes)) {
    return OutOfMemory();
  }
  padding_bytes = (tensor.elements - given) * padding_size;
  if (static_cast<size_t>(padding_bytes) > max_padding_bytes) {
    return TooMuchPadding(max_padding_bytes);
  }
  tensor.dims.reserve(1 + row_dims.size());
  tensor.dims.push_back(rows);
  tensor.dims.insert(tensor.dims.end(), row_dims.begin(), row_dims.end());
  if (tensor.dtype == DataType::kString) {
    tensor.strings.resize(static_cast<size_t>(tensor.elements));
    PlaceAll(parts, row_dims, row_elements, padding_rows, StringWriter(&tensor.strings));
    if (padding_bytes > 0 && StringBytes(tensor.strings) - StringBytes(parts) > max_padding_bytes) {
      return TooMuchPadding(max_padding_bytes);
    }
  } else {
    if (!tensor.data.Resize(static_cast<size_t>(bytes))) return OutOfMemory();
    PlaceAll(parts, row_dims, row_elements, padding_rows,
             NumberWriter(tensor.data.data(), ElementSize(tensor.dtype)));
  }
  return ToTfTensor(&tensor, out);
}

}  // namespace tensorgate
