// PinnedBody: a body of JavaScript's, pinned in its place by a reference while a job reads it on
// another thread. The reference is made and dropped on JavaScript's thread, while any thread may
// read. An ArrayBuffer is given away with it: its memory is freed at Unpin(). V8 frees it at a
// garbage collection only, and counts it, so that large bodies by themselves would make it collect
// all the time.
#pragma once

#include <napi.h>

#include <string_view>

namespace tensorgate {

class PinnedBody {
 public:
  // `value` is what holds `bytes`. Once.
  void Pin(napi_env env, napi_value value, std::string_view bytes) {
    env_ = env;
    napi_create_reference(env, value, 1, &reference_);
    bytes_ = bytes;
  }

  // To be called before the destructor where Pin() was.
  void Unpin() {
    if (reference_ == nullptr) return;
    DetachArrayBuffer();
    napi_delete_reference(env_, reference_);
    reference_ = nullptr;
  }

  bool is_pinned() const { return reference_ != nullptr; }
  std::string_view view() const { return bytes_; }

 private:
  // A refusal leaves it to V8.
  void DetachArrayBuffer() {
    napi_handle_scope scope;
    if (napi_open_handle_scope(env_, &scope) != napi_ok) return;
    napi_value value;
    bool is_given = false;
    if (napi_get_reference_value(env_, reference_, &value) == napi_ok && value != nullptr &&
        napi_is_arraybuffer(env_, value, &is_given) == napi_ok && is_given) {
      napi_detach_arraybuffer(env_, value);
    }
    napi_close_handle_scope(env_, scope);
  }

  napi_env env_ = nullptr;
  napi_ref reference_ = nullptr;
  std::string_view bytes_;
};

}  // namespace tensorgate
