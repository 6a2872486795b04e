// EncodePredictJson: the reply's text with upstream's layout, byte for byte. Rows print their lists
// on one line, the columnar form prints every element on its own; the objects of named rows and of
// base64 values always take several lines. Lists are walked by counting, not by recursion.
#include <charconv>
#include <cstring>
#include <string>

#include "codec/json/base64.h"
#include "codec/json/json_predict.h"
#include "codec/json/json_write.h"

namespace tensorgate {
namespace {

constexpr size_t kIndent = 4;
constexpr std::string_view kBytesSuffix = "_bytes";

bool IsPrintable(DataType dtype) {
  switch (dtype) {
    case DataType::kFloat:
    case DataType::kDouble:
    case DataType::kInt32:
    case DataType::kInt16:
    case DataType::kInt8:
    case DataType::kUint8:
    case DataType::kString:
    case DataType::kInt64:
    case DataType::kBool:
    case DataType::kUint32:
    case DataType::kUint64:
      return true;
    default:
      return false;
  }
}

// Between two elements of a list, before the first one and behind the last one.
struct ListLayout {
  bool single_line;
  size_t depth;  // brackets open around the list
};

void NewLine(size_t depth, OutputBuffer* out) {
  const size_t bytes = 1 + depth * kIndent;
  char* p = out->Ensure(bytes);
  *p = '\n';
  std::memset(p + 1, ' ', bytes - 1);
  out->Commit(bytes);
}

// Prints the elements of one tensor in order, each with what its place demands.
class TensorPrinter {
 public:
  TensorPrinter(const NamedTensorView& output, OutputBuffer* out)
      : tensor_(output.tensor),
        as_base64_(output.name.size() >= kBytesSuffix.size() &&
                   output.name.substr(output.name.size() - kBytesSuffix.size()) == kBytesSuffix),
        out_(out) {}

  // Prints what dimensions [first, rank) hold, from the next element on.
  void Print(int first, const ListLayout& layout) {
    switch (tensor_.dtype) {
      case DataType::kFloat:
        return Lists(first, layout, [this](size_t) { Number<float>(WriteJsonFloat); });
      case DataType::kDouble:
        return Lists(first, layout, [this](size_t) { Number<double>(WriteJsonDouble); });
      case DataType::kInt32:
        return Lists(first, layout, [this](size_t) { Number<int32_t>(WriteInteger<int32_t>); });
      case DataType::kInt16:
        return Lists(first, layout, [this](size_t) { Number<int16_t>(WriteInteger<int16_t>); });
      case DataType::kInt8:
        return Lists(first, layout, [this](size_t) { Number<int8_t>(WriteInteger<int8_t>); });
      case DataType::kUint8:
        return Lists(first, layout, [this](size_t) { Number<uint8_t>(WriteInteger<uint8_t>); });
      case DataType::kInt64:
        return Lists(first, layout, [this](size_t) { Number<int64_t>(WriteInteger<int64_t>); });
      case DataType::kUint32:
        return Lists(first, layout, [this](size_t) { Number<uint32_t>(WriteInteger<uint32_t>); });
      case DataType::kUint64:
        return Lists(first, layout, [this](size_t) { Number<uint64_t>(WriteInteger<uint64_t>); });
      case DataType::kBool:
        return Lists(first, layout, [this](size_t) {
          out_->Append(static_cast<const uint8_t*>(tensor_.data)[next_++] != 0 ? "true" : "false");
        });
      default:
        return Lists(first, layout, [this](size_t depth) { String(depth); });
    }
  }

 private:
  template <typename T>
  static char* WriteInteger(T value, char* out) {
    return std::to_chars(out, out + kMaxJsonNumberBytes, value).ptr;
  }

  template <typename T, typename Write>
  void Number(Write write) {
    char* const p = out_->Ensure(kMaxJsonNumberBytes);
    const T value = static_cast<const T*>(tensor_.data)[next_++];
    out_->Commit(static_cast<size_t>(write(value, p) - p));
  }

  void String(size_t depth) {
    const std::string_view text = tensor_.string_at(tensor_.data, next_++);
    if (!as_base64_) return AppendJsonString(text, out_);
    out_->Append('{');
    NewLine(depth + 1, out_);
    out_->Append("\"b64\": \"");
    char* const p = out_->Ensure(EncodedBase64Size(text.size()));
    out_->Commit(static_cast<size_t>(EncodeBase64(text, p) - p));
    out_->Append('"');
    NewLine(depth, out_);
    out_->Append('}');
  }

