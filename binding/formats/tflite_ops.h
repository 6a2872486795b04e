// The names of TFLite's builtin ops.
#pragma once

#include <cstdint>
#include <string_view>

namespace tensorgate {

// Empty: there is none of that number.
std::string_view TfliteOpName(int32_t code);

}  // namespace tensorgate
