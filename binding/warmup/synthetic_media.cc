#include "warmup/synthetic_media.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "random/random_numbers.h"

namespace tensorgate {
namespace {

void Append16(uint32_t value, std::string* out) {
  out->push_back(static_cast<char>(value));
  out->push_back(static_cast<char>(value >> 8));
}

void Append32(uint32_t value, std::string* out) {
  Append16(value, out);
  Append16(value >> 16, out);
}

void AppendBig16(uint32_t value, std::string* out) {
  out->push_back(static_cast<char>(value >> 8));
  out->push_back(static_cast<char>(value));
}

void AppendBig32(uint32_t value, std::string* out) {
  AppendBig16(value >> 16, out);
  AppendBig16(value, out);
}

uint32_t Crc32(std::string_view bytes) {
  uint32_t crc = 0xffffffff;
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc;
}

uint32_t Adler32(std::string_view bytes) {
  uint32_t low = 1;
  uint32_t high = 0;
  for (const char byte : bytes) {
    low = (low + static_cast<unsigned char>(byte)) % 65521;
    high = (high + low) % 65521;
  }
  return high << 16 | low;
}

// zlib's format, with blocks that are stored as they are.
std::string Stored(std::string_view bytes) {
  constexpr size_t kMaxBlock = 65535;
  std::string out = {0x78, 0x01};
  size_t at = 0;
  do {
    const std::string_view block = bytes.substr(at, kMaxBlock);
    at += block.size();
    out.push_back(at == bytes.size());
    Append16(static_cast<uint32_t>(block.size()), &out);
    Append16(~static_cast<uint32_t>(block.size()), &out);
    out.append(block);
  } while (at < bytes.size());
  AppendBig32(Adler32(bytes), &out);
  return out;
}

void AppendChunk(std::string_view type, std::string_view data, std::string* out) {
  std::string chunk(type);
  chunk.append(data);
  AppendBig32(static_cast<uint32_t>(data.size()), out);
  out->append(chunk);
  AppendBig32(Crc32(chunk), out);
}

// A JPEG's segment: a marker, and a length that counts itself.
void AppendSegment(char marker, std::string_view data, std::string* out) {
  out->push_back('\xff');
  out->push_back(marker);
  AppendBig16(static_cast<uint32_t>(data.size()) + 2, out);
  out->append(data);
}

// The first bits of a byte come first, and a byte of ones is followed by zeros.
class JpegBits {
 public:
  void Add(uint32_t bits, int count) {
    for (int i = count - 1; i >= 0; --i) {
      byte_ = byte_ << 1 | (bits >> i & 1);
      if (++used_ == 8) Flush();
    }
  }
  std::string Take() {
    while (used_ > 0) Add(1, 1);
    return std::move(bytes_);
  }

