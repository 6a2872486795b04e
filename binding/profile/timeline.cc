#include "profile/timeline.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

namespace tensorgate {
namespace {

constexpr int64_t kFirstPoolLineId = int64_t{1} << 30;  // beyond every thread's number

bool ComesFirst(const TimelineEvent& a, const TimelineEvent& b) {
  return a.start_nanos != b.start_nanos ? a.start_nanos < b.start_nanos : a.end_nanos > b.end_nanos;
}

class LineBuilder {
 public:
  Timeline Build(const std::vector<RunProfile>& runs) {
    std::vector<const RunProfile*> order;
    for (const RunProfile& run : runs) order.push_back(&run);
    std::sort(order.begin(), order.end(), [](const RunProfile* a, const RunProfile* b) {
      return a->start_nanos < b->start_nanos;
    });
    for (const RunProfile* run : order) Place(*run);
    for (auto& [thread, line] : threads_) timeline_.lines.push_back(std::move(line));
    PlaceInPool();
    return std::move(timeline_);
  }

 private:
  uint32_t NumberOf(std::string_view name) {
    const auto next = static_cast<uint32_t>(timeline_.names.size());
    const auto [entry, is_new] = numbers_.emplace(name, next);
    if (is_new) timeline_.names.push_back(name);
    return entry->second;
  }

  uint32_t NumberOf(const RunProfile& run) {
    const auto [entry, is_new] = run_numbers_.emplace(std::pair(run.model, run.version), 0);
    if (is_new) {
      timeline_.run_names.push_back("SessionRun " + run.model + '/' + std::to_string(run.version));
      entry->second = NumberOf(timeline_.run_names.back());
    }
    return entry->second;
  }

  void Place(const RunProfile& run) {
    TimelineLine& line = threads_[run.thread];
    if (line.events.empty()) {
      line.id = run.thread;
      line.name = run.thread_name + '/' + std::to_string(run.thread);
    }
    line.events.push_back({run.start_nanos, run.end_nanos, NumberOf(run)});
    ops_.clear();
    for (const OpTime& op : run.ops) {
      // The run waited for all of them, however the clock was set meanwhile.
      const int64_t start = std::clamp(op.start_nanos, run.start_nanos, run.end_nanos);
      const int64_t end = std::clamp(op.end_nanos, start, run.end_nanos);
      ops_.push_back({start, end, NumberOf(run.NameOf(op))});
    }
    if (!run.in_caller_thread) {
      in_pool_.insert(in_pool_.end(), ops_.begin(), ops_.end());
      return;
    }
    // A call of a function contains its ops. What overlaps is asynchronous: another thread's.
    std::sort(ops_.begin(), ops_.end(), ComesFirst);
    std::vector<int64_t> open;
    for (const TimelineEvent& op : ops_) {
      while (!open.empty() && open.back() <= op.start_nanos) open.pop_back();
      if (!open.empty() && open.back() < op.end_nanos) {
        in_pool_.push_back(op);
      } else {
        line.events.push_back(op);
        open.push_back(op.end_nanos);
      }
    }
  }

  void PlaceInPool() {
    std::sort(in_pool_.begin(), in_pool_.end(), ComesFirst);
    const size_t first = timeline_.lines.size();
    std::vector<int64_t> ends;
    for (const TimelineEvent& op : in_pool_) {
      size_t at = 0;
      while (at < ends.size() && ends[at] > op.start_nanos) ++at;
      if (at == ends.size() && at < kMaxPoolLines) {
        const auto number = static_cast<int64_t>(at);
        ends.push_back(0);
        timeline_.lines.push_back(
            {kFirstPoolLineId + number, "TensorFlow's threads/" + std::to_string(at + 1), {}});
      }
      at = std::min(at, kMaxPoolLines - 1);
      ends[at] = std::max(ends[at], op.end_nanos);
      timeline_.lines[first + at].events.push_back(op);
    }
  }

  Timeline timeline_;
  std::unordered_map<std::string_view, uint32_t> numbers_;
  std::map<std::pair<std::string, int64_t>, uint32_t> run_numbers_;
  std::map<int32_t, TimelineLine> threads_;
  std::vector<TimelineEvent> ops_;  // of the run that is placed
  std::vector<TimelineEvent> in_pool_;
};

}  // namespace

Timeline LayOut(const std::vector<RunProfile>& runs) { return LineBuilder().Build(runs); }

}  // namespace tensorgate
