// Any bytes as two answers: a byte that says where to cut, then both. Every comparison must end,
// fit its text, and find that an answer agrees with itself. One thread.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "codec/compare/answer_compare.h"

namespace {

using Difference = std::string (*)(std::string_view, std::string_view, double);

constexpr Difference kDifferences[] = {
    tensorgate::PredictDifference, tensorgate::ClassificationDifference,
    tensorgate::RegressionDifference, tensorgate::MultiInferenceDifference,
    tensorgate::JsonDifference};

void Check(bool ok) {
  if (!ok) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const size_t cut = bytes.size() * data[0] / 255;
  const std::string_view a = bytes.substr(0, cut);
  const std::string_view b = bytes.substr(cut);
  for (const Difference difference : kDifferences) {
    Check(difference(a, b, 1e-5).size() <= tensorgate::kMaxDifferenceBytes);
    // Bytes behind the answer that no comparison looks at: not the short cut for equal bytes.
    const std::string again =
        std::string(a) +
        (difference == tensorgate::JsonDifference ? std::string(" ") : std::string("\x7a\x00", 2));
    const std::string same = difference(a, again, 0);
    const bool is_malformed = same.find(": not the ") != std::string::npos;
    Check(same.empty() || is_malformed);
    // A repeated name of a JSON object, which no answer has, makes the two ways differ.
    if (difference == tensorgate::JsonDifference) continue;
    Check(difference(a, b, 0).empty() == difference(b, a, 0).empty());
  }
  return 0;
}
