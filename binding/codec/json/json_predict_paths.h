// The two ways to decode a predict body, apart, so that tests can compare them. Internal to
// binding/codec. No state; any thread.
#pragma once

#include "codec/json/json_predict.h"

namespace tensorgate {

// One pass over the text into tensor memory. False when anything is out of the ordinary: an error,
// a repeated key, a limit. `request` is of no use then. When it is true, the slow way would have
// given the same request.
[[nodiscard]] bool DecodePredictJsonFast(std::string_view body, const SignatureLookup& signatures,
                                         const DecodeLimits& limits, JsonPredictRequest* request);

// Parses the whole document first; follows upstream's order of checks to upstream's errors.
Status DecodePredictJsonSlow(std::string_view body, const SignatureLookup& signatures,
                             const DecodeLimits& limits, JsonPredictRequest* request);

constexpr std::string_view kDefaultSignature = "serving_default";

// What a string element of a request costs beyond its own bytes, for DecodeLimits.
constexpr size_t kStringElementBytes = sizeof(std::string_view);
constexpr size_t kOwnedStringBytes = sizeof(std::string);

}  // namespace tensorgate
