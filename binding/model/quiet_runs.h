// QuietRuns: keeps TensorFlow's warnings about runs that the server makes by itself out of the log.
// What such a run tells is in its status; a warning of TensorFlow's beside it reads as if a
// client's request had failed.
//
// TensorFlow writes its log through C's `stderr`, a line at a call, in the thread that has
// something to say. The first QuietRuns puts a stream in its place that hands all on, as it is and
// in order, but for lines about failed ops that a quiet run caused. Any thread.
#pragma once

#include <string_view>

namespace tensorgate {

// While one lives, what fails in a run that this thread makes is not logged by TensorFlow. A thread
// of TensorFlow's own does not tell for whom it works: while any lives, it does not log that
// either. Threads of ours that run requests log as ever.
class QuietRuns {
 public:
  QuietRuns();
  ~QuietRuns();
  QuietRuns(const QuietRuns&) = delete;
  QuietRuns& operator=(const QuietRuns&) = delete;

  // Whether this thread has one: its runs are no requests.
  static bool HasOne();
};

// Whether what TensorFlow writes says that a run or one of its ops failed.
bool IsAboutFailedRun(std::string_view written);

}  // namespace tensorgate
