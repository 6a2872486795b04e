// Base64 with the standard alphabet, by the rules upstream applies to {"b64": ...} values: padding
// is optional but must be exact where it stands, spare bits may be set, everything else that is not
// of the alphabet (blanks and the URL alphabet too) is an error. No state; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tensorgate {

// Replaces `decoded`. ERRORS: false when `text` is not base64; `decoded` is then of no use.
[[nodiscard]] bool DecodeBase64(std::string_view text, std::string* decoded);

// UNITS: characters that `bytes` bytes encode to, padding included.
inline size_t EncodedBase64Size(size_t bytes) { return (bytes + 2) / 3 * 4; }

// Writes EncodedBase64Size(data.size()) characters to `out`; returns the end of what was written.
char* EncodeBase64(std::string_view data, char* out);

}  // namespace tensorgate
