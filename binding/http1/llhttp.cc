#include "http1/llhttp.h"

#include <cstring>
#include <iterator>
#include <string_view>

namespace tensorgate {
namespace {

// The order in llhttp_settings_t: on_message_begin, on_protocol from 9.3 on, then these. REQUIRES
// of their callers: function pointers and data pointers are of one kind, as POSIX has it.
constexpr size_t kUrl = 1;
constexpr size_t kField = 5;
constexpr size_t kValue = 6;
constexpr size_t kHeadersComplete = 9;
constexpr size_t kBody = 10;
constexpr size_t kMessageComplete = 11;

template <typename Function>
const void* SlotOf(Function function) {
  return reinterpret_cast<const void*>(function);
}

}  // namespace

// Parses a request and sees whether each callback gets what is its own.
struct LlhttpTrial {
  static constexpr std::string_view kSample =
      "POST /u HTTP/1.1\r\nA: b\r\nContent-Length: 3\r\n\r\nxyz";

  struct Seen {
    std::string_view data[8];
    size_t count = 0;
    bool in_order = true;
  };

  static Seen& seen() {
    static thread_local Seen value;
    return value;
  }
  static int Data(size_t at_least, size_t at_most, const char* at, size_t size) {
    Seen& all = seen();
    // What is not ours may be anything: it is compared before it is read.
    const bool is_inside = at >= kSample.data() && at + size <= kSample.data() + kSample.size();
    all.in_order = all.in_order && is_inside && all.count >= at_least && all.count <= at_most;
    if (!all.in_order) return -1;
    all.data[all.count++] = {at, size};
    return 0;
  }
  static int OnUrl(llhttp_t*, const char* at, size_t size) { return Data(0, 0, at, size); }
  static int OnField(llhttp_t*, const char* at, size_t size) { return Data(1, 3, at, size); }
  static int OnValue(llhttp_t*, const char* at, size_t size) { return Data(2, 4, at, size); }
  static int OnHeadersComplete(llhttp_t*) {
    seen().in_order = seen().in_order && seen().count == 5;
    seen().data[seen().count++] = "head";
    return 0;
  }
  static int OnBody(llhttp_t*, const char* at, size_t size) { return Data(6, 6, at, size); }
  static int OnMessageComplete(llhttp_t*) {
    seen().in_order = seen().in_order && seen().count == 7;
    return kLlhttpPaused;
  }

  static bool Fits(size_t shift) {
    const LlhttpSettings settings(
        {&OnUrl, &OnField, &OnValue, &OnHeadersComplete, &OnBody, &OnMessageComplete}, shift);
    constexpr unsigned char kUntouched = 0xa5;
    alignas(16) unsigned char memory[1024];
    std::memset(memory, kUntouched, sizeof memory);
    auto* parser = reinterpret_cast<llhttp_t*>(memory);
    seen() = Seen();
    llhttp_init(parser, kLlhttpRequest, settings.get());
    const int result = llhttp_execute(parser, kSample.data(), kSample.size());
    for (size_t i = kLlhttpBytes; i < sizeof memory; ++i) {
      if (memory[i] != kUntouched) return false;
    }
    const std::string_view expected[] = {"/u", "A", "b", "Content-Length", "3", "head", "xyz"};
    if (result != kLlhttpPaused || !seen().in_order || seen().count != std::size(expected)) {
      return false;
    }
    for (size_t i = 0; i < std::size(expected); ++i) {
      if (seen().data[i] != expected[i]) return false;
    }
    return true;
  }

  static constexpr size_t kNone = SIZE_MAX;
  static size_t Shift() {
    static const size_t shift = Fits(0) ? 0 : Fits(1) ? 1 : kNone;
    return shift;
  }
};

LlhttpSettings::LlhttpSettings(const LlhttpCallbacks& callbacks, size_t shift) {
  slots_[kUrl + shift] = SlotOf(callbacks.on_url);
  slots_[kField + shift] = SlotOf(callbacks.on_header_field);
  slots_[kValue + shift] = SlotOf(callbacks.on_header_value);
  slots_[kHeadersComplete + shift] = SlotOf(callbacks.on_headers_complete);
  slots_[kBody + shift] = SlotOf(callbacks.on_body);
  slots_[kMessageComplete + shift] = SlotOf(callbacks.on_message_complete);
}

LlhttpSettings::LlhttpSettings(const LlhttpCallbacks& callbacks)
    : LlhttpSettings(callbacks, LlhttpTrial::Shift()) {}

const char* LlhttpMissing() {
  const WeakSymbol needed[] = {
      TENSORGATE_NEEDED(llhttp_init),
      TENSORGATE_NEEDED(llhttp_execute),
      TENSORGATE_NEEDED(llhttp_resume),
      TENSORGATE_NEEDED(llhttp_resume_after_upgrade),
      TENSORGATE_NEEDED(llhttp_get_error_pos),
      TENSORGATE_NEEDED(llhttp_get_error_reason),
      TENSORGATE_NEEDED(llhttp_get_method),
      TENSORGATE_NEEDED(llhttp_get_http_major),
      TENSORGATE_NEEDED(llhttp_get_http_minor),
      TENSORGATE_NEEDED(llhttp_method_name),
      TENSORGATE_NEEDED(llhttp_should_keep_alive),
  };
  if (const char* missing = FirstMissing(needed); missing != nullptr) return missing;
  return LlhttpTrial::Shift() == LlhttpTrial::kNone ? "an llhttp whose callbacks are known"
                                                    : nullptr;
}

}  // namespace tensorgate
