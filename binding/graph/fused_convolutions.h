// FuseConvolutions: what a graph does with the result of a convolution, channel by channel, is left
// to the convolution, which does it to what it holds in registers. TensorFlow's optimizers do so
// for the most usual orders, but not for depthwise convolutions with batch normalization. Knows no
// TensorFlow; any thread.
#pragma once

#include <cstddef>
#include <deque>
#include <string>

#include "graph/graph_def.h"

namespace tensorgate {

// What changed nodes point into.
using GraphTexts = std::deque<std::string>;

// `graph`: as TensorFlow executes it. oneDNN's convolutions of float32 in NHWC, with constant
// or resident weights, take in where nobody else uses what lies between (TensorFlow's own only
// Mul, AddV2 and what follows them):
//   Mul by a constant of each channel       into the weights
//   AddV2 of a constant of each channel     into the bias
//   AddN with another tensor                as an addend (none if depthwise)
//   Relu, Relu6                             as the activation
//   Pad with zeros before it                into explicit paddings; a depthwise convolution becomes
//                                           one in groups, since only that has them
// The rounding differs. Returns how many convolutions took something in. `texts` must outlive the
// graph's use.
size_t FuseConvolutions(GraphDef* graph, GraphTexts* texts);

}  // namespace tensorgate
