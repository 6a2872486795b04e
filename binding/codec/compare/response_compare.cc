// The comparison of serialized responses: both are walked in step, since one encoder wrote both.
#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "codec/compare/answer_compare.h"
#include "codec/limits.h"
#include "codec/proto/predict_proto.h"
#include "codec/proto/wire.h"
#include "status/violation.h"

namespace tensorgate {
namespace {

constexpr uint32_t kOutputsField = 1;         // PredictResponse: map<string, TensorProto>
constexpr uint32_t kResultField = 1;          // Classification- and RegressionResponse
constexpr uint32_t kRowsField = 1;            // their results: Classifications and Regressions
constexpr uint32_t kRowClassesField = 1;      // Classifications
constexpr uint32_t kLabelField = 1;           // Class
constexpr uint32_t kScoreField = 2;           // Class
constexpr uint32_t kRegressionField = 1;      // Regression
constexpr uint32_t kInferencesField = 1;      // MultiInferenceResponse: InferenceResult
constexpr uint32_t kClassificationField = 2;  // InferenceResult
constexpr uint32_t kRegressionResultField = 3;

constexpr char kMalformed[] = "not the bytes of a response";

// The occurrences of one length-delimited field of a message.
class Occurrences {
 public:
  Occurrences(std::string_view message, uint32_t field) : reader_(message), field_(field) {}

  // False at the end, and at what is malformed.
  bool Next(std::string_view* value) {
    while (!malformed_ && !reader_.AtEnd()) {
      uint32_t field;
      WireType type;
      if (!reader_.ReadTag(&field, &type)) return Malformed();
      if (field == field_ && type == WireType::kBytes) {
        return reader_.ReadBytes(value) || Malformed();
      }
      if (!reader_.Skip(field, type)) return Malformed();
    }
    return false;
  }

  bool malformed() const { return malformed_; }

 private:
  bool Malformed() {
    malformed_ = true;
    return false;
  }

