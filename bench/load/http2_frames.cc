#include "http2_frames.h"

namespace tensorgate::load {

uint32_t ReadUint32(const uint8_t* data) {
  return uint32_t{data[0]} << 24 | uint32_t{data[1]} << 16 | uint32_t{data[2]} << 8 | data[3];
}

FrameHead ReadFrameHead(const uint8_t* data) {
  FrameHead head;
  head.size = ReadUint32(data) >> 8;
  head.type = data[3];
  head.flags = data[4];
  head.stream = ReadUint32(data + 5) & 0x7fffffff;
  return head;
}

bool StripPadding(const FrameHead& head, const uint8_t** payload, size_t* size) {
  size_t padding = 0;
  if (head.flags & kPadded) {
    if (*size < 1) return false;
    padding = (*payload)[0];
    *payload += 1;
    *size -= 1;
  }
  if (head.type == kHeaders && (head.flags & kPriority)) {
    if (*size < 5) return false;
    *payload += 5;
    *size -= 5;
  }
  if (padding > *size) return false;
  *size -= padding;
  return true;
}

void AppendUint32(uint32_t value, std::string* out) {
  const char bytes[] = {static_cast<char>(value >> 24), static_cast<char>(value >> 16),
                        static_cast<char>(value >> 8), static_cast<char>(value)};
  out->append(bytes, sizeof(bytes));
}

void AppendFrameHead(uint32_t size, uint8_t type, uint8_t flags, uint32_t stream,
                     std::string* out) {
  const char bytes[] = {static_cast<char>(size >> 16),   static_cast<char>(size >> 8),
                        static_cast<char>(size),         static_cast<char>(type),
                        static_cast<char>(flags),        static_cast<char>(stream >> 24),
                        static_cast<char>(stream >> 16), static_cast<char>(stream >> 8),
                        static_cast<char>(stream)};
  out->append(bytes, sizeof(bytes));
}

void AppendSetting(Setting id, uint32_t value, std::string* out) {
  out->push_back(static_cast<char>(id >> 8));
  out->push_back(static_cast<char>(id));
  AppendUint32(value, out);
}

void AppendWindowUpdate(uint32_t stream, uint32_t increment, std::string* out) {
  AppendFrameHead(4, kWindowUpdate, 0, stream, out);
  AppendUint32(increment, out);
}

void AppendRstStream(uint32_t stream, uint32_t code, std::string* out) {
  AppendFrameHead(4, kRstStream, 0, stream, out);
  AppendUint32(code, out);
}

std::string ClientPreface() {
  std::string settings;
  AppendSetting(kHeaderTableSize, 0, &settings);
  AppendSetting(kEnablePush, 0, &settings);
  AppendSetting(kInitialWindowSize, kMaxWindow, &settings);
  std::string preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  AppendFrameHead(static_cast<uint32_t>(settings.size()), kSettings, 0, 0, &preface);
  preface += settings;
  AppendWindowUpdate(0, kMaxWindow - kDefaultWindow, &preface);
  return preface;
}

}  // namespace tensorgate::load
