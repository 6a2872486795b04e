// A client's own name for a request, the header x-request-id: echoed, and put into the log.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace tensorgate {

// Visible ASCII, since it goes into headers and log lines; as src/log/request-id.ts has it.
inline bool IsRequestId(std::string_view text) {
  constexpr size_t kMostBytes = 128;
  return !text.empty() && text.size() <= kMostBytes &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x21 && c <= 0x7e; });
}

}  // namespace tensorgate
