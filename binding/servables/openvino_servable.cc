#include "servables/openvino_servable.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "files/mapped_file.h"
#include "formats/onnx_graph.h"
#include "formats/onnx_model.h"
#include "formats/tflite_graph.h"
#include "formats/tflite_model.h"
#include "model/signature_def_map.h"
#include "openvino/run_model.h"
#include "servables/file_rows.h"
#include "tensor/aligned_buffer.h"
#include "tf/tensor.h"

namespace tensorgate {
namespace {

using openvino::TensorMemory;

std::vector<TensorInfo> InfosOf(const std::vector<FileTensor>& tensors) {
  std::vector<TensorInfo> infos;
  for (const FileTensor& tensor : tensors) {
    infos.push_back(
        TensorInfo{tensor.alias, tensor.name, tensor.dtype, tensor.unknown_rank, tensor.dims});
  }
  return infos;
}

std::string DefinitionOf(const std::vector<FileTensor>& inputs,
                         const std::vector<FileTensor>& outputs) {
  SignatureDef definition;
  definition.inputs = InfosOf(inputs);
  definition.outputs = InfosOf(outputs);
  return SignatureDefBytes(definition);
}

template <typename T>
bool FitsInt32(const TensorMemory& memory) {
  const size_t count = memory.bytes / sizeof(T);
  const T* const values = static_cast<const T*>(memory.data);
  return std::all_of(values, values + count, [](T value) {
    if constexpr (std::is_signed_v<T>) {
      if (value < std::numeric_limits<int32_t>::min()) return false;
    }
    return value <= static_cast<T>(std::numeric_limits<int32_t>::max());
  });
}

// OpenVINO computes these as int32, and says nothing where one does not fit.
bool FitsItsIntegers(const TensorMemory& memory) {
  switch (memory.dtype) {
    case DataType::kInt64:
      return FitsInt32<int64_t>(memory);
    case DataType::kUint64:
      return FitsInt32<uint64_t>(memory);
    case DataType::kUint32:
      return FitsInt32<uint32_t>(memory);
    default:
      return true;
  }
}

}  // namespace

Status OpenVinoServable::Load(const OpenVinoServableOptions& options,
                              std::unique_ptr<OpenVinoServable>* out) {
  const bool is_tflite = options.format == ModelFormat::kTflite;
  ModelFile file;
  FileGraph graph;
  Status followed;
  openvino::CompileOptions compiling;
  compiling.streams = compiling.threads = options.streams;
  {
    MappedFile mapped;
    Status status = mapped.Open(options.file);
    if (!status.ok()) return status;
    compiling.maps_weights = mapped.bytes().size() >= openvino::kMapsFrom;
    status =
        is_tflite ? ReadTfliteModel(mapped.bytes(), &file) : ReadOnnxModel(mapped.bytes(), &file);
    if (!status.ok()) return status;
    if (options.row_policy) {
      followed = is_tflite ? ReadTfliteGraph(mapped.bytes(), file, &graph)
                           : ReadOnnxGraph(mapped.bytes(), file, &graph);
    }
  }
  std::unique_ptr<OpenVinoServable> servable(new OpenVinoServable());
  Status status = servable->ReadSignatures(file, is_tflite ? "TfLite" : "ONNX");
  if (!status.ok()) return status;
  const openvino::Core* core = nullptr;
  status = openvino::Core::Get(options.library, &core);
  if (!status.ok()) return status;
  std::unique_ptr<openvino::Model> model;
  status = core->ReadFile(options.file, &model);
  if (!status.ok()) return status;
  if (IsStopped(options.stop)) return LoadCancelled();
  status = ShapedModels::Make(*core, std::move(model), compiling, is_tflite, &servable->models_);
  if (!status.ok()) return status;
  status = servable->FindPorts(file);
  if (!status.ok()) return status;
  // Never on the event loop: a run may compile, or wait for another's.
  for (Signature& signature : servable->signatures_) signature.pace.reset();
  servable->Introduce(options.name, options.version, false);
  if (options.row_policy) {
    const FileRows rows{file, graph, followed, is_tflite};
    servable->rows_ = ProveFileRows(rows, *options.row_policy, servable.get());
  }
  *out = std::move(servable);
  return Status();
}

Status OpenVinoServable::ReadSignatures(const ModelFile& file, const std::string& format) {
  std::vector<std::pair<std::string, std::string>> definitions = file.signature_defs;
  for (const FileSignature& signature : file.signatures) {
    definitions.emplace_back(signature.name, DefinitionOf(signature.inputs, signature.outputs));
  }
  if (definitions.empty()) {
    definitions.emplace_back("serving_default", DefinitionOf(file.inputs, file.outputs));
  }
  Status status = TakeSignatures(SignatureDefMapBytes(definitions));
  if (status.ok()) return status;
  if (status.code() != Code::kDataLoss) return status;
  return InvalidArgument("Invalid SignatureDefs found in " + format +
                         " model: " + status.message());
}

Status OpenVinoServable::FindPorts(const ModelFile& file) {
  const openvino::CompiledModel& model = models_->first();
  // Both have them in the file's order; a name may have been lost where an output is an input.
  const auto port_of = [](const std::vector<FileTensor>& tensors, size_t place, int found,
                          size_t ports) {
    if (found >= 0) return static_cast<size_t>(found);
    return tensors.size() == ports ? place : ports;
  };
  for (const Signature& signature : signatures_) {
    std::vector<bool> fed(model.inputs().size());
    for (const bool is_input : {true, false}) {
      const std::vector<FileTensor>& tensors = is_input ? file.inputs : file.outputs;
      const std::vector<openvino::Port>& ports = is_input ? model.inputs() : model.outputs();
      for (const TensorInfo& info : is_input ? signature.def.inputs : signature.def.outputs) {
        const std::string what =
            std::string("Signature ") + (is_input ? "input " : "output ") + info.alias;
        const size_t place = PlaceOf(tensors, info.tensor_name);
        if (place == tensors.size()) {
          return Status(Code::kInternal, what + " references an unknown tensor")
              .With("signature_def", "Unknown tensor '" + info.tensor_name + "'.");
        }
        const std::string& name = tensors[place].name;
        const size_t port =
            port_of(tensors, place, is_input ? model.FindInput(name) : model.FindOutput(name),
                    ports.size());
        if (port == ports.size()) {
          return InvalidArgument(what + ": OpenVINO has no such tensor (\"" + name + "\")");
        }
        if (ports[port].dtype != BaseType(info.dtype) || info.dtype == DataType::kString ||
            info.dtype == DataType::kDouble) {
          const std::string dtype = DataTypeName(info.dtype);
          return Status(Code::kUnimplemented, what + " is of dtype " + dtype +
                                                  ", which OpenVINO does not compute as " + dtype);
        }
        if (is_input) fed[port] = true;
        ports_.push_back(port);
        aliases_.push_back(info.alias);
      }
    }
    const auto left_out = std::find(fed.begin(), fed.end(), false);
    if (left_out != fed.end()) {
      const std::string& name = model.inputs()[static_cast<size_t>(left_out - fed.begin())].name;
      return Status(Code::kUnimplemented, "Signature \"" + signature.def.name +
                                              "\" leaves out the model's input \"" + name +
                                              "\", which is not served");
    }
  }
  return Status();
}

Status OpenVinoServable::CheckInput(size_t port, const TensorMemory& given) const {
  const DataType expected = models_->first().inputs()[port].dtype;
  if (given.dtype != expected) {
    return InvalidArgument("is of dtype " + DataTypeName(given.dtype) + ", expected " +
                           DataTypeName(expected));
  }
  if (FitsItsIntegers(given)) return Status();
  return InvalidArgument("has a value of " + DataTypeName(given.dtype) +
                         " that int32 does not hold, as which OpenVINO computes it");
}

Status OpenVinoServable::Run(const std::vector<Endpoint>& feeds,
                             const std::vector<TF_Tensor*>& inputs,
                             const std::vector<Endpoint>& fetches,
                             std::vector<TensorHandle>* outputs) const {
  outputs->clear();
  std::vector<TensorMemory> fed(models_->first().inputs().size());
  for (size_t i = 0; i < feeds.size(); ++i) {
    const size_t place = static_cast<size_t>(feeds[i].index);
    TensorMemory& memory = fed[ports_[place]];
    const TensorView view = ViewOf(inputs[i], &memory.dims);
    memory.dtype = view.dtype;
    memory.data = const_cast<void*>(view.data);  // it only reads
    memory.bytes = TF_TensorByteSize(inputs[i]);
    Status status = CheckInput(ports_[place], memory);
    if (!status.ok()) {
      return InvalidArgument("input \"" + aliases_[place] + "\" " + status.message());
    }
  }
  for (size_t port = 0; port < fed.size(); ++port) {
    if (fed[port].dtype != DataType::kInvalid) continue;
    return InvalidArgument("no value for input \"" + models_->first().inputs()[port].name + "\"");
  }
  std::vector<size_t> fetched;
  for (const Endpoint& fetch : fetches) {
    fetched.push_back(ports_[static_cast<size_t>(fetch.index)]);
  }
  Status status = RunPorts(fed, fetched, outputs);
  if (!status.ok()) outputs->clear();
  return status;
}

Status OpenVinoServable::RunPorts(const std::vector<TensorMemory>& inputs,
                                  const std::vector<size_t>& fetched,
                                  std::vector<TensorHandle>* outputs) const {
  Shapes shapes;
  for (const TensorMemory& input : inputs) shapes.push_back(input.dims);
  std::shared_ptr<const openvino::CompiledModel> model;
  Status status = models_->For(shapes, &model);
  if (!status.ok()) return status;
  std::vector<Tensor> values;
  status = openvino::RunModel(*model, inputs, fetched, &values);
  return status.ok() ? ToTfTensors(&values, fetched, outputs) : status;
}

Status OpenVinoServable::RunOnZeros() const {
  std::vector<TensorMemory> inputs;
  std::vector<AlignedBuffer> zeros;
  for (const openvino::Port& port : models_->first().inputs()) {
    TensorMemory& memory = inputs.emplace_back();
    memory.dtype = port.dtype;
    memory.dims = port.shape.dims;
    for (int64_t& dim : memory.dims) dim = dim < 0 ? 1 : dim;
    memory.bytes = BytesOf(port.dtype, memory.dims);
    AlignedBuffer& buffer = zeros.emplace_back();
    if (!buffer.Resize(memory.bytes)) {
      return Status(Code::kResourceExhausted, "out of memory for an input tensor of " +
                                                  std::to_string(memory.bytes) + " bytes");
    }
    if (memory.bytes > 0) std::memset(buffer.data(), 0, memory.bytes);
    memory.data = buffer.data();
  }
  std::vector<TensorHandle> outputs;
  return RunPorts(inputs, {}, &outputs);
}

}  // namespace tensorgate
