// GraphFingerprint: what the signatures of a version compute, its weights apart, as a text: the
// same for the versions that one program has exported, though nodes, functions and variables have
// other names in each. THREAD: load pool; reads a file.
#pragma once

#include <string>
#include <vector>

#include "plan/saved_graph.h"

namespace tensorgate {

// From saved_model.pb in the version's folder, before TensorFlow has it. Valid in this process
// only. Empty where there is none to be had: another form of file, one of more than 64 MiB, a graph
// that calls functions in unusual ways.
std::string GraphFingerprint(const SavedGraph& saved);
std::string GraphFingerprint(const std::string& folder, const std::vector<std::string>& tags);

}  // namespace tensorgate
