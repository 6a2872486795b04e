// Writes a profile as tensorflow.profiler.XSpace, what TensorBoard reads. Any thread.
#pragma once

#include <string_view>

#include "codec/output_buffer.h"
#include "profile/profile_session.h"

namespace tensorgate {

// As TensorFlow's own profiler: a plane "/host:CPU" of lines whose events are named "node:OpType",
// at times since the profile's start, which "Task Environment" has. What was left out is a warning.
void WriteXSpace(const Profile& profile, std::string_view host, OutputBuffer* out);

}  // namespace tensorgate
