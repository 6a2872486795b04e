// Numbers of fields in ONNX's messages.
#pragma once

#include <cstdint>

namespace tensorgate::onnx_schema {

namespace model {
enum Field : uint32_t { kGraph = 7, kOpset = 8, kFunctions = 25 };
}
namespace graph {
enum Field : uint32_t { kNode = 1, kInitializer = 5, kInput = 11, kOutput = 12, kSparse = 15 };
}
namespace node {
enum Field : uint32_t { kInput = 1, kOutput, kName, kOp, kAttribute, kDomain = 7 };
}
namespace attribute {
enum Field : uint32_t { kName = 1, kFloat, kInt, kText, kTensor, kFloats = 7, kInts };
}
namespace tensor {
enum Field : uint32_t {
  kDims = 1,
  kDataType,
  kInt32Data = 5,
  kInt64Data = 7,
  kName,
  kRawData,
  kExternalData = 13,
};
}

}  // namespace tensorgate::onnx_schema
