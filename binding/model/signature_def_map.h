// SignatureDefMaps of servables that have none of their own.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/signature.h"

namespace tensorgate {

// A serialized tensorflow.SignatureDef; without a method name it is Predict's.
std::string SignatureDefBytes(const SignatureDef& signature);

// A serialized tensorflow.serving.SignatureDefMap of names and serialized SignatureDefs.
std::string SignatureDefMapBytes(const std::vector<std::pair<std::string, std::string>>& defs);

}  // namespace tensorgate
