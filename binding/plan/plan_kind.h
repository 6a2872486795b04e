// The kinds of execution plans, by their names.
#pragma once

namespace tensorgate {

enum class PlanKind { kAsSaved = 0, kFrozen = 1, kFrozenXla = 2 };

// "as-saved", "frozen", "frozen+xla": also the values of --plan, beside "auto".
const char* PlanName(PlanKind kind);

}  // namespace tensorgate
