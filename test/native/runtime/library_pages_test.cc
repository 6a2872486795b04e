#include "pool/library_pages.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <string>

#include "tensorflow/c/c_api.h"

namespace tensorgate {
namespace {

// In memory, of the parts of TensorFlow's library that are as in its file.
size_t ResidentKib() {
  std::ifstream smaps("/proc/self/smaps");
  size_t sum = 0;
  bool counts = false;
  for (std::string line; std::getline(smaps, line);) {
    char access[5] = "";
    size_t kib = 0;
    if (std::sscanf(line.c_str(), "%*x-%*x %4s", access) == 1) {
      counts = line.find("libtensorflow_cc") != std::string::npos && access[1] == '-';
    } else if (counts && std::sscanf(line.c_str(), "Rss: %zu kB", &kib) == 1) {
      sum += kib;
    }
  }
  return sum;
}

TEST(LibraryPagesTest, GoBackToTheSystemAndComeWhenUsed) {
  if (ResidentKib() == 0) GTEST_SKIP() << "it is linked in another way";
  TF_DeleteGraph(TF_NewGraph());
  const size_t before = ResidentKib();
  ReleaseLibraryPages();
  EXPECT_LT(ResidentKib(), before - (size_t{20} << 10));
  EXPECT_STRNE(TF_Version(), "");
  TF_DeleteGraph(TF_NewGraph());
}

}  // namespace
}  // namespace tensorgate
