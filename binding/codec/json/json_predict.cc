// DecodePredictJson, CheckPredictJson and the slow way to decode: the document first, then
// upstream's checks in upstream's order, with its texts.
#include "codec/json/json_predict.h"

#include <algorithm>
#include <utility>

#include "codec/json/json_document.h"
#include "codec/json/json_dump.h"
#include "codec/json/json_predict_paths.h"
#include "codec/json/json_request_head.h"
#include "codec/json/json_tensor_filler.h"
#include "tensor/type_text.h"

namespace tensorgate {
namespace {

constexpr size_t kMaxNamesShown = 8;

std::string Rendered(const Status& status) {
  return std::string(CodeName(status.code())) + ": " + status.message();
}

std::string ShapeText(const std::vector<int64_t>& shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) text += ',';
    text += std::to_string(shape[i]);
  }
  return text + ']';
}

// One input of a row-format request: its rows so far.
class RowInput {
 public:
  RowInput(const InputSpec& spec, const JsonDocument& document, size_t* budget, NamedTensor* named)
      : filler_(spec.alias, document, budget, &named->tensor) {
    named->name = spec.alias;
    named->tensor.dtype = spec.dtype;
  }

  Status Append(size_t node) {
    Status status = filler_.Append(node);
    if (!status.ok()) return status;
    if (!started_) {
      started_ = true;
      elements_ = filler_.elements();
      shape_ = filler_.shape();
    } else if (elements_ != filler_.elements()) {
      return InvalidArgument("Expecting tensor size: " + std::to_string(elements_) +
                             " but got: " + std::to_string(filler_.elements()))
          .With("", UnlikeTheFirst());
    } else if (shape_ != filler_.shape()) {
      return InvalidArgument("Expecting shape " + ShapeText(shape_) +
                             " but got: " + ShapeText(filler_.shape()))
          .With("", UnlikeTheFirst());
    }
    return Status();
  }

  bool too_deep() const { return filler_.too_deep(); }

  Status Finish(int64_t rows) {
    shape_.insert(shape_.begin(), rows);
    return filler_.Finish(std::move(shape_));
  }

 private:
  std::string UnlikeTheFirst() const {
    return "expected shape " + ShapeText(shape_) + ", as the first instance, got " +
           ShapeText(filler_.shape());
  }

  JsonTensorFiller filler_;
  bool started_ = false;
  int64_t elements_ = 0;
  std::vector<int64_t> shape_;
};

class SlowDecoder {
 public:
  SlowDecoder(const JsonDocument& document, const std::vector<InputSpec>& specs,
              const DecodeLimits& limits, JsonPredictRequest* request)
      : document_(document), specs_(specs), budget_(limits.max_tensor_bytes), request_(request) {}

  Status Run() {
    const size_t instances = document_.Find(JsonDocument::kRoot, "instances");
    const size_t inputs = document_.Find(JsonDocument::kRoot, "inputs");
    if (instances == JsonDocument::kNone && inputs == JsonDocument::kNone) {
      return InvalidArgument("Missing 'inputs' or 'instances' key")
          .With("body", "expected a member \"instances\" or \"inputs\", got " + Members());
    }
    if (instances == JsonDocument::kNone) {
      request_->format = JsonFormat::kColumnar;
      return Columns(inputs);
    }
    if (inputs != JsonDocument::kNone) {
      return JsonFormatError(
                 document_,
                 "Not formatted correctly expecting only one of 'inputs' or 'instances' "
                 "keys to exist ")
          .With("body", "expected one of \"instances\" and \"inputs\", got both");
    }
    if (!document_.IsArray(instances)) {
      return JsonFormatError(document_, "Expecting 'instances' to be an list/array")
          .With("instances", WrongJson(document_, instances, "a list"));
    }
    if (document_.size(instances) == 0) {
      return JsonFormatError(document_, "No values in 'instances' array")
          .With("instances", "expected at least one instance, got an empty list");
    }
    request_->format = JsonFormat::kRow;
    return Rows(instances);
  }

 private:
  // Neither a plain value nor a base64 object.
  bool IsNamedObject(size_t node) const {
    return document_.IsObject(node) && !IsBase64Object(document_, node);
  }

