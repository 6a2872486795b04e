// Varints in a row, as packed integer fields of a TensorProto hold them: counted eight bytes at a
// time, then narrowed straight into tensor memory. Owns nothing; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tensor/dtype.h"

namespace tensorgate {

// How many varints end in `chunk`: the bytes without the continuation bit.
size_t CountVarints(std::string_view chunk);

// Stores up to `*left` values of `chunk` at `*at`, each as wide as an element of `dtype`, and moves
// both on; further values are read and dropped. ERRORS: false on a truncated or overlong varint.
// REQUIRES: ValueFieldOf(dtype) is a field of varints.
bool DecodePackedVarints(DataType dtype, std::string_view chunk, uint8_t** at, size_t* left);

}  // namespace tensorgate
