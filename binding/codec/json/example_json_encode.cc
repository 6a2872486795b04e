// EncodeClassificationJson and EncodeRegressionJson: the reply's text with upstream's layout, byte
// for byte. Classes are printed on one line, but the bracket that ends them has a line of its own.
// Owns nothing; any thread.
#include "codec/json/json_write.h"
#include "codec/proto/example_request.h"

namespace tensorgate {
namespace {

constexpr std::string_view kHead = "{\n    \"results\": [";

void AppendFloat(float value, OutputBuffer* out) {
  char* const begin = out->Ensure(kMaxJsonNumberBytes);
  out->Commit(static_cast<size_t>(WriteJsonFloat(value, begin) - begin));
}

}  // namespace

Status EncodeClassificationJson(const ClassificationTensors& result, OutputBuffer* out) {
  if (result.examples == 0) {
    return InvalidArgument("Cannot convert empty ClassificationResults to JSON");
  }
  const float* scores =
      result.scores == nullptr ? nullptr : static_cast<const float*>(result.scores->data);
  out->Append(kHead);
  int64_t next = 0;
  for (int64_t row = 0; row < result.examples; ++row) {
    out->Append(row > 0 ? ", [" : "[");
    for (int64_t i = 0; i < result.classes; ++i, ++next) {
      out->Append(i > 0 ? ", [" : "[");
      AppendJsonString(result.labels == nullptr
                           ? std::string_view()
                           : result.labels->string_at(result.labels->data, next),
                       out);
      out->Append(", ");
      AppendFloat(scores == nullptr ? 0 : scores[next], out);
      out->Append(']');
    }
    out->Append(']');
  }
  out->Append("\n    ]\n}");
  return Status();
}

Status EncodeRegressionJson(const RegressionTensors& result, OutputBuffer* out) {
  if (result.examples == 0) {
    return InvalidArgument("Cannot convert empty RegressionResults to JSON");
  }
  const float* values = static_cast<const float*>(result.values->data);
  out->Append(kHead);
  for (int64_t i = 0; i < result.examples; ++i) {
    if (i > 0) out->Append(", ");
    AppendFloat(values[i], out);
  }
  out->Append("]\n}");
  return Status();
}

}  // namespace tensorgate
