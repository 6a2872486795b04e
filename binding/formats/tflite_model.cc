#include "formats/tflite_model.h"

#include <algorithm>
#include <set>

#include "codec/limits.h"
#include "formats/flatbuffer.h"
#include "formats/flexbuffer_map.h"
#include "formats/tflite_schema.h"

namespace tensorgate {
namespace {

Status NoTfliteModel() {
  // Upstream's, for bytes that are no model.
  return InvalidArgument("Cannot build FlatBufferModel from buffer.");
}

Status InvalidSignatures(const std::string& why) {
  return InvalidArgument("Invalid SignatureDefs found in TfLite model: " + why);
}

class TfliteReader {
 public:
  TfliteReader(uint32_t graph, ModelFile* file) : graph_number_(graph), file_(file) {}

  Status Read(std::string_view bytes) {
    FlatVector subgraphs;
    if (!FlatTable::Root(bytes, "TFL3", &model_) ||
        !model_.ReadVector(tflite_schema::model::kSubgraphs, sizeof(uint32_t), &subgraphs) ||
        graph_number_ >= subgraphs.size() || !subgraphs.TableAt(graph_number_, &graph_) ||
        !graph_.ReadVector(tflite_schema::subgraph::kTensors, sizeof(uint32_t), &tensors_)) {
      return NoTfliteModel();
    }
    Status status = ReadEdge(tflite_schema::subgraph::kInputs, &file_->inputs);
    if (status.ok()) status = ReadEdge(tflite_schema::subgraph::kOutputs, &file_->outputs);
    // It is about the first graph.
    if (status.ok() && graph_number_ == 0) status = ReadMetadata();
    if (status.ok() && file_->signature_defs.empty()) status = ReadSignatures();
    return status;
  }

 private:
  Status ReadEdge(size_t field, std::vector<FileTensor>* edge) {
    FlatVector numbers;
    if (!graph_.ReadVector(field, sizeof(int32_t), &numbers)) return NoTfliteModel();
    if (numbers.size() > kMaxFileTensors) return TooMany("inputs or outputs", kMaxFileTensors);
    for (size_t i = 0; i < numbers.size(); ++i) {
      Status status =
          ReadTensor(static_cast<uint32_t>(numbers.At<int32_t>(i)), &edge->emplace_back());
      if (!status.ok()) return status;
    }
    std::set<std::string> aliases;
    bool are_unique = true;
    for (FileTensor& tensor : *edge) {
      tensor.alias = tensor.name.substr(0, tensor.name.find(':'));
      are_unique = aliases.insert(tensor.alias).second && are_unique;
    }
    if (are_unique) return Status();
    for (FileTensor& tensor : *edge) tensor.alias = tensor.name;
    return Status();
  }

  Status ReadTensor(size_t number, FileTensor* tensor) {
    FlatTable table;
    std::string_view name;
    FlatVector shape, signature;
    int8_t type = 0;
    uint8_t has_rank = 0;
    if (number >= tensors_.size() || !tensors_.TableAt(number, &table) ||
        !table.ReadText(tflite_schema::tensor::kName, &name) ||
        !table.Read(tflite_schema::tensor::kType, &type) ||
        !table.ReadVector(tflite_schema::tensor::kShape, sizeof(int32_t), &shape) ||
        !table.ReadVector(tflite_schema::tensor::kShapeSignature, sizeof(int32_t), &signature) ||
        !table.Read(tflite_schema::tensor::kHasRank, &has_rank)) {
      return NoTfliteModel();
    }
    const FlatVector& dims = signature.size() > 0 ? signature : shape;
    if (name.size() > kMaxFileName) return TooMany("bytes in a tensor's name", kMaxFileName);
    if (dims.size() > kMaxRank) return TooMany("dimensions", kMaxRank);
    tensor->name.assign(name);
    tensor->dtype = TfliteType(type);
    // Old files have no has_rank, and their scalars no shape either.
    tensor->unknown_rank = dims.size() == 0 && has_rank == 0;
    for (size_t i = 0; i < dims.size(); ++i) {
      tensor->dims.push_back(std::max(dims.At<int32_t>(i), -1));
    }
    return Status();
  }

