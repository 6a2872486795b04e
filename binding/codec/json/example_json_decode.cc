// DecodeExamplesJson: JSON objects to serialized tf.Examples, checked in upstream's order and
// refused in upstream's words. A feature is an entry of a map; an object's entries are encoded one
// after the other, then those that a later one of the same name replaces are left out.
#include <algorithm>
#include <utility>

#include "codec/json/base64.h"
#include "codec/json/json_predict_paths.h"
#include "codec/json/json_request_head.h"
#include "codec/json/json_tensor_filler.h"
#include "codec/proto/example_request.h"
#include "codec/proto/wire.h"

namespace tensorgate {
namespace {

// tf.Example, tf.Features and its map entries, and the value field of all three lists.
constexpr uint32_t kExampleFeaturesField = 1;
constexpr uint32_t kFeaturesFeatureField = 1;
constexpr uint32_t kListValueField = 1;

// The kinds of tf.Feature by their field numbers.
enum class FeatureKind : uint32_t { kNone = 0, kBytes = 1, kFloat = 2, kInt64 = 3 };

const char* KindName(FeatureKind kind) {
  static constexpr const char* kNames[] = {"UNKNOWN", "bytes", "float", "int64"};
  return kNames[static_cast<size_t>(kind)];
}

Status BeyondLimit() {
  return Status(Code::kResourceExhausted,
                "The examples of the JSON request are larger than the server's limit");
}

// Serializes objects as examples. One for all objects of a request, so that its buffers are reused.
class ExampleEncoder {
 public:
  explicit ExampleEncoder(const JsonDocument& document) : document_(document) {}

  // Appends the example to `out`.
  Status Append(size_t object, std::string* out) {
    if (!document_.IsObject(object)) {
      return InvalidArgument(std::string("Example must be JSON object but got JSON ") +
                             JsonTypeName(document_.type(object)))
          .With("", WrongJson(document_, object, "an object of features"));
    }
    entries_.clear();
    encoded_.Clear();
    size_t at = object + 1;
    for (size_t left = document_.size(object); left > 0; --left) {
      std::string_view name = document_.StringValue(at, &name_scratch_);
      name = name.substr(0, name.find('\0'));  // as upstream, whose names are C strings
      Status status = AppendFeature(name, at + 1);
      if (!status.ok()) return std::move(status).Under(MemberStep(name));
      at = document_.Next(at + 1);
    }
    if (!entries_.empty()) WriteExample(out);
    return Status();
  }

 private:
  // One feature in `encoded_`, as the map entry with its prefix.
  struct Entry {
    size_t begin;
    size_t end;
    size_t name_begin;
    size_t name_size;
    bool replaced;
  };

  Status AppendFeature(std::string_view name, size_t node) {
    kind_ = FeatureKind::kNone;
    values_.Clear();
    if (document_.IsArray(node)) {
      size_t at = node + 1;
      for (size_t left = document_.size(node); left > 0; --left, at = document_.Next(at)) {
        Status status = AppendElement(name, at);
        if (!status.ok()) {
          return std::move(status).Under(IndexStep(document_.size(node) - left));
        }
      }
    } else {
      Status status = AppendElement(name, node);
      if (!status.ok()) return status;
    }
    WriteEntry(name);
    return Status();
  }

  Status AppendElement(std::string_view name, size_t node) {
    switch (document_.type(node)) {
      case JsonType::kFalse:
      case JsonType::kTrue:
        return AppendInt64(name, document_.type(node) == JsonType::kTrue ? 1 : 0);
      case JsonType::kNumber:
        return AppendNumber(name, document_.number(node));
      case JsonType::kString:
        return AppendBytes(name, document_.StringValue(node, &scratch_));
      case JsonType::kObject:
        if (!IsBase64Object(document_, node)) break;
        return AppendBase64(name, node + 2);
      case JsonType::kNull:
      case JsonType::kArray:
        break;
    }
    return InvalidArgument(
               "Feature: " + ShownJsonText(name) +
               " has element with unexpected JSON type: " + JsonTypeName(document_.type(node)))
        .With("", WrongJson(document_, node, "a number, a boolean, a string or {\"b64\": ...}"));
  }

