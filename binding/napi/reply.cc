#include "napi/reply.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace tensorgate {
namespace {

// Replies up to this size are copied into JavaScript's heap; larger ones are lent, since making an
// external buffer costs about as much as copying this much.
constexpr size_t kCopyReplyBytes = 32 << 10;

bool IsAscii(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<signed char>(c) < 0; });
}

}  // namespace

napi_value ReplyValue(napi_env env, OutputBuffer* out, bool is_text) {
  napi_value value;
  const std::string_view reply = out->view();
  if (reply.size() > kCopyReplyBytes) {
    const size_t size = reply.size();
    char* data = out->Release();
    napi_create_external_buffer(
        env, size, data, [](napi_env, void* bytes, void*) { std::free(bytes); }, nullptr, &value);
  } else if (is_text && IsAscii(reply)) {
    // A string is cheaper to make and to collect than a Buffer, and cheaper for uWebSockets.
    napi_create_string_latin1(env, reply.data(), reply.size(), &value);
  } else {
    napi_create_buffer_copy(env, reply.size(), reply.data(), nullptr, &value);
  }
  return value;
}

}  // namespace tensorgate
