#include "http2/nghttp2.h"

namespace tensorgate {

const char* Http2Missing() {
  const WeakSymbol needed[] = {
      TENSORGATE_NEEDED(nghttp2_session_callbacks_new),
      TENSORGATE_NEEDED(nghttp2_session_callbacks_del),
      TENSORGATE_NEEDED(nghttp2_session_callbacks_set_on_begin_headers_callback),
      TENSORGATE_NEEDED(nghttp2_session_callbacks_set_on_header_callback),
      TENSORGATE_NEEDED(nghttp2_session_callbacks_set_on_frame_recv_callback),
      TENSORGATE_NEEDED(nghttp2_session_callbacks_set_on_frame_send_callback),
      TENSORGATE_NEEDED(nghttp2_session_callbacks_set_on_begin_frame_callback),
      TENSORGATE_NEEDED(nghttp2_session_callbacks_set_on_invalid_frame_recv_callback),
      TENSORGATE_NEEDED(nghttp2_session_callbacks_set_on_data_chunk_recv_callback),
      TENSORGATE_NEEDED(nghttp2_session_callbacks_set_on_stream_close_callback),
      TENSORGATE_NEEDED(nghttp2_session_callbacks_set_send_data_callback),
      TENSORGATE_NEEDED(nghttp2_session_callbacks_set_data_source_read_length_callback),
      TENSORGATE_NEEDED(nghttp2_option_new),
      TENSORGATE_NEEDED(nghttp2_option_del),
      TENSORGATE_NEEDED(nghttp2_option_set_no_closed_streams),
      TENSORGATE_NEEDED(nghttp2_option_set_max_outbound_ack),
      TENSORGATE_NEEDED(nghttp2_option_set_max_settings),
      TENSORGATE_NEEDED(nghttp2_session_server_new2),
      TENSORGATE_NEEDED(nghttp2_session_del),
      TENSORGATE_NEEDED(nghttp2_session_mem_recv),
      TENSORGATE_NEEDED(nghttp2_session_mem_send),
      TENSORGATE_NEEDED(nghttp2_session_want_read),
      TENSORGATE_NEEDED(nghttp2_session_want_write),
      TENSORGATE_NEEDED(nghttp2_session_resume_data),
      TENSORGATE_NEEDED(nghttp2_session_set_stream_user_data),
      TENSORGATE_NEEDED(nghttp2_session_get_stream_user_data),
      TENSORGATE_NEEDED(nghttp2_session_set_local_window_size),
      TENSORGATE_NEEDED(nghttp2_session_get_last_proc_stream_id),
      TENSORGATE_NEEDED(nghttp2_session_terminate_session),
      TENSORGATE_NEEDED(nghttp2_submit_settings),
      TENSORGATE_NEEDED(nghttp2_submit_response),
      TENSORGATE_NEEDED(nghttp2_submit_trailer),
      TENSORGATE_NEEDED(nghttp2_submit_rst_stream),
      TENSORGATE_NEEDED(nghttp2_submit_ping),
      TENSORGATE_NEEDED(nghttp2_submit_shutdown_notice),
      TENSORGATE_NEEDED(nghttp2_submit_goaway),
  };
  return FirstMissing(needed);
}

}  // namespace tensorgate
