#include "formats/model_file.h"

namespace tensorgate {

size_t PlaceOf(const std::vector<FileTensor>& tensors, const std::string& name) {
  for (size_t i = 0; i < tensors.size(); ++i) {
    if (tensors[i].name == name) return i;
  }
  for (size_t i = 0; i < tensors.size(); ++i) {
    if (tensors[i].name == name.substr(0, name.find(':'))) return i;
  }
  return tensors.size();
}

}  // namespace tensorgate
