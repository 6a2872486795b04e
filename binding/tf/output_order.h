// An order of tensors of a graph, for sorting and finding them. It means nothing beyond that.
#pragma once

#include <functional>

#include "tensorflow/c/c_api.h"

namespace tensorgate {

struct OutputOrder {
  bool operator()(const TF_Output& a, const TF_Output& b) const {
    return a.oper != b.oper ? std::less<TF_Operation*>()(a.oper, b.oper) : a.index < b.index;
  }
};

}  // namespace tensorgate
