// The texts of gRPC over HTTP/2: grpc-timeout and grpc-message. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tensorgate {

// "20S", "1500m": at most eight digits and a unit. UNITS: milliseconds, rounded up, from 1 to
// INT32_MAX. False for what is no timeout.
bool ParseGrpcTimeout(std::string_view text, uint32_t* millis);

// What is no visible ASCII, '%', and spaces at the ends, which HTTP would drop, as %XX.
std::string PercentEncode(std::string_view text);

}  // namespace tensorgate
