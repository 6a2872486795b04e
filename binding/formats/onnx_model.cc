#include "formats/onnx_model.h"

#include <algorithm>
#include <set>
#include <string>

#include "codec/limits.h"
#include "codec/proto/message_fields.h"
#include "formats/onnx_schema.h"

namespace tensorgate {
namespace {

bool ReadDim(std::string_view dim, FileTensor* tensor) {
  int64_t size = -1;
  const bool is_read = ForEachField(dim, [&](uint32_t field, WireType type, WireReader* reader) {
    uint64_t value;
    if (field != 1 || type != WireType::kVarint) return reader->Skip(field, type);
    if (!reader->ReadVarint(&value)) return false;
    size = std::max<int64_t>(static_cast<int64_t>(value), -1);
    return true;
  });
  tensor->dims.push_back(size);
  return is_read && tensor->dims.size() <= kMaxRank;
}

// TypeProto.Tensor: its type and its shape.
bool ReadTensorType(std::string_view message, FileTensor* tensor) {
  return ForEachField(message, [&](uint32_t field, WireType type, WireReader* reader) {
    if (field == 1 && type == WireType::kVarint) {
      uint64_t number;
      if (!reader->ReadVarint(&number)) return false;
      tensor->dtype = OnnxType(number);
      return true;
    }
    if (field == 2 && type == WireType::kBytes) {
      std::string_view shape;
      if (!reader->ReadBytes(&shape)) return false;
      tensor->unknown_rank = false;
      return ForEachBytes(shape, 1, [&](std::string_view dim) { return ReadDim(dim, tensor); });
    }
    return reader->Skip(field, type);
  });
}

// ValueInfoProto. What is no tensor (a sequence, a map) keeps an invalid dtype.
bool ReadValueInfo(std::string_view message, FileTensor* tensor) {
  return ForEachBytes(message, [&](uint32_t field, std::string_view bytes) {
    if (field == 1) {
      if (bytes.size() > kMaxFileName) return false;
      tensor->name.assign(bytes);
      tensor->alias = tensor->name;
    }
    if (field != 2) return true;
    return ForEachBytes(bytes, 1,
                        [&](std::string_view type) { return ReadTensorType(type, tensor); });
  });
}

bool ReadGraph(std::string_view graph, std::set<std::string_view>* valued, ModelFile* file) {
  return ForEachBytes(graph, [&](uint32_t field, std::string_view bytes) {
    switch (field) {
      case onnx_schema::graph::kInitializer:
        return ForEachBytes(bytes, onnx_schema::tensor::kName, [&](std::string_view name) {
          valued->insert(name);
          return true;
        });
      case onnx_schema::graph::kSparse:  // its values are a tensor, whose name is its own
        return ForEachBytes(bytes, 1, [&](std::string_view values) {
          return ForEachBytes(values, onnx_schema::tensor::kName, [&](std::string_view name) {
            valued->insert(name);
            return true;
          });
        });
      case onnx_schema::graph::kInput:
      case onnx_schema::graph::kOutput: {
        std::vector<FileTensor>& edge =
            field == onnx_schema::graph::kInput ? file->inputs : file->outputs;
        // Old files name their weights among the inputs.
        return edge.size() < 16 * kMaxFileTensors && ReadValueInfo(bytes, &edge.emplace_back());
      }
      default:
        return true;
    }
  });
}

}  // namespace

DataType OnnxType(uint64_t type) {
  constexpr DataType kTypes[] = {DataType::kInvalid,    DataType::kFloat,   DataType::kUint8,
                                 DataType::kInt8,       DataType::kUint16,  DataType::kInt16,
                                 DataType::kInt32,      DataType::kInt64,   DataType::kString,
                                 DataType::kBool,       DataType::kHalf,    DataType::kDouble,
                                 DataType::kUint32,     DataType::kUint64,  DataType::kComplex64,
                                 DataType::kComplex128, DataType::kBfloat16};
  return type < std::size(kTypes) ? kTypes[type] : DataType::kInvalid;
}

Status ReadOnnxModel(std::string_view bytes, ModelFile* file) {
  std::set<std::string_view> valued;
  bool has_graph = false;
  const bool is_read = ForEachBytes(bytes, onnx_schema::model::kGraph, [&](std::string_view graph) {
    has_graph = true;
    return ReadGraph(graph, &valued, file);
  });
  if (!is_read || !has_graph) return InvalidArgument("The file is no ONNX model");
  const auto has_value = [&](const FileTensor& input) { return valued.count(input.name) > 0; };
  file->inputs.erase(std::remove_if(file->inputs.begin(), file->inputs.end(), has_value),
                     file->inputs.end());
  if (file->inputs.size() > kMaxFileTensors || file->outputs.size() > kMaxFileTensors) {
    return InvalidArgument("The ONNX model has more than " + std::to_string(kMaxFileTensors) +
                           " inputs or outputs");
  }
  return Status();
}

}  // namespace tensorgate
