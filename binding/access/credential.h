// Credentials of a request, as src/access/credentials.ts reads them.
#pragma once

#include <cstddef>
#include <string_view>

namespace tensorgate {

// A longer one is nobody's.
constexpr size_t kMostCredentialBytes = 8 << 10;

// The token of a field `Authorization: Bearer TOKEN`; empty for other schemes, which are for
// others.
inline std::string_view BearerToken(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer ";
  if (authorization.size() <= kScheme.size()) return {};
  for (size_t i = 0; i < kScheme.size(); ++i) {
    const char c = authorization[i];
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (lower != kScheme[i]) return {};
  }
  authorization.remove_prefix(authorization.find_first_not_of(' ', kScheme.size() - 1));
  return authorization;
}

// Whether it may be a JSON web token, of whom others know: three parts.
inline bool MayBeToken(std::string_view credential) {
  const size_t first = credential.find('.');
  return first != std::string_view::npos &&
         credential.find('.', first + 1) != std::string_view::npos &&
         credential.size() <= kMostCredentialBytes;
}

}  // namespace tensorgate
