// Work of the load pool yields the CPU to requests: on a machine without idle cores a load would
// otherwise take as much of them as all that is asked of the models that serve.
#pragma once

#include <functional>

namespace tensorgate {

// What is added to the niceness: beside a thread that serves, about a tenth of a core is left.
constexpr int kLoadNiceness = 10;

// Lowers the priority of the calling thread for good, once AllowYielding() was called; before that
// nothing serves that could be disturbed. THREAD: the load pool's.
void YieldToRequests();

// Call it after the first load. TensorFlow starts its process-wide pools in that one, and threads
// inherit the priority of who starts them: graphs would run slowly for ever. Any thread.
void AllowYielding();

// Does `work` in a thread of the priority that requests have, one work at a time, and waits for it:
// what is measured is to be what requests will get, beside whatever load there is. In the calling
// thread where that has not yielded. THREAD: the load pool's.
void AtRequestPriority(const std::function<void()>& work);

}  // namespace tensorgate
