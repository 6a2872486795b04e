// The kinds of execution plans, by their names.
#pragma once

namespace tensorgate {

enum class PlanKind { kAsSaved = 0, kFrozen = 1, kFrozenXla = 2, kOpenVino = 3 };

// "as-saved", "frozen", "frozen+xla": also the values of --plan, beside "auto". And "openvino": the
// frozen graph, of which OpenVINO runs what it can.
const char* PlanName(PlanKind kind);

}  // namespace tensorgate
