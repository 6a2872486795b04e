#include "pool/allocator.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

namespace tensorgate {
namespace {

long PageFaults() {
  rusage usage;
  getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_minflt;
}

// Several requests of 600 KB at once: what they held is free before the next ones come.
void HoldAndFree() {
  std::vector<void*> blocks;
  for (int i = 0; i < 16; ++i) {
    void* block = std::malloc(600'000);
    ASSERT_NE(block, nullptr);
    std::memset(block, 1, 600'000);
    blocks.push_back(block);
  }
  for (void* block : blocks) std::free(block);
}

class AllocatorTest : public testing::Test {
 protected:
  void SetUp() override {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "sanitizers have an allocator of their own";
#endif
    TuneAllocator();
  }
};

TEST_F(AllocatorTest, BuffersOfOneRequestServeTheNext) {
  // A run thread's arena is not that of the main thread.
  std::thread([] {
    for (int i = 0; i < 4; ++i) HoldAndFree();
    const long before = PageFaults();
    for (int i = 0; i < 20; ++i) HoldAndFree();
    EXPECT_LT(PageFaults() - before, 1000);  // of 47,000 pages written
  }).join();
}

TEST_F(AllocatorTest, WhatLoadsHaveFreedGoesBackToTheSystem) {
  // A load thread's arena has an end of its own, that malloc_trim() leaves alone.
  std::thread([] {
    for (int i = 0; i < 4; ++i) HoldAndFree();
    ReleaseFreed();
    const long before = PageFaults();
    HoldAndFree();
    EXPECT_GT(PageFaults() - before, 2000);  // of 2,344 pages written
    const long after = PageFaults();
    for (int i = 0; i < 4; ++i) HoldAndFree();
    EXPECT_LT(PageFaults() - after, 1000) << "requests' buffers stay as before";
  }).join();
}

}  // namespace
}  // namespace tensorgate