  // `leaf(depth)` prints one element with `depth` brackets open around it.
  template <typename Leaf>
  void Lists(int first, const ListLayout& layout, const Leaf& leaf) {
    // Lists below an empty dimension do not exist, so that dimension is the last to print.
    int last = first;
    while (last < tensor_.rank && tensor_.dims[last] != 0) ++last;
    const bool empty_leaves = last < tensor_.rank;
    const int levels = last - first;
    if (levels == 0) {
      return empty_leaves ? out_->Append("[]") : leaf(layout.depth);
    }
    int64_t left[256];  // elements still to come, per open list; a rank is at most kMaxRank
    int open = 0;
    while (true) {
      for (; open < levels; ++open) {
        out_->Append('[');
        left[open] = tensor_.dims[first + open];
        if (!layout.single_line) NewLine(layout.depth + static_cast<size_t>(open) + 1, out_);
      }
      const size_t depth = layout.depth + static_cast<size_t>(levels);
      while (true) {
        empty_leaves ? out_->Append("[]") : leaf(depth);
        if (--left[levels - 1] == 0) break;
        Separate(layout.single_line, depth);
      }
      do {
        --open;
        if (!layout.single_line) NewLine(layout.depth + static_cast<size_t>(open), out_);
        out_->Append(']');
      } while (open > 0 && --left[open - 1] == 0);
      if (open == 0) return;
      Separate(layout.single_line, layout.depth + static_cast<size_t>(open));
    }
  }

  void Separate(bool single_line, size_t depth) {
    if (single_line) return out_->Append(", ");
    out_->Append(',');
    NewLine(depth, out_);
  }

  const TensorView& tensor_;
  const bool as_base64_;
  OutputBuffer* const out_;
  int64_t next_ = 0;
};

void AppendName(std::string_view name, OutputBuffer* out) {
  AppendJsonString(name, out);
  out->Append(": ");
}

Status CheckBatch(const std::vector<NamedTensorView>& outputs) {
  const NamedTensorView* first = nullptr;
  for (const NamedTensorView& output : outputs) {
    if (output.tensor.rank == 0) {
      return InvalidArgument("Tensor name: " + std::string(output.name) +
                             " has no shape information ");
    }
    if (first == nullptr) first = &output;
    if (output.tensor.dims[0] != first->tensor.dims[0]) {
      return InvalidArgument(
                 "Tensor name: " + std::string(output.name) +
                 " has inconsistent batch size: " + std::to_string(output.tensor.dims[0]) +
                 " expecting: " + std::to_string(first->tensor.dims[0]))
          .With("instances", "the rows of output " + Quoted(output.name) +
                                 " are not as many as those of " + Quoted(first->name) +
                                 "; the columnar form, \"inputs\", does not need that");
    }
  }
  return Status();
}

void EncodeRows(const std::vector<NamedTensorView>& outputs, OutputBuffer* out) {
  std::vector<TensorPrinter> printers;
  printers.reserve(outputs.size());
  for (const NamedTensorView& output : outputs) printers.emplace_back(output, out);
  const int64_t rows = outputs[0].tensor.dims[0];
  out->Append("{\n    \"predictions\": [");
  for (int64_t row = 0; row < rows; ++row) {
    if (outputs.size() == 1) {
      if (row > 0) out->Append(", ");
      printers[0].Print(1, {true, 2});
      continue;
    }
    out->Append(row > 0 ? ",\n        {" : "\n        {");
    for (size_t i = 0; i < outputs.size(); ++i) {
      out->Append(i > 0 ? ",\n            " : "\n            ");
      AppendName(outputs[i].name, out);
      printers[i].Print(1, {true, 3});
    }
    out->Append("\n        }");
  }
  out->Append(rows > 0 ? "\n    ]\n}" : "]\n}");
}

void EncodeColumns(const std::vector<NamedTensorView>& outputs, OutputBuffer* out) {
  out->Append("{\n    \"outputs\": ");
  if (outputs.size() == 1) {
    TensorPrinter(outputs[0], out).Print(0, {false, 1});
  } else {
    out->Append('{');
    for (size_t i = 0; i < outputs.size(); ++i) {
      out->Append(i > 0 ? ",\n        " : "\n        ");
      AppendName(outputs[i].name, out);
      TensorPrinter(outputs[i], out).Print(0, {false, 2});
    }
    out->Append("\n    }");
  }
  out->Append("\n}");
}

}  // namespace

Status EncodePredictJson(JsonFormat format, const std::vector<NamedTensorView>& outputs,
                         OutputBuffer* out) {
  if (outputs.empty()) return InvalidArgument("Cannot convert empty tensor map to JSON");
  if (format == JsonFormat::kRow) {
    Status status = CheckBatch(outputs);
    if (!status.ok()) return status;
  }
  for (const NamedTensorView& output : outputs) {
    // A tensor without elements prints whatever its type is: upstream meets no value to refuse.
    if (output.tensor.elements > 0 && !IsPrintable(output.tensor.dtype)) {
      return InvalidArgument("Failed to write JSON value for tensor type: " +
                             DataTypeName(output.tensor.dtype))
          .With("signature_name", "output " + Quoted(output.name) + " has no form in JSON");
    }
  }
  if (format == JsonFormat::kRow) {
    EncodeRows(outputs, out);
  } else {
    EncodeColumns(outputs, out);
  }
  return Status();
}

}  // namespace tensorgate
