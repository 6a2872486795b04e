// RowSizes: in which of the sizes that an engine has compiled so many rows had better run, padded
// where there are fewer, and which sizes it should compile next. Where requests come in few sizes
// these are compiled; where they come in many, powers of two are, which all of them share. Learns
// from the times that runs take. One thread at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>

namespace tensorgate {

class RowSizes {
 public:
  using Time = std::chrono::nanoseconds;

  // `ignores_times`: runs are padded, up to twice the rows, whatever that takes.
  explicit RowSizes(bool ignores_times = false) : ignores_times_(ignores_times) {}

  // A request of so many rows has come. The size to compile for such, 0: none. `most`: that may be
  // compiled at the same time.
  int64_t Count(int64_t rows, size_t most);

  // The size to run them in, which is compiled and no smaller; 0: they had better run elsewhere, as
  // they are.
  int64_t SizeFor(int64_t rows) const;

  void Compiled(int64_t size) { sizes_[size]; }
  void Dropped(int64_t size) { sizes_.erase(size); }
  bool has_compiled() const { return !sizes_.empty(); }

  // A run in a compiled size, and one elsewhere.
  void Ran(int64_t size, Time time) { sizes_[size].time.Learn(size, time); }
  void RanElsewhere(int64_t rows, Time time) { elsewhere_[ClassOf(rows)].Learn(rows, time); }

  // The smallest power of two that holds them. REQUIRES: 0 < rows <= kMostRows.
  static int64_t ClassOf(int64_t rows);
  static constexpr int64_t kMostRows = int64_t{1} << 32;

 private:
  // More are many.
  static constexpr size_t kFewSizes = 4;
  // A size that comes once may never come again.
  static constexpr uint32_t kUntilWanted = 2;
  // Counts are halved when they are so many together, so that what was long ago is forgotten.
  static constexpr uint32_t kMostCounted = 256;
  // A size among many is compiled when it came so often of late, and makes a quarter of all.
  static constexpr uint32_t kOften = 16;

  // Of late, for so many rows; disturbances only make a run longer.
  struct Timed {
    int64_t rows = 0;
    double nanoseconds = 0;
    uint32_t runs = 0;
    void Learn(int64_t of_rows, Time time);
  };
  struct Size {
    Timed time;
    uint32_t uses = 0;
  };

  bool is_compiled(int64_t size) const { return sizes_.count(size) > 0; }
  // What they take elsewhere, by the nearest size that is known; 0: none is.
  double Elsewhere(int64_t rows) const;
  void Forget();

  const bool ignores_times_;
  std::map<int64_t, Size> sizes_;        // that are compiled
  std::map<int64_t, Timed> elsewhere_;   // by ClassOf()
  std::map<int64_t, uint32_t> by_rows_;  // how often of late
  std::map<int64_t, uint32_t> by_class_;
  uint32_t counted_ = 0;
};

}  // namespace tensorgate
