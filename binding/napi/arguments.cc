#include "napi/arguments.h"

namespace tensorgate {

bool ThrowTypeError(Napi::Env env, const std::string& message) {
  Napi::TypeError::New(env, message).ThrowAsJavaScriptException();
  return false;
}

bool ReadUint32(const Napi::CallbackInfo& info, size_t index, const char* name, uint32_t* out) {
  if (napi_get_value_uint32(info.Env(), info[index], out) == napi_ok) return true;
  return ThrowTypeError(info.Env(), std::string(name) + " must be an unsigned integer");
}

bool ReadBool(const Napi::CallbackInfo& info, size_t index, const char* name, bool* out) {
  if (napi_get_value_bool(info.Env(), info[index], out) == napi_ok) return true;
  return ThrowTypeError(info.Env(), std::string(name) + " must be a boolean");
}

bool BytesOf(napi_env env, napi_value value, std::string_view* out) {
  void* data = nullptr;
  size_t size = 0;
  bool is_array_buffer = false;
  napi_is_arraybuffer(env, value, &is_array_buffer);
  if (is_array_buffer) {
    if (napi_get_arraybuffer_info(env, value, &data, &size) != napi_ok) return false;
  } else {
    napi_typedarray_type type;
    if (napi_get_typedarray_info(env, value, &type, &size, &data, nullptr, nullptr) != napi_ok ||
        type != napi_uint8_array) {
      return false;
    }
  }
  *out = {static_cast<const char*>(data), size};
  return true;
}

bool ReadBytes(const Napi::CallbackInfo& info, size_t index, const char* name,
               std::string_view* out) {
  if (BytesOf(info.Env(), info[index], out)) return true;
  return ThrowTypeError(info.Env(), std::string(name) + " must be a Uint8Array or an ArrayBuffer");
}

bool ReadText(const Napi::CallbackInfo& info, size_t index, std::string* text) {
  if (!info[index].IsString()) return ThrowTypeError(info.Env(), "a string is missing");
  *text = info[index].As<Napi::String>().Utf8Value();
  return true;
}

bool ReadVersion(const Napi::Value& value, int64_t* version) {
  bool lossless = false;
  if (napi_get_value_bigint_int64(value.Env(), value, version, &lossless) == napi_ok && lossless) {
    return true;
  }
  return ThrowTypeError(value.Env(), "version must be a bigint that fits int64");
}

bool ReadId(const Napi::CallbackInfo& info, size_t index, uint64_t* id) {
  int64_t number;
  if (napi_get_value_int64(info.Env(), info[index], &number) != napi_ok) {
    return ThrowTypeError(info.Env(), "an id must be a number");
  }
  *id = static_cast<uint64_t>(number);
  return true;
}

bool ReadInteger(const Napi::Object& object, const char* name, int64_t* out) {
  if (napi_get_value_int64(object.Env(), object.Get(name), out) == napi_ok) return true;
  return ThrowTypeError(object.Env(), std::string(name) + " must be a number");
}

bool ReadString(const Napi::Object& object, const char* name, std::string* out) {
  const Napi::Value value = object.Get(name);
  if (!value.IsString()) {
    return ThrowTypeError(object.Env(), std::string(name) + " must be a string");
  }
  *out = value.As<Napi::String>().Utf8Value();
  return true;
}

bool ReadStrings(const Napi::Object& object, const char* name, std::vector<std::string>* out) {
  const Napi::Value value = object.Get(name);
  if (!value.IsArray()) {
    return ThrowTypeError(object.Env(), std::string(name) + " must be an array of strings");
  }
  const Napi::Array array = value.As<Napi::Array>();
  for (uint32_t i = 0; i < array.Length(); ++i) {
    const Napi::Value item = array.Get(i);
    if (!item.IsString()) {
      return ThrowTypeError(object.Env(), std::string(name) + " must be an array of strings");
    }
    out->push_back(item.As<Napi::String>().Utf8Value());
  }
  return true;
}

}  // namespace tensorgate
