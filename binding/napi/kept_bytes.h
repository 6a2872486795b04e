// KeptBytes: bytes of JavaScript's that a job reads on another thread. A reference keeps them where
// they are; it is made and dropped on JavaScript's thread, while any thread may read.
#pragma once

#include <napi.h>

#include <string_view>

namespace tensorgate {

class KeptBytes {
 public:
  // `value` is what holds `bytes`. Once.
  void Keep(napi_env env, napi_value value, std::string_view bytes) {
    env_ = env;
    napi_create_reference(env, value, 1, &reference_);
    bytes_ = bytes;
  }

  // To be called before the destructor where Keep() was.
  void Drop() {
    if (reference_ == nullptr) return;
    napi_delete_reference(env_, reference_);
    reference_ = nullptr;
  }

  bool is_kept() const { return reference_ != nullptr; }
  std::string_view view() const { return bytes_; }

 private:
  napi_env env_ = nullptr;
  napi_ref reference_ = nullptr;
  std::string_view bytes_;
};

}  // namespace tensorgate
