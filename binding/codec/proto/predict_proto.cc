// The envelope around the tensors: ModelSpec, PredictRequest and PredictResponse. Owns nothing;
// reads requests in place; any thread.
#include "codec/proto/predict_proto.h"

#include <algorithm>
#include <string>

#include "codec/proto/tensor_proto_layout.h"
#include "codec/proto/wire.h"

namespace tensorgate {
namespace {

// PredictRequest, PredictResponse and their map entries.
constexpr uint32_t kRequestModelSpecField = 1;
constexpr uint32_t kRequestInputsField = 2;
constexpr uint32_t kRequestOutputFilterField = 3;
constexpr uint32_t kResponseOutputsField = 1;
constexpr uint32_t kResponseModelSpecField = 2;

constexpr uint32_t kSpecNameField = 1;
constexpr uint32_t kSpecVersionField = 2;
constexpr uint32_t kSpecSignatureNameField = 3;
constexpr uint32_t kSpecLabelField = 4;
constexpr uint32_t kWrapperValueField = 1;

// Up to here every alias is compared with every other; beyond, they are sorted.
constexpr size_t kFewInputs = 16;

Status NotUtf8(std::string_view where) { return InvalidField(where, "not valid UTF-8"); }

// google.protobuf.Int64Value, merged into `value`.
Status ReadInt64Value(std::string_view bytes, int64_t* value) {
  WireReader reader(bytes);
  while (!reader.AtEnd()) {
    uint32_t field;
    WireType type;
    bool ok = reader.ReadTag(&field, &type);
    if (ok && field == kWrapperValueField && type == WireType::kVarint) {
      uint64_t bits;
      ok = reader.ReadVarint(&bits);
      if (ok) *value = static_cast<int64_t>(bits);
    } else if (ok) {
      ok = reader.Skip(field, type);
    }
    if (!ok) return reader.Error("model_spec.version");
  }
  return Status();
}

Status MergeSpecField(uint32_t field, std::string_view value, ModelSpecView* spec) {
  switch (field) {
    case kSpecNameField:
      if (!IsValidUtf8(value)) return NotUtf8("model_spec.name");
      spec->name = value;
      break;
    case kSpecSignatureNameField:
      if (!IsValidUtf8(value)) return NotUtf8("model_spec.signature_name");
      spec->signature_name = value;
      break;
    case kSpecVersionField:
      if (!spec->has_version) spec->version = 0;
      spec->has_version = true;
      spec->has_label = false;
      spec->label = {};
      return ReadInt64Value(value, &spec->version);
    case kSpecLabelField:
      if (!IsValidUtf8(value)) return NotUtf8("model_spec.version_label");
      spec->label = value;
      spec->has_label = true;
      spec->has_version = false;
      spec->version = 0;
      break;
    default:
      break;
  }
  return Status();
}

// Merges, so that a spec given in two parts is one spec.
Status MergeModelSpec(std::string_view bytes, ModelSpecView* spec) {
  spec->present = true;
  WireReader reader(bytes);
  while (!reader.AtEnd()) {
    uint32_t field;
    WireType type;
    if (!reader.ReadTag(&field, &type)) return reader.Error("model_spec");
    if (type != WireType::kBytes) {
      if (!reader.Skip(field, type)) return reader.Error("model_spec");
      continue;
    }
    std::string_view value;
    if (!reader.ReadBytes(&value)) return reader.Error("model_spec");
    Status status = MergeSpecField(field, value, spec);
    if (!status.ok()) return status;
  }
  return Status();
}

// One entry of map<string, TensorProto>.
Status ReadInput(std::string_view bytes, PredictRequestView* request) {
  std::string_view alias;
  std::string_view tensor;
  bool has_tensor = false;
  WireReader reader(bytes);
  while (!reader.AtEnd()) {
    uint32_t field;
    WireType type;
    if (!reader.ReadTag(&field, &type)) return reader.Error("inputs entry", "inputs");
    bool ok;
    if (field == kMapKeyField && type == WireType::kBytes) {
      ok = reader.ReadBytes(&alias);
    } else if (field == kMapValueField && type == WireType::kBytes) {
      // Protobuf would merge the two, which a view cannot; no encoder writes this.
      if (has_tensor) {
        return InvalidArgument("inputs entry: more than one value")
            .With("inputs" + KeyStep(alias), "an entry of the map has more than one value");
      }
      has_tensor = true;
      ok = reader.ReadBytes(&tensor);
    } else {
      ok = reader.Skip(field, type);
    }
    if (!ok) return reader.Error("inputs entry", "inputs");
  }
  if (!IsValidUtf8(alias)) {
    return InvalidArgument("inputs key: not valid UTF-8")
        .With("inputs", "the key " + Quoted(alias) + " is not valid UTF-8");
  }
  request->inputs.emplace_back(alias, tensor);
  return Status();
}

// Keeps the last of the inputs with one alias. The order of the others stays.
void DropRepeatedAliases(std::vector<std::pair<std::string_view, std::string_view>>* inputs) {
  const size_t count = inputs->size();
  std::vector<bool> repeated;  // filled only when there is something to drop
  auto drop = [&](size_t index) {
    if (repeated.empty()) repeated.resize(count);
    repeated[index] = true;
  };
  if (count <= kFewInputs) {
    for (size_t i = 0; i + 1 < count; ++i) {
      for (size_t j = i + 1; j < count; ++j) {
        if ((*inputs)[i].first == (*inputs)[j].first) {
          drop(i);
          break;
        }
      }
    }
  } else {
    // Sorted, not hashed: the aliases are the client's choice, and so would collisions be.
    std::vector<uint32_t> order(count);
    for (size_t i = 0; i < count; ++i) order[i] = static_cast<uint32_t>(i);
    std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
      const int compared = (*inputs)[a].first.compare((*inputs)[b].first);
      return compared != 0 ? compared < 0 : a < b;
    });
    for (size_t i = 0; i + 1 < count; ++i) {
      if ((*inputs)[order[i]].first == (*inputs)[order[i + 1]].first) drop(order[i]);
    }
  }
  if (repeated.empty()) return;
  size_t kept = 0;
  for (size_t i = 0; i < count; ++i) {
    if (!repeated[i]) (*inputs)[kept++] = (*inputs)[i];
  }
  inputs->resize(kept);
}

