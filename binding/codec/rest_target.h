// What a REST request of inference names in its target. No state; any thread.
#pragma once

#include <string_view>

#include "codec/proto/predict_proto.h"

namespace tensorgate {

// Which of :predict, :classify and :regress.
enum class RestAction { kPredict, kClassify, kRegress };

// Reads /v1/models/NAME[/versions/N|/labels/L]:ACTION. False for whatever else, and for spellings
// that only src/rest/routes.ts understands (escapes, other letter cases, queries), which says
// nothing about the target. OWNERSHIP: the views are into `target`.
bool ReadRestTarget(std::string_view target, ModelSpecView* spec, RestAction* action);

}  // namespace tensorgate
