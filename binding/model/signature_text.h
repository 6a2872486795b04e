// Signatures in error texts: upstream's, which has a SignatureDef in protobuf's text format, and
// violations.
#pragma once

#include <string>

#include "model/signature.h"

namespace tensorgate {

// "DT_FLOAT [-1,3]", "DT_FLOAT of any shape": what an input is expected to be.
std::string DeclaredText(const TensorInfo& info);

std::string SignatureText(const SignatureDef& signature);

}  // namespace tensorgate
