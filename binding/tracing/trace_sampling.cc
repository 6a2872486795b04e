#include "tracing/trace_sampling.h"

#include <atomic>
#include <cstdint>

#include "random/random_share.h"

namespace tensorgate {
namespace {

// version "-" trace-id "-" parent-id "-" trace-flags, in lower-case hexadecimal.
constexpr size_t kTraceIdAt = 3;
constexpr size_t kTraceIdDigits = 32;
constexpr size_t kParentIdAt = 36;
constexpr size_t kParentIdDigits = 16;
constexpr size_t kFlagsAt = 53;
constexpr size_t kLength = 55;

struct Settings {
  std::atomic<bool> is_on{false};
  std::atomic<bool> follows_parent{false};
  std::atomic<uint64_t> threshold{0};
};

Settings& Process() {
  static auto* const settings = new Settings();
  return *settings;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

bool IsHex(std::string_view text) {
  for (char c : text) {
    if (HexDigit(c) < 0) return false;
  }
  return true;
}

bool IsId(std::string_view text) {
  return IsHex(text) && text.find_first_not_of('0') != std::string_view::npos;
}

}  // namespace

TraceParent ReadTraceParent(std::string_view text) {
  TraceParent parent;
  if (text.size() < kLength || !IsHex(text.substr(0, 2)) || text.substr(0, 2) == "ff") {
    return parent;
  }
  const bool is_known = text.substr(0, 2) == "00";
  if (text.size() > kLength && (is_known || text[kLength] != '-')) return parent;
  if (text[kTraceIdAt - 1] != '-' || text[kParentIdAt - 1] != '-' || text[kFlagsAt - 1] != '-' ||
      !IsId(text.substr(kTraceIdAt, kTraceIdDigits)) ||
      !IsId(text.substr(kParentIdAt, kParentIdDigits)) || !IsHex(text.substr(kFlagsAt, 2))) {
    return parent;
  }
  parent.valid = true;
  parent.sampled = (HexDigit(text[kFlagsAt + 1]) & 1) != 0;
  return parent;
}

void TraceSampling::Configure(double ratio, bool follows_parent) {
  Settings& settings = Process();
  settings.threshold.store(ShareThreshold(ratio), std::memory_order_relaxed);
  settings.follows_parent.store(follows_parent, std::memory_order_relaxed);
  settings.is_on.store(true, std::memory_order_relaxed);
}

bool TraceSampling::IsOn() { return Process().is_on.load(std::memory_order_relaxed); }

bool TraceSampling::Wants(std::string_view traceparent) {
  if (!IsOn()) return false;
  const Settings& settings = Process();
  if (!traceparent.empty() && settings.follows_parent.load(std::memory_order_relaxed)) {
    const TraceParent parent = ReadTraceParent(traceparent);
    if (parent.valid) return parent.sampled;
  }
  return InShare(settings.threshold.load(std::memory_order_relaxed));
}

}  // namespace tensorgate
