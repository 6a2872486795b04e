#include "hpack.h"

#include <cstring>

namespace tensorgate::load {
namespace {

// Indices into the static table (RFC 7541, appendix A).
constexpr uint64_t kStaticAuthority = 1;
constexpr uint64_t kStaticGet = 2;
constexpr uint64_t kStaticPost = 3;
constexpr uint64_t kStaticPath = 4;
constexpr uint64_t kStaticHttp = 6;
constexpr uint64_t kStaticStatus200 = 8;
constexpr uint64_t kStaticStatus500 = 14;
constexpr uint64_t kStaticContentType = 31;
constexpr uint64_t kStaticUserAgent = 58;
constexpr uint64_t kStaticLast = 61;
constexpr int kStaticStatuses[] = {200, 204, 206, 304, 400, 404, 500};

constexpr char kGrpcStatus[] = "grpc-status";

struct Code {
  char symbol;
  uint32_t bits;
  int length;
};

// The codes of appendix B that the digits and the name grpc-status are made of.
constexpr Code kCodes[] = {
    {'0', 0x00, 5}, {'1', 0x01, 5}, {'2', 0x02, 5}, {'a', 0x03, 5}, {'c', 0x04, 5},
    {'s', 0x08, 5}, {'t', 0x09, 5}, {'-', 0x16, 6}, {'3', 0x19, 6}, {'4', 0x1a, 6},
    {'5', 0x1b, 6}, {'6', 0x1c, 6}, {'7', 0x1d, 6}, {'8', 0x1e, 6}, {'9', 0x1f, 6},
    {'g', 0x26, 6}, {'p', 0x2b, 6}, {'r', 0x2c, 6}, {'u', 0x2d, 6},
};

std::string HuffmanOf(const char* text) {
  std::string out;
  uint64_t bits = 0;
  int count = 0;
  for (const char* c = text; *c != '\0'; c++) {
    for (const Code& code : kCodes) {
      if (code.symbol != *c) continue;
      bits = bits << code.length | code.bits;
      count += code.length;
    }
    for (; count >= 8; count -= 8) out.push_back(static_cast<char>(bits >> (count - 8)));
  }
  if (count > 0) out.push_back(static_cast<char>(bits << (8 - count) | 0xff >> count));
  return out;
}

void AppendInteger(uint64_t value, int prefix_bits, uint8_t first, std::string* out) {
  const uint64_t limit = (1u << prefix_bits) - 1;
  if (value < limit) {
    out->push_back(static_cast<char>(first | value));
    return;
  }
  out->push_back(static_cast<char>(first | limit));
  for (value -= limit; value >= 128; value >>= 7) out->push_back(static_cast<char>(value | 128));
  out->push_back(static_cast<char>(value));
}

void AppendString(const std::string& text, std::string* out) {
  AppendInteger(text.size(), 7, 0, out);
  *out += text;
}

void AppendIndexed(uint64_t index, std::string* out) { AppendInteger(index, 7, 0x80, out); }

void AppendLiteral(uint64_t name_index, const std::string& value, std::string* out) {
  AppendInteger(name_index, 4, 0, out);
  AppendString(value, out);
}

// A cursor over a header block; every method returns false at its end.
class BlockReader {
 public:
  BlockReader(const uint8_t* data, size_t size) : at_(data), end_(data + size) {}

  bool AtEnd() const { return at_ == end_; }
  uint8_t Peek() const { return *at_; }

  bool ReadInteger(int prefix_bits, uint64_t* value) {
    if (at_ == end_) return false;
    const uint64_t limit = (1u << prefix_bits) - 1;
    *value = *at_++ & limit;
    if (*value < limit) return true;
    for (int shift = 0; at_ < end_ && shift < 28; shift += 7) {
      *value += static_cast<uint64_t>(*at_ & 127) << shift;
      if ((*at_++ & 128) == 0) return true;
    }
    return false;
  }

  struct Text {
    bool huffman = false;
    const uint8_t* data = nullptr;
    size_t size = 0;
    bool Is(const std::string& bytes) const {
      return size == bytes.size() && std::memcmp(data, bytes.data(), size) == 0;
    }
  };

  bool ReadText(Text* text) {
    if (at_ == end_) return false;
    text->huffman = (*at_ & 0x80) != 0;
    uint64_t size = 0;
    if (!ReadInteger(7, &size) || size > static_cast<uint64_t>(end_ - at_)) return false;
    text->data = at_;
    text->size = size;
    at_ += size;
    return true;
  }

