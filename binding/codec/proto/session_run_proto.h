// tensorflow.serving.SessionRunRequest and SessionRunResponse on the protobuf wire: requests are
// read in place. Knows neither TensorFlow nor Node-API; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/output_buffer.h"
#include "codec/proto/predict_proto.h"
#include "status/status.h"
#include "tensor/tensor.h"

namespace tensorgate {

// Feeds, fetches and targets of one request, each.
constexpr size_t kMaxSessionRunNames = 4096;
// A fetch may be repeated, so few bytes of request can ask for any number of copies of a tensor.
// This is also what a protobuf message may measure.
constexpr size_t kMaxSessionRunResponseBytes = INT32_MAX;

struct SessionRunRequestView {
  ModelSpecView model_spec;
  std::vector<std::pair<std::string_view, std::string_view>> feeds;  // name, TensorProto bytes
  std::vector<std::string_view> fetches;
  std::vector<std::string_view> targets;
  int64_t timeout_millis = 0;  // RunOptions.timeout_in_ms as sent; 0 or less is none
  bool names_are_aliases = false;
};

// The whole request, down to the bytes of each TensorProto; repeated names are left as they are.
// OWNERSHIP: views point into `body`. ERRORS: INVALID_ARGUMENT on a malformed wire, invalid UTF-8,
// more than kMaxSessionRunNames, or run options that ask for metadata: those the response does not
// have, and TensorFlow would gather them in memory or in files. Options that only tune a run
// (threads, what an error text says) are passed over.
Status ParseSessionRunRequest(std::string_view body, SessionRunRequestView* request);

// A SessionRunResponse: the tensors in order and model_spec {name, version, signature_name}.
// ERRORS: RESOURCE_EXHAUSTED beyond `max_bytes`, checked before memory is taken; UNIMPLEMENTED for
// a dtype that is not servable. `out` then stays as it was.
Status EncodeSessionRunResponse(std::string_view model_name, int64_t version,
                                std::string_view signature_name,
                                const std::vector<NamedTensorView>& tensors, size_t max_bytes,
                                OutputBuffer* out);

}  // namespace tensorgate
