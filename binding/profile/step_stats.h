// Reads what TensorFlow tells of a run: tensorflow.RunMetadata's step_stats. Any thread.
#pragma once

#include <string_view>

#include "profile/run_profile.h"

namespace tensorgate {

// Appends the ops of `run_metadata` to those of `run`, of all devices, in whatever order they come.
// False: the bytes are no RunMetadata; `run` then has the ops up to there.
bool ReadStepStats(std::string_view run_metadata, RunProfile* run);

}  // namespace tensorgate
