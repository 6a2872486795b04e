#include "options.h"

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace tensorgate::load {

const char kUsage[] =
    "usage: loadgen --address=127.0.0.1:PORT|[::1]:PORT|unix:PATH [options]\n"
    "  --remote_address=IP:PORT     instead of --address: any machine; load only your own\n"
    "  --protocol=http|http2|grpc   default http\n"
    "  --path=PATH                  default /\n"
    "  --body=FILE                  request body (gRPC: the message); without it, GET\n"
    "  --expect=FILE                exact reply body (gRPC: the message)\n"
    "  --connections=N              default 1\n"
    "  --in_flight=M                requests at once on each connection; HTTP/1.1 allows 1\n"
    "  --seconds=S --warmup=S       default 5 and 1\n"
    "  --rate=R                     open loop: Poisson arrivals, R a second in all, latency\n"
    "                               counted from when a request was due; default: closed loop\n"
    "  --seed=N                     of the arrival times, default 1\n"
    "  --json=FILE                  also write the figures there\n";

namespace {

bool ReadFile(const std::string& path, std::string* bytes, std::string* error) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) {
    *error = "cannot read " + path + ": " + std::strerror(errno);
    return false;
  }
  char buffer[1 << 16];
  for (size_t n; (n = std::fread(buffer, 1, sizeof(buffer), file)) > 0;) bytes->append(buffer, n);
  std::fclose(file);
  return true;
}

bool ParseNumber(const std::string& text, double least, double most, double* number) {
  char* end = nullptr;
  *number = std::strtod(text.c_str(), &end);
  return !text.empty() && *end == '\0' && *number >= least && *number <= most;
}

bool ParseCount(const std::string& text, int* count) {
  double number = 0;
  if (!ParseNumber(text, 1, 1 << 20, &number) || number != std::floor(number)) return false;
  *count = static_cast<int>(number);
  return true;
}

bool ParseProtocol(const std::string& text, Protocol* protocol) {
  if (text == "http")
    *protocol = Protocol::kHttp1;
  else if (text == "http2")
    *protocol = Protocol::kHttp2;
  else if (text == "grpc")
    *protocol = Protocol::kGrpc;
  else
    return false;
  return true;
}

// Sets one option; a false return with an empty `error` means an unusable value.
bool SetOption(const std::string& name, const std::string& value, Options* options,
               std::string* error) {
  if (name == "address") return ParseLoopback(value, &options->address, error);
  if (name == "remote_address") return ParseRemote(value, &options->address, error);
  if (name == "protocol") return ParseProtocol(value, &options->protocol);
  if (name == "connections") return ParseCount(value, &options->connections);
  if (name == "in_flight") return ParseCount(value, &options->in_flight);
  if (name == "seconds") return ParseNumber(value, 0.01, 86400, &options->seconds);
  if (name == "warmup") return ParseNumber(value, 0, 86400, &options->warmup);
  if (name == "rate") return ParseNumber(value, 0, 1e8, &options->rate);
  if (name == "seed") {
    int seed = 0;
    if (!ParseCount(value, &seed)) return false;
    options->seed = static_cast<unsigned>(seed);
    return true;
  }
  if (name == "path") {
    options->path = value;
    return !value.empty() && value[0] == '/';
  }
  if (name == "body") {
    options->has_body = true;
    return ReadFile(value, &options->body, error);
  }
  if (name == "expect") {
    options->has_expect = true;
    return ReadFile(value, &options->expect, error);
  }
  if (name == "json") {
    options->json = value;
    return !value.empty();
  }
  *error = "unknown option --" + name;
  return false;
}

}  // namespace

bool ParseOptions(int argc, char** argv, Options* options, std::string* error) {
  for (int i = 1; i < argc; i++) {
    const std::string argument = argv[i];
    const size_t equals = argument.find('=');
    if (argument.compare(0, 2, "--") != 0 || equals == std::string::npos) {
      *error = "expected --option=value, got " + argument;
      return false;
    }
    const std::string name = argument.substr(2, equals - 2);
    if (!SetOption(name, argument.substr(equals + 1), options, error)) {
      if (error->empty()) *error = "not a value for --" + name + ": " + argument.substr(equals + 1);
      return false;
    }
  }
  if (options->address.host.empty()) {
    *error = "--address is missing";
  } else if (options->protocol == Protocol::kGrpc && !options->has_body) {
    *error = "gRPC needs a --body";
  } else if (options->protocol == Protocol::kHttp1 && options->in_flight != 1) {
    *error = "HTTP/1.1 carries one request at a time: use --connections instead of --in_flight";
  }
  return error->empty();
}

}  // namespace tensorgate::load
