// The part of nghttp2's C interface that we use, declared here because Node's headers leave it out
// though its executable exports the functions. The interface is stable: nothing here has changed
// since nghttp2 1.0. All are weak: where the executable lacks one, the addon still loads, and
// Http2Missing() names it.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

#include "net/weak_symbols.h"

extern "C" {

struct nghttp2_session;
struct nghttp2_session_callbacks;
struct nghttp2_option;

struct nghttp2_nv {
  uint8_t* name;
  uint8_t* value;
  size_t namelen;
  size_t valuelen;
  uint8_t flags;
};

struct nghttp2_frame_hd {
  size_t length;
  int32_t stream_id;
  uint8_t type;
  uint8_t flags;
  uint8_t reserved;
};

// A union of all frames, each of which begins with this.
struct nghttp2_frame {
  nghttp2_frame_hd hd;
};

struct nghttp2_settings_entry {
  int32_t settings_id;
  uint32_t value;
};

union nghttp2_data_source {
  int fd;
  void* ptr;
};

typedef ssize_t (*nghttp2_data_source_read_callback)(nghttp2_session*, int32_t stream_id,
                                                     uint8_t* buf, size_t length,
                                                     uint32_t* data_flags,
                                                     nghttp2_data_source* source, void* user_data);

struct nghttp2_data_provider {
  nghttp2_data_source source;
  nghttp2_data_source_read_callback read_callback;
};

typedef int (*nghttp2_on_begin_headers_callback)(nghttp2_session*, const nghttp2_frame*, void*);
typedef int (*nghttp2_on_header_callback)(nghttp2_session*, const nghttp2_frame*,
                                          const uint8_t* name, size_t namelen, const uint8_t* value,
                                          size_t valuelen, uint8_t flags, void*);
typedef int (*nghttp2_on_frame_recv_callback)(nghttp2_session*, const nghttp2_frame*, void*);
typedef int (*nghttp2_on_begin_frame_callback)(nghttp2_session*, const nghttp2_frame_hd*, void*);
typedef int (*nghttp2_on_invalid_frame_recv_callback)(nghttp2_session*, const nghttp2_frame*,
                                                      int lib_error_code, void*);
typedef int (*nghttp2_on_data_chunk_recv_callback)(nghttp2_session*, uint8_t flags,
                                                   int32_t stream_id, const uint8_t* data,
                                                   size_t len, void*);
typedef int (*nghttp2_on_stream_close_callback)(nghttp2_session*, int32_t stream_id,
                                                uint32_t error_code, void*);
typedef int (*nghttp2_send_data_callback)(nghttp2_session*, nghttp2_frame*, const uint8_t* framehd,
                                          size_t length, nghttp2_data_source*, void*);
typedef ssize_t (*nghttp2_data_source_read_length_callback)(nghttp2_session*, uint8_t frame_type,
                                                            int32_t stream_id,
                                                            int32_t session_remote_window_size,
                                                            int32_t stream_remote_window_size,
                                                            uint32_t remote_max_frame_size, void*);

TENSORGATE_WEAK int nghttp2_session_callbacks_new(nghttp2_session_callbacks**);
TENSORGATE_WEAK void nghttp2_session_callbacks_del(nghttp2_session_callbacks*);
TENSORGATE_WEAK void nghttp2_session_callbacks_set_on_begin_headers_callback(
    nghttp2_session_callbacks*, nghttp2_on_begin_headers_callback);
TENSORGATE_WEAK void nghttp2_session_callbacks_set_on_header_callback(nghttp2_session_callbacks*,
                                                                      nghttp2_on_header_callback);
TENSORGATE_WEAK void nghttp2_session_callbacks_set_on_frame_recv_callback(
    nghttp2_session_callbacks*, nghttp2_on_frame_recv_callback);
TENSORGATE_WEAK void nghttp2_session_callbacks_set_on_frame_send_callback(
    nghttp2_session_callbacks*, nghttp2_on_frame_recv_callback);
TENSORGATE_WEAK void nghttp2_session_callbacks_set_on_begin_frame_callback(
    nghttp2_session_callbacks*, nghttp2_on_begin_frame_callback);
TENSORGATE_WEAK void nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(
    nghttp2_session_callbacks*, nghttp2_on_invalid_frame_recv_callback);
TENSORGATE_WEAK void nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
    nghttp2_session_callbacks*, nghttp2_on_data_chunk_recv_callback);
TENSORGATE_WEAK void nghttp2_session_callbacks_set_on_stream_close_callback(
    nghttp2_session_callbacks*, nghttp2_on_stream_close_callback);
TENSORGATE_WEAK void nghttp2_session_callbacks_set_send_data_callback(nghttp2_session_callbacks*,
                                                                      nghttp2_send_data_callback);
