// The piece of JSON that upstream shows in error texts. No state; any thread.
#pragma once

#include <cstddef>
#include <string>

#include "codec/json/json_document.h"

namespace tensorgate {

// A single string in a dump, and any name or text of the client's in a message, is cut at this many
// bytes. Upstream shows it whole: its messages can be larger than the request.
constexpr size_t kMaxShownStringBytes = 4096;

// `node` pretty-printed, objects over several lines, arrays on one; nothing more is started once
// 256 bytes are written, nor at a NaN or Infinity. Work and result are bounded, whatever the
// document.
std::string DumpJson(const JsonDocument& document, size_t node);

}  // namespace tensorgate
