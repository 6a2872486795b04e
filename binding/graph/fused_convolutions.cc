#include "graph/fused_convolutions.h"

#include <cstring>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "graph/attr_value.h"
#include "graph/resident_weights.h"

namespace tensorgate {
namespace {

constexpr size_t kNone = SIZE_MAX;

// Height, width, channels that come in, and what goes out (of each of them, if depthwise).
constexpr size_t kFilterRank = 4;
constexpr size_t kImageRank = 4;

struct Floats {
  std::vector<int64_t> dims;
  std::vector<float> values;
};

// A convolution and what it takes in.
struct Chain {
  size_t convolution = kNone;
  size_t last = kNone;  // whose result all of it has
  std::vector<size_t> taken;
  size_t pad = kNone;
  Floats weights;            // resident ones have dimensions only
  std::vector<float> scale;  // of resident weights, for each channel; none: as they are
  size_t channels = 0;       // of the result
  std::vector<float> bias;
  std::string_view addend;
  std::string_view activation;
  std::vector<int64_t> paddings;  // of `pad`
};

class ConvolutionFuser {
 public:
  ConvolutionFuser(GraphDef* graph, GraphTexts* texts) : graph_(graph), texts_(texts) {}

  size_t Fuse() {
    FindUsers();
    size_t fused = 0;
    for (size_t i = 0; i < graph_->nodes.size(); ++i) {
      Chain chain;
      if (!Begin(i, &chain)) continue;
      while (chain.activation.empty() && TakeNext(&chain)) {
      }
      TakePad(&chain);
      if (chain.taken.empty() && chain.pad == kNone) continue;
      Write(std::move(chain));
      ++fused;
    }
    if (fused > 0) RemoveUnused();
    return fused;
  }

 private:
  void FindUsers() {
    const std::vector<Node>& nodes = graph_->nodes;
    for (size_t i = 0; i < nodes.size(); ++i) by_name_.emplace(nodes[i].name, i);
    users_.resize(nodes.size());
    for (size_t i = 0; i < nodes.size(); ++i) {
      for (std::string_view input : nodes[i].inputs) {
        const auto source = by_name_.find(NodeOf(input));
        if (source != by_name_.end()) users_[source->second].push_back(i);
      }
    }
  }

  // The node whose first output `input` is.
  size_t SourceOf(std::string_view input) const {
    const size_t colon = input.find(':');
    if (colon != std::string_view::npos && input.substr(colon) != ":0") return kNone;
    const auto source = by_name_.find(input.substr(0, colon));
    return source == by_name_.end() ? kNone : source->second;
  }

  bool HasOnly(size_t node, size_t data_inputs) const {
    const Node& given = graph_->nodes[node];
    return given.inputs.size() == data_inputs && given.data_inputs() == data_inputs;
  }

  static bool Says(const Node& node, std::string_view attr, const std::string& value) {
    const std::string_view* given = node.attr(attr);
    return given != nullptr && *given == value;
  }

  bool ReadConstant(std::string_view input, Tensor* tensor) const {
    const size_t source = SourceOf(input);
    if (source == kNone || graph_->nodes[source].op != "Const") return false;
    const std::string_view* value = graph_->nodes[source].attr("value");
    std::string_view proto, shape;
    return value != nullptr && ReadTensorAttr(*value, &proto, &shape) &&
           DecodeConstant(proto, tensor).ok();
  }

  bool ReadFloats(std::string_view input, Floats* floats) const {
    Tensor tensor;
    if (!ReadConstant(input, &tensor) || tensor.dtype != DataType::kFloat) return false;
    floats->dims = tensor.dims;
    floats->values.resize(static_cast<size_t>(tensor.elements));
    std::memcpy(floats->values.data(), tensor.data.data(), floats->values.size() * sizeof(float));
    return true;
  }

  // One number for each channel, the last dimension; those before it may be said to be 1.
  bool ReadChannels(std::string_view input, size_t channels, std::vector<float>* values) const {
    Floats floats;
    if (!ReadFloats(input, &floats) || floats.dims.empty() || floats.dims.size() > kImageRank ||
        floats.dims.back() != static_cast<int64_t>(channels)) {
      return false;
    }
    *values = std::move(floats.values);
    return values->size() == channels;
  }

