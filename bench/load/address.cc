#include "address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace tensorgate::load {
namespace {

bool ParsePort(const std::string& text, int* port) {
  char* end = nullptr;
  const long value = std::strtol(text.c_str(), &end, 10);
  if (text.empty() || *end != '\0' || value < 1 || value > 65535) return false;
  *port = static_cast<int>(value);
  return true;
}

bool FillUnix(const std::string& path, sockaddr_un* target) {
  *target = {};
  target->sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(target->sun_path)) return false;
  std::memcpy(target->sun_path, path.data(), path.size());
  return true;
}

int ConnectTo(const sockaddr* target, socklen_t size) {
  const int fd = socket(target->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  if (connect(fd, target, size) != 0) {
    const int reason = errno;
    close(fd);
    errno = reason;
    return -1;
  }
  if (target->sa_family != AF_UNIX) {
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  }
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  return fd;
}

}  // namespace

bool ParseLoopback(const std::string& text, Address* address, std::string* error) {
  sockaddr_un unused;
  if (text.compare(0, 5, "unix:") == 0) {
    *address = {Address::Family::kUnix, text.substr(5), 0, "localhost"};
    if (FillUnix(address->host, &unused)) return true;
    *error = "the socket path is empty or too long: " + text;
    return false;
  }
  const size_t colon = text.rfind(':');
  int port = 0;
  if (colon == std::string::npos || !ParsePort(text.substr(colon + 1), &port)) {
    *error = "expected HOST:PORT or unix:PATH, got " + text;
    return false;
  }
  std::string host = text.substr(0, colon);
  if (host == "[::1]") {
    *address = {Address::Family::kIpv6, "::1", port, text};
    return true;
  }
  if (host == "localhost") host = "127.0.0.1";
  in_addr parsed;
  const bool loopback =
      inet_pton(AF_INET, host.c_str(), &parsed) == 1 && ntohl(parsed.s_addr) >> 24 == 127;
  if (!loopback) {
    *error = "only this machine can be loaded, " + host + " is not a loopback address";
    return false;
  }
  *address = {Address::Family::kIpv4, host, port, text};
  return true;
}

bool ParseRemote(const std::string& text, Address* address, std::string* error) {
  const size_t colon = text.rfind(':');
  int port = 0;
  if (colon == std::string::npos || !ParsePort(text.substr(colon + 1), &port)) {
    *error = "expected HOST:PORT, got " + text;
    return false;
  }
  const std::string host = text.substr(0, colon);
  in_addr ipv4;
  in6_addr ipv6;
  if (inet_pton(AF_INET, host.c_str(), &ipv4) == 1) {
    *address = {Address::Family::kIpv4, host, port, text};
    return true;
  }
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  const std::string inner = bracketed ? host.substr(1, host.size() - 2) : "";
  if (inet_pton(AF_INET6, inner.c_str(), &ipv6) == 1) {
    *address = {Address::Family::kIpv6, inner, port, text};
    return true;
  }
  *error = "not a numeric address: " + host;
  return false;
}

int Connect(const Address& address) {
  switch (address.family) {
    case Address::Family::kUnix: {
      sockaddr_un target;
      FillUnix(address.host, &target);
      return ConnectTo(reinterpret_cast<const sockaddr*>(&target), sizeof(target));
    }
    case Address::Family::kIpv6: {
      sockaddr_in6 target = {};
      target.sin6_family = AF_INET6;
      target.sin6_port = htons(static_cast<uint16_t>(address.port));
      inet_pton(AF_INET6, address.host.c_str(), &target.sin6_addr);
      return ConnectTo(reinterpret_cast<const sockaddr*>(&target), sizeof(target));
    }
    case Address::Family::kIpv4:
      break;
  }
  sockaddr_in target = {};
  target.sin_family = AF_INET;
  target.sin_port = htons(static_cast<uint16_t>(address.port));
  inet_pton(AF_INET, address.host.c_str(), &target.sin_addr);
  return ConnectTo(reinterpret_cast<const sockaddr*>(&target), sizeof(target));
}

}  // namespace tensorgate::load