  // The first element fixes the kind.
  Status TakeKind(std::string_view name, FeatureKind kind) {
    if (kind_ != FeatureKind::kNone && kind_ != kind) {
      return InvalidArgument("Unexpected element type in feature: " + ShownJsonText(name) +
                             " expecting type: " + KindName(kind_))
          .With("", std::string("expected ") + KindName(kind_) + ", as the first element, got " +
                        KindName(kind));
    }
    kind_ = kind;
    return Status();
  }

  Status AppendNumber(std::string_view name, const JsonNumber& number) {
    if (!number.is_integer) {
      Status status = TakeKind(name, FeatureKind::kFloat);
      if (!status.ok()) return status;
      const float value = static_cast<float>(number.real);
      values_.Append(std::string_view(reinterpret_cast<const char*>(&value), sizeof(value)));
      return Status();
    }
    if (number.FitsInt64()) return AppendInt64(name, number.ToInt64());
    Status status = TakeKind(name, FeatureKind::kInt64);
    if (!status.ok()) return status;
    return InvalidArgument("Feature: " + ShownJsonText(name) +
                           " has uint64_t element. Only int64_t is supported.")
        .With("", "expected at most 9223372036854775807, got " + std::to_string(number.magnitude));
  }

  Status AppendInt64(std::string_view name, int64_t value) {
    Status status = TakeKind(name, FeatureKind::kInt64);
    if (!status.ok()) return status;
    WireWriter writer(&values_, kMaxVarintBytes);
    writer.Varint(static_cast<uint64_t>(value));
    writer.Done();
    return Status();
  }

  Status AppendBytes(std::string_view name, std::string_view value) {
    Status status = TakeKind(name, FeatureKind::kBytes);
    if (!status.ok()) return status;
    WireWriter writer(&values_, 1 + PrefixedSize(value.size()));
    writer.Bytes(kListValueField, value);
    writer.Done();
    return Status();
  }

  Status AppendBase64(std::string_view name, size_t node) {
    Status status = TakeKind(name, FeatureKind::kBytes);
    if (!status.ok()) return status;
    const std::string_view text = document_.StringValue(node, &scratch_);
    if (!DecodeBase64(text, &decoded_)) {
      return InvalidArgument("Unable to base64 decode")
          .With(".b64", "expected base64, got " + Quoted(text) + " " + document_.PlaceOf(node));
    }
    return AppendBytes(name, decoded_);
  }

  // `values_` as a feature of kind `kind_`. Numbers are packed, so that their list is one field.
  void WriteEntry(std::string_view name) {
    const bool is_packed = kind_ != FeatureKind::kBytes;
    const size_t list = is_packed ? 1 + PrefixedSize(values_.size()) : values_.size();
    const size_t feature = kind_ == FeatureKind::kNone ? 0 : 1 + PrefixedSize(list);
    const size_t entry = 1 + PrefixedSize(name.size()) + 1 + PrefixedSize(feature);
    const size_t begin = encoded_.size();
    WireWriter writer(&encoded_, 1 + PrefixedSize(entry));
    writer.Prefix(kFeaturesFeatureField, entry);
    writer.Bytes(kMapKeyField, name);
    writer.Prefix(kMapValueField, feature);
    if (kind_ != FeatureKind::kNone) {
      writer.Prefix(static_cast<uint32_t>(kind_), list);
      if (is_packed) writer.Prefix(kListValueField, values_.size());
      writer.Raw(values_.view().data(), values_.size());
    }
    writer.Done();
    const size_t value = 1 + PrefixedSize(feature);
    const size_t end = encoded_.size();
    entries_.push_back({begin, end, end - value - name.size(), name.size(), false});
  }

  std::string_view NameOf(const Entry& entry) const {
    return encoded_.view().substr(entry.name_begin, entry.name_size);
  }

  // The last feature of a name wins. Left in, the others would not always lose: TensorFlow's parser
  // takes an earlier one where the last has no values. Sorted, not hashed: the names are the
  // client's choice, and so would collisions be.
  void MarkReplaced() {
    if (entries_.size() < 2) return;
    order_.resize(entries_.size());
    for (size_t i = 0; i < order_.size(); ++i) order_[i] = i;
    std::sort(order_.begin(), order_.end(), [this](size_t a, size_t b) {
      const int compared = NameOf(entries_[a]).compare(NameOf(entries_[b]));
      return compared != 0 ? compared < 0 : a < b;
    });
    for (size_t i = 0; i + 1 < order_.size(); ++i) {
      Entry& entry = entries_[order_[i]];
      entry.replaced = NameOf(entry) == NameOf(entries_[order_[i + 1]]);
    }
  }

