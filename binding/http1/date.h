// The header line "Date", which servers with a clock are to send. Any thread.
#pragma once

#include <string_view>

namespace tensorgate {

// With its line end. OWNERSHIP: the thread's, valid until its next call.
std::string_view HttpDateLine();

}  // namespace tensorgate
