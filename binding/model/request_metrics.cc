#include "model/request_metrics.h"

#include <algorithm>
#include <cstdio>
#include <string_view>

namespace tensorgate {
namespace {

constexpr size_t kHistogramNumbers = StageHistogram::kLimits + 2;
constexpr const char* kStageNames[kRequestStages] = {"queue", "decode", "run", "encode"};

const char* MethodLabel(Method method) {
  switch (method) {
    case Method::kPredict:
      return "predict";
    case Method::kClassify:
      return "classify";
    case Method::kRegress:
      return "regress";
    case Method::kMultiInference:
      return "multi_inference";
    case Method::kSessionRun:
      return "session_run";
  }
  return "";
}

// As src/metrics/prometheus-text.ts escapes values.
void AppendLabel(std::string_view name, std::string_view value, std::string* out) {
  out->append(name).append("=\"");
  for (const char c : value) {
    if (c == '\\' || c == '"' || c == '\n') out->push_back('\\');
    out->push_back(c == '\n' ? 'n' : c);
  }
  out->push_back('"');
}

std::string LabelsOf(const RequestStatistics::Series& series) {
  std::string labels;
  AppendLabel("model_name", series.name, &labels);
  AppendLabel(",version", std::to_string(series.version), &labels);
  AppendLabel(",signature_name", series.signature, &labels);
  AppendLabel(",method", MethodLabel(series.method), &labels);
  AppendLabel(",status", CodeName(series.code), &labels);
  return labels;
}

void AppendHead(std::string_view name, std::string* lines) {
  lines->append("# TYPE :tensorgate:").append(name).append(" histogram\n");
  for (size_t i = 0; i < StageHistogram::kLimits; ++i) {
    char limit[16];
    std::snprintf(limit, sizeof(limit), i == 0 ? "%g" : " %g", static_cast<double>(1u << i));
    lines->append(limit);
  }
  lines->push_back('\n');
}

// Nothing, where nothing was counted.
void AppendHistogram(const std::string& labels, const double* counted, std::string* lines,
                     std::vector<double>* numbers) {
  const double* const end = counted + kHistogramNumbers;
  if (std::all_of(counted, end - 1, [](double count) { return count == 0; })) return;
  lines->append(labels).push_back('\n');
  numbers->insert(numbers->end(), counted, end);
}

}  // namespace

void AppendRequestMetrics(const std::vector<RequestStatistics::Series>& series, std::string* lines,
                          std::vector<double>* numbers) {
  AppendHead("request_latency", lines);
  for (const RequestStatistics::Series& each : series) {
    AppendHistogram(LabelsOf(each), each.numbers.data(), lines, numbers);
  }
  AppendHead("request_stage_latency", lines);
  for (const RequestStatistics::Series& each : series) {
    const std::string labels = LabelsOf(each);
    for (size_t stage = 0; stage < kRequestStages; ++stage) {
      std::string with_stage = labels;
      AppendLabel(",stage", kStageNames[stage], &with_stage);
      const double* const counted = &each.numbers[(1 + stage) * kHistogramNumbers];
      AppendHistogram(with_stage, counted, lines, numbers);
    }
  }
}

void AppendRequestMetrics(std::string* lines, std::vector<double>* numbers) {
  AppendRequestMetrics(RequestStatistics::ReadSeries(), lines, numbers);
}

}  // namespace tensorgate
