// The header of a .npy file, which says what lies behind it: element type and shape. Of what numpy
// can write, tables take C order, little endian, and plain elements. No state; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/dtype.h"

namespace tensorgate {

// No header that numpy reads by default is longer.
constexpr size_t kMaxNpyHeaderBytes = 64 << 10;

struct NpyHeader {
  DataType dtype = DataType::kInvalid;
  std::vector<int64_t> shape;  // 1 to 254 dimensions, only the first of them may be 0
  uint64_t data_offset = 0;    // in the file
  uint64_t row_bytes = 0;      // of what lies under an index of the first dimension
  uint64_t data_bytes = 0;     // 2^62 at most
};

// `bytes`: the file's first kMaxNpyHeaderBytes, or all of it. Versions 1 to 3 of the format.
// ERRORS: false, with what was expected and given in `*problem`.
[[nodiscard]] bool ParseNpyHeader(std::string_view bytes, NpyHeader* header, std::string* problem);

}  // namespace tensorgate
