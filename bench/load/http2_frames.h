// The parts of HTTP/2's framing (RFC 9113) that a client needs: frame heads, numbers, constants.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace tensorgate::load {

constexpr size_t kFrameHeadSize = 9;
constexpr size_t kDefaultFrameSize = 16384;
constexpr int64_t kDefaultWindow = 65535;
constexpr int64_t kMaxWindow = 0x7fffffff;

enum FrameType : uint8_t {
  kData = 0,
  kHeaders = 1,
  kRstStream = 3,
  kSettings = 4,
  kPushPromise = 5,
  kPing = 6,
  kGoAway = 7,
  kWindowUpdate = 8,
  kContinuation = 9,
};

enum FrameFlag : uint8_t {
  kAck = 0x1,
  kEndStream = 0x1,
  kEndHeaders = 0x4,
  kPadded = 0x8,
  kPriority = 0x20,
};

enum Setting : uint16_t {
  kHeaderTableSize = 1,
  kEnablePush = 2,
  kMaxConcurrentStreams = 3,
  kInitialWindowSize = 4,
  kMaxFrameSize = 5,
};

struct FrameHead {
  uint32_t size = 0;
  uint8_t type = 0;
  uint8_t flags = 0;
  uint32_t stream = 0;
};

// REQUIRES: kFrameHeadSize bytes.
FrameHead ReadFrameHead(const uint8_t* data);
uint32_t ReadUint32(const uint8_t* data);

// Removes padding and priority from a DATA or HEADERS payload. False: malformed.
bool StripPadding(const FrameHead& head, const uint8_t** payload, size_t* size);

void AppendUint32(uint32_t value, std::string* out);
void AppendFrameHead(uint32_t size, uint8_t type, uint8_t flags, uint32_t stream, std::string* out);
void AppendSetting(Setting id, uint32_t value, std::string* out);
void AppendWindowUpdate(uint32_t stream, uint32_t increment, std::string* out);
void AppendRstStream(uint32_t stream, uint32_t code, std::string* out);

// What a client sends first: preface, SETTINGS without push or dynamic header table, and the
// widest windows, so that the server's sending never waits for this client.
std::string ClientPreface();

}  // namespace tensorgate::load
