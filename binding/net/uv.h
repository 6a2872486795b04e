// The part of libuv's C interface that we use. Node exports libuv to addons, but its headers come
// only with Node's sources; the types stay opaque here, and their sizes are asked for at run time.
// Weak, so that the addon loads where something is missing: UvMissing() names it.
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>

#include "net/weak_symbols.h"

extern "C" {

struct uv_loop_s;
struct uv_handle_t;  // every handle begins with its fields
struct uv_req_t;

struct uv_buf_t {  // as on Unix
  char* base;
  size_t len;
};

typedef void (*uv_handle_cb)(uv_handle_t*);
typedef void (*uv_alloc_cb)(uv_handle_t*, size_t suggested, uv_buf_t*);
typedef void (*uv_read_cb)(uv_handle_t*, ssize_t size, const uv_buf_t*);
typedef void (*uv_walk_cb)(uv_handle_t*, void*);
typedef void (*uv_status_cb)(uv_handle_t*, int status);
typedef void (*uv_req_cb)(uv_req_t*, int status);

TENSORGATE_WEAK size_t uv_handle_size(int type);
TENSORGATE_WEAK size_t uv_req_size(int type);
TENSORGATE_WEAK void uv_handle_set_data(uv_handle_t*, void*);
TENSORGATE_WEAK void* uv_handle_get_data(const uv_handle_t*);
TENSORGATE_WEAK void uv_req_set_data(uv_req_t*, void*);
TENSORGATE_WEAK void* uv_req_get_data(const uv_req_t*);
TENSORGATE_WEAK void uv_unref(uv_handle_t*);
TENSORGATE_WEAK int uv_fileno(const uv_handle_t*, int* descriptor);
TENSORGATE_WEAK int uv_handle_get_type(const uv_handle_t*);
TENSORGATE_WEAK int uv_is_closing(const uv_handle_t*);
TENSORGATE_WEAK void uv_walk(uv_loop_s*, uv_walk_cb, void*);
TENSORGATE_WEAK void uv_close(uv_handle_t*, uv_handle_cb);
TENSORGATE_WEAK uint64_t uv_now(const uv_loop_s*);
TENSORGATE_WEAK const char* uv_strerror(int);
TENSORGATE_WEAK const char* uv_err_name(int);

TENSORGATE_WEAK int uv_async_init(uv_loop_s*, uv_handle_t*, uv_handle_cb);
TENSORGATE_WEAK int uv_async_send(uv_handle_t*);
TENSORGATE_WEAK int uv_prepare_init(uv_loop_s*, uv_handle_t*);
TENSORGATE_WEAK int uv_prepare_start(uv_handle_t*, uv_handle_cb);
TENSORGATE_WEAK int uv_check_init(uv_loop_s*, uv_handle_t*);
TENSORGATE_WEAK int uv_check_start(uv_handle_t*, uv_handle_cb);
TENSORGATE_WEAK int uv_timer_init(uv_loop_s*, uv_handle_t*);
TENSORGATE_WEAK int uv_timer_start(uv_handle_t*, uv_handle_cb, uint64_t timeout, uint64_t repeat);

TENSORGATE_WEAK int uv_tcp_init(uv_loop_s*, uv_handle_t*);
TENSORGATE_WEAK int uv_tcp_open(uv_handle_t*, int socket);
TENSORGATE_WEAK int uv_tcp_bind(uv_handle_t*, const struct sockaddr*, unsigned flags);
TENSORGATE_WEAK int uv_tcp_nodelay(uv_handle_t*, int);
TENSORGATE_WEAK int uv_pipe_init(uv_loop_s*, uv_handle_t*, int ipc);
TENSORGATE_WEAK int uv_pipe_open(uv_handle_t*, int socket);
TENSORGATE_WEAK int uv_pipe_bind(uv_handle_t*, const char*);
TENSORGATE_WEAK int uv_listen(uv_handle_t*, int backlog, uv_status_cb);
TENSORGATE_WEAK int uv_accept(uv_handle_t* server, uv_handle_t* client);
TENSORGATE_WEAK int uv_read_start(uv_handle_t*, uv_alloc_cb, uv_read_cb);
TENSORGATE_WEAK int uv_read_stop(uv_handle_t*);
TENSORGATE_WEAK int uv_shutdown(uv_req_t*, uv_handle_t*, uv_req_cb);
TENSORGATE_WEAK int uv_try_write(uv_handle_t*, const uv_buf_t*, unsigned);
TENSORGATE_WEAK int uv_write(uv_req_t*, uv_handle_t*, const uv_buf_t*, unsigned, uv_req_cb);

}  // extern "C"

namespace tensorgate {

// uv_handle_type and uv_req_type; fixed for libuv 1.x.
constexpr int kUvAsync = 1;
constexpr int kUvCheck = 2;
constexpr int kUvPipe = 7;
constexpr int kUvPoll = 8;
constexpr int kUvPrepare = 9;
constexpr int kUvTcp = 12;
constexpr int kUvTimer = 13;
constexpr int kUvWrite = 3;
constexpr int kUvShutdown = 4;
constexpr ssize_t kUvEof = -4095;

// A handle in memory of its own, and how it ends: uv_close() with UvFree().
uv_handle_t* NewUvHandle(int type, void* data);
void UvFree(uv_handle_t* handle);

// Null when all of the above is there, else the name of the first that is missing.
const char* UvMissing();

}  // namespace tensorgate
