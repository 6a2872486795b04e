// HashBuckets: TensorFlow's own hash of strings into buckets, for numbers that must be those of its
// lookup tables. A graph of one op. THREAD: any.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "status/status.h"
#include "tf/handles.h"

namespace tensorgate {

class HashBuckets {
 public:
  // ERRORS: TensorFlow's status. REQUIRES: num_buckets > 0.
  static Status Make(int64_t num_buckets, std::unique_ptr<HashBuckets>* out);

  // Fingerprint64(text) % num_buckets, for each. ERRORS: TensorFlow's status.
  Status Of(const std::vector<std::string_view>& texts, int64_t* buckets) const;

 private:
  HashBuckets() = default;

  GraphHandle graph_;
  SessionHandle session_;
  TF_Output texts_{};
  TF_Output buckets_{};
};

}  // namespace tensorgate
