// Profiles: opening one for the whole process, and writing down what it has taken.
#pragma once

#include <napi.h>

namespace tensorgate {

void ExportProfile(Napi::Env env, Napi::Object exports);

}  // namespace tensorgate
