#include "graph/attr_value.h"

#include <algorithm>

#include "codec/proto/predict_proto.h"
#include "graph/message.h"

namespace tensorgate {
namespace {

// AttrValue: list 1, s 2, i 3, b 5, type 6, shape 7, tensor 8, func 10. ListValue: s 2, i 3, type
// 6, func 9, the first three as here. NameAttrList: name 1, attr 2. TensorProto: dtype 1,
// tensor_shape 2, tensor_content 4. TensorShapeProto: dim 2, its size 1.
constexpr uint32_t kList = 1;
constexpr uint32_t kString = 2;
constexpr uint32_t kInt = 3;
constexpr uint32_t kBool = 5;
constexpr uint32_t kType = 6;
constexpr uint32_t kShape = 7;
constexpr uint32_t kTensor = 8;
constexpr uint32_t kTensorType = 1;
constexpr uint32_t kTensorShape = 2;
constexpr uint32_t kTensorContent = 4;
constexpr uint32_t kDim = 2;
constexpr uint32_t kDimSize = 1;
constexpr uint32_t kUnknownRank = 3;
constexpr uint32_t kListFunc = 9;
constexpr uint32_t kFunc = 10;
constexpr uint32_t kFuncName = 1;
constexpr uint32_t kFuncAttr = 2;
constexpr int kMaxNesting = 32;

bool ReadVarintField(std::string_view message, uint32_t wanted, uint64_t* value, bool* found) {
  return ForEachField(message, [&](uint32_t field, WireType type, WireReader* reader) {
    if (field != wanted || type != WireType::kVarint) return reader->Skip(field, type);
    *found = true;
    return reader->ReadVarint(value);
  });
}

bool ReadBytesField(std::string_view message, uint32_t wanted, std::string_view* value,
                    bool* found) {
  return ForEachBytes(message, [&](uint32_t field, std::string_view bytes) {
    if (field != wanted) return true;
    *found = true;
    *value = bytes;
    return true;
  });
}

// Packed, or one by one.
bool ReadNumbersOfList(std::string_view attr_value, uint32_t wanted, std::vector<int64_t>* values) {
  const auto add = [&](WireReader* reader) {
    uint64_t number;
    if (!reader->ReadVarint(&number)) return false;
    values->push_back(static_cast<int64_t>(number));
    return true;
  };
  std::string_view list;
  bool found = false;
  if (!ReadBytesField(attr_value, kList, &list, &found)) return false;
  return ForEachField(list, [&](uint32_t field, WireType type, WireReader* reader) {
    if (field == wanted && type == WireType::kVarint) return add(reader);
    if (field != wanted || type != WireType::kBytes) return reader->Skip(field, type);
    std::string_view packed;
    if (!reader->ReadBytes(&packed)) return false;
    WireReader numbers(packed);
    while (!numbers.AtEnd()) {
      if (!add(&numbers)) return false;
    }
    return true;
  });
}

bool ReadFunctionName(std::string_view func, std::string_view* name) {
  bool found = false;
  return ReadBytesField(func, kFuncName, name, &found) && found;
}

bool FindIn(std::string_view attr_value, int depth, std::vector<std::string_view>* names) {
  if (depth > kMaxNesting) return false;
  const auto in_func = [&](std::string_view func) {
    return ForEachBytes(func, [&](uint32_t field, std::string_view bytes) {
      if (field == kFuncName) names->push_back(bytes);
      if (field != kFuncAttr) return true;
      std::string_view key, value;
      return ReadMapEntry(bytes, &key, &value) && FindIn(value, depth + 1, names);
    });
  };
  return ForEachBytes(attr_value, [&](uint32_t field, std::string_view bytes) {
    if (field == kFunc) return in_func(bytes);
    if (field != kList) return true;
    return ForEachBytes(bytes, [&](uint32_t in_list, std::string_view func) {
      return in_list != kListFunc || in_func(func);
    });
  });
}

std::string RenamedFunction(std::string_view func, std::string_view name) {
  std::string renamed;
  AppendBytesField(kFuncName, name, &renamed);
  ForEachBytes(func, [&](uint32_t field, std::string_view bytes) {
    if (field == kFuncAttr) AppendBytesField(kFuncAttr, bytes, &renamed);
    return true;
  });
  return renamed;
}

std::string ShapeProto(const std::vector<int64_t>& dims) {
  std::string shape;
  for (int64_t size : dims) {
    std::string dim;
    AppendVarintField(kDimSize, static_cast<uint64_t>(size), &dim);
    AppendBytesField(kDim, dim, &shape);
  }
  return shape;
}

template <typename Number>
std::string PackedListAttr(uint32_t field, const std::vector<Number>& numbers) {
  std::string packed, list, attr;
  for (Number number : numbers) AppendVarint(static_cast<uint64_t>(number), &packed);
  AppendBytesField(field, packed, &list);
  AppendBytesField(kList, list, &attr);
  return attr;
}

}  // namespace

bool ReadTypeAttr(std::string_view attr_value, DataType* type) {
  uint64_t number = 0;
  bool found = false;
  if (!ReadVarintField(attr_value, kType, &number, &found) || !found) return false;
  *type = static_cast<DataType>(static_cast<int32_t>(number));
  return true;
}

bool ReadIntAttr(std::string_view attr_value, int64_t* value) {
  uint64_t number = 0;
  bool found = false;
  if (!ReadVarintField(attr_value, kInt, &number, &found) || !found) return false;
  *value = static_cast<int64_t>(number);
  return true;
}

bool ReadIntListAttr(std::string_view attr_value, std::vector<int64_t>* values) {
  return ReadNumbersOfList(attr_value, kInt, values);
}

bool ReadBoolAttr(std::string_view attr_value, bool* value) {
  uint64_t number = 0;
  bool found = false;
  if (!ReadVarintField(attr_value, kBool, &number, &found) || !found) return false;
  *value = number != 0;
  return true;
}

bool ReadStringAttr(std::string_view attr_value, std::string_view* text) {
  bool found = false;
  return ReadBytesField(attr_value, kString, text, &found) && found;
}

bool ReadShapeAttr(std::string_view attr_value, std::string_view* shape) {
  bool found = false;
  return ReadBytesField(attr_value, kShape, shape, &found) && found;
}

bool ReadShapeListAttr(std::string_view attr_value, std::vector<std::string_view>* shapes) {
  return ForEachBytes(attr_value, kList, [&](std::string_view list) {
    return ForEachBytes(list, kShape, [&](std::string_view shape) {
      shapes->push_back(shape);
      return true;
    });
  });
}

bool ReadDims(std::string_view shape, std::vector<int64_t>* dims) {
  uint64_t is_unknown = 0;
  bool found = false;
  if (!ReadVarintField(shape, kUnknownRank, &is_unknown, &found) || is_unknown != 0) return false;
  dims->clear();
  return ForEachBytes(shape, kDim, [&](std::string_view dim) {
    uint64_t size = 0;
    bool has_size = false;
    if (!ReadVarintField(dim, kDimSize, &size, &has_size)) return false;
    dims->push_back(static_cast<int64_t>(size));
    return true;
  });
}

bool ReadTensorAttr(std::string_view attr_value, std::string_view* tensor,
                    std::string_view* shape) {
  bool found = false;
  if (!ReadBytesField(attr_value, kTensor, tensor, &found) || !found) return false;
  *shape = {};  // a scalar's may be left out
  return ReadBytesField(*tensor, kTensorShape, shape, &found);
}

Status DecodeConstant(std::string_view tensor_proto, Tensor* tensor) {
  DecodeLimits limits;
  limits.max_filled_bytes = limits.max_tensor_bytes;
  DecodeBudget budget(limits);
  return DecodeTensorProto(tensor_proto, &budget, tensor);
}

bool ReadShape(std::string_view shape, std::vector<int64_t>* dims) {
  return ReadDims(shape, dims) &&
         std::all_of(dims->begin(), dims->end(), [](int64_t size) { return size >= 0; });
}

bool ReadShapeAttr(std::string_view attr_value, std::vector<int64_t>* dims) {
  std::string_view shape;
  return ReadShapeAttr(attr_value, &shape) && ReadShape(shape, dims);
}

bool ReadTypeListAttr(std::string_view attr_value, std::vector<DataType>* types) {
  std::vector<int64_t> numbers;
  if (!ReadNumbersOfList(attr_value, kType, &numbers)) return false;
  for (int64_t number : numbers) types->push_back(static_cast<DataType>(number));
  return true;
}

bool ReadFunctionAttr(std::string_view attr_value, std::string_view* name) {
  std::string_view func;
  bool found = false;
  return ReadBytesField(attr_value, kFunc, &func, &found) && found && ReadFunctionName(func, name);
}

bool ReadFunctionListAttr(std::string_view attr_value, std::vector<std::string_view>* names) {
  std::string_view list;
  bool found = false;
  if (!ReadBytesField(attr_value, kList, &list, &found)) return false;
  return ForEachBytes(list, [&](uint32_t field, std::string_view func) {
    if (field != kListFunc) return true;
    return ReadFunctionName(func, &names->emplace_back());
  });
}

bool FindFunctions(std::string_view attr_value, std::vector<std::string_view>* names) {
  return FindIn(attr_value, 0, names);
}

std::string TypeAttr(DataType type) {
  std::string attr;
  AppendVarintField(kType, static_cast<uint64_t>(type), &attr);
  return attr;
}

std::string IntAttr(int64_t value) {
  std::string attr;
  AppendVarintField(kInt, static_cast<uint64_t>(value), &attr);
  return attr;
}

std::string BoolAttr(bool value) {
  std::string attr;
  AppendVarintField(kBool, value ? 1 : 0, &attr);
  return attr;
}

std::string StringAttr(std::string_view text) {
  std::string attr;
  AppendBytesField(kString, text, &attr);
  return attr;
}

std::string ShapeAttr(const std::vector<int64_t>& dims) {
  std::string attr;
  AppendBytesField(kShape, ShapeProto(dims), &attr);
  return attr;
}

std::string TypeListAttr(const std::vector<DataType>& types) {
  return PackedListAttr(kType, types);
}

std::string StringListAttr(const std::vector<std::string_view>& texts) {
  std::string list, attr;
  for (std::string_view text : texts) AppendBytesField(kString, text, &list);
  AppendBytesField(kList, list, &attr);
  return attr;
}

std::string IntListAttr(const std::vector<int64_t>& values) { return PackedListAttr(kInt, values); }

std::string TensorAttr(DataType type, const std::vector<int64_t>& dims, std::string_view content) {
  std::string tensor, attr;
  AppendVarintField(kTensorType, static_cast<uint64_t>(type), &tensor);
  AppendBytesField(kTensorShape, ShapeProto(dims), &tensor);
  AppendBytesField(kTensorContent, content, &tensor);
  AppendBytesField(kTensor, tensor, &attr);
  return attr;
}

std::string EmptyListAttr() {
  std::string attr;
  AppendBytesField(kList, "", &attr);
  return attr;
}

std::string WithFunction(std::string_view attr_value, std::string_view name) {
  std::string_view func;
  bool found = false;
  ReadBytesField(attr_value, kFunc, &func, &found);
  std::string attr;
  AppendBytesField(kFunc, RenamedFunction(func, name), &attr);
  return attr;
}

std::string WithFunctions(std::string_view attr_value, const std::vector<std::string>& names) {
  std::string_view list;
  bool found = false;
  ReadBytesField(attr_value, kList, &list, &found);
  std::string renamed, attr;
  size_t next = 0;
  ForEachBytes(list, [&](uint32_t field, std::string_view func) {
    if (field == kListFunc && next < names.size()) {
      AppendBytesField(kListFunc, RenamedFunction(func, names[next++]), &renamed);
    }
    return true;
  });
  AppendBytesField(kList, renamed, &attr);
  return attr;
}

}  // namespace tensorgate
