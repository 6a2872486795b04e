#include "graph/input_hints.h"

#include <algorithm>
#include <cstring>

#include "graph/attr_value.h"
#include "graph/message.h"

namespace tensorgate {
namespace {

constexpr int kMaxDepth = 4;  // images in base64 in examples in base64
constexpr size_t kMaxKeys = 8;

struct Reader {
  std::string_view op;
  InputHint::Content content;
};

// Ops that read one string each as something particular.
constexpr Reader kReaders[] = {
    {"DecodeAndCropJpeg", InputHint::Content::kJpeg},
    {"DecodeBase64", InputHint::Content::kBase64},
    {"DecodeBmp", InputHint::Content::kBmp},
    {"DecodeCSV", InputHint::Content::kCsv},
    {"DecodeGif", InputHint::Content::kGif},
    {"DecodeImage", InputHint::Content::kPng},
    {"DecodeJSONExample", InputHint::Content::kExampleJson},
    {"DecodeJpeg", InputHint::Content::kJpeg},
    {"DecodePaddedRaw", InputHint::Content::kBytes},
    {"DecodePng", InputHint::Content::kPng},
    {"DecodeRaw", InputHint::Content::kBytes},
    {"DecodeWav", InputHint::Content::kWav},
    {"ExtractJpegShape", InputHint::Content::kJpeg},
    {"ParseExample", InputHint::Content::kExample},
    {"ParseExampleV2", InputHint::Content::kExample},
    {"ParseSequenceExample", InputHint::Content::kSequenceExample},
    {"ParseSequenceExampleV2", InputHint::Content::kSequenceExample},
    {"ParseSingleExample", InputHint::Content::kExample},
    {"ParseSingleSequenceExample", InputHint::Content::kSequenceExample},
    {"ParseTensor", InputHint::Content::kTensor},
    {"StringToNumber", InputHint::Content::kNumber},
};

// Those whose input is a scalar.
constexpr std::string_view kOfScalars[] = {"DecodeAndCropJpeg",
                                           "DecodeBmp",
                                           "DecodeGif",
                                           "DecodeImage",
                                           "DecodeJpeg",
                                           "DecodePng",
                                           "DecodeWav",
                                           "ExtractJpegShape",
                                           "ParseSingleExample",
                                           "ParseTensor",
                                           "ParseSingleSequenceExample"};

bool BeginsWith(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

DataType TypeOf(const Node& node, std::string_view attr) {
  DataType type = DataType::kInvalid;
  const std::string_view* value = node.attr(attr);
  if (value != nullptr) ReadTypeAttr(*value, &type);
  return type;
}

int64_t IntOf(const Node& node, std::string_view attr, int64_t otherwise) {
  int64_t number = otherwise;
  const std::string_view* value = node.attr(attr);
  if (value != nullptr) ReadIntAttr(*value, &number);
  return number;
}

std::string TextOf(const Node& node, std::string_view attr, std::string_view otherwise) {
  std::string text(otherwise);
  const std::string_view* value = node.attr(attr);
  if (value == nullptr) return text;
  ForEachBytes(*value, 2, [&](std::string_view bytes) {  // AttrValue: s 2
    text = bytes;
    return true;
  });
  return text;
}

// Of a constant shape, axis or table. False for other types.
bool Integers(const Tensor& tensor, std::vector<int64_t>* values) {
  const char* data = static_cast<const char*>(static_cast<const void*>(tensor.data.data()));
  for (int64_t i = 0; i < tensor.elements; ++i) {
    if (tensor.dtype == DataType::kInt64) {
      std::memcpy(&values->emplace_back(), data + i * 8, 8);
    } else if (tensor.dtype == DataType::kInt32) {
      int32_t value;
      std::memcpy(&value, data + i * 4, 4);
      values->push_back(value);
    } else {
      return false;
    }
  }
  return true;
}

void LearnDims(std::vector<int64_t> dims, InputHint* hint) {
  if (!hint->has_dims) {
    hint->has_dims = true;
    hint->dims = std::move(dims);
    return;
  }
  if (dims.size() != hint->dims.size()) return;
  for (size_t i = 0; i < dims.size(); ++i) {
    if (hint->dims[i] < 0) hint->dims[i] = dims[i];
  }
}

}  // namespace

bool InputHint::has_size() const {
  switch (content) {
    case Content::kJpeg:
    case Content::kPng:
    case Content::kGif:
    case Content::kBmp:
    case Content::kWav:
    case Content::kTensor:
      return true;
    case Content::kBytes:
      return count == 0;
    default:
      break;
  }
  return std::any_of(columns.begin(), columns.end(),
                     [](const InputHint& each) { return each.has_size(); }) ||
         std::any_of(features.begin(), features.end(),
                     [](const FeatureHint& each) { return each.value.has_size(); });
}

InputHint InputHints::Of(std::string_view node, int number,
                         const std::vector<std::string_view>& fetched) {
  flow_.Need(fetched);
  const size_t output = static_cast<size_t>(number);
  return Hint({flow_.graph(), node, ValueFlow::OutputName(flow_.graph(), "", 0, output)});
}

InputHint InputHints::Hint(const Value& value) {
  InputHint hint;
  if (depth_ >= kMaxDepth) return hint;
  ++depth_;
  flow_.Follow(value, [&](const Value& read, const Node& node, size_t slot) {
    if (slot == 0 && read.is_exact) UseString(read, node, &hint);
    if (read.is_exact) UseRows(read, node, slot, &hint);
    if (read.is_whole) UseShape(read, node, slot, &hint);
  });
  --depth_;
  return hint;
}

void InputHints::UseString(const Value& value, const Node& node, InputHint* hint) {
  const auto reader = std::find_if(std::begin(kReaders), std::end(kReaders),
                                   [&](const Reader& each) { return each.op == node.op; });
  // Of several that read the same string, the first one counts: a branch may lead to each.
  if (reader == std::end(kReaders) || hint->content != InputHint::Content::kText) return;
  hint->content = reader->content;
  switch (reader->content) {
    case InputHint::Content::kBase64:
      hint->columns.push_back(Hint(OutputOf(value, node, "output", 0, 0)));
      return;
    case InputHint::Content::kExampleJson: {
      InputHint example = Hint(OutputOf(value, node, "binary_examples", 0, 0));
      hint->features = std::move(example.features);
      return;
    }
    case InputHint::Content::kBytes:
      return CountNumbers(value, node, hint);
    case InputHint::Content::kNumber:
    case InputHint::Content::kTensor:
      hint->dtype = TypeOf(node, "out_type");
      if (hint->dtype == DataType::kInvalid) hint->dtype = DataType::kFloat;  // the default
      if (reader->content == InputHint::Content::kTensor) {
        hint->columns.push_back(Hint(OutputOf(value, node, "output", 0, 0)));
      } else {
        const InputHint number = Hint(OutputOf(value, node, "output", 0, 0));
        hint->below = number.below;
        hint->numbers = number.numbers;
      }
      return;
    case InputHint::Content::kCsv:
      return ReadColumns(value, node, hint);
    case InputHint::Content::kExample:
    case InputHint::Content::kSequenceExample:
      return ReadFeatures(value, node, hint);
    default:
      return;
  }
}

// As many as fit the shape that they get.
void InputHints::CountNumbers(const Value& value, const Node& node, InputHint* hint) {
  hint->dtype = TypeOf(node, "out_type");
  const auto take = [&](const std::vector<int64_t>& dims) {
    int64_t count = 1;
    for (int64_t dim : dims) {
      if (dim > 0 && __builtin_mul_overflow(count, dim, &count)) return;
    }
    if (hint->count == 0 && count > 1) hint->count = count;
  };
  const Value numbers = OutputOf(value, node, "output", 0, 0);
  flow_.Follow(numbers, [&](const Value& read, const Node& reader, size_t slot) {
    if (slot != 0 || reader.op != "Reshape" || reader.data_inputs() < 2) return;
    Tensor shape;
    std::vector<int64_t> dims;
    if (Constant(read.scope, reader.inputs[1], &shape) && Integers(shape, &dims)) take(dims);
  });
}

void InputHints::ReadColumns(const Value& value, const Node& node, InputHint* hint) {
  std::vector<DataType> types;
  const std::string_view* attr = node.attr("OUT_TYPE");
  if (attr == nullptr || !ReadTypeListAttr(*attr, &types)) return;
  hint->separator = TextOf(node, "field_delim", ",");
  for (size_t i = 0; i < types.size(); ++i) {
    InputHint& column = hint->columns.emplace_back(Hint(OutputOf(value, node, "output", i, i)));
    if (types[i] == DataType::kString) {
      // An empty one would be missing.
      if (column.content == InputHint::Content::kText && column.keys.empty()) {
        column.keys = {"text"};
      }
      continue;
    }
    column.content = InputHint::Content::kNumber;
    column.dtype = types[i];
  }
}

// Ids of rows, and keys of tables.
void InputHints::UseRows(const Value& value, const Node& node, size_t slot, InputHint* hint) {
  if (slot != 1) return;
  if (BeginsWith(node.op, "LookupTableFind")) {
    return FindKeys(value.scope, node.inputs[0], hint);
  }
  const bool is_gather = node.op == "Gather" || node.op == "GatherV2" ||
                         node.op == "ResourceGather" || BeginsWith(node.op, "SparseSegment");
  std::vector<int64_t> dims, axis = {0};
  if (!is_gather || IntOf(node, "batch_dims", 0) != 0) return;
  if (!flow_.ShapeOf(value.scope, node.inputs[0], &dims)) return;
  if (node.op == "GatherV2" && node.data_inputs() > 2) {
    Tensor constant;
    axis.clear();
    if (!Constant(value.scope, node.inputs[2], &constant) || !Integers(constant, &axis)) return;
  }
  const int64_t rank = static_cast<int64_t>(dims.size());
  if (axis.size() != 1 || axis[0] < -rank || axis[0] >= rank) return;
  const int64_t rows = dims[static_cast<size_t>(axis[0] < 0 ? axis[0] + rank : axis[0])];
  if (rows > 0 && (hint->below == 0 || rows < hint->below)) hint->below = rows;
}

// Dimensions that must be those of weights.
void InputHints::UseShape(const Value& value, const Node& node, size_t slot, InputHint* hint) {
  if (slot != 0) return;
  if (std::find(std::begin(kOfScalars), std::end(kOfScalars), node.op) != std::end(kOfScalars)) {
    return LearnDims({}, hint);
  }
  std::vector<int64_t> weights;
  if (node.data_inputs() < 2 || !flow_.ShapeOf(value.scope, node.inputs[1], &weights)) return;
  const auto is_set = [&](std::string_view attr) {
    const std::string_view* bytes = node.attr(attr);
    uint64_t set = 0;  // AttrValue: b 5
    return bytes != nullptr &&
           ForEachField(*bytes,
                        [&](uint32_t field, WireType type, WireReader* reader) {
                          if (field != 5 || type != WireType::kVarint) {
                            return reader->Skip(field, type);
                          }
                          return reader->ReadVarint(&set);
                        }) &&
           set != 0;
  };
  if (node.op == "MatMul" && weights.size() == 2 && !is_set("transpose_a")) {
    LearnDims({-1, weights[is_set("transpose_b") ? 1 : 0]}, hint);
  } else if (BeginsWith(node.op, "BatchMatMul") && weights.size() == 2 && !is_set("adj_x")) {
    LearnDims({-1, weights[is_set("adj_y") ? 1 : 0]}, hint);
  } else if ((node.op == "Conv2D" || node.op == "DepthwiseConv2dNative") && weights.size() == 4 &&
             TextOf(node, "data_format", "NHWC") == "NHWC") {
    LearnDims({-1, -1, -1, weights[2]}, hint);
  } else if (node.op == "Conv3D" && weights.size() == 5 &&
             TextOf(node, "data_format", "NDHWC") == "NDHWC") {
    LearnDims({-1, -1, -1, -1, weights[3]}, hint);
  }
}

void InputHints::FindKeys(const Scope* scope, std::string_view table, InputHint* hint) {
  if (!hint->keys.empty() || !hint->numbers.empty()) return;
  const Scope* at = nullptr;
  const Node* node = flow_.Source(scope, table, &at);
  if (node == nullptr) return;
  flow_.FollowAll({at, node->name}, [&](const Value& read, const Node& importer, size_t slot) {
    if (slot != 0 || !hint->keys.empty() || !hint->numbers.empty()) return;
    if (importer.op == "InitializeTableFromTextFile" ||
        importer.op == "InitializeTableFromTextFileV2") {
      TakeVocabulary(read.scope, importer, hint);
    } else if (importer.op == "InitializeTable" || importer.op == "InitializeTableV2" ||
               importer.op == "LookupTableImport" || importer.op == "LookupTableImportV2") {
      TakeKeys(read.scope, importer, hint);
    }
  });
}

void InputHints::TakeKeys(const Scope* scope, const Node& importer, InputHint* hint) {
  if (importer.data_inputs() < 2) return;
  hint->keys = Strings(scope, importer.inputs[1], kMaxKeys);
  Tensor keys;
  if (!hint->keys.empty() || !Constant(scope, importer.inputs[1], &keys)) return;
  if (!Integers(keys, &hint->numbers)) return;
  if (hint->numbers.size() > kMaxKeys) hint->numbers.resize(kMaxKeys);
}

void InputHints::TakeVocabulary(const Scope* scope, const Node& importer, InputHint* hint) {
  constexpr int64_t kLineNumber = -1;
  constexpr int64_t kWholeLine = -2;
  const int64_t column = IntOf(importer, "key_index", kWholeLine);
  if (column == kLineNumber) {
    hint->numbers = {0};
    return;
  }
  if (importer.data_inputs() < 2) return;
  const std::vector<std::string> path = Strings(scope, importer.inputs[1], 1);
  std::string text;
  if (path.empty() || !read_vocabulary_ || !read_vocabulary_(path[0], &text)) return;
  const std::string delimiter = TextOf(importer, "delimiter", "\t");
  const int64_t skipped = IntOf(importer, "offset", 0);
  size_t begin = 0;
  for (int64_t line = 0; hint->keys.size() < kMaxKeys; ++line) {
    const size_t end = text.find('\n', begin);
    if (end == std::string::npos) return;
    std::string_view key = std::string_view(text).substr(begin, end - begin);
    begin = end + 1;
    if (line < skipped) continue;
    for (int64_t i = 0; column >= 0 && i < column; ++i) {
      key.remove_prefix(std::min(key.size(), key.find(delimiter) + delimiter.size()));
    }
    if (column >= 0) key = key.substr(0, key.find(delimiter));
    hint->keys.emplace_back(key);
  }
}

ValueFlow::Value InputHints::OutputOf(const Value& read, const Node& node, std::string_view group,
                                      size_t in_group, size_t number) const {
  return {read.scope, node.name, ValueFlow::OutputName(read.scope, group, in_group, number)};
}

bool InputHints::Constant(const Scope* scope, std::string_view input, Tensor* tensor) const {
  const Node* node = flow_.Source(scope, input, &scope);
  const std::string_view* value = node == nullptr ? nullptr : node->attr("value");
  std::string_view proto, shape;
  return value != nullptr && node->op == "Const" && ReadTensorAttr(*value, &proto, &shape) &&
         DecodeConstant(proto, tensor).ok();
}

// Without decoding them all: a vocabulary may have any number.
std::vector<std::string> InputHints::Strings(const Scope* scope, std::string_view input,
                                             size_t most) const {
  std::vector<std::string> strings;
  const Node* node = flow_.Source(scope, input, &scope);
  const std::string_view* value = node == nullptr ? nullptr : node->attr("value");
  std::string_view proto, shape;
  if (value == nullptr || node->op != "Const" || !ReadTensorAttr(*value, &proto, &shape)) {
    return strings;
  }
  ForEachBytes(proto, 8, [&](std::string_view text) {  // TensorProto: string_val 8
    strings.emplace_back(text);
    return strings.size() < most;
  });
  return strings;
}

}  // namespace tensorgate
