// Resident weights: weights that a graph has in variables, which are assigned once, before any
// other run, and so share the memory of what is fed. TensorFlow holds a constant several times and
// copies it wherever it copies the graph, a variable not at all. Knows no TensorFlow; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph_def.h"

namespace tensorgate {

struct ResidentWeight {
  size_t number = 0;   // its place among the values
  std::string value;   // the tensor to feed, "node:0"
  std::string assign;  // the node to execute
  std::string read;    // what it then is, "node:0"
};

// Appends a variable, what assigns it, and a read that has the name, the device and the inputs of
// `node`. `dtype` is an AttrValue, `dims` are all known.
ResidentWeight AppendResident(const Node& node, std::string_view dtype,
                              const std::vector<int64_t>& dims, size_t number, std::string* out);

// Of a graph that TensorFlow made of one with resident weights, in which nothing is assigned: the
// number of the weight whose variable `variable` is. False: of none.
bool IsResident(const Node& variable, size_t* number);

// Appends what assigns `variable` and what reads it, for which IsResident() is true.
ResidentWeight AppendAssignment(const Node& variable, size_t number, std::string* out);

}  // namespace tensorgate
