#include "net/uv.h"

#include <cstdlib>

namespace tensorgate {

uv_handle_t* NewUvHandle(int type, void* data) {
  void* memory = std::malloc(uv_handle_size(type));
  if (memory == nullptr) std::abort();
  // uv_handle_set_data only writes a field, which no uv_*_init touches.
  auto* handle = static_cast<uv_handle_t*>(memory);
  uv_handle_set_data(handle, data);
  return handle;
}

void UvFree(uv_handle_t* handle) { std::free(handle); }

const char* UvMissing() {
  const WeakSymbol needed[] = {
      TENSORGATE_NEEDED(uv_handle_size),
      TENSORGATE_NEEDED(uv_req_size),
      TENSORGATE_NEEDED(uv_handle_set_data),
      TENSORGATE_NEEDED(uv_handle_get_data),
      TENSORGATE_NEEDED(uv_req_set_data),
      TENSORGATE_NEEDED(uv_req_get_data),
      TENSORGATE_NEEDED(uv_unref),
      TENSORGATE_NEEDED(uv_close),
      TENSORGATE_NEEDED(uv_strerror),
      TENSORGATE_NEEDED(uv_err_name),
      TENSORGATE_NEEDED(uv_async_init),
      TENSORGATE_NEEDED(uv_async_send),
      TENSORGATE_NEEDED(uv_prepare_init),
      TENSORGATE_NEEDED(uv_prepare_start),
      TENSORGATE_NEEDED(uv_check_init),
      TENSORGATE_NEEDED(uv_check_start),
      TENSORGATE_NEEDED(uv_timer_init),
      TENSORGATE_NEEDED(uv_timer_start),
      TENSORGATE_NEEDED(uv_tcp_init),
      TENSORGATE_NEEDED(uv_tcp_bind),
      TENSORGATE_NEEDED(uv_tcp_nodelay),
      TENSORGATE_NEEDED(uv_pipe_init),
      TENSORGATE_NEEDED(uv_pipe_bind),
      TENSORGATE_NEEDED(uv_listen),
      TENSORGATE_NEEDED(uv_tcp_open),
      TENSORGATE_NEEDED(uv_accept),
      TENSORGATE_NEEDED(uv_read_start),
      TENSORGATE_NEEDED(uv_try_write),
      TENSORGATE_NEEDED(uv_read_stop),
      TENSORGATE_NEEDED(uv_shutdown),
      TENSORGATE_NEEDED(uv_now),
      TENSORGATE_NEEDED(uv_write),
      TENSORGATE_NEEDED(uv_handle_get_type),
      TENSORGATE_NEEDED(uv_is_closing),
      TENSORGATE_NEEDED(uv_walk),
      TENSORGATE_NEEDED(uv_fileno),
      TENSORGATE_NEEDED(uv_pipe_open),
  };
  return FirstMissing(needed);
}

}  // namespace tensorgate