  WireReader reader_;
  const uint32_t field_;
  bool malformed_ = false;
};

// `each(index, a, b)` for each pair, until one differs.
template <typename Each>
std::string InStep(std::string_view a, std::string_view b, uint32_t field, const std::string& where,
                   Each each) {
  Occurrences of_a(a, field);
  Occurrences of_b(b, field);
  for (size_t index = 0;; ++index) {
    std::string_view x, y;
    const bool has_x = of_a.Next(&x);
    const bool has_y = of_b.Next(&y);
    if (of_a.malformed() || of_b.malformed()) return where + ": " + kMalformed;
    if (!has_x && !has_y) return "";
    if (has_x != has_y) {
      return DifferenceText(where + IndexStep(index), has_x ? "there" : "none",
                            has_y ? "there" : "none");
    }
    std::string difference = each(index, x, y);
    if (!difference.empty()) return difference;
  }
}

// A Class, or with the label unused a Regression; what is 0 is not on the wire.
struct Scored {
  std::string_view label;
  float score = 0;
};

bool ReadScored(std::string_view message, bool has_label, Scored* scored) {
  const uint32_t score_field = has_label ? kScoreField : kRegressionField;
  WireReader reader(message);
  while (!reader.AtEnd()) {
    uint32_t field;
    WireType type;
    if (!reader.ReadTag(&field, &type)) return false;
    if (field == score_field && type == WireType::kFixed32) {
      uint32_t bits;
      if (!reader.ReadFixed32(&bits)) return false;
      std::memcpy(&scored->score, &bits, sizeof(bits));
    } else if (has_label && field == kLabelField && type == WireType::kBytes) {
      if (!reader.ReadBytes(&scored->label)) return false;
    } else if (!reader.Skip(field, type)) {
      return false;
    }
  }
  return true;
}

std::string ScoredDifference(std::string_view a, std::string_view b, bool has_label,
                             const std::string& where, double tolerance) {
  Scored x, y;
  if (!ReadScored(a, has_label, &x) || !ReadScored(b, has_label, &y)) {
    return where + ": " + kMalformed;
  }
  if (x.label != y.label) {
    return DifferenceText(where + ".label", Quoted(x.label), Quoted(y.label));
  }
  const double score_x = static_cast<double>(x.score);
  const double score_y = static_cast<double>(y.score);
  if (NumbersAgree(score_x, score_y, tolerance)) return "";
  return DifferenceText(where + (has_label ? ".score" : ".value"), NumberText(score_x),
                        NumberText(score_y));
}

std::string ClassesDifference(std::string_view a, std::string_view b, const std::string& where,
                              double tolerance) {
  return InStep(
      a, b, kRowsField, where + "classifications",
      [&](size_t row, std::string_view x, std::string_view y) {
        const std::string classes = where + "classifications" + IndexStep(row) + ".classes";
        return InStep(x, y, kRowClassesField, classes,
                      [&](size_t i, std::string_view c, std::string_view d) {
                        return ScoredDifference(c, d, true, classes + IndexStep(i), tolerance);
                      });
      });
}

std::string RegressionsDifference(std::string_view a, std::string_view b, const std::string& where,
                                  double tolerance) {
  return InStep(a, b, kRowsField, where + "regressions",
                [&](size_t row, std::string_view x, std::string_view y) {
                  return ScoredDifference(x, y, false, where + "regressions" + IndexStep(row),
                                          tolerance);
                });
}

using Outputs = std::vector<std::pair<std::string_view, std::string_view>>;

// By name; false on malformed bytes.
bool ReadOutputs(std::string_view response, Outputs* outputs) {
  Occurrences entries(response, kOutputsField);
  std::string_view entry;
  while (entries.Next(&entry)) {
    std::string_view key, value;
    Occurrences keys(entry, kMapKeyField);
    Occurrences values(entry, kMapValueField);
    while (keys.Next(&key)) continue;
    while (values.Next(&value)) continue;
    if (keys.malformed() || values.malformed()) return false;
    outputs->emplace_back(key, value);
  }
  std::stable_sort(outputs->begin(), outputs->end(),
                   [](const auto& x, const auto& y) { return x.first < y.first; });
  return !entries.malformed();
}

std::string ProtoDifference(std::string_view a, std::string_view b, double tolerance) {
  if (a == b) return "";
  DecodeBudget budget_a{DecodeLimits()};
  DecodeBudget budget_b{DecodeLimits()};
  Tensor x, y;
  if (!DecodeTensorProto(a, &budget_a, &x).ok() || !DecodeTensorProto(b, &budget_b, &y).ok()) {
    return std::string(": ") + kMalformed;
  }
  return TensorDifference(x, y, tolerance);
}

}  // namespace

std::string PredictDifference(std::string_view a, std::string_view b, double tolerance) {
  if (a == b) return "";
  Outputs of_a, of_b;
  if (!ReadOutputs(a, &of_a) || !ReadOutputs(b, &of_b))
    return std::string("outputs: ") + kMalformed;
  for (size_t i = 0; i < std::max(of_a.size(), of_b.size()); ++i) {
    const bool has_a = i < of_a.size() && (i >= of_b.size() || of_a[i].first <= of_b[i].first);
    const bool has_b = i < of_b.size() && (i >= of_a.size() || of_b[i].first <= of_a[i].first);
    const std::string where = "outputs" + KeyStep(has_a ? of_a[i].first : of_b[i].first);
    if (!has_a || !has_b) {
      return DifferenceText(where, has_a ? "there" : "none", has_b ? "there" : "none");
    }
    const std::string difference = ProtoDifference(of_a[i].second, of_b[i].second, tolerance);
    if (!difference.empty()) return FittingText(where + difference, kMaxDifferenceBytes);
  }
  return "";
}

std::string ClassificationDifference(std::string_view a, std::string_view b, double tolerance) {
  if (a == b) return "";
  return InStep(a, b, kResultField, "result", [&](size_t, std::string_view x, std::string_view y) {
    return ClassesDifference(x, y, "result.", tolerance);
  });
}

std::string RegressionDifference(std::string_view a, std::string_view b, double tolerance) {
  if (a == b) return "";
  return InStep(a, b, kResultField, "result", [&](size_t, std::string_view x, std::string_view y) {
    return RegressionsDifference(x, y, "result.", tolerance);
  });
}

std::string MultiInferenceDifference(std::string_view a, std::string_view b, double tolerance) {
  if (a == b) return "";
  return InStep(
      a, b, kInferencesField, "results", [&](size_t index, std::string_view x, std::string_view y) {
        const std::string where = "results" + IndexStep(index) + ".";
        std::string difference =
            InStep(x, y, kClassificationField, where + "classification_result",
                   [&](size_t, std::string_view c, std::string_view d) {
                     return ClassesDifference(c, d, where + "classification_result.", tolerance);
                   });
        if (!difference.empty()) return difference;
        return InStep(x, y, kRegressionResultField, where + "regression_result",
                      [&](size_t, std::string_view c, std::string_view d) {
                        return RegressionsDifference(c, d, where + "regression_result.", tolerance);
                      });
      });
}

}  // namespace tensorgate
