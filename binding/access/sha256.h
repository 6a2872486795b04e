// SHA-256 by OpenSSL, which Node exports to addons. Its headers come only with Node's sources: the
// few functions that we use are declared here, weak, so that the addon loads where one is missing.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace tensorgate {

using Digest = std::array<uint8_t, 32>;

// Null when all that is needed is there, else the name of the first function that is missing.
const char* Sha256Missing();

// False: OpenSSL refuses, as it does without memory. REQUIRES: nothing is missing. THREAD: any.
bool Sha256(std::string_view bytes, Digest* digest);

}  // namespace tensorgate
