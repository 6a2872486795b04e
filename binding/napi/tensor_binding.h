// run, allocateTensor, addressOf: inference on tensors that JavaScript holds, for code that embeds
// tensorgate and for tests. Servers use predictProto and predictJson.
#pragma once

#include <napi.h>

namespace tensorgate {

void ExportTensor(Napi::Env env, Napi::Object exports);

}  // namespace tensorgate