  // Numbers where the graph has them, dimensions for resident weights.
  bool ReadWeights(std::string_view input, Floats* weights) const {
    if (ReadFloats(input, weights)) return true;
    const size_t read = SourceOf(input);
    if (read == kNone || graph_->nodes[read].op != "ReadVariableOp" ||
        graph_->nodes[read].inputs.empty()) {
      return false;
    }
    const size_t source = SourceOf(graph_->nodes[read].inputs[0]);
    size_t number = 0;
    if (source == kNone || !IsResident(graph_->nodes[source], &number)) return false;
    const std::string_view* shape = graph_->nodes[source].attr("shape");
    return shape != nullptr && ReadShapeAttr(*shape, &weights->dims);
  }

  static bool IsDepthwise(const Node& node) { return node.op == "_MklNativeDepthwiseConv2dNative"; }

  // Not oneDNN's: TensorFlow's own for CPUs, of which those with constants have taken in all that
  // they can before we see them.
  static bool IsPlain(const Node& node) {
    return (node.op == "Conv2D" || node.op == "_FusedConv2D") &&
           node.device.find("CPU:") != std::string_view::npos;
  }

  bool Begin(size_t index, Chain* chain) const {
    const Node& node = graph_->nodes[index];
    const bool has_bias = node.op == "_MklNativeFusedConv2D" || node.op == "_FusedConv2D";
    if (gone_.count(index) > 0 ||
        !(node.op == "_MklNativeFusedConv2D" || node.op == "_MklNativeConv2D" ||
          IsDepthwise(node) || IsPlain(node)) ||
        !HasOnly(index, has_bias ? 3 : 2) || !Says(node, "T", TypeAttr(DataType::kFloat)) ||
        !Says(node, "data_format", StringAttr("NHWC")) ||
        (has_bias && !Says(node, "fused_ops", StringListAttr({"BiasAdd"}))) ||
        !ReadWeights(node.inputs[1], &chain->weights) ||
        chain->weights.dims.size() != kFilterRank) {
      return false;
    }
    const std::vector<int64_t>& dims = chain->weights.dims;
    chain->channels = static_cast<size_t>(IsDepthwise(node) ? dims[2] * dims[3] : dims[3]);
    chain->convolution = chain->last = index;
    return chain->channels > 0 &&
           (!has_bias || ReadChannels(node.inputs[2], chain->channels, &chain->bias));
  }

  // The only user of the last one's result, where that can be taken in.
  bool TakeNext(Chain* chain) const {
    if (users_[chain->last].size() != 1) return false;
    const size_t next = users_[chain->last].front();
    const Node& node = graph_->nodes[next];
    if (!Says(node, "T", TypeAttr(DataType::kFloat))) return false;
    if ((node.op == "Relu" || node.op == "Relu6") && HasOnly(next, 1)) {
      chain->activation = node.op;
    } else if (!HasOnly(next, 2) || !TakeOperand(node, chain)) {
      return false;
    }
    chain->taken.push_back(next);
    chain->last = next;
    return true;
  }

  // Linear in the weights, the bias or the addend: but for the factor their order does not matter.
  bool TakeOperand(const Node& node, Chain* chain) const {
    const std::string_view other = node.inputs[SourceOf(node.inputs[0]) == chain->last ? 1 : 0];
    std::vector<float> constant;
    if (node.op == "AddN") {
      // All that an AddN adds has one shape.
      const Node& convolution = graph_->nodes[chain->convolution];
      if (!chain->addend.empty() || IsDepthwise(convolution) || IsPlain(convolution)) return false;
      chain->addend = other;
    } else if (node.op == "AddV2" && ReadChannels(other, chain->channels, &constant)) {
      chain->bias.resize(chain->channels);
      for (size_t i = 0; i < chain->channels; ++i) chain->bias[i] += constant[i];
    } else if (node.op == "Mul" && chain->addend.empty() &&
               ReadChannels(other, chain->channels, &constant)) {
      // The channel is what the weights' last index, or the last two, say.
      std::vector<float>& weights = chain->weights.values;
      if (weights.empty()) {
        chain->scale.resize(chain->channels, 1);
        for (size_t i = 0; i < chain->channels; ++i) chain->scale[i] *= constant[i];
      }
      for (size_t i = 0; i < weights.size(); ++i) weights[i] *= constant[i % chain->channels];
      for (size_t i = 0; i < chain->bias.size(); ++i) chain->bias[i] *= constant[i];
    } else {
      return false;
    }
    return true;
  }

