#include "net/shared_port.h"

#include <arpa/inet.h>
#include <unistd.h>

#include <cerrno>

namespace tensorgate {

bool IpAddress::Read(const std::string& text, uint16_t port) {
  if (inet_pton(AF_INET, text.c_str(), &where_.v4.sin_addr) == 1) {
    where_.v4.sin_family = AF_INET;
    where_.v4.sin_port = htons(port);
    return true;
  }
  if (inet_pton(AF_INET6, text.c_str(), &where_.v6.sin6_addr) != 1) return false;
  where_.v6.sin6_family = AF_INET6;
  where_.v6.sin6_port = htons(port);
  return true;
}

int OpenSharedPort(const IpAddress& where) {
  const int family = where.any()->sa_family;
  const int socket = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket < 0) return -errno;
  const auto set = [socket](int level, int option, int value) {
    return setsockopt(socket, level, option, &value, sizeof value) == 0;
  };
  const bool is_bound = set(SOL_SOCKET, SO_REUSEADDR, 1) && set(SOL_SOCKET, SO_REUSEPORT, 1) &&
                        (family == AF_INET || set(IPPROTO_IPV6, IPV6_V6ONLY, 0)) &&
                        bind(socket, where.any(), where.size()) == 0;
  if (is_bound) return socket;
  const int failure = -errno;
  close(socket);
  return failure;
}

}  // namespace tensorgate
