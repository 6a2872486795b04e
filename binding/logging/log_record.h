// A TFRecord with the PredictionLog of a logged request. No state; any thread.
#pragma once

#include "codec/output_buffer.h"
#include "logging/logged_request.h"

namespace tensorgate {

void AppendLogRecord(const LoggedRequest& request, bool with_response, OutputBuffer* out);

}  // namespace tensorgate
