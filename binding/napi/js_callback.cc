#include "napi/js_callback.h"

namespace tensorgate {

JsCallback::JsCallback(napi_env env, Napi::Function function, const char* name) : env_(env) {
  napi_create_reference(env, function, 1, &function_);
  napi_async_init(env, nullptr, Napi::String::New(env, name), &context_);
}

void JsCallback::Drop() {
  if (env_ == nullptr) return;
  napi_delete_reference(env_, function_);
  napi_async_destroy(env_, context_);
  env_ = nullptr;
}

void JsCallback::Call(napi_value argument) {
  if (env_ == nullptr) return;
  napi_value function, global, result;
  napi_get_reference_value(env_, function_, &function);
  napi_get_global(env_, &global);
  const napi_status status =
      napi_make_callback(env_, context_, global, function, 1, &argument, &result);
  if (status != napi_pending_exception) return;
  napi_value error;
  napi_get_and_clear_last_exception(env_, &error);
  napi_fatal_exception(env_, error);
}

}  // namespace tensorgate
