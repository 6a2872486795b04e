// grpcMissing, grpcOpen, grpcListen, …: the native gRPC transport as JavaScript sees it; described
// in src/native/grpc.ts.
#pragma once

#include <napi.h>

namespace tensorgate {

void ExportGrpc(Napi::Env env, Napi::Object exports);

}  // namespace tensorgate
