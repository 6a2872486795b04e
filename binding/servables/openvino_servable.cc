#include "servables/openvino_servable.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "files/mapped_file.h"
#include "files/scratch_file.h"
#include "formats/onnx_graph.h"
#include "formats/onnx_model.h"
#include "formats/tflite_graph.h"
#include "formats/tflite_model.h"
#include "formats/tflite_subgraphs.h"
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

// Of a graph whose signatures may be left out: why they must be.
Status CheckSignatures(const ModelFile& file) {
  for (const FileSignature& signature : file.signatures) {
    for (const std::vector<FileTensor>* tensors : {&signature.inputs, &signature.outputs}) {
      for (const FileTensor& tensor : *tensors) {
        if (IsServable(tensor.dtype) && tensor.dtype != DataType::kString &&
            tensor.dtype != DataType::kDouble) {
          continue;
        }
        return Status(Code::kUnimplemented, "tensor " + Quoted(tensor.alias) + " is of dtype " +
                                                DataTypeName(tensor.dtype) +
                                                ", which OpenVINO does not compute");
      }
    }
    if (signature.inputs.size() != file.inputs.size()) {
      return Status(Code::kUnimplemented, "it leaves out inputs of its graph");
    }
  }
  return Status();
}

}  // namespace

// A graph of the file as it is read; its models are the servable's.
struct OpenVinoServable::Part {
  ModelFile file;
  std::unique_ptr<FileGraph> graph = std::make_unique<FileGraph>();
  Status followed;  // why there is no graph
};

Status OpenVinoServable::Load(const OpenVinoServableOptions& options,
                              std::unique_ptr<OpenVinoServable>* out) {
  const bool is_tflite = options.format == ModelFormat::kTflite;
  MappedFile mapped;
  Status status = mapped.Open(options.file);
  if (!status.ok()) return status;
  std::vector<Part> parts(1);
  std::vector<uint32_t> further;
  ModelFile& file = parts[0].file;
  if (is_tflite) {
    status = ReadTfliteModel(mapped.bytes(), &file);
    // Signatures of the metadata are of the first.
    if (status.ok() && file.signature_defs.empty()) {
      status = FindFurtherGraphs(mapped.bytes(), &further);
    }
  } else {
    status = ReadOnnxModel(mapped.bytes(), &file);
  }
  if (!status.ok()) return status;
  if (options.row_policy) {
    parts[0].followed = is_tflite ? ReadTfliteGraph(mapped.bytes(), file, parts[0].graph.get())
                                  : ReadOnnxGraph(mapped.bytes(), file, parts[0].graph.get());
  }
  const openvino::Core* core = nullptr;
  std::unique_ptr<OpenVinoServable> servable(new OpenVinoServable());
  // Before anything is fetched or opened: whether they can be served at all.
  if (further.empty()) status = servable->ReadSignatures(parts, is_tflite ? "TfLite" : "ONNX");
  if (status.ok()) status = openvino::Core::Get(options.library, &core);
  if (!status.ok()) return status;
  std::unique_ptr<openvino::Model> model;
  status = core->ReadFile(options.file, &model);
  if (status.ok()) status = servable->Compile(options, mapped.bytes(), *core, std::move(model));
  for (const uint32_t graph : further) {
    if (status.ok()) status = servable->AddPart(options, mapped.bytes(), *core, graph, &parts);
  }
  if (status.ok() && !further.empty()) status = servable->ReadSignatures(parts, "TfLite");
  if (status.ok()) status = servable->FindPorts(parts);
  if (!status.ok()) return status;
  // Never on the event loop: a run may compile, or wait for another's.
  for (Signature& signature : servable->signatures_) signature.pace.reset();
  servable->Introduce(options.name, options.version, false);
  if (options.row_policy) {
    const auto rows_of = [&](const Signature& signature) {
      const Part& part = parts[servable->PartOf(signature.def.name)];
      return FileRows{part.file, *part.graph, part.followed, is_tflite};
    };
    servable->rows_ = ProveFileRows(rows_of, *options.row_policy, servable.get());
  }
  *out = std::move(servable);
  return Status();
}

