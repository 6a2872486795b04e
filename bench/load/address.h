// Where the server listens. Only this machine can be named: a load generator that can be pointed
// at another host is a weapon.
#pragma once

#include <string>

namespace tensorgate::load {

struct Address {
  enum class Family { kIpv4, kIpv6, kUnix };
  Family family = Family::kIpv4;
  std::string host;       // numeric, or the socket's path
  int port = 0;           // 0 for a UNIX socket
  std::string authority;  // as it goes into the Host or :authority header
};

// Takes 127.x.y.z:PORT, localhost:PORT, [::1]:PORT and unix:PATH.
// ERRORS: false, with a reason in `error`, for anything else, other hosts above all.
bool ParseLoopback(const std::string& text, Address* address, std::string* error);

// A connected, non-blocking socket without Nagle's delay, owned by the caller; -1 with errno set.
int Connect(const Address& address);

}  // namespace tensorgate::load
