// Numbers of fields in TFLite's schema.
#pragma once

#include <cstddef>

namespace tensorgate::tflite_schema {

namespace model {
enum Field : size_t {
  kOperatorCodes = 1,
  kSubgraphs = 2,
  kBuffers = 4,
  kMetadata = 6,
  kSignatureDefs
};
}
namespace operator_code {
enum Field : size_t { kOldCode = 0, kCustomCode = 1, kCode = 3 };
}
namespace subgraph {
enum Field : size_t { kTensors = 0, kInputs, kOutputs, kOperators };
}
namespace op {
enum Field : size_t { kOpcode = 0, kInputs = 1, kOutputs = 2, kOptions = 4 };
}
namespace tensor {
enum Field : size_t {
  kShape = 0,
  kType,
  kBuffer,
  kName,
  kQuantization,
  kIsVariable,
  kShapeSignature = 7,
  kHasRank,
};
}
namespace quantization {
enum Field : size_t { kScale = 2 };
}
namespace buffer {
enum Field : size_t { kData = 0, kOffset };
}
namespace metadata {
enum Field : size_t { kName = 0, kBuffer };
}
namespace signature {
enum Field : size_t { kInputs = 0, kOutputs, kKey, kSubgraph = 4 };
}

}  // namespace tensorgate::tflite_schema
