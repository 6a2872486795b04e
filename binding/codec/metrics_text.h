// MetricsText: the page of metrics as upstream writes it, from lists of names, labels and numbers.
// A page of hundreds of models is megabytes: it is written off the event loop. Any thread.
#pragma once

#include <cstddef>
#include <string_view>

#include "codec/output_buffer.h"

namespace tensorgate {

// `lines`, each ended by a line feed: for each family `# TYPE <name> <kind>`, then the limits of a
// histogram as they are printed, between spaces, empty for others; then one line for each sample,
// its labels as they are printed, escaped and without braces. `numbers`: of each sample in that
// order its value, or the counts of a histogram's buckets, not cumulative, and the sum. Samples are
// sorted. False: the numbers are not as many as the lines ask for.
bool WriteMetricsText(std::string_view lines, const double* numbers, size_t count,
                      OutputBuffer* out);

}  // namespace tensorgate
