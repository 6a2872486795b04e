// JsonTensorFiller: values of a parsed document into a Tensor, checked in upstream's order and
// refused in upstream's words. The slow path's counterpart of JsonTensorReader. Used by one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "codec/json/json_document.h"
#include "status/status.h"
#include "tensor/tensor.h"

namespace tensorgate {

class JsonTensorFiller {
 public:
  // `budget`: the bytes that all tensors of the request may still take. OWNERSHIP: borrows all.
  JsonTensorFiller(const std::string& alias, const JsonDocument& document, size_t* budget,
                   Tensor* tensor)
      : alias_(alias), document_(document), budget_(budget), tensor_(tensor) {}

  // Appends one value, a scalar or nested lists, whose shape comes from its first elements.
  // REQUIRES: tensor->dtype is set. ERRORS: INVALID_ARGUMENT and UNIMPLEMENTED with upstream's
  // text, RESOURCE_EXHAUSTED from the budget; the violation's path begins at the value.
  Status Append(size_t node);

  // Of the value appended last.
  const std::vector<int64_t>& shape() const { return shape_; }
  int64_t elements() const { return elements_; }

  // The last Append failed on the rank alone, which upstream would not have looked at yet.
  bool too_deep() const { return too_deep_; }

  // Gives the tensor its final shape. A row that named an input twice left elements over; upstream
  // takes the first ones, and so does this. ERRORS: INVALID_ARGUMENT beyond the largest rank.
  Status Finish(std::vector<int64_t> dims);

 private:
  bool FindShape(size_t node);
  Status AppendLeaf(size_t node);
  Status AppendString(size_t node);
  Status AppendBytes(const void* element, size_t size);
  Status Spend(size_t bytes);
  Status TypeError(size_t node) const;
  Status RankError() const;
  // `status` with the element at hand as its violation.
  Status At(Status status, size_t node, const int64_t* left, int level) const;
  std::string Expected(int level) const;

  const std::string& alias_;
  const JsonDocument& document_;
  size_t* const budget_;
  Tensor* const tensor_;
  std::vector<int64_t> shape_;
  int64_t elements_ = 0;
  bool too_deep_ = false;
};

// An object with the one member "b64", which is a string.
bool IsBase64Object(const JsonDocument& document, size_t node);

}  // namespace tensorgate
