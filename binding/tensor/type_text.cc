#include "tensor/type_text.h"

#include <algorithm>
#include <cctype>

namespace tensorgate {

std::string DataTypeEnumName(DataType dtype) {
  std::string name = "DT_" + DataTypeName(dtype);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return name;
}

std::string TypedShapeText(DataType dtype, const int64_t* dims, int rank) {
  std::string text = DataTypeEnumName(dtype) + " [";
  for (int i = 0; i < rank; ++i) {
    if (i > 0) text += ',';
    text += std::to_string(dims[i]);
  }
  return text + ']';
}

}  // namespace tensorgate
