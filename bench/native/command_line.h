// The command lines of the bench's native programs: --name=value, each once.
#pragma once

#include <errno.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace tensorgate::bench {

[[noreturn]] inline void Fail(const std::string& reason) {
  std::fprintf(stderr, "%s: %s\n", program_invocation_short_name, reason.c_str());
  std::exit(1);
}

// `fallback` null: it must be there.
inline std::string Option(int argc, char** argv, const std::string& name,
                          const char* fallback = nullptr) {
  const std::string prefix = "--" + name + "=";
  for (int i = 1; i < argc; i++) {
    if (std::strncmp(argv[i], prefix.c_str(), prefix.size()) == 0) return argv[i] + prefix.size();
  }
  if (fallback == nullptr) Fail("--" + name + " is missing");
  return fallback;
}

// "1,224,224,3".
inline std::vector<int64_t> DimsOf(const std::string& shape) {
  std::vector<int64_t> dims;
  for (const char* at = shape.c_str(); *at != '\0';) {
    char* end = nullptr;
    dims.push_back(std::strtoll(at, &end, 10));
    at = *end == ',' ? end + 1 : end;
  }
  return dims;
}

}  // namespace tensorgate::bench