 private:
  const uint8_t* at_;
  const uint8_t* end_;
};

// The number a text spells; -1 when it is none of up to nine digits.
int NumberOf(const BlockReader::Text& text) {
  if (text.size == 0 || text.size > 9) return -1;
  int number = 0;
  if (!text.huffman) {
    for (size_t i = 0; i < text.size; i++) {
      if (text.data[i] < '0' || text.data[i] > '9') return -1;
      number = number * 10 + (text.data[i] - '0');
    }
    return number;
  }
  const size_t bits = text.size * 8;
  const auto peek = [&](size_t at, size_t count) {  // past the end: ones, as the padding has
    uint32_t value = 0;
    for (size_t i = at; i < at + count; i++) {
      value = value << 1 | (i < bits ? (text.data[i / 8] >> (7 - i % 8)) & 1 : 1);
    }
    return value;
  };
  int digits = 0;
  for (size_t at = 0; at + 5 <= bits && digits < 9; digits++) {
    const uint32_t six = peek(at, 6);
    if (six >> 1 <= 0x02) {
      number = number * 10 + static_cast<int>(six >> 1);
      at += 5;
    } else if (six >= 0x19 && six <= 0x1f && at + 6 <= bits) {
      number = number * 10 + static_cast<int>(six - 0x19 + 3);
      at += 6;
    } else {
      // What is left must be padding: fewer than 8 ones.
      return digits > 0 && bits - at < 8 && peek(at, 8) == 0xff ? number : -1;
    }
  }
  return digits > 0 ? number : -1;
}

bool ReadLiteral(int prefix_bits, BlockReader* block, ReplyHeaders* reply) {
  static const std::string plain_name = kGrpcStatus;
  static const std::string huffman_name = HuffmanOf(kGrpcStatus);
  uint64_t name_index = 0;
  BlockReader::Text name;
  BlockReader::Text value;
  if (!block->ReadInteger(prefix_bits, &name_index) || name_index > kStaticLast) return false;
  if (name_index == 0 && !block->ReadText(&name)) return false;
  if (!block->ReadText(&value)) return false;
  if (name_index >= kStaticStatus200 && name_index <= kStaticStatus500) {
    reply->http_status = NumberOf(value);
  } else if (name_index == 0 && name.Is(name.huffman ? huffman_name : plain_name)) {
    reply->grpc_status = NumberOf(value);
  }
  return true;
}

}  // namespace

std::string EncodeRequestHeaders(const Options& options) {
  std::string block;
  AppendIndexed(options.has_body ? kStaticPost : kStaticGet, &block);
  AppendIndexed(kStaticHttp, &block);
  AppendLiteral(kStaticPath, options.path, &block);
  AppendLiteral(kStaticAuthority, options.address.authority, &block);
  if (options.protocol == Protocol::kGrpc) {
    block.push_back('\0');  // a literal whose name is spelled out
    AppendString("te", &block);
    AppendString("trailers", &block);
    AppendLiteral(kStaticContentType, "application/grpc", &block);
  } else if (options.has_body) {
    AppendLiteral(kStaticContentType, "application/octet-stream", &block);
  }
  AppendLiteral(kStaticUserAgent, "loadgen", &block);
  return block;
}

bool ReadReplyHeaders(const uint8_t* data, size_t size, ReplyHeaders* reply) {
  BlockReader block(data, size);
  while (!block.AtEnd()) {
    const uint8_t first = block.Peek();
    uint64_t number = 0;
    if (first & 0x80) {  // indexed
      if (!block.ReadInteger(7, &number) || number == 0 || number > kStaticLast) return false;
      if (number >= kStaticStatus200 && number <= kStaticStatus500) {
        reply->http_status = kStaticStatuses[number - kStaticStatus200];
      }
    } else if (first & 0x40) {  // literal, to be indexed in a table that has no room
      if (!ReadLiteral(6, &block, reply)) return false;
    } else if (first & 0x20) {  // table size update
      if (!block.ReadInteger(5, &number) || number > 0) return false;
    } else {  // literal, not to be indexed
      if (!ReadLiteral(4, &block, reply)) return false;
    }
  }
  return true;
}

}  // namespace tensorgate::load
