// Small images and sounds in the formats that graphs decode, of any size: what stands for a
// client's file in a run that the server makes by itself. They are stored without compression, or
// plain. No state; any thread.
#pragma once

#include <cstdint>
#include <string>

namespace tensorgate {

// Square, RGB, `size` pixels wide, with noise that follows from `seed`.
// REQUIRES of all: 1 <= size <= 4096.
std::string SyntheticPng(int size, uint64_t seed);
std::string SyntheticBmp(int size, uint64_t seed);
std::string SyntheticGif(int size, uint64_t seed);
// Blocks of 8 pixels of one colour each.
std::string SyntheticJpeg(int size, uint64_t seed);
// 16 bits, one channel, 16,000 samples a second: `size` times 16 of them.
std::string SyntheticWav(int size, uint64_t seed);

}  // namespace tensorgate
