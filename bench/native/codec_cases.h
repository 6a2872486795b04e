// The codec's micro-cases, each with its own request or tensors: what the regression gate counts
// the instructions of (bench/instruction-counts.ts). A further case is a further line in
// codec_cases.cc.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace tensorgate::bench {

struct CodecCase {
  const char* name;
  int iterations;  // enough to be counted, few enough for valgrind, which is slow
  // Makes what the case works on and returns the work; the case outlives neither.
  std::function<std::function<void()>()> prepare;
};

const std::vector<CodecCase>& CodecCases();

// What counts depend on beside the code: "gcc 12, glibc 2.36, x86_64".
std::string Combination();

}  // namespace tensorgate::bench
