// OpenSharedPort: a TCP port that several event loops of this process listen on, each with a socket
// of its own (SO_REUSEPORT): the kernel deals new connections out among them. No state; any thread.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>

namespace tensorgate {

// An IPv4 or IPv6 address with a port.
class IpAddress {
 public:
  // False where `text` is no address.
  bool Read(const std::string& text, uint16_t port);
  const sockaddr* any() const { return &where_.any; }
  socklen_t size() const {
    return any()->sa_family == AF_INET ? sizeof where_.v4 : sizeof where_.v6;
  }

 private:
  union {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
  } where_{};
};

// A socket that is bound and does not listen yet, or a negative errno. "::" takes IPv4, too.
// OWNERSHIP: the caller closes it.
int OpenSharedPort(const IpAddress& where);

}  // namespace tensorgate
