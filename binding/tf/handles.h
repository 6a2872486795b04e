// RAII owners of the TensorFlow C API's objects. One owner per object; the deleter is part of the
// type, so every early return frees it.
#pragma once

#include <memory>

#include "tensorflow/c/c_api.h"

namespace tensorgate {

template <auto Delete>
struct TfDelete {
  template <typename T>
  void operator()(T* handle) const noexcept {
    Delete(handle);
  }
};

using StatusHandle = std::unique_ptr<TF_Status, TfDelete<&TF_DeleteStatus>>;
using TensorHandle = std::unique_ptr<TF_Tensor, TfDelete<&TF_DeleteTensor>>;
using BufferHandle = std::unique_ptr<TF_Buffer, TfDelete<&TF_DeleteBuffer>>;
using GraphHandle = std::unique_ptr<TF_Graph, TfDelete<&TF_DeleteGraph>>;
using SessionOptionsHandle = std::unique_ptr<TF_SessionOptions, TfDelete<&TF_DeleteSessionOptions>>;

// A session is closed before it is deleted; a graph must outlive its sessions, so declare the
// GraphHandle before the SessionHandle.
struct TfCloseAndDeleteSession {
  void operator()(TF_Session* session) const noexcept {
    StatusHandle status(TF_NewStatus());
    TF_CloseSession(session, status.get());
    TF_DeleteSession(session, status.get());
  }
};
using SessionHandle = std::unique_ptr<TF_Session, TfCloseAndDeleteSession>;

inline bool Same(const TF_Output& a, const TF_Output& b) {
  return a.oper == b.oper && a.index == b.index;
}

}  // namespace tensorgate
