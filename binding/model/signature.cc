#include "model/signature.h"

#include <algorithm>

#include "codec/output_buffer.h"
#include "codec/proto/wire.h"

namespace tensorgate {
namespace {

// Calls `on_field(field, type, reader)` for each field of a message; it returns false when a read
// failed. Fields it does not know it must skip.
template <typename OnField>
Status ReadFields(std::string_view message, const char* where, OnField on_field) {
  WireReader reader(message);
  while (!reader.AtEnd()) {
    uint32_t field;
    WireType type;
    if (!reader.ReadTag(&field, &type) || !on_field(field, type, &reader)) {
      const Status error = reader.Error(where);
      return Status(Code::kDataLoss, error.message());
    }
  }
  return Status();
}

bool ReadString(WireReader* reader, std::string* out) {
  std::string_view bytes;
  if (!reader->ReadBytes(&bytes)) return false;
  out->assign(bytes);
  return true;
}

Status ReadMapEntry(std::string_view entry, std::string* key, std::string_view* value) {
  return ReadFields(entry, "map entry", [&](uint32_t field, WireType type, WireReader* reader) {
    if (field == 1 && type == WireType::kBytes) return ReadString(reader, key);
    if (field == 2 && type == WireType::kBytes) return reader->ReadBytes(value);
    return reader->Skip(field, type);
  });
}

Status ReadDim(std::string_view dim, int64_t* size) {
  return ReadFields(dim, "TensorShapeProto.Dim",
                    [&](uint32_t field, WireType type, WireReader* reader) {
                      if (field != 1 || type != WireType::kVarint) {
                        return reader->Skip(field, type);
                      }
                      uint64_t value;
                      if (!reader->ReadVarint(&value)) return false;
                      *size = static_cast<int64_t>(value);
                      return true;
                    });
}

Status ReadShape(std::string_view shape, TensorInfo* info) {
  info->unknown_rank = false;
  Status nested;
  Status status =
      ReadFields(shape, "TensorShapeProto", [&](uint32_t field, WireType type, WireReader* reader) {
        if (field == 2 && type == WireType::kBytes) {
          std::string_view dim;
          if (!reader->ReadBytes(&dim)) return false;
          int64_t size = 0;
          if (Status read = ReadDim(dim, &size); !read.ok()) nested = std::move(read);
          info->dims.push_back(size);
          return true;
        }
        if (field == 3 && type == WireType::kVarint) {
          uint64_t unknown;
          if (!reader->ReadVarint(&unknown)) return false;
          info->unknown_rank = unknown != 0;
          return true;
        }
        return reader->Skip(field, type);
      });
  return status.ok() ? nested : status;
}

Status ReadTensorInfo(std::string_view message, TensorInfo* info) {
  Status nested;
  Status status =
      ReadFields(message, "TensorInfo", [&](uint32_t field, WireType type, WireReader* reader) {
        if (field == 1 && type == WireType::kBytes) return ReadString(reader, &info->tensor_name);
        if (field == 2 && type == WireType::kVarint) {
          uint64_t dtype;
          if (!reader->ReadVarint(&dtype)) return false;
          info->dtype = static_cast<DataType>(static_cast<int32_t>(dtype));
          return true;
        }
        if (field == 3 && type == WireType::kBytes) {
          std::string_view shape;
          if (!reader->ReadBytes(&shape)) return false;
          if (Status read = ReadShape(shape, info); !read.ok()) nested = std::move(read);
          return true;
        }
        return reader->Skip(field, type);
      });
  return status.ok() ? nested : status;
}

Status ReadTensorInfoEntry(std::string_view entry, std::vector<TensorInfo>* infos) {
  TensorInfo info;
  std::string_view value;
  Status status = ReadMapEntry(entry, &info.alias, &value);
  if (status.ok()) status = ReadTensorInfo(value, &info);
  if (status.ok()) infos->push_back(std::move(info));
  return status;
}

Status ReadSignature(std::string_view message, SignatureDef* def) {
  Status nested;
  const auto keep = [&](Status read) {
    if (!read.ok() && nested.ok()) nested = std::move(read);
  };
  Status status =
      ReadFields(message, "SignatureDef", [&](uint32_t field, WireType type, WireReader* reader) {
        if (type != WireType::kBytes || field == 0 || field > 4) return reader->Skip(field, type);
        std::string_view bytes;
        if (!reader->ReadBytes(&bytes)) return false;
        if (field == 1) keep(ReadTensorInfoEntry(bytes, &def->inputs));
        if (field == 2) keep(ReadTensorInfoEntry(bytes, &def->outputs));
        if (field == 3) def->method_name.assign(bytes);
        if (field == 4) {
          std::string alias;
          std::string_view proto;
          keep(ReadMapEntry(bytes, &alias, &proto));
          def->defaults.emplace_back(std::move(alias), std::string(proto));
        }
        return true;
      });
  const auto by_alias = [](const TensorInfo& a, const TensorInfo& b) { return a.alias < b.alias; };
  std::sort(def->inputs.begin(), def->inputs.end(), by_alias);
  std::sort(def->outputs.begin(), def->outputs.end(), by_alias);
  std::sort(def->defaults.begin(), def->defaults.end());
  return status.ok() ? nested : status;
}

// A map of signatures by their names is field `map_field` of the message.
Status ReadSignatures(std::string_view message, const char* where, uint32_t map_field,
                      MetaGraph* meta_graph) {
  constexpr uint32_t kMapField = 1;
  OutputBuffer map;
  Status nested;
  Status status =
      ReadFields(message, where, [&](uint32_t field, WireType type, WireReader* reader) {
        if (field != map_field || type != WireType::kBytes) return reader->Skip(field, type);
        std::string_view entry;
        if (!reader->ReadBytes(&entry)) return false;
        WireWriter writer(&map, 1 + PrefixedSize(entry.size()));
        writer.Bytes(kMapField, entry);
        writer.Done();
        SignatureDef def;
        std::string_view value;
        Status read = ReadMapEntry(entry, &def.name, &value);
        if (read.ok()) read = ReadSignature(value, &def);
        if (!read.ok() && nested.ok()) nested = std::move(read);
        meta_graph->signatures.push_back(std::move(def));
        return true;
      });
  if (!status.ok()) return status;
  if (!nested.ok()) return nested;
  std::sort(meta_graph->signatures.begin(), meta_graph->signatures.end(),
            [](const SignatureDef& a, const SignatureDef& b) { return a.name < b.name; });
  meta_graph->signature_def_map.assign(map.view());
  return Status();
}

}  // namespace

Status ReadMetaGraph(std::string_view meta_graph_def, MetaGraph* meta_graph) {
  return ReadSignatures(meta_graph_def, "MetaGraphDef", 5, meta_graph);
}

Status ReadSignatureDefMap(std::string_view map, MetaGraph* meta_graph) {
  return ReadSignatures(map, "SignatureDefMap", 1, meta_graph);
}

}  // namespace tensorgate
