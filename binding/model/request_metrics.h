// What the page of metrics says about the requests of the versions that are loaded, for
// WriteMetricsText. THREAD: any; takes the lock of RequestStatistics.
#pragma once

#include <string>
#include <vector>

#include "model/request_statistics.h"

namespace tensorgate {

// Appends the families /tensorgate/request_latency and /tensorgate/request_stage_latency, as
// codec/metrics_text.h takes them. Stages that no request came to are left out.
void AppendRequestMetrics(std::string* lines, std::vector<double>* numbers);

// The same of these series.
void AppendRequestMetrics(const std::vector<RequestStatistics::Series>& series, std::string* lines,
                          std::vector<double>* numbers);

}  // namespace tensorgate
