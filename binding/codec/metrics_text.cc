#include "codec/metrics_text.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace tensorgate {
namespace {

constexpr double kLargestWhole = 9007199254740992;  // 2^53

std::string_view NextLine(std::string_view* lines) {
  const size_t end = lines->find('\n');
  const std::string_view line = lines->substr(0, end);
  lines->remove_prefix(end == std::string_view::npos ? lines->size() : end + 1);
  return line;
}

void AppendMetricWhole(int64_t value, OutputBuffer* out) {
  char digits[24];
  char* const end = digits + sizeof(digits);
  char* begin = end;
  uint64_t left =
      value < 0 ? uint64_t{0} - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  do {
    *--begin = static_cast<char>('0' + left % 10);
    left /= 10;
  } while (left > 0);
  if (value < 0) *--begin = '-';
  out->Append(std::string_view(begin, static_cast<size_t>(end - begin)));
}

// With as few digits as tell it from its neighbours.
void AppendMetricValue(double value, OutputBuffer* out) {
  if (std::isnan(value)) return out->Append("NaN");
  if (std::isinf(value)) return out->Append(value > 0 ? "+Inf" : "-Inf");
  if (std::floor(value) == value && std::abs(value) < kLargestWhole) {
    return AppendMetricWhole(static_cast<int64_t>(value), out);
  }
  char text[32];
  for (int digits = 15; digits <= 17; ++digits) {
    std::snprintf(text, sizeof(text), "%.*g", digits, value);
    if (std::strtod(text, nullptr) == value) break;
  }
  out->Append(std::string_view(text));
}

struct MetricSample {
  std::string_view labels;
  const double* numbers;
};

// By label values, the first label first: a value that another continues comes before that.
bool ComesBefore(const MetricSample& a, const MetricSample& b) {
  const auto rank = [](char c) { return c == '"' ? 0 : 1 + static_cast<unsigned char>(c); };
  return std::lexicographical_compare(
      a.labels.begin(), a.labels.end(), b.labels.begin(), b.labels.end(),
      [&](char left, char right) { return rank(left) < rank(right); });
}

class FamilyWriter {
 public:
  FamilyWriter(std::string_view type_line, std::string_view limits, OutputBuffer* out)
      : type_line_(type_line), out_(out) {
    const std::string_view rest = type_line.substr(std::min(type_line.size(), size_t{7}));
    name_ = rest.substr(0, rest.find(' '));
    while (!limits.empty()) {
      const size_t end = limits.find(' ');
      limits_.push_back(limits.substr(0, end));
      limits.remove_prefix(end == std::string_view::npos ? limits.size() : end + 1);
    }
    if (!limits_.empty()) limits_.push_back("+Inf");
  }

  // Of each sample.
  size_t numbers() const { return limits_.empty() ? 1 : limits_.size() + 1; }
  void Add(std::string_view labels, const double* numbers) {
    samples_.push_back({labels, numbers});
  }

  void Write() {
    out_->Append(type_line_);
    out_->Append('\n');
    std::sort(samples_.begin(), samples_.end(), ComesBefore);
    for (const MetricSample& sample : samples_) {
      if (limits_.empty()) {
        Begin("{", sample.labels);
        out_->Append("} ");
        AppendMetricValue(sample.numbers[0], out_);
        out_->Append('\n');
      } else {
        WriteHistogram(sample);
      }
    }
  }

 private:
  void Begin(std::string_view suffix, std::string_view labels) {
    out_->Append(name_);
    out_->Append(suffix);
    out_->Append(labels);
  }

  void WriteHistogram(const MetricSample& sample) {
    double count = 0;
    for (size_t i = 0; i < limits_.size(); ++i) {
      count += sample.numbers[i];
      Begin("_bucket{", sample.labels);
      out_->Append(sample.labels.empty() ? "le=\"" : ",le=\"");
      out_->Append(limits_[i]);
      out_->Append("\"} ");
      AppendMetricWhole(static_cast<int64_t>(count), out_);
      out_->Append('\n');
    }
    Begin("_sum{", sample.labels);
    char sum[32];
    std::snprintf(sum, sizeof(sum), "} %g\n", sample.numbers[limits_.size()]);
    out_->Append(std::string_view(sum));
    Begin("_count{", sample.labels);
    out_->Append("} ");
    AppendMetricWhole(static_cast<int64_t>(count), out_);
    out_->Append('\n');
  }

  const std::string_view type_line_;
  OutputBuffer* const out_;
  std::string_view name_;
  std::vector<std::string_view> limits_;  // empty: a sample is one value
  std::vector<MetricSample> samples_;
};

}  // namespace

bool WriteMetricsText(std::string_view lines, const double* numbers, size_t count,
                      OutputBuffer* out) {
  while (!lines.empty()) {
    const std::string_view type_line = NextLine(&lines);
    FamilyWriter family(type_line, NextLine(&lines), out);
    while (!lines.empty() && lines[0] != '#') {
      const size_t needed = family.numbers();
      if (count < needed) return false;
      family.Add(NextLine(&lines), numbers);
      numbers += needed;
      count -= needed;
    }
    family.Write();
  }
  return count == 0;
}

}  // namespace tensorgate
