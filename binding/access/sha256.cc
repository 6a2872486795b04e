#include "access/sha256.h"

#include <cstddef>
#include <memory>

#include "net/weak_symbols.h"

extern "C" {

struct EVP_MD;
struct EVP_MD_CTX;

TENSORGATE_WEAK EVP_MD* EVP_MD_fetch(void* library, const char* name, const char* properties);
TENSORGATE_WEAK EVP_MD_CTX* EVP_MD_CTX_new(void);
TENSORGATE_WEAK void EVP_MD_CTX_free(EVP_MD_CTX*);
TENSORGATE_WEAK int EVP_DigestInit_ex2(EVP_MD_CTX*, const EVP_MD*, const void* parameters);
TENSORGATE_WEAK int EVP_DigestUpdate(EVP_MD_CTX*, const void* bytes, size_t size);
TENSORGATE_WEAK int EVP_DigestFinal_ex(EVP_MD_CTX*, unsigned char* digest, unsigned* size);

}  // extern "C"

namespace tensorgate {

const char* Sha256Missing() {
  const WeakSymbol needed[] = {
      TENSORGATE_NEEDED(EVP_MD_fetch),  // of OpenSSL 3, as EVP_DigestInit_ex2
      TENSORGATE_NEEDED(EVP_MD_CTX_new),     TENSORGATE_NEEDED(EVP_MD_CTX_free),
      TENSORGATE_NEEDED(EVP_DigestInit_ex2), TENSORGATE_NEEDED(EVP_DigestUpdate),
      TENSORGATE_NEEDED(EVP_DigestFinal_ex),
  };
  return FirstMissing(needed);
}

bool Sha256(std::string_view bytes, Digest* digest) {
  // Fetched once: that takes longer than to hash a key. Never freed, as OpenSSL's own.
  static const EVP_MD* const kAlgorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  thread_local const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
  return kAlgorithm != nullptr && context != nullptr &&
         EVP_DigestInit_ex2(context.get(), kAlgorithm, nullptr) == 1 &&
         EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) == 1 &&
         EVP_DigestFinal_ex(context.get(), digest->data(), nullptr) == 1;
}

}  // namespace tensorgate
