// RunProfile: one run of a graph as TensorFlow's executor has timed it. Plain values: whoever has
// one owns all of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tensorgate {

// UNITS: nanoseconds since 1970, as TensorFlow stamps its ops.
struct OpTime {
  int64_t start_nanos = 0;
  int64_t end_nanos = 0;
  uint32_t name_begin = 0;  // of "node:OpType" in RunProfile::names
  uint32_t name_size = 0;
};

struct RunProfile {
  std::string model;
  int64_t version = 0;
  int64_t start_nanos = 0;
  int64_t end_nanos = 0;
  int32_t thread = 0;  // that waited for the run, by the kernel's number
  std::string thread_name;
  bool in_caller_thread = false;  // that thread executed the graph, too
  std::vector<OpTime> ops;
  std::string names;

  std::string_view NameOf(const OpTime& op) const {
    return std::string_view(names).substr(op.name_begin, op.name_size);
  }
  // What it takes in memory.
  size_t bytes() const {
    return sizeof(RunProfile) + model.capacity() + thread_name.capacity() +
           ops.capacity() * sizeof(OpTime) + names.capacity();
  }
};

}  // namespace tensorgate