// As one part more.
Status OpenVinoServable::Compile(const OpenVinoServableOptions& options, std::string_view bytes,
                                 const openvino::Core& core,
                                 std::unique_ptr<openvino::Model> model) {
  if (IsStopped(options.stop)) return LoadCancelled();
  openvino::CompileOptions compiling;
  compiling.streams = compiling.threads = options.streams;
  compiling.maps_weights = bytes.size() >= openvino::kMapsFrom;
  std::unique_ptr<ShapedModels> models;
  Status status = ShapedModels::Make(core, std::move(model), compiling,
                                     options.format == ModelFormat::kTflite, &models);
  if (status.ok()) models_.push_back(std::move(models));
  return status;
}

// A graph behind the file's first. Where it cannot be served its signatures are left out.
Status OpenVinoServable::AddPart(const OpenVinoServableOptions& options, std::string_view bytes,
                                 const openvino::Core& core, uint32_t graph,
                                 std::vector<Part>* parts) {
  Part part;
  Status status = ReadTfliteModel(bytes, &part.file, graph);
  if (!status.ok()) return status;
  TflitePatch patch;
  status = CheckSignatures(part.file);
  if (status.ok()) status = PutGraphFirst(bytes, graph, &patch);
  std::unique_ptr<openvino::Model> model;
  if (status.ok()) {
    const std::string_view value(static_cast<const char*>(static_cast<const void*>(&patch.value)),
                                 sizeof(patch.value));
    ScratchFile copy;
    Status written = copy.Make();
    if (written.ok()) written = copy.Append(bytes.substr(0, patch.at));
    if (written.ok()) written = copy.Append(value);
    if (written.ok()) written = copy.Append(bytes.substr(patch.at + value.size()));
    if (!written.ok()) return written;
    status = core.ReadTflite(copy, &model);
    if (status.ok()) status = Compile(options, bytes, core, std::move(model));
    if (status.code() == Code::kCancelled) return status;
  }
  if (!status.ok()) {
    for (const FileSignature& signature : part.file.signatures) {
      left_out_.emplace_back(signature.name, status.message());
    }
    return Status();
  }
  if (options.row_policy) {
    part.followed = ReadTfliteGraph(bytes, part.file, part.graph.get(), graph);
  }
  for (const FileSignature& signature : part.file.signatures) {
    part_of_.emplace(signature.name, parts->size());
  }
  parts->push_back(std::move(part));
  return Status();
}

Status OpenVinoServable::ReadSignatures(const std::vector<Part>& parts, const std::string& format) {
  const ModelFile& first = parts[0].file;
  std::vector<std::pair<std::string, std::string>> definitions = first.signature_defs;
  for (const Part& part : parts) {
    for (const FileSignature& signature : part.file.signatures) {
      definitions.emplace_back(signature.name, DefinitionOf(signature.inputs, signature.outputs));
    }
  }
  if (definitions.empty()) {
    definitions.emplace_back("serving_default", DefinitionOf(first.inputs, first.outputs));
  }
  Status status = TakeSignatures(SignatureDefMapBytes(definitions));
  if (status.ok()) return status;
  if (status.code() != Code::kDataLoss) return status;
  return InvalidArgument("Invalid SignatureDefs found in " + format +
                         " model: " + status.message());
}

size_t OpenVinoServable::PartOf(const std::string& signature) const {
  const auto found = part_of_.find(signature);
  return found == part_of_.end() ? 0 : found->second;
}

Status OpenVinoServable::FindPorts(const std::vector<Part>& parts) {
  for (const Signature& signature : signatures_) {
    const size_t part = PartOf(signature.def.name);
    Status status = FindPorts(signature, part, parts[part].file);
    if (!status.ok()) return status;
  }
  return Status();
}