TENSORGATE_WEAK void nghttp2_session_callbacks_set_data_source_read_length_callback(
    nghttp2_session_callbacks*, nghttp2_data_source_read_length_callback);

TENSORGATE_WEAK int nghttp2_option_new(nghttp2_option**);
TENSORGATE_WEAK void nghttp2_option_del(nghttp2_option*);
TENSORGATE_WEAK void nghttp2_option_set_no_closed_streams(nghttp2_option*, int);
TENSORGATE_WEAK void nghttp2_option_set_max_outbound_ack(nghttp2_option*, size_t);
TENSORGATE_WEAK void nghttp2_option_set_max_settings(nghttp2_option*, size_t);

TENSORGATE_WEAK int nghttp2_session_server_new2(nghttp2_session**, const nghttp2_session_callbacks*,
                                                void* user_data, const nghttp2_option*);
TENSORGATE_WEAK void nghttp2_session_del(nghttp2_session*);
TENSORGATE_WEAK ssize_t nghttp2_session_mem_recv(nghttp2_session*, const uint8_t*, size_t);
TENSORGATE_WEAK ssize_t nghttp2_session_mem_send(nghttp2_session*, const uint8_t**);
TENSORGATE_WEAK int nghttp2_session_want_read(nghttp2_session*);
TENSORGATE_WEAK int nghttp2_session_want_write(nghttp2_session*);
TENSORGATE_WEAK int nghttp2_session_resume_data(nghttp2_session*, int32_t stream_id);
TENSORGATE_WEAK int nghttp2_session_set_stream_user_data(nghttp2_session*, int32_t, void*);
TENSORGATE_WEAK void* nghttp2_session_get_stream_user_data(nghttp2_session*, int32_t);
TENSORGATE_WEAK int nghttp2_session_set_local_window_size(nghttp2_session*, uint8_t flags,
                                                          int32_t stream_id, int32_t window_size);
TENSORGATE_WEAK int32_t nghttp2_session_get_last_proc_stream_id(nghttp2_session*);
TENSORGATE_WEAK int nghttp2_session_terminate_session(nghttp2_session*, uint32_t error_code);

TENSORGATE_WEAK int nghttp2_submit_settings(nghttp2_session*, uint8_t flags,
                                            const nghttp2_settings_entry*, size_t);
TENSORGATE_WEAK int nghttp2_submit_response(nghttp2_session*, int32_t stream_id, const nghttp2_nv*,
                                            size_t nvlen, const nghttp2_data_provider*);
TENSORGATE_WEAK int nghttp2_submit_trailer(nghttp2_session*, int32_t stream_id, const nghttp2_nv*,
                                           size_t nvlen);
TENSORGATE_WEAK int nghttp2_submit_rst_stream(nghttp2_session*, uint8_t flags, int32_t stream_id,
                                              uint32_t error_code);
TENSORGATE_WEAK int nghttp2_submit_ping(nghttp2_session*, uint8_t flags, const uint8_t* opaque);
TENSORGATE_WEAK int nghttp2_submit_shutdown_notice(nghttp2_session*);
TENSORGATE_WEAK int nghttp2_submit_goaway(nghttp2_session*, uint8_t flags, int32_t last_stream_id,
                                          uint32_t error_code, const uint8_t* data, size_t);

}  // extern "C"

namespace tensorgate {

enum Http2Frame : uint8_t {
  kDataFrame = 0,
  kHeadersFrame = 1,
  kPriorityFrame = 2,
  kRstStreamFrame = 3,
  kSettingsFrame = 4,
  kPingFrame = 6,
};

constexpr uint8_t kEndStreamFlag = 0x1;
constexpr uint8_t kAckFlag = 0x1;

// SETTINGS.
constexpr int32_t kMaxConcurrentStreams = 3;
constexpr int32_t kInitialWindowSize = 4;
constexpr int32_t kMaxFrameSize = 5;
constexpr int32_t kMaxHeaderListSize = 6;

// Error codes on the wire.
constexpr uint32_t kNoError = 0;
constexpr uint32_t kInternalError = 2;
constexpr uint32_t kCancel = 8;
constexpr uint32_t kEnhanceYourCalm = 11;

// nghttp2's own.
constexpr int kErrDeferred = -508;
constexpr int kErrResetStream = -521;  // TEMPORAL_CALLBACK_FAILURE: the stream is reset, no more
constexpr int kErrCallbackFailure = -902;

constexpr uint32_t kDataEof = 1;
constexpr uint32_t kDataNoEndStream = 2;
constexpr uint32_t kDataNoCopy = 4;

// Null when all of the above is there, else the name of the first that is missing.
const char* Http2Missing();

}  // namespace tensorgate