  void WriteExample(std::string* out) {
    MarkReplaced();
    size_t features = 0;
    for (const Entry& entry : entries_) {
      if (!entry.replaced) features += entry.end - entry.begin;
    }
    values_.Clear();
    WireWriter writer(&values_, 1 + kMaxVarintBytes);
    writer.Prefix(kExampleFeaturesField, features);
    writer.Done();
    out->append(values_.view());
    for (const Entry& entry : entries_) {
      if (!entry.replaced) out->append(encoded_.view(), entry.begin, entry.end - entry.begin);
    }
  }

  const JsonDocument& document_;
  FeatureKind kind_ = FeatureKind::kNone;  // of the feature at hand
  OutputBuffer values_;                    // its elements, as they lie in their list
  OutputBuffer encoded_;                   // the entries of the object at hand
  std::vector<Entry> entries_;
  std::vector<size_t> order_;
  std::string name_scratch_;
  std::string scratch_;
  std::string decoded_;
};

// All examples end up in one string, each behind a copy of the context.
Status EncodeExamples(const JsonDocument& document, size_t list, const std::string& context,
                      const DecodeLimits& limits, ExampleEncoder* encoder,
                      ExampleRequest* request) {
  const size_t count = document.size(list);
  if (!context.empty() && count > limits.max_filled_bytes / context.size()) return BeyondLimit();
  size_t budget = limits.max_tensor_bytes;
  std::string& bytes = request->owned_examples.emplace_back();
  request->examples.reserve(count);  // no more than the nodes of the document take already
  size_t node = list + 1;
  for (size_t i = 0; i < count; ++i, node = document.Next(node)) {
    const size_t begin = bytes.size();
    if (budget < kStringElementBytes + context.size()) return BeyondLimit();
    bytes.append(context);
    Status status = encoder->Append(node, &bytes);
    if (!status.ok()) return std::move(status).Under("examples" + IndexStep(i));
    const size_t cost = kStringElementBytes + bytes.size() - begin;
    if (cost > budget) return BeyondLimit();
    budget -= cost;
    // Only the size counts yet: the bytes still move.
    request->examples.emplace_back(bytes.data(), bytes.size() - begin);
  }
  size_t at = 0;
  for (std::string_view& example : request->examples) {
    example = std::string_view(bytes).substr(at, example.size());
    at += example.size();
  }
  return Status();
}

}  // namespace

Status DecodeExamplesJson(std::string_view body, const DecodeLimits& limits,
                          ExampleRequest* request) {
  *request = ExampleRequest();
  JsonDocument document;
  Status status = ReadJsonRequestHead(body, &document, &request->signature_name);
  if (!status.ok()) return status;
  if (request->signature_name.empty()) request->signature_name = kDefaultSignature;

  ExampleEncoder encoder(document);
  std::string context;
  const size_t context_node = document.Find(JsonDocument::kRoot, "context");
  if (context_node != JsonDocument::kNone) {
    status = encoder.Append(context_node, &context);
    if (!status.ok()) return std::move(status).Under("context");
  }
  const size_t list = document.Find(JsonDocument::kRoot, "examples");
  if (list == JsonDocument::kNone) {
    // Upstream says "classify" to a regression too.
    return JsonFormatError(document,
                           "When method is classify, key 'examples' is expected and was not found")
        .With("examples", "expected a list of objects, got nothing");
  }
  if (!document.IsArray(list)) {
    return JsonFormatError(document, "Expecting 'examples' value to be an list/array")
        .With("examples", WrongJson(document, list, "a list of objects"));
  }
  if (document.size(list) == 0) {
    return JsonFormatError(document, "'examples' value is an empty array")
        .With("examples", "expected at least one example, got an empty list");
  }
  return EncodeExamples(document, list, context, limits, &encoder, request);
}

Status CheckExamplesJson(std::string_view body) {
  // Upstream converts the whole request before it looks for the model.
  ExampleRequest request;
  return DecodeExamplesJson(body, DecodeLimits(), &request);
}

}  // namespace tensorgate