  Status ReadMetadata() {
    FlatVector metadata, buffers;
    if (!model_.ReadVector(tflite_schema::model::kMetadata, sizeof(uint32_t), &metadata) ||
        !model_.ReadVector(tflite_schema::model::kBuffers, sizeof(uint32_t), &buffers)) {
      return NoTfliteModel();
    }
    for (size_t i = 0; i < metadata.size(); ++i) {
      FlatTable entry, buffer;
      std::string_view name;
      FlatVector data;
      uint32_t number = 0;
      if (!metadata.TableAt(i, &entry) || !entry.ReadText(tflite_schema::metadata::kName, &name)) {
        return NoTfliteModel();
      }
      if (name != "signature_defs_metadata") continue;
      std::vector<std::pair<std::string_view, std::string_view>> entries;
      if (!entry.Read(tflite_schema::metadata::kBuffer, &number) || number >= buffers.size() ||
          !buffers.TableAt(number, &buffer) || !buffer.ReadVector(0, 1, &data) ||
          !ReadFlexMap(data.bytes(), kMaxFileSignatures, &entries)) {
        return InvalidSignatures("Error reading signature def map");
      }
      for (const auto& [key, definition] : entries) {
        file_->signature_defs.emplace_back(key, definition);
      }
      return Status();
    }
    return Status();
  }

  Status ReadSignatures() {
    FlatVector signatures;
    if (!model_.ReadVector(tflite_schema::model::kSignatureDefs, sizeof(uint32_t), &signatures))
      return NoTfliteModel();
    if (signatures.size() > kMaxFileSignatures) return TooMany("signatures", kMaxFileSignatures);
    size_t tensors = 0;
    for (size_t i = 0; i < signatures.size(); ++i) {
      FlatTable table;
      uint32_t subgraph = 0;
      std::string_view key;
      FlatVector inputs, outputs;
      if (!signatures.TableAt(i, &table) ||
          !table.Read(tflite_schema::signature::kSubgraph, &subgraph) ||
          !table.ReadText(tflite_schema::signature::kKey, &key) ||
          !table.ReadVector(tflite_schema::signature::kInputs, sizeof(uint32_t), &inputs) ||
          !table.ReadVector(tflite_schema::signature::kOutputs, sizeof(uint32_t), &outputs)) {
        return InvalidSignatures("Error reading a signature");
      }
      if (subgraph != graph_number_) continue;
      tensors += inputs.size() + outputs.size();
      if (tensors > 2 * kMaxFileTensors) return TooMany("tensors in signatures", kMaxFileTensors);
      if (key.size() > kMaxFileName) return TooMany("bytes in a signature's name", kMaxFileName);
      FileSignature& signature = file_->signatures.emplace_back();
      signature.name.assign(key);
      Status status = ReadAliases(inputs, &signature.inputs);
      if (status.ok()) status = ReadAliases(outputs, &signature.outputs);
      if (!status.ok()) return status;
    }
    return Status();
  }

  Status ReadAliases(const FlatVector& entries, std::vector<FileTensor>* out) {
    for (size_t i = 0; i < entries.size(); ++i) {
      FlatTable entry;
      std::string_view alias;
      uint32_t number = 0;
      if (!entries.TableAt(i, &entry) || !entry.ReadText(0, &alias) || !entry.Read(1, &number)) {
        return InvalidSignatures("Error reading a signature's tensors");
      }
      if (alias.size() > kMaxFileName) return TooMany("bytes in an alias", kMaxFileName);
      Status status = ReadTensor(number, &out->emplace_back());
      if (!status.ok()) return status;
      out->back().alias.assign(alias);
    }
    return Status();
  }

  static Status TooMany(const char* what, size_t most) {
    return InvalidArgument("The TFLite model has more than " + std::to_string(most) + " " + what);
  }

  const uint32_t graph_number_;
  ModelFile* const file_;
  FlatTable model_;
  FlatTable graph_;
  FlatVector tensors_;
};

}  // namespace

DataType TfliteType(int8_t type) {
  constexpr DataType kTypes[] = {
      DataType::kFloat,     DataType::kHalf,    DataType::kInt32,   DataType::kUint8,
      DataType::kInt64,     DataType::kString,  DataType::kBool,    DataType::kInt16,
      DataType::kComplex64, DataType::kInt8,    DataType::kDouble,  DataType::kComplex128,
      DataType::kUint64,    DataType::kInvalid, DataType::kInvalid, DataType::kUint32,
      DataType::kUint16,    DataType::kInvalid, DataType::kBfloat16};
  const size_t number = static_cast<uint8_t>(type);
  return number < std::size(kTypes) ? kTypes[number] : DataType::kInvalid;
}

Status ReadTfliteModel(std::string_view bytes, ModelFile* file, uint32_t graph) {
  return TfliteReader(graph, file).Read(bytes);
}

}  // namespace tensorgate
