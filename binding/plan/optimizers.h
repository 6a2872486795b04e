// Without TensorFlow's optimizers: what is loaded as a step only, or has been through them.
#pragma once

#include <string>

namespace tensorgate {

// The serialized ConfigProto, of which TensorFlow optimizes nothing, neither before nor while it
// makes executors. Any thread.
inline std::string WithoutOptimizers(const std::string& config_proto) {
  // ConfigProto { graph_options { optimizer_options { opt_level: L0 }
  //                               rewrite_options { disable_meta_optimizer: true } } }
  constexpr char kAsItIs[] = {'\x52', '\x12', '\x1a', '\x0b', '\x18', '\xff', '\xff',
                              '\xff', '\xff', '\xff', '\xff', '\xff', '\xff', '\xff',
                              '\x01', '\x52', '\x03', '\x98', '\x01', '\x01'};
  // Protobuf merges what is appended.
  return config_proto + std::string(kAsItIs, sizeof(kAsItIs));
}

}  // namespace tensorgate
