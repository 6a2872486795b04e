// TensorSet: named tensors that belong to no request: what one servable has put out and another
// takes in. Shared, and never written to once it is made.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tf/handles.h"

namespace tensorgate {

using SharedTensor = std::shared_ptr<TF_Tensor>;

class TensorSet {
 public:
  using Entry = std::pair<std::string, SharedTensor>;

  void Add(std::string name, SharedTensor tensor) {
    entries_.emplace_back(std::move(name), std::move(tensor));
  }
  const std::vector<Entry>& entries() const { return entries_; }
  // Null where there is none of that name.
  SharedTensor Find(std::string_view name) const {
    for (const Entry& entry : entries_) {
      if (entry.first == name) return entry.second;
    }
    return nullptr;
  }

 private:
  std::vector<Entry> entries_;
};

}  // namespace tensorgate