  // The inputs of the signature, for violations.
  std::string Aliases() const {
    std::string names;
    for (size_t i = 0; i < specs_.size() && i < kMaxNamesShown; ++i) {
      if (i > 0) names += ", ";
      names += Quoted(specs_[i].alias);
    }
    return names;
  }

  // The members of the request, likewise.
  std::string Members() const {
    std::string names;
    size_t at = JsonDocument::kRoot + 1;
    for (size_t i = 0; i < document_.size(JsonDocument::kRoot) && i < kMaxNamesShown; ++i) {
      std::string scratch;
      if (i > 0) names += ", ";
      names += Quoted(document_.StringValue(at, &scratch));
      at = document_.Next(at + 1);
    }
    return names.empty() ? "no member" : names;
  }

  Status Rows(size_t instances) {
    const size_t first = instances + 1;
    if (!document_.IsObject(first) && specs_.size() > 1) {
      return InvalidArgument(
                 "instances is a plain list, but expecting list of objects as multiple input "
                 "tensors required as per tensorinfo_map")
          .With("instances[0]",
                WrongJson(document_, first, "an object with the members " + Aliases()));
    }
    const bool named = IsNamedObject(first);
    // Plain rows feed one input, even where the signature has several and the rows are base64
    // objects: upstream picks one then too, and the run fails on the missing ones.
    const size_t inputs = named ? specs_.size() : 1;
    request_->inputs.resize(inputs);
    rows_.reserve(inputs);
    for (size_t i = 0; i < inputs; ++i) {
      rows_.emplace_back(specs_[i], document_, &budget_, &request_->inputs[i]);
    }
    const size_t count = document_.size(instances);
    size_t node = first;
    for (size_t row = 0; row < count; ++row, node = document_.Next(node)) {
      Status status = named ? NamedRow(row, node) : PlainRow(row, node);
      if (!status.ok()) return status;
    }
    for (size_t i = 0; i < inputs; ++i) {
      Status status = rows_[i].Finish(static_cast<int64_t>(count));
      if (!status.ok()) return status;
    }
    return Status();
  }

  // Not one of our own limits: upstream wraps its errors once more.
  static bool IsOfUpstream(const Status& status, const RowInput& input) {
    return status.code() != Code::kResourceExhausted && !input.too_deep();
  }

  Status PlainRow(size_t row, size_t node) {
    const std::string item = std::to_string(row);
    if (IsNamedObject(node)) {
      return InvalidArgument("Expecting value/list but got object at item " + item +
                             " of input list")
          .With("instances" + IndexStep(row),
                WrongJson(document_, node, "a value or list, as the first instance"));
    }
    Status status = rows_[0].Append(node);
    if (status.ok()) return status;
    status = std::move(status).Under("instances" + IndexStep(row));
    if (!IsOfUpstream(status, rows_[0])) return status;
    return InvalidArgument("Failed to process element: " + item +
                           " of 'instances' list. Error: " + Rendered(status))
        .WithThoseOf(status, {});
  }

  Status NamedRow(size_t row, size_t node) {
    if (!IsNamedObject(node)) {
      return InvalidArgument("Expecting object but got list at item " + std::to_string(row) +
                             " of input list")
          .With("instances" + IndexStep(row),
                WrongJson(document_, node, "an object with the members " + Aliases()));
    }
    seen_.assign(specs_.size(), false);
    size_t at = node + 1;
    for (size_t left = document_.size(node); left > 0; --left) {
      std::string_view name = document_.StringValue(at, &scratch_);
      name = name.substr(0, name.find('\0'));
      Status status = NamedValue(name, at + 1);
      if (!status.ok()) {
        status = std::move(status).Under("instances" + IndexStep(row) + MemberStep(name));
        if (appended_ != nullptr && !IsOfUpstream(status, *appended_)) return status;
        return InvalidArgument("Failed to process element: " + std::to_string(row) +
                               " key: " + ShownJsonText(name) +
                               " of 'instances' list. Error: " + Rendered(status))
            .WithThoseOf(status, {});
      }
      at = document_.Next(at + 1);
    }
    if (std::find(seen_.begin(), seen_.end(), false) == seen_.end()) return Status();
    std::string names;
    std::string missing;
    for (size_t i = 0; i < specs_.size(); ++i) {
      if (i > 0) names += ',';
      names += specs_[i].alias;
      if (seen_[i]) continue;
      if (!missing.empty()) missing += ", ";
      missing += Quoted(specs_[i].alias);
    }
    return InvalidArgument("Failed to process element: " + std::to_string(row) +
                           " of 'instances' list. JSON object: " + DumpJson(document_, node) +
                           " keys must be equal to: " + names)
        .With("instances" + IndexStep(row), "expected the members " + Aliases() + ", missing " +
                                                missing + " " + document_.PlaceOf(node));
  }

