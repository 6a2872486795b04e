// Where the server listens. As a rule only this machine can be named: a load generator that can be
// pointed at another host is a weapon. Who means another one has to say so.
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

// Takes any numeric address: A.B.C.D:PORT and [IPV6]:PORT. ERRORS: as above.
bool ParseRemote(const std::string& text, Address* address, std::string* error);

// A connected, non-blocking socket without Nagle's delay, owned by the caller; -1 with errno set.
int Connect(const Address& address);

}  // namespace tensorgate::load
