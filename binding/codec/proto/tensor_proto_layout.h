// How long a TensorProto will be, worked out before its first byte is written, since its length
// stands in front of it. Internal to the predict codec. Owns nothing; any thread.
#pragma once

#include <cstddef>

#include "codec/proto/tensor_proto_fields.h"
#include "codec/proto/wire.h"
#include "status/status.h"
#include "tensor/tensor.h"

namespace tensorgate {

struct TensorProtoLayout {
  size_t size = 0;         // of the whole TensorProto, without its own prefix
  size_t shape_size = 0;   // of tensor_shape, without its prefix
  size_t values_size = 0;  // of the field below, without its prefix; kStrings: all the fields
  ValueField field = {0, ValueForm::kNone, 1};
  bool as_content = false;
};

// ERRORS: UNIMPLEMENTED for a dtype that is not servable; `layout` is then of no use.
Status LayOutTensorProto(const TensorView& tensor, bool as_content, TensorProtoLayout* layout);

// REQUIRES: `layout` is that of `tensor`, unchanged since, and `writer` has room for its size.
void WriteTensorProto(const TensorView& tensor, const TensorProtoLayout& layout,
                      WireWriter* writer);

}  // namespace tensorgate
