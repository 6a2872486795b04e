// JsCallback: a function of JavaScript's that an event loop's turn calls, outside of any call from
// JavaScript. THREAD: JavaScript's.
#pragma once

#include <napi.h>

namespace tensorgate {

class JsCallback {
 public:
  // `name` is what tools show for it.
  JsCallback(napi_env env, Napi::Function function, const char* name);
  ~JsCallback() { Drop(); }
  JsCallback(const JsCallback&) = delete;
  JsCallback& operator=(const JsCallback&) = delete;

  // What it throws ends the process as an uncaught exception. REQUIRES: a handle scope is open.
  void Call(napi_value argument);

  // To be called at the environment's end: nothing of Node-API may be touched after it.
  void Forget() { env_ = nullptr; }
  bool is_forgotten() const { return env_ == nullptr; }
  napi_env env() const { return env_; }

 private:
  void Drop();

  napi_env env_;
  napi_ref function_ = nullptr;
  napi_async_context context_ = nullptr;
};

}  // namespace tensorgate
