// TensorFlow's status as ours; code numbers and text are the same.
#pragma once

#include "status/status.h"
#include "tensorflow/c/tf_status.h"

namespace tensorgate {

inline Status FromTf(const TF_Status* status) {
  const TF_Code code = TF_GetCode(status);
  if (code == TF_OK) return Status();
  return Status(static_cast<Code>(code), TF_Message(status));
}

}  // namespace tensorgate
