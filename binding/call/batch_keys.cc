#include "call/batch_keys.h"

#include <algorithm>
#include <random>

namespace tensorgate {
namespace {

uint64_t Seed() {
  static const uint64_t seed = [] {
    std::random_device random;
    return uint64_t{random()} << 32 | random();
  }();
  return seed;
}

// The finalizer of MurmurHash3: every bit of the input reaches every bit of the output.
uint64_t Mix(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * 0xff51afd7ed558ccdULL;
  hash = (hash ^ hash >> 33) * 0xc4ceb9fe1a85ec53ULL;
  return hash ^ hash >> 33;
}

uint64_t HashOf(uint64_t seed, const Endpoint& endpoint) {
  return Mix(Mix(seed, reinterpret_cast<uintptr_t>(endpoint.oper)),
             static_cast<uint64_t>(endpoint.index));
}

uint64_t To53Bits(uint64_t hash) { return hash >> 11; }

int64_t RowCountOf(const RunArguments& run) {
  int64_t rows = kNoInputs;
  const auto is_default = [&](size_t i) {
    return std::find(run.defaults.begin(), run.defaults.end(), i) != run.defaults.end();
  };
  for (size_t i = 0; i < run.values.size(); ++i) {
    if (is_default(i)) continue;
    if (TF_NumDims(run.values[i]) == 0) return kScalarInput;
    const int64_t own = TF_Dim(run.values[i], 0);
    if (rows != kNoInputs && rows != own) return kUnequalRows;
    rows = own;
  }
  for (const size_t i : run.defaults) {
    const TF_Tensor* value = run.values[i];
    if (TF_NumDims(value) == 0 || TF_Dim(value, 0) != rows) return kNeverBatched;
  }
  return rows;
}

// What is proven of rows holds for tensors as the signature declares them, which TensorFlow does
// not insist on.
bool AreAsDeclared(const RunArguments& run) {
  const Signature& signature = *run.signature;
  for (size_t i = 0; i < run.feeds.size(); ++i) {
    for (size_t input = 0; input < signature.inputs.size(); ++input) {
      if (!Same(signature.inputs[input], run.feeds[i])) continue;
      const std::vector<int64_t>& declared = signature.def.inputs[input].dims;
      if (TF_NumDims(run.values[i]) != static_cast<int>(declared.size())) return false;
      for (size_t d = 1; d < declared.size(); ++d) {
        if (declared[d] >= 0 && declared[d] != TF_Dim(run.values[i], static_cast<int>(d)))
          return false;
      }
    }
  }
  return true;
}

}  // namespace

BatchKeys KeysOf(const InferenceCall& call, uint32_t model) {
  BatchKeys keys;
  const RunArguments* run = call.arguments();
  keys.rows = run == nullptr ? int64_t{kNeverBatched} : RowCountOf(*run);
  if (run == nullptr) return keys;
  if (run->signature != nullptr) {
    keys.signature = static_cast<int32_t>(run->signature - call.model().signatures().data());
  }
  if (keys.rows >= 0 && call.model().requires_proven_rows() &&
      (run->signature == nullptr || !run->signature->rows_proven || !AreAsDeclared(*run))) {
    keys.rows = kUnprovenRows;
  }
  const uint64_t seed = Mix(Seed(), model);
  const uint64_t fetch_seed = Mix(seed, 1);
  // Sums, so that the order does not matter.
  uint64_t queue = 0;
  uint64_t shape = 0;
  uint64_t rank = 0;
  for (const Endpoint& fetch : run->fetches) queue += HashOf(fetch_seed, fetch);
  for (size_t i = 0; i < run->feeds.size(); ++i) {
    const TF_Tensor* value = run->values[i];
    const int dims = TF_NumDims(value);
    uint64_t hash = HashOf(seed, run->feeds[i]);
    queue += hash;
    hash = Mix(hash, static_cast<uint64_t>(TF_TensorType(value)));
    hash = Mix(hash, static_cast<uint64_t>(dims));
    rank += hash;
    for (int d = 1; d < dims; ++d) hash = Mix(hash, static_cast<uint64_t>(TF_Dim(value, d)));
    shape += hash;
  }
  keys.queue = To53Bits(Mix(seed, queue));
  keys.shape = To53Bits(Mix(seed, queue + shape));
  keys.rank = To53Bits(Mix(seed, queue + rank));
  return keys;
}

}  // namespace tensorgate
