// A SignatureDef in protobuf's text format, as upstream puts it into error texts.
#pragma once

#include <string>

#include "runtime/signature.h"

namespace tensorgate {

std::string SignatureText(const SignatureDef& signature);

// "DT_FLOAT", "DT_STRING_REF".
std::string DataTypeEnumName(DataType dtype);

}  // namespace tensorgate
