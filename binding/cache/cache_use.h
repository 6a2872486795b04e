// CacheUse: what a client wants of kept answers.
#pragma once

namespace tensorgate {

enum class CacheUse {
  kAllow,
  kRefresh,  // run, and keep the answer in place of the one that is kept
  kNone,     // run, and keep nothing
};

}  // namespace tensorgate
