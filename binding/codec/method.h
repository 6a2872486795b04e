// Method: the inference methods, by the numbers of src/native/binding.ts.
#pragma once

namespace tensorgate {

enum class Method {
  kPredict = 0,
  kClassify = 1,
  kRegress = 2,
  kMultiInference = 3,
  kSessionRun = 4
};

}  // namespace tensorgate
