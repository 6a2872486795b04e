// OpenVINO's errors as Status.
#pragma once

#include <string>
#include <string_view>

#include "status/status.h"

namespace tensorgate::openvino {

// Its text in one line, without where in its sources an error arose and which checks failed there:
// what is left says what was wrong, an operation's name where it has one.
std::string OneLine(std::string_view text);

// OK for 0, else `code`, "<what>: <the last error's text>". The text is the process's: where two
// threads fail at once, it may be that of the other. REQUIRES: the library is open.
Status FromOpenVino(int result, Code code, const std::string& what);

}  // namespace tensorgate::openvino