 private:
  void Flush() {
    bytes_.push_back(static_cast<char>(byte_));
    if ((byte_ & 0xff) == 0xff) bytes_.push_back(0);
    byte_ = 0;
    used_ = 0;
  }
  std::string bytes_;
  uint32_t byte_ = 0;
  int used_ = 0;
};

}  // namespace

std::string SyntheticPng(int size, uint64_t seed) {
  RandomNumbers random(seed);
  std::string rows;
  for (int y = 0; y < size; ++y) {
    rows.push_back(0);  // no filter
    for (int x = 0; x < 3 * size; ++x) rows.push_back(static_cast<char>(random.Next() >> 56));
  }
  std::string header;
  AppendBig32(static_cast<uint32_t>(size), &header);
  AppendBig32(static_cast<uint32_t>(size), &header);
  header.append({8, 2, 0, 0, 0});  // 8 bits each of RGB, not interlaced
  std::string out = "\x89PNG\r\n\x1a\n";
  AppendChunk("IHDR", header, &out);
  AppendChunk("IDAT", Stored(rows), &out);
  AppendChunk("IEND", "", &out);
  return out;
}

std::string SyntheticBmp(int size, uint64_t seed) {
  RandomNumbers random(seed);
  const uint32_t width = static_cast<uint32_t>(size);
  const uint32_t row = (3 * width + 3) / 4 * 4;
  std::string out = "BM";
  Append32(54 + row * width, &out);
  Append32(0, &out);
  Append32(54, &out);  // where the pixels are
  Append32(40, &out);  // BITMAPINFOHEADER
  Append32(width, &out);
  Append32(width, &out);
  Append16(1, &out);   // plane
  Append16(24, &out);  // bits
  Append32(0, &out);   // not compressed
  Append32(row * width, &out);
  for (int i = 0; i < 4; ++i) Append32(0, &out);
  for (uint32_t y = 0; y < width; ++y) {
    for (uint32_t x = 0; x < row; ++x) {
      out.push_back(x < 3 * width ? static_cast<char>(random.Next() >> 56) : 0);
    }
  }
  return out;
}

std::string SyntheticGif(int size, uint64_t seed) {
  RandomNumbers random(seed);
  std::string out = "GIF89a";
  Append16(static_cast<uint32_t>(size), &out);
  Append16(static_cast<uint32_t>(size), &out);
  out.append({'\xf6', 0, 0});  // a table of 128 colours
  for (int i = 0; i < 3 * 128; ++i) out.push_back(static_cast<char>(random.Next() >> 56));
  out.push_back(',');
  Append32(0, &out);
  Append16(static_cast<uint32_t>(size), &out);
  Append16(static_cast<uint32_t>(size), &out);
  out.push_back(0);
  // LZW whose codes stay at 8 bits: its table is cleared before it could grow to the next one.
  out.push_back(7);
  constexpr char kClear = '\x80';
  constexpr char kEnd = '\x81';
  constexpr int kCodesBetween = 120;
  std::string codes;
  for (int i = 0; i < size * size; ++i) {
    if (i % kCodesBetween == 0) codes.push_back(kClear);
    codes.push_back(static_cast<char>(random.Next() >> 57));
  }
  codes.push_back(kEnd);
  for (size_t at = 0; at < codes.size(); at += 255) {
    const std::string_view block = std::string_view(codes).substr(at, 255);
    out.push_back(static_cast<char>(block.size()));
    out.append(block);
  }
  out.push_back(0);
  out.push_back(';');
  return out;
}

std::string SyntheticJpeg(int size, uint64_t seed) {
  RandomNumbers random(seed);
  std::string out = "\xff\xd8";
  std::string quantization(1, 0);
  quantization.append(64, 8);
  AppendSegment('\xdb', quantization, &out);
  std::string frame(1, 8);
  AppendBig16(static_cast<uint32_t>(size), &frame);
  AppendBig16(static_cast<uint32_t>(size), &frame);
  frame.push_back(3);  // components, none of them subsampled
  for (char component = 1; component <= 3; ++component) frame.append({component, 0x11, 0});
  AppendSegment('\xc0', frame, &out);
  // Of differences: '0' is none, '10' one of 6 bits. Of all else: '0' is the end of a block.
  const auto table = [&](char which, std::string_view counts, std::string_view symbols) {
    std::string segment(1, which);
    segment.append(counts).append(16 - counts.size(), 0).append(symbols);
    AppendSegment('\xc4', segment, &out);
  };
  table(0x00, "\x01\x01", std::string_view("\x00\x06", 2));
  table(0x10, "\x01", std::string_view("\x00", 1));
  std::string scan(1, 3);
  for (char component = 1; component <= 3; ++component) scan.append({component, 0});
  scan.append({0, 63, 0});
  AppendSegment('\xda', scan, &out);
  const int blocks = (size + 7) / 8 * ((size + 7) / 8);
  std::array<int, 3> levels = {};
  JpegBits bits;
  for (int i = 0; i < blocks; ++i) {
    for (int& level : levels) {
      // A difference of 6 bits, towards the middle: negative ones are one's complements.
      const uint32_t amount = 32 + static_cast<uint32_t>(random.Below(32));
      const bool is_down = level > 0 || (level == 0 && (random.Next() >> 63) != 0);
      bits.Add(0b10, 2);
      bits.Add(is_down ? 63 - amount : amount, 6);
      bits.Add(0, 1);
      level += is_down ? -static_cast<int>(amount) : static_cast<int>(amount);
    }
  }
  out.append(bits.Take()).append("\xff\xd9");
  return out;
}

std::string SyntheticWav(int size, uint64_t seed) {
  RandomNumbers random(seed);
  const uint32_t samples = static_cast<uint32_t>(size) * 16;
  std::string out = "RIFF";
  Append32(36 + 2 * samples, &out);
  out.append("WAVEfmt ");
  Append32(16, &out);
  Append16(1, &out);  // PCM
  Append16(1, &out);  // channel
  Append32(16000, &out);
  Append32(2 * 16000, &out);
  Append16(2, &out);
  Append16(16, &out);
  out.append("data");
  Append32(2 * samples, &out);
  for (uint32_t i = 0; i < samples; ++i) Append16(static_cast<uint32_t>(random.Next() >> 48), &out);
  return out;
}

}  // namespace tensorgate
