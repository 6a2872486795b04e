#include "plan/row_sizes.h"

#include <algorithm>

namespace tensorgate {
namespace {

// How far a run is padded of which no times are known.
constexpr int64_t kMostPadding = 2;
// Those of a size's first runs are too long, as a rule.
constexpr uint32_t kFirstRuns = 3;
constexpr double kFaster = 0.2, kSlower = 0.05;

// Halves what is counted, and forgets what comes to nothing.
void Halve(std::map<int64_t, uint32_t>* counts) {
  for (auto each = counts->begin(); each != counts->end();) {
    each->second /= 2;
    each = each->second == 0 ? counts->erase(each) : std::next(each);
  }
}

}  // namespace

int64_t RowSizes::ClassOf(int64_t rows) {
  int64_t size = 1;
  while (size < rows) size *= 2;
  return size;
}

void RowSizes::Timed::Learn(int64_t of_rows, Time time) {
  const double taken = static_cast<double>(time.count());
  ++runs;
  // By the row, since those of a class are not of one size.
  const double before =
      rows == 0 ? taken : nanoseconds / static_cast<double>(rows) * static_cast<double>(of_rows);
  double weight = taken < before ? kFaster : kSlower;
  if (runs <= kFirstRuns) weight = taken < before ? 1 : 0;
  nanoseconds = before + (std::min(taken, 4 * before) - before) * weight;
  rows = of_rows;
}

void RowSizes::Forget() {
  if (++counted_ < kMostCounted) return;
  counted_ /= 2;
  Halve(&by_rows_);
  Halve(&by_class_);
  for (auto& [size, compiled] : sizes_) compiled.uses /= 2;
}

int64_t RowSizes::Count(int64_t rows, size_t most) {
  if (rows < 1 || rows > kMostRows) return 0;
  Forget();
  const uint32_t count = ++by_rows_[rows];
  const int64_t size = ClassOf(rows);
  const uint32_t of_class = ++by_class_[size];
  const int64_t runs_in = SizeFor(rows);
  if (runs_in != 0) ++sizes_[runs_in].uses;
  if (is_compiled(rows)) return 0;
  int64_t wanted = 0;
  uint32_t gain = 0;
  if (by_rows_.size() <= kFewSizes) {
    if (count >= kUntilWanted) wanted = rows;
    gain = count;
  } else if (!is_compiled(size)) {
    if (of_class >= kUntilWanted) wanted = size;
    gain = of_class;
  } else if (count >= kOften && 4 * count >= counted_) {
    wanted = rows;
    gain = count;
  }
  if (wanted == 0 || sizes_.size() < most) return wanted;
  // Another goes for it: only one that is needed much less.
  const auto least =
      std::min_element(sizes_.begin(), sizes_.end(),
                       [](const auto& a, const auto& b) { return a.second.uses < b.second.uses; });
  return gain > 2 * least->second.uses ? wanted : 0;
}

double RowSizes::Elsewhere(int64_t rows) const {
  if (elsewhere_.empty()) return 0;
  // The class of these rows or the next below it; else the next above.
  auto nearest = elsewhere_.upper_bound(ClassOf(rows));
  if (nearest != elsewhere_.begin()) --nearest;
  const Timed& known = nearest->second;
  return known.nanoseconds / static_cast<double>(known.rows) * static_cast<double>(rows);
}

int64_t RowSizes::SizeFor(int64_t rows) const {
  if (is_compiled(rows)) return rows;
  const double elsewhere = Elsewhere(rows);
  int64_t best = 0;
  double best_time = 0;
  for (auto each = sizes_.upper_bound(rows); each != sizes_.end(); ++each) {
    const auto& [size, compiled] = *each;
    const bool is_timed = !ignores_times_ && compiled.time.runs > 0 && elsewhere > 0;
    if (is_timed ? compiled.time.nanoseconds >= elsewhere : size > kMostPadding * rows) continue;
    // Without a time it is the smallest that will be measured next.
    if (best != 0 && (!is_timed || compiled.time.nanoseconds >= best_time)) continue;
    best = size;
    best_time = compiled.time.nanoseconds;
  }
  return best;
}

}  // namespace tensorgate
