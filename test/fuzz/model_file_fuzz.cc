// Any bytes as a TFLite file, as an ONNX file and as the map that a TFLite file's metadata is: what
// is read must be within the limits that hold for all. One thread.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/limits.h"
#include "formats/flexbuffer_map.h"
#include "formats/onnx_graph.h"
#include "formats/onnx_model.h"
#include "formats/tflite_graph.h"
#include "formats/tflite_model.h"
#include "formats/tflite_subgraphs.h"
#include "rows/row_proof.h"

namespace {

using namespace tensorgate;

void Check(bool ok) {
  if (!ok) std::abort();
}

void CheckTensors(const std::vector<FileTensor>& tensors, size_t most) {
  Check(tensors.size() <= most);
  for (const FileTensor& tensor : tensors) {
    Check(tensor.name.size() <= kMaxFileName && tensor.alias.size() <= kMaxFileName);
    Check(tensor.dims.size() <= kMaxRank);
    for (const int64_t dim : tensor.dims) Check(dim >= -1);
  }
}

void CheckFile(const ModelFile& file) {
  CheckTensors(file.inputs, kMaxFileTensors);
  CheckTensors(file.outputs, kMaxFileTensors);
  Check(file.signatures.size() <= kMaxFileSignatures);
  Check(file.signature_defs.size() <= kMaxFileSignatures);
  for (const FileSignature& signature : file.signatures) {
    CheckTensors(signature.inputs, 2 * kMaxFileTensors);
    CheckTensors(signature.outputs, 2 * kMaxFileTensors);
  }
}

// As a load looks for what stands against independent rows.
void Prove(const ModelFile& file, const FileGraph& graph) {
  Check(graph.inputs.size() == file.inputs.size() && graph.outputs.size() == file.outputs.size());
  std::vector<ProofInput> inputs;
  for (size_t i = 0; i < file.inputs.size(); ++i) {
    if (file.inputs[i].dims.empty()) return;
    inputs.push_back({graph.inputs[i], file.inputs[i].dims});
    inputs.back().dims[0] = -1;
  }
  const auto obstacle = FindObstacle(
      graph.graph, [](std::string_view, std::vector<OpOutput>*) { return false; }, inputs,
      graph.outputs);
  if (!obstacle || obstacle->op.empty()) return;
  Check(graph.origins.count(obstacle->node) > 0);
}

// What it then reads is what stood there.
void PutFirst(std::string_view bytes, uint32_t graph) {
  TflitePatch patch;
  ModelFile there, first;
  if (!PutGraphFirst(bytes, graph, &patch).ok()) return;
  Check(patch.at + sizeof(patch.value) <= bytes.size());
  if (!ReadTfliteModel(bytes, &there, graph).ok()) return;
  std::string patched(bytes);
  patched.replace(patch.at, sizeof(patch.value), reinterpret_cast<const char*>(&patch.value),
                  sizeof(patch.value));
  // Objects of a malformed file may overlap.
  if (ReadTfliteModel(patched, &first).ok()) CheckFile(first);
  CheckFile(there);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  ModelFile lite, onnx;
  FileGraph lite_graph, onnx_graph;
  if (ReadTfliteModel(bytes, &lite).ok()) {
    CheckFile(lite);
    if (ReadTfliteGraph(bytes, lite, &lite_graph).ok()) Prove(lite, lite_graph);
  }
  std::vector<uint32_t> graphs;
  if (FindFurtherGraphs(bytes, &graphs).ok()) {
    Check(graphs.size() <= kMaxFurtherGraphs);
    for (const uint32_t graph : graphs) PutFirst(bytes, graph);
  }
  if (ReadOnnxModel(bytes, &onnx).ok()) {
    CheckFile(onnx);
    if (ReadOnnxGraph(bytes, onnx, &onnx_graph).ok()) Prove(onnx, onnx_graph);
  }
  std::vector<std::pair<std::string_view, std::string_view>> entries;
  if (ReadFlexMap(bytes, kMaxFileSignatures, &entries)) {
    size_t read = 0;
    for (const auto& [key, text] : entries) {
      for (const char c : key) read += c != '\0';
      for (const char c : text) read += c != '\0';
    }
    Check(entries.size() <= kMaxFileSignatures && read <= size * (entries.size() + 1));
  }
  return 0;
}
