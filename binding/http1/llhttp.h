// The part of llhttp's C interface that we use. Node exports its llhttp to addons, but its header
// comes only with Node's sources, and the layout of the table of callbacks differs between
// versions: it is found by trying (LlhttpMissing()). Weak, so that the addon loads where something
// is missing.
#pragma once

#include <cstddef>
#include <cstdint>

#include "net/weak_symbols.h"

extern "C" {

struct llhttp_t;

TENSORGATE_WEAK void llhttp_init(llhttp_t*, int type, const void* settings);
TENSORGATE_WEAK int llhttp_execute(llhttp_t*, const char* data, size_t size);
TENSORGATE_WEAK void llhttp_resume(llhttp_t*);
TENSORGATE_WEAK void llhttp_resume_after_upgrade(llhttp_t*);
TENSORGATE_WEAK const char* llhttp_get_error_pos(const llhttp_t*);
TENSORGATE_WEAK const char* llhttp_get_error_reason(const llhttp_t*);
TENSORGATE_WEAK uint8_t llhttp_get_method(llhttp_t*);
TENSORGATE_WEAK uint8_t llhttp_get_http_major(llhttp_t*);
TENSORGATE_WEAK uint8_t llhttp_get_http_minor(llhttp_t*);
TENSORGATE_WEAK const char* llhttp_method_name(int method);
TENSORGATE_WEAK int llhttp_should_keep_alive(const llhttp_t*);

}  // extern "C"

namespace tensorgate {

// Of llhttp_errno and llhttp_type; the same in all versions.
constexpr int kLlhttpOk = 0;
constexpr int kLlhttpInvalidMethod = 6;
constexpr int kLlhttpInvalidUrl = 7;
constexpr int kLlhttpInvalidVersion = 9;
constexpr int kLlhttpPaused = 21;
constexpr int kLlhttpPausedUpgrade = 22;
constexpr int kLlhttpPausedH2Upgrade = 23;
constexpr int kLlhttpRequest = 1;

// More than llhttp_t takes in any version that is known; LlhttpMissing() sees to it.
constexpr size_t kLlhttpBytes = 160;

struct LlhttpCallbacks {
  using Event = int (*)(llhttp_t*);
  using Data = int (*)(llhttp_t*, const char* at, size_t size);
  Data on_url = nullptr;
  Data on_header_field = nullptr;
  Data on_header_value = nullptr;
  Event on_headers_complete = nullptr;
  Data on_body = nullptr;
  Event on_message_complete = nullptr;
};

// llhttp_settings_t as the llhttp at hand has it.
class LlhttpSettings {
 public:
  // REQUIRES: LlhttpMissing() is null.
  explicit LlhttpSettings(const LlhttpCallbacks& callbacks);
  const void* get() const { return slots_; }

 private:
  friend struct LlhttpTrial;
  LlhttpSettings(const LlhttpCallbacks& callbacks, size_t shift);

  static constexpr size_t kSlots = 40;
  const void* slots_[kSlots] = {};
};

// Null when all of the above is there, else what is missing. THREAD: any.
const char* LlhttpMissing();

}  // namespace tensorgate
