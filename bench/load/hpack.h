// As much HPACK (RFC 7541) as a load generator needs: requests are written as static and literal
// fields without indexing; of a reply only :status and grpc-status are read, and names are
// compared in their encoded form, so that no Huffman decoder is needed beyond the ten digits.
// There is no dynamic table: the client announces one of size 0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "options.h"

namespace tensorgate::load {

// The header block of every request.
std::string EncodeRequestHeaders(const Options& options);

struct ReplyHeaders {
  int http_status = -1;  // -1: not there (yet)
  int grpc_status = -1;
};

// Sets what the block holds, leaves the rest. False: malformed, or it uses a dynamic table.
bool ReadReplyHeaders(const uint8_t* data, size_t size, ReplyHeaders* reply);

}  // namespace tensorgate::load