  void TakePad(Chain* chain) const {
    const Node& convolution = graph_->nodes[chain->convolution];
    const size_t pad = SourceOf(convolution.inputs[0]);
    Tensor paddings;
    if (IsPlain(convolution) || pad == kNone || graph_->nodes[pad].op != "Pad" ||
        users_[pad].size() != 1 || !HasOnly(pad, 2) ||
        !Says(convolution, "padding", StringAttr("VALID")) ||
        !ReadConstant(graph_->nodes[pad].inputs[1], &paddings) ||
        paddings.dtype != DataType::kInt32 || paddings.dims != std::vector<int64_t>{4, 2}) {
      return;
    }
    int32_t values[8];
    std::memcpy(values, paddings.data.data(), sizeof(values));
    // Neither rows nor channels.
    if (values[0] != 0 || values[1] != 0 || values[6] != 0 || values[7] != 0) return;
    chain->pad = pad;
    chain->paddings.assign(values, values + 8);
  }

  void Write(Chain chain) {
    const Node& convolution = graph_->nodes[chain.convolution];
    const std::string prefix = "tensorgate/fused/" + std::to_string(chain.convolution);
    const bool has_paddings =
        chain.pad != kNone || Says(convolution, "padding", StringAttr("EXPLICIT"));
    const bool is_depthwise = IsDepthwise(convolution) && !has_paddings;
    Node fused;
    fused.name = graph_->nodes[chain.last].name;
    fused.op = is_depthwise           ? "_MklNativeFusedDepthwiseConv2dNative"
               : IsPlain(convolution) ? "_FusedConv2D"
                                      : "_MklNativeFusedConv2D";
    fused.device = convolution.device;
    for (std::string_view name : {"T", "strides", "dilations", "data_format", "padding",
                                  "explicit_paddings", "is_filter_const", "_kernel"}) {
      const std::string_view* value = convolution.attr(name);
      if (value == nullptr || (is_depthwise && name == "explicit_paddings")) continue;
      fused.SetAttr(name, *value);
    }
    if (chain.pad != kNone) {
      fused.SetAttr("padding", Keep(StringAttr("EXPLICIT")));
      fused.SetAttr("explicit_paddings", Keep(IntListAttr(chain.paddings)));
    }
    std::vector<std::string_view> operations = {"BiasAdd"};
    if (!chain.addend.empty()) operations.push_back("Add");
    if (!chain.activation.empty()) operations.push_back(chain.activation);
    const size_t arguments = chain.addend.empty() ? 1 : 2;
    fused.SetAttr("fused_ops", Keep(StringListAttr(operations)));
    fused.SetAttr("num_args", Keep(IntAttr(static_cast<int64_t>(arguments))));
    if (!is_depthwise) {
      const std::vector<DataType> types(arguments, DataType::kFloat);
      fused.SetAttr("TArgs", Keep(TypeListAttr(types)));
    }
    Floats& weights = chain.weights;
    if (IsDepthwise(convolution) && !is_depthwise) {
      weights.dims = {weights.dims[0], weights.dims[1], 1, static_cast<int64_t>(chain.channels)};
    }
    chain.bias.resize(chain.channels);
    const Floats bias{{static_cast<int64_t>(chain.channels)}, std::move(chain.bias)};
    const size_t source = chain.pad == kNone ? chain.convolution : chain.pad;
    fused.inputs = {graph_->nodes[source].inputs[0], AddWeights(prefix + "/weights", chain),
                    AddConstant(prefix + "/bias", bias, convolution.device)};
    if (!chain.addend.empty()) fused.inputs.push_back(chain.addend);
    Replace(chain, fused);
  }

