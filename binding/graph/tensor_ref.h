// How a GraphDef names a tensor.
#pragma once

#include <string_view>

namespace tensorgate {

/** A node's output or, in a function, an argument; views into the text it was read from. */
struct TensorRef {
  std::string_view node;    // or the argument
  std::string_view output;  // in a function: the name of one or several outputs of the node
  int index = 0;            // among the node's outputs, or among those of the name `output`
  bool is_argument = false;
};

/**
 * Reads "node" or "node:1" of a graph, "argument", "node:output" or "node:output:1" of a function.
 * What is neither gives an empty `node`.
 */
TensorRef ParseTensorRef(std::string_view tensor, bool in_function);

}  // namespace tensorgate