Status OpenVinoServable::FindPorts(const Signature& signature, size_t part, const ModelFile& file) {
  const openvino::CompiledModel& model = models_[part]->first();
  // Both have them in the file's order; a name may have been lost where an output is an input.
  const auto port_of = [](const std::vector<FileTensor>& tensors, size_t place, int found,
                          size_t ports) {
    if (found >= 0) return static_cast<size_t>(found);
    return tensors.size() == ports ? place : ports;
  };
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
      const size_t port = port_of(
          tensors, place, is_input ? model.FindInput(name) : model.FindOutput(name), ports.size());
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
      places_.push_back({part, port});
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
  return Status();
}

Status OpenVinoServable::CheckInput(const openvino::Port& port, const TensorMemory& given) {
  const DataType expected = port.dtype;
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
  const auto place_of = [&](const Endpoint& endpoint) {
    return places_[static_cast<size_t>(endpoint.index)];
  };
  const size_t part = feeds.empty() ? 0 : place_of(feeds[0]).part;
  for (const std::vector<Endpoint>* endpoints : {&feeds, &fetches}) {
    for (const Endpoint& endpoint : *endpoints) {
      if (place_of(endpoint).part == part) continue;
      return InvalidArgument("inputs and outputs are not of one graph of the file");
    }
  }
  const std::vector<openvino::Port>& ports = models_[part]->first().inputs();
  std::vector<TensorMemory> fed(ports.size());
  for (size_t i = 0; i < feeds.size(); ++i) {
    const size_t port = place_of(feeds[i]).port;
    TensorMemory& memory = fed[port];
    const TensorView view = ViewOf(inputs[i], &memory.dims);
    memory.dtype = view.dtype;
    memory.data = const_cast<void*>(view.data);  // it only reads
    memory.bytes = TF_TensorByteSize(inputs[i]);
    Status status = CheckInput(ports[port], memory);
    if (!status.ok()) {
      return InvalidArgument("input \"" + aliases_[static_cast<size_t>(feeds[i].index)] + "\" " +
                             status.message());
    }
  }
  for (size_t port = 0; port < fed.size(); ++port) {
    if (fed[port].dtype != DataType::kInvalid) continue;
    return InvalidArgument("no value for input \"" + ports[port].name + "\"");
  }
  std::vector<size_t> fetched;
  for (const Endpoint& fetch : fetches) fetched.push_back(place_of(fetch).port);
  Status status = RunPorts(models_[part].get(), fed, fetched, outputs);
  if (!status.ok()) outputs->clear();
  return status;
}

Status OpenVinoServable::RunPorts(ShapedModels* models, const std::vector<TensorMemory>& inputs,
                                  const std::vector<size_t>& fetched,
                                  std::vector<TensorHandle>* outputs) {
  Shapes shapes;
  for (const TensorMemory& input : inputs) shapes.push_back(input.dims);
  std::shared_ptr<const openvino::CompiledModel> model;
  Status status = models->For(shapes, &model);
  if (!status.ok()) return status;
  std::vector<Tensor> values;
  status = openvino::RunModel(*model, inputs, fetched, &values);
  return status.ok() ? ToTfTensors(&values, fetched, outputs) : status;
}

Status OpenVinoServable::RunOnZeros() const {
  for (const std::unique_ptr<ShapedModels>& models : models_) {
    Status status = RunOnZeros(models.get());
    if (!status.ok()) return status;
  }
  return Status();
}

Status OpenVinoServable::RunOnZeros(ShapedModels* models) {
  std::vector<TensorMemory> inputs;
  std::vector<AlignedBuffer> zeros;
  for (const openvino::Port& port : models->first().inputs()) {
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
  return RunPorts(models, inputs, {}, &outputs);
}

}  // namespace tensorgate