  // The last one's place is that of all.
  void Replace(const Chain& chain, const Node& fused) {
    std::unordered_set<size_t> old(chain.taken.begin(), chain.taken.end());
    old.insert(chain.convolution);
    if (chain.pad != kNone) old.insert(chain.pad);
    graph_->nodes[chain.last] = fused;
    for (size_t node : old) {
      if (node != chain.last) gone_.insert(node);
    }
    for (std::string_view input : fused.inputs) {
      const size_t source = SourceOf(input);
      if (source == kNone || source >= users_.size()) continue;
      for (size_t& user : users_[source]) {
        if (old.count(user) > 0) user = chain.last;
      }
    }
  }

  // Resident weights become an expression of themselves, for others to compute.
  std::string_view AddWeights(const std::string& name, const Chain& chain) {
    const Node convolution = graph_->nodes[chain.convolution];
    if (!chain.weights.values.empty()) {
      return AddConstant(name, chain.weights, convolution.device);
    }
    const std::string_view type = Keep(TypeAttr(DataType::kFloat));
    const std::vector<int64_t>& dims = chain.weights.dims;
    Node shaped{Keep(name + "/shaped"), "Reshape", convolution.device, {convolution.inputs[1]}, {}};
    const std::vector<int32_t> shape(dims.begin(), dims.end());
    shaped.inputs.push_back(AddNumbers(name + "/shape", DataType::kInt32, {kFilterRank},
                                       shape.data(), convolution.device));
    shaped.attrs = {{"T", type}, {"Tshape", Keep(TypeAttr(DataType::kInt32))}};
    added_.push_back(shaped);
    if (chain.scale.empty()) return shaped.name;
    const std::vector<int64_t> of_last = IsDepthwise(convolution)
                                             ? std::vector<int64_t>{dims[2], dims[3]}
                                             : std::vector<int64_t>{dims[3]};
    Node scaled{Keep(name), "Mul", convolution.device, {shaped.name}, {{"T", type}}};
    scaled.inputs.push_back(
        AddConstant(name + "/scale", {of_last, chain.scale}, convolution.device));
    added_.push_back(scaled);
    return scaled.name;
  }

  std::string_view AddConstant(const std::string& name, const Floats& floats,
                               std::string_view device) {
    return AddNumbers(name, DataType::kFloat, floats.dims, floats.values.data(), device);
  }

  std::string_view AddNumbers(const std::string& name, DataType dtype,
                              const std::vector<int64_t>& dims, const void* numbers,
                              std::string_view device) {
    Node node;
    node.name = Keep(name);
    node.op = "Const";
    node.device = device;
    node.SetAttr("dtype", Keep(TypeAttr(dtype)));
    const std::string_view content(static_cast<const char*>(numbers), BytesOf(dtype, dims));
    node.SetAttr("value", Keep(TensorAttr(dtype, dims, content)));
    added_.push_back(node);
    return node.name;
  }

  std::string_view Keep(std::string text) { return texts_->emplace_back(std::move(text)); }

  // What was taken in, and the constants that it had.
  void RemoveUnused() {
    std::vector<Node> kept = std::move(added_);
    for (size_t i = 0; i < graph_->nodes.size(); ++i) {
      if (gone_.count(i) == 0) kept.push_back(std::move(graph_->nodes[i]));
    }
    std::unordered_set<std::string_view> used;
    for (const Node& node : kept) {
      for (std::string_view input : node.inputs) used.insert(NodeOf(input));
    }
    graph_->nodes.clear();
    for (Node& node : kept) {
      if (node.op != "Const" || used.count(node.name) > 0) graph_->nodes.push_back(std::move(node));
    }
  }

  GraphDef* const graph_;
  GraphTexts* const texts_;
  std::unordered_map<std::string_view, size_t> by_name_;
  std::vector<std::vector<size_t>> users_;  // one for each use
  std::unordered_set<size_t> gone_;
  std::vector<Node> added_;
};

}  // namespace

size_t FuseConvolutions(GraphDef* graph, GraphTexts* texts) {
  return ConvolutionFuser(graph, texts).Fuse();
}

}  // namespace tensorgate
