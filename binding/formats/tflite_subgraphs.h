// The graphs of a TFLite file behind its first one that signatures name. Readers of such files take
// the first alone: a copy in which another stands there has them read that one. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "status/status.h"

namespace tensorgate {

// Others are not served.
constexpr size_t kMaxFurtherGraphs = 16;

// The numbers of those graphs, in ascending order, kMaxFurtherGraphs of them at most. ERRORS:
// INVALID_ARGUMENT where the bytes are no such file.
Status FindFurtherGraphs(std::string_view bytes, std::vector<uint32_t>* graphs);

// Four bytes of the file.
struct TflitePatch {
  size_t at = 0;
  uint32_t value = 0;
};

// With it the graph stands first, too. ERRORS: UNIMPLEMENTED, with the op's name, where one of its
// ops names graphs by their place or has a state; INVALID_ARGUMENT.
Status PutGraphFirst(std::string_view bytes, uint32_t graph, TflitePatch* patch);

}  // namespace tensorgate