  Status NamedValue(std::string_view name, size_t node) {
    for (size_t i = 0; i < specs_.size(); ++i) {
      if (specs_[i].alias != name) continue;
      seen_[i] = true;
      appended_ = &rows_[i];
      return appended_->Append(node);
    }
    appended_ = nullptr;
    return InvalidArgument("JSON object: does not have named input: " + ShownJsonText(name))
        .With("", "not an input of the signature, whose inputs are " + Aliases());
  }

  Status Columns(size_t value) {
    if (!IsNamedObject(value)) {
      if (specs_.size() > 1) {
        return InvalidArgument(
                   "inputs is a plain value/list, but expecting an object as multiple input "
                   "tensors "
                   "required as per tensorinfo_map")
            .With("inputs", WrongJson(document_, value, "an object with the members " + Aliases()));
      }
      request_->inputs.resize(1);
      return Column(specs_[0], value, "inputs", &request_->inputs[0]);
    }
    request_->inputs.resize(specs_.size());
    for (size_t i = 0; i < specs_.size(); ++i) {
      const size_t member = document_.Find(value, specs_[i].alias);
      if (member == JsonDocument::kNone) {
        return InvalidArgument("Missing named input: " + specs_[i].alias + " in 'inputs' object.")
            .With("inputs" + MemberStep(specs_[i].alias),
                  "expected " + DataTypeEnumName(specs_[i].dtype) + ", got nothing");
      }
      Status status =
          Column(specs_[i], member, "inputs" + MemberStep(specs_[i].alias), &request_->inputs[i]);
      if (!status.ok()) return status;
    }
    return Status();
  }

  Status Column(const InputSpec& spec, size_t node, const std::string& path, NamedTensor* named) {
    named->name = spec.alias;
    named->tensor.dtype = spec.dtype;
    JsonTensorFiller filler(spec.alias, document_, &budget_, &named->tensor);
    Status status = filler.Append(node);
    if (status.ok()) return filler.Finish(filler.shape());
    return std::move(status).Under(path);
  }

  const JsonDocument& document_;
  const std::vector<InputSpec>& specs_;
  size_t budget_;
  JsonPredictRequest* const request_;
  std::vector<RowInput> rows_;
  RowInput* appended_ = nullptr;  // what the last member of a row went to
  std::vector<bool> seen_;
  std::string scratch_;
};

}  // namespace

Status DecodePredictJson(std::string_view body, const SignatureLookup& signatures,
                         const DecodeLimits& limits, JsonPredictRequest* request) {
  if (DecodePredictJsonFast(body, signatures, limits, request)) return Status();
  return DecodePredictJsonSlow(body, signatures, limits, request);
}

Status DecodePredictJsonSlow(std::string_view body, const SignatureLookup& signatures,
                             const DecodeLimits& limits, JsonPredictRequest* request) {
  request->inputs.clear();
  JsonDocument document;
  std::string name;
  Status status = ReadJsonRequestHead(body, &document, &name);
  if (!status.ok()) return status;
  request->signature_name = name.empty() ? std::string(kDefaultSignature) : name;
  const std::vector<InputSpec>* specs = signatures(request->signature_name);
  if (specs == nullptr) {
    return InvalidArgument("Serving signature name: \"" + ShownJsonText(request->signature_name) +
                           "\" not found in signature def");
  }
  if (specs->empty()) {
    return InvalidArgument("Failed to get input map for signature: " +
                           (name.empty() ? "DEFAULT" : ShownJsonText(name)))
        .With("signature_name", "the signature has no inputs to feed");
  }
  return SlowDecoder(document, *specs, limits, request).Run();
}

Status CheckPredictJson(std::string_view body) {
  JsonDocument document;
  std::string name;
  return ReadJsonRequestHead(body, &document, &name);
}

}  // namespace tensorgate
