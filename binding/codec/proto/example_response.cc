// Classification, regression and multi-inference responses on the protobuf wire. Lengths stand in
// front of what they cover, so every message is measured before its first byte is written. Owns
// nothing; any thread.
#include <cstring>

#include "codec/proto/example_request.h"
#include "codec/proto/wire.h"

namespace tensorgate {
namespace {

// ClassificationResponse and RegressionResponse; their model_spec comes from EncodePredictResponse.
constexpr uint32_t kResponseResultField = 1;

// MultiInferenceResponse and InferenceResult.
constexpr uint32_t kResultsField = 1;
constexpr uint32_t kResultModelSpecField = 1;
constexpr uint32_t kResultClassificationField = 2;
constexpr uint32_t kResultRegressionField = 3;

constexpr uint32_t kClassificationsField = 1;
constexpr uint32_t kClassesField = 1;
constexpr uint32_t kClassLabelField = 1;
constexpr uint32_t kClassScoreField = 2;
constexpr uint32_t kRegressionsField = 1;
constexpr uint32_t kRegressionValueField = 1;

// A float is left out when it is +0; -0 is not the default.
bool IsDefault(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits == 0;
}

size_t FloatFieldSize(float value) { return IsDefault(value) ? 0 : 1 + sizeof(value); }

void WriteFloatField(uint32_t field, float value, WireWriter* writer) {
  if (IsDefault(value)) return;
  writer->ShortTag(field, WireType::kFixed32);
  writer->Raw(&value, sizeof(value));
}

// A ClassificationResult, or a RegressionResult.
class ResultWriter {
 public:
  explicit ResultWriter(const ClassificationTensors& result) : classification_(&result) {
    row_bytes_.reserve(static_cast<size_t>(result.examples));
    for (int64_t row = 0; row < result.examples; ++row) {
      size_t bytes = 0;
      for (int64_t i = 0; i < result.classes; ++i) {
        bytes += 1 + PrefixedSize(ClassSize(row * result.classes + i));
      }
      row_bytes_.push_back(bytes);
      size_ += 1 + PrefixedSize(bytes);
    }
  }
  explicit ResultWriter(const RegressionTensors& result)
      : values_(static_cast<const float*>(result.values->data)), examples_(result.examples) {
    for (int64_t i = 0; i < examples_; ++i) size_ += 1 + PrefixedSize(FloatFieldSize(values_[i]));
  }

  // UNITS: bytes of the message, without its prefix.
  size_t size() const { return size_; }

  void Write(WireWriter* writer) const {
    if (classification_ == nullptr) {
      for (int64_t i = 0; i < examples_; ++i) {
        writer->Prefix(kRegressionsField, FloatFieldSize(values_[i]));
        WriteFloatField(kRegressionValueField, values_[i], writer);
      }
      return;
    }
    int64_t next = 0;
    for (const size_t bytes : row_bytes_) {
      writer->Prefix(kClassificationsField, bytes);
      for (int64_t i = 0; i < classification_->classes; ++i) WriteClass(next++, writer);
    }
  }

 private:
  std::string_view Label(int64_t index) const {
    const TensorView* labels = classification_->labels;
    return labels == nullptr ? std::string_view() : labels->string_at(labels->data, index);
  }
  float Score(int64_t index) const {
    const TensorView* scores = classification_->scores;
    return scores == nullptr ? 0 : static_cast<const float*>(scores->data)[index];
  }
  static size_t LabelSize(std::string_view label) {
    return label.empty() ? 0 : 1 + PrefixedSize(label.size());
  }
  size_t ClassSize(int64_t index) const {
    return LabelSize(Label(index)) + FloatFieldSize(Score(index));
  }
  void WriteClass(int64_t index, WireWriter* writer) const {
    const std::string_view label = Label(index);
    const float score = Score(index);
    writer->Prefix(kClassesField, LabelSize(label) + FloatFieldSize(score));
    if (!label.empty()) writer->Bytes(kClassLabelField, label);
    WriteFloatField(kClassScoreField, score, writer);
  }

  const ClassificationTensors* classification_ = nullptr;
  std::vector<size_t> row_bytes_;  // of each Classifications, without its prefix
  const float* values_ = nullptr;
  int64_t examples_ = 0;
  size_t size_ = 0;
};

// model_spec as the field of a response: a PredictResponse without outputs is just that, and the
// other responses have it under the same number.
OutputBuffer SpecField(const EffectiveSpec& spec) {
  OutputBuffer field;
  // Outputs alone can fail to encode.
  (void)EncodePredictResponse(spec.name, spec.version, spec.signature_name, {}, false, &field).ok();
  return field;
}

void EncodeResponse(const EffectiveSpec& spec, const ResultWriter& result, OutputBuffer* out) {
  const OutputBuffer spec_field = SpecField(spec);
  WireWriter writer(out, 1 + PrefixedSize(result.size()) + spec_field.size());
  writer.Prefix(kResponseResultField, result.size());
  result.Write(&writer);
  writer.Raw(spec_field.view().data(), spec_field.size());
  writer.Done();
}

void EncodeInferenceResult(const EffectiveSpec& spec, uint32_t field, const ResultWriter& result,
                           OutputBuffer* out) {
  const OutputBuffer spec_field = SpecField(spec);
  std::string_view spec_bytes;
  uint32_t spec_number;
  WireType spec_type;
  WireReader reader(spec_field.view());
  if (!reader.ReadTag(&spec_number, &spec_type) || !reader.ReadBytes(&spec_bytes)) return;

  const size_t size = 1 + PrefixedSize(spec_bytes.size()) + 1 + PrefixedSize(result.size());
  WireWriter writer(out, 1 + PrefixedSize(size));
  writer.Prefix(kResultsField, size);
  writer.Bytes(kResultModelSpecField, spec_bytes);
  writer.Prefix(field, result.size());
  result.Write(&writer);
  writer.Done();
}

}  // namespace

void EncodeClassificationResponse(const EffectiveSpec& spec, const ClassificationTensors& result,
                                  OutputBuffer* out) {
  EncodeResponse(spec, ResultWriter(result), out);
}

void EncodeRegressionResponse(const EffectiveSpec& spec, const RegressionTensors& result,
                              OutputBuffer* out) {
  EncodeResponse(spec, ResultWriter(result), out);
}

void EncodeMultiInferenceResponse(const std::vector<InferenceResult>& results, OutputBuffer* out) {
  for (const InferenceResult& result : results) {
    if (result.classification != nullptr) {
      EncodeInferenceResult(result.spec, kResultClassificationField,
                            ResultWriter(*result.classification), out);
    } else {
      EncodeInferenceResult(result.spec, kResultRegressionField, ResultWriter(*result.regression),
                            out);
    }
  }
}

}  // namespace tensorgate
