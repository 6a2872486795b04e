// RunPace: whether the runs of a signature are so short that the event loop may do one itself where
// nothing else waits, which spares two changes of threads. Learned from the runs of small inputs,
// wherever they ran. Any thread, without a lock: a count may get lost.
//
// A run cannot be interrupted. One that turns out to be long on the loop holds it up, and bars the
// signature from the loop for a number of runs that doubles each time.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace tensorgate {

class RunPace {
 public:
  // Larger inputs are never run on the loop: nothing is known of them.
  static constexpr size_t kSmallInputBytes = 4096;
  // CPU time of a run on the loop that bars the signature.
  static constexpr std::chrono::microseconds kTooLong{1000};

  // Runs up to `limit` are short; 0: none is. Of the process; before the first run.
  static void SetLimit(std::chrono::microseconds limit);

  static bool IsOn();

  // A run of small inputs.
  void Record(std::chrono::nanoseconds run);

  // A run on the event loop. To ask for a thread's CPU time takes a system call: it is measured of
  // those alone that follow one which lasted too long, maybe since its thread had lost the CPU.
  bool WantsCpuTime();
  // Of one that was not measured: how long it lasted.
  void RecordLasted(std::chrono::nanoseconds time);
  void RecordOnLoop(std::chrono::nanoseconds cpu_time);

  bool IsShort() const;

 private:
  static constexpr uint32_t kMeasuredRuns = 64;
  // No thread is without a CPU for so long.
  static constexpr std::chrono::milliseconds kSurelyTooLong{50};
  static constexpr uint32_t kFirstBar = 1024;
  static constexpr uint32_t kLongestBar = 1 << 20;

  std::atomic<uint64_t> long_runs_{~uint64_t{0}};  // of the latest 64: one bit for each, 1 is long
  std::atomic<uint32_t> barred_{0};                // runs that do not count from here on
  std::atomic<uint32_t> next_bar_{kFirstBar};
  std::atomic<uint32_t> to_measure_{0};
};

}  // namespace tensorgate
