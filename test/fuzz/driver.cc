// Stands in for libFuzzer where only GCC is at hand: mutates the seed files of a folder for a
// bounded time. No coverage feedback, so it is the weaker of the two; the sanitizers judge all the
// same.
//   TARGET -max_total_time=SECONDS [-seed=N] SEED_DIR
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

void Mutate(std::string* input, const std::vector<std::string>& seeds, std::mt19937_64* random) {
  auto pick = [&](size_t bound) { return bound == 0 ? size_t{0} : (*random)() % bound; };
  const size_t steps = 1 + pick(8);
  for (size_t step = 0; step < steps; ++step) {
    const size_t at = pick(input->size() + 1);
    switch (pick(6)) {
      case 0:
        if (at < input->size()) (*input)[at] = static_cast<char>(pick(256));
        break;
      case 1:
        if (at < input->size()) (*input)[at] ^= static_cast<char>(1 << pick(8));
        break;
      case 2:
        input->insert(at, 1 + pick(4), static_cast<char>(pick(256)));
        break;
      case 3:
        input->erase(at, 1 + pick(16));
        break;
      case 4: {
        const std::string& other = seeds[pick(seeds.size())];
        const size_t from = pick(other.size() + 1);
        input->insert(at, other, from, pick(64));
        break;
      }
      default:
        input->resize(at);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  int seconds = 10;
  uint64_t seed = 1;
  std::vector<std::string> seeds;
  for (int i = 1; i < argc; ++i) {
    if (std::sscanf(argv[i], "-max_total_time=%d", &seconds) == 1) continue;
    if (std::strncmp(argv[i], "-seed=", 6) == 0) {
      seed = std::strtoull(argv[i] + 6, nullptr, 10);
    } else if (argv[i][0] != '-') {
      for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
        std::ifstream file(entry.path(), std::ios::binary);
        seeds.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
      }
    }
  }
  if (seeds.empty()) seeds.emplace_back();
  for (const std::string& input : seeds) {
    LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size());
  }
  std::mt19937_64 random(seed);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  uint64_t runs = 0;
  while (std::chrono::steady_clock::now() < end) {
    for (int i = 0; i < 256; ++i, ++runs) {
      std::string input = seeds[random() % seeds.size()];
      Mutate(&input, seeds, &random);
      LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size());
    }
  }
  std::printf("Done %llu runs in %d second(s)\n", static_cast<unsigned long long>(runs), seconds);
  return 0;
}
