// The envelope of a SessionRun around its tensors. Owns nothing; any thread.
#include "codec/proto/session_run_proto.h"

#include <string>

#include "codec/proto/tensor_proto_layout.h"
#include "codec/proto/wire.h"

namespace tensorgate {
namespace {

// SessionRunRequest and SessionRunResponse.
constexpr uint32_t kFeedField = 2;
constexpr uint32_t kFetchField = 3;
constexpr uint32_t kTargetField = 4;
constexpr uint32_t kOptionsField = 5;
constexpr uint32_t kNamesAreAliasesField = 6;
constexpr uint32_t kResponseTensorField = 1;
constexpr uint32_t kRanModelSpecField = 3;

// NamedTensorProto.
constexpr uint32_t kNameField = 1;
constexpr uint32_t kTensorField = 2;

// RunOptions.
constexpr uint32_t kTraceLevelField = 1;
constexpr uint32_t kTimeoutField = 2;
constexpr uint32_t kOutputPartitionGraphsField = 5;
constexpr uint32_t kDebugOptionsField = 6;

Status NameNotUtf8(std::string_view where) {
  return InvalidArgument(std::string(where) + ": not valid UTF-8");
}

Status TooMany(std::string_view what) {
  return InvalidArgument("SessionRunRequest: more than " + std::to_string(kMaxSessionRunNames) +
                         " in " + std::string(what));
}

Status AddName(std::string_view what, std::string_view name, std::vector<std::string_view>* names) {
  if (names->size() == kMaxSessionRunNames) return TooMany(what);
  if (!IsValidUtf8(name)) return NameNotUtf8(what);
  names->push_back(name);
  return Status();
}

Status ReadFeed(std::string_view bytes, SessionRunRequestView* request) {
  if (request->feeds.size() == kMaxSessionRunNames) return TooMany("feed");
  std::string_view name;
  std::string_view tensor;
  bool has_tensor = false;
  WireReader reader(bytes);
  while (!reader.AtEnd()) {
    uint32_t field;
    WireType type;
    if (!reader.ReadTag(&field, &type)) return reader.Error("feed");
    bool ok;
    if (field == kNameField && type == WireType::kBytes) {
      ok = reader.ReadBytes(&name);
    } else if (field == kTensorField && type == WireType::kBytes) {
      // Protobuf would merge the two, which a view cannot; no encoder writes this.
      if (has_tensor) return InvalidArgument("feed: more than one tensor");
      has_tensor = true;
      ok = reader.ReadBytes(&tensor);
    } else {
      ok = reader.Skip(field, type);
    }
    if (!ok) return reader.Error("feed");
  }
  if (!IsValidUtf8(name)) return NameNotUtf8("feed name");
  request->feeds.emplace_back(name, tensor);
  return Status();
}

Status Unsupported(std::string_view option) {
  return InvalidArgument("options." + std::string(option) + " is not supported");
}

Status ReadOptions(std::string_view bytes, SessionRunRequestView* request) {
  WireReader reader(bytes);
  while (!reader.AtEnd()) {
    uint32_t field;
    WireType type;
    if (!reader.ReadTag(&field, &type)) return reader.Error("options");
    if (type == WireType::kVarint) {
      uint64_t value;
      if (!reader.ReadVarint(&value)) return reader.Error("options");
      if (field == kTimeoutField) request->timeout_millis = static_cast<int64_t>(value);
      if (field == kTraceLevelField && value != 0) return Unsupported("trace_level");
      if (field == kOutputPartitionGraphsField && value != 0) {
        return Unsupported("output_partition_graphs");
      }
    } else if (type == WireType::kBytes) {
      std::string_view value;
      if (!reader.ReadBytes(&value)) return reader.Error("options");
      if (field == kDebugOptionsField && !value.empty()) return Unsupported("debug_options");
    } else if (!reader.Skip(field, type)) {
      return reader.Error("options");
    }
  }
  return Status();
}

Status ReadBytesField(uint32_t field, std::string_view value, SessionRunRequestView* request) {
  switch (field) {
    case kFeedField:
      return ReadFeed(value, request);
    case kFetchField:
      return AddName("fetch", value, &request->fetches);
    case kTargetField:
      return AddName("target", value, &request->targets);
    case kOptionsField:
      return ReadOptions(value, request);
    default:
      return Status();
  }
}

}  // namespace

Status ParseSessionRunRequest(std::string_view body, SessionRunRequestView* request) {
  *request = SessionRunRequestView();
  Status status = ReadModelSpec(body, &request->model_spec);
  if (!status.ok()) return status;
  WireReader reader(body);
  while (!reader.AtEnd()) {
    uint32_t field;
    WireType type;
    if (!reader.ReadTag(&field, &type)) return reader.Error("SessionRunRequest");
    bool ok = true;
    if (type == WireType::kBytes) {
      std::string_view value;
      ok = reader.ReadBytes(&value);
      if (ok) status = ReadBytesField(field, value, request);
      if (!status.ok()) return status;
    } else if (type == WireType::kVarint && field == kNamesAreAliasesField) {
      uint64_t value;
      ok = reader.ReadVarint(&value);
      if (ok) request->names_are_aliases = value != 0;
    } else {
      ok = reader.Skip(field, type);
    }
    if (!ok) return reader.Error("SessionRunRequest");
  }
  return Status();
}

Status EncodeSessionRunResponse(std::string_view model_name, int64_t version,
                                std::string_view signature_name,
                                const std::vector<NamedTensorView>& tensors, size_t max_bytes,
                                OutputBuffer* out) {
  // A PredictResponse without outputs is its model_spec alone, under another number.
  OutputBuffer spec_field;
  Status status =
      EncodePredictResponse(model_name, version, signature_name, {}, false, &spec_field);
  if (!status.ok()) return status;
  uint32_t field;
  WireType type;
  std::string_view spec;
  WireReader reader(spec_field.view());
  if (!reader.ReadTag(&field, &type) || !reader.ReadBytes(&spec)) return reader.Error("model_spec");

  std::vector<TensorProtoLayout> layouts(tensors.size());
  size_t size = 1 + PrefixedSize(spec.size());
  const auto entry_of = [&](size_t i) {
    return 2 + PrefixedSize(tensors[i].name.size()) + PrefixedSize(layouts[i].size);
  };
  for (size_t i = 0; i < tensors.size(); ++i) {
    status = LayOutTensorProto(tensors[i].tensor, /*as_content=*/false, &layouts[i]);
    if (!status.ok()) return status;
    size += 1 + PrefixedSize(entry_of(i));
    if (size > max_bytes) {
      return Status(Code::kResourceExhausted, "the tensors fetched make a response larger than " +
                                                  std::to_string(max_bytes) + " bytes");
    }
  }
  WireWriter writer(out, size);
  for (size_t i = 0; i < tensors.size(); ++i) {
    writer.Prefix(kResponseTensorField, entry_of(i));
    writer.Bytes(kNameField, tensors[i].name);
    writer.Prefix(kTensorField, layouts[i].size);
    WriteTensorProto(tensors[i].tensor, layouts[i], &writer);
  }
  writer.Bytes(kRanModelSpecField, spec);
  writer.Done();
  return Status();
}

}  // namespace tensorgate