Status ReadRequestField(uint32_t field, std::string_view value, PredictRequestView* request) {
  switch (field) {
    case kRequestModelSpecField:
      return MergeModelSpec(value, &request->model_spec);
    case kRequestInputsField:
      return ReadInput(value, request);
    case kRequestOutputFilterField:
      if (!IsValidUtf8(value)) return NotUtf8("output_filter");
      request->output_filter.push_back(value);
      return Status();
    default:  // options of streamed prediction: accepted and ignored, as upstream does
      return Status();
  }
}

}  // namespace

Status ReadModelSpec(std::string_view body, ModelSpecView* spec) {
  *spec = ModelSpecView();
  WireReader reader(body);
  while (!reader.AtEnd()) {
    uint32_t field;
    WireType type;
    if (!reader.ReadTag(&field, &type)) return reader.Error("request", "body");
    if (field != kRequestModelSpecField || type != WireType::kBytes) {
      if (!reader.Skip(field, type)) return reader.Error("request", "body");
      continue;
    }
    std::string_view value;
    if (!reader.ReadBytes(&value)) return reader.Error("request", "body");
    Status status = MergeModelSpec(value, spec);
    if (!status.ok()) return status;
  }
  return Status();
}

Status ParsePredictRequest(std::string_view body, PredictRequestView* request) {
  request->model_spec = ModelSpecView();
  request->inputs.clear();
  request->output_filter.clear();
  WireReader reader(body);
  while (!reader.AtEnd()) {
    uint32_t field;
    WireType type;
    if (!reader.ReadTag(&field, &type)) return reader.Error("PredictRequest", "body");
    if (type != WireType::kBytes) {
      if (!reader.Skip(field, type)) return reader.Error("PredictRequest", "body");
      continue;
    }
    std::string_view value;
    if (!reader.ReadBytes(&value)) return reader.Error("PredictRequest", "body");
    Status status = ReadRequestField(field, value, request);
    if (!status.ok()) return status;
  }
  DropRepeatedAliases(&request->inputs);
  return Status();
}

Status EncodePredictResponse(std::string_view model_name, int64_t version,
                             std::string_view signature_name,
                             const std::vector<NamedTensorView>& outputs, bool as_content,
                             OutputBuffer* out) {
  const size_t value = version == 0 ? 0 : 1 + VarintSize(static_cast<uint64_t>(version));
  size_t spec = 1 + PrefixedSize(value);
  if (!model_name.empty()) spec += 1 + PrefixedSize(model_name.size());
  if (!signature_name.empty()) spec += 1 + PrefixedSize(signature_name.size());
  const size_t spec_room = 1 + PrefixedSize(spec);

  for (const NamedTensorView& output : outputs) {
    TensorProtoLayout layout;
    Status status = LayOutTensorProto(output.tensor, as_content, &layout);
    if (!status.ok()) return status;
    const size_t entry = 2 + PrefixedSize(output.name.size()) + PrefixedSize(layout.size);
    // With room for what comes last too: a large output must not be moved for a few bytes.
    WireWriter writer(out, 1 + PrefixedSize(entry) + spec_room);
    writer.Prefix(kResponseOutputsField, entry);
    writer.Bytes(kMapKeyField, output.name);
    writer.Prefix(kMapValueField, layout.size);
    WriteTensorProto(output.tensor, layout, &writer);
    writer.Done();
  }

  WireWriter writer(out, spec_room);
  writer.Prefix(kResponseModelSpecField, spec);
  if (!model_name.empty()) writer.Bytes(kSpecNameField, model_name);
  writer.Prefix(kSpecVersionField, value);
  if (version != 0) {
    writer.ShortTag(kWrapperValueField, WireType::kVarint);
    writer.Varint(static_cast<uint64_t>(version));
  }
  if (!signature_name.empty()) writer.Bytes(kSpecSignatureNameField, signature_name);
  writer.Done();
  return Status();
}

}  // namespace tensorgate
