// Reading arguments that our own TypeScript passes. A wrong one is a bug of ours, never a client's:
// each reader throws a TypeError that names the argument, and returns false.
#pragma once

#include <napi.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tensorgate {

bool ReadUint32(const Napi::CallbackInfo& info, size_t index, const char* name, uint32_t* out);
bool ReadBool(const Napi::CallbackInfo& info, size_t index, const char* name, bool* out);

bool ReadText(const Napi::CallbackInfo& info, size_t index, std::string* text);
// A whole number, as ids of requests are.
bool ReadId(const Napi::CallbackInfo& info, size_t index, uint64_t* id);

// A Uint8Array (Buffer) or an ArrayBuffer. OWNERSHIP: the view is JavaScript's memory, valid while
// the value is reachable and not detached.
bool ReadBytes(const Napi::CallbackInfo& info, size_t index, const char* name,
               std::string_view* out);
bool BytesOf(napi_env env, napi_value value, std::string_view* out);

// A bigint that fits int64.
bool ReadVersion(const Napi::Value& value, int64_t* version);

// Members of an options object; all must be there.
bool ReadInteger(const Napi::Object& object, const char* name, int64_t* out);
bool ReadString(const Napi::Object& object, const char* name, std::string* out);
bool ReadStrings(const Napi::Object& object, const char* name, std::vector<std::string>* out);

bool ThrowTypeError(Napi::Env env, const std::string& message);  // always false

}  // namespace tensorgate
