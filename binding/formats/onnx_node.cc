#include "formats/onnx_node.h"

#include <cstring>

#include "codec/limits.h"
#include "codec/proto/message_fields.h"
#include "formats/file_graph.h"
#include "formats/onnx_model.h"
#include "formats/onnx_schema.h"

namespace tensorgate {
namespace {

// Of a node's inputs and outputs; more are no op's.
constexpr size_t kMostNames = 65536;
constexpr size_t kMostInts = 4096;

// A repeated field of varints, packed or not; beyond `most` they are only counted. Negative ones
// take all bits.
bool ReadNumbers(WireType type, WireReader* reader, size_t most, std::vector<int64_t>* numbers,
                 size_t* count) {
  const auto read = [&](WireReader* from) {
    uint64_t value;
    if (!from->ReadVarint(&value)) return false;
    ++*count;
    if (numbers->size() < most) numbers->push_back(static_cast<int64_t>(value));
    return true;
  };
  if (type == WireType::kVarint) return read(reader);
  std::string_view packed;
  if (type != WireType::kBytes || !reader->ReadBytes(&packed)) return false;
  WireReader inner(packed);
  while (!inner.AtEnd()) {
    if (!read(&inner)) return false;
  }
  return true;
}

template <typename T>
std::vector<int64_t> FromRaw(std::string_view raw) {
  std::vector<int64_t> numbers;
  for (size_t at = 0; at + sizeof(T) <= raw.size(); at += sizeof(T)) {
    T number;
    std::memcpy(&number, raw.data() + at, sizeof(T));
    numbers.push_back(number);
  }
  return numbers;
}

bool ReadAttribute(std::string_view message, std::string_view* name, OnnxAttribute* attribute) {
  return ForEachField(message, [&](uint32_t field, WireType type, WireReader* reader) {
    uint64_t number;
    std::string_view bytes;
    size_t count = 0;
    switch (field) {
      case onnx_schema::attribute::kName:
        return type == WireType::kBytes && reader->ReadBytes(name);
      case onnx_schema::attribute::kInt:
        if (type != WireType::kVarint || !reader->ReadVarint(&number)) return false;
        attribute->number = static_cast<int64_t>(number);
        return true;
      case onnx_schema::attribute::kInts:
        return ReadNumbers(type, reader, kMostInts, &attribute->numbers, &count) &&
               count <= kMostInts;
      case onnx_schema::attribute::kText:
        return type == WireType::kBytes && reader->ReadBytes(&attribute->text);
      case onnx_schema::attribute::kTensor:
        attribute->tensor.emplace();
        return type == WireType::kBytes && reader->ReadBytes(&bytes) &&
               ReadOnnxTensor(bytes, &*attribute->tensor);
      case onnx_schema::attribute::kFloat:
      case onnx_schema::attribute::kFloats:
        attribute->is_float = true;
        return reader->Skip(field, type);
      default:
        return reader->Skip(field, type);
    }
  });
}

}  // namespace

int64_t OnnxNode::Int(std::string_view attribute, int64_t otherwise) const {
  const auto found = attributes.find(attribute);
  return found == attributes.end() ? otherwise : found->second.number;
}

std::vector<int64_t> OnnxNode::Ints(std::string_view attribute) const {
  const auto found = attributes.find(attribute);
  return found == attributes.end() ? std::vector<int64_t>() : found->second.numbers;
}

std::string_view OnnxNode::Text(std::string_view attribute) const {
  const auto found = attributes.find(attribute);
  return found == attributes.end() ? std::string_view() : found->second.text;
}

bool ReadOnnxTensor(std::string_view message, OnnxTensor* tensor) {
  std::vector<int64_t> values;
  std::string_view raw;
  size_t dims = 0, count = 0;
  bool is_external = false;
  const bool is_read =
      ForEachField(message, [&](uint32_t field, WireType type, WireReader* reader) {
        uint64_t number;
        switch (field) {
          case onnx_schema::tensor::kDims:
            return ReadNumbers(type, reader, kMaxRank, &tensor->dims, &dims);
          case onnx_schema::tensor::kDataType:
            if (type != WireType::kVarint || !reader->ReadVarint(&number)) return false;
            tensor->dtype = OnnxType(number);
            return true;
          case onnx_schema::tensor::kInt32Data:
          case onnx_schema::tensor::kInt64Data:
            return ReadNumbers(type, reader, static_cast<size_t>(kMostNumbers), &values, &count);
          case onnx_schema::tensor::kName:
            return type == WireType::kBytes && reader->ReadBytes(&tensor->name);
          case onnx_schema::tensor::kRawData:
            return type == WireType::kBytes && reader->ReadBytes(&raw);
          case onnx_schema::tensor::kExternalData:
            is_external = true;
            return reader->Skip(field, type);
          default:
            return reader->Skip(field, type);
        }
      });
  if (!is_read || dims > static_cast<size_t>(kMaxRank)) return false;
  int64_t elements = 1;
  for (const int64_t dim : tensor->dims) {
    if (dim < 0 || __builtin_mul_overflow(elements, dim, &elements)) return false;
  }
  if (is_external || elements > kMostNumbers) return true;
  const size_t size = static_cast<size_t>(elements);
  const bool is_wide = tensor->dtype == DataType::kInt64;
  if (!is_wide && tensor->dtype != DataType::kInt32) return true;
  if (!raw.empty()) {
    if (raw.size() != size * (is_wide ? sizeof(int64_t) : sizeof(int32_t))) return false;
    values = is_wide ? FromRaw<int64_t>(raw) : FromRaw<int32_t>(raw);
  } else if (count != size) {
    return false;
  }
  tensor->numbers = std::move(values);
  return true;
}

bool ReadOnnxNode(std::string_view message, OnnxNode* node) {
  return ForEachBytes(message, [&](uint32_t field, std::string_view bytes) {
    switch (field) {
      case onnx_schema::node::kInput:
        node->inputs.push_back(bytes);
        return node->inputs.size() <= kMostNames;
      case onnx_schema::node::kOutput:
        node->outputs.push_back(bytes);
        return node->outputs.size() <= kMostNames;
      case onnx_schema::node::kName:
        node->name = bytes;
        return true;
      case onnx_schema::node::kOp:
        node->op = bytes;
        return true;
      case onnx_schema::node::kDomain:
        node->domain = bytes;
        return true;
      case onnx_schema::node::kAttribute: {
        std::string_view name;
        OnnxAttribute attribute;
        if (!ReadAttribute(bytes, &name, &attribute)) return false;
        return node->attributes.emplace(name, std::move(attribute)).second;
      }
      default:
        return true;
    }
  });
}

}  // namespace tensorgate
