#include "plan/plan_kind.h"

namespace tensorgate {

const char* PlanName(PlanKind kind) {
  switch (kind) {
    case PlanKind::kAsSaved:
      return "as-saved";
    case PlanKind::kFrozen:
      return "frozen";
    case PlanKind::kFrozenXla:
      return "frozen+xla";
    case PlanKind::kOpenVino:
      return "openvino";
  }
  return "";
}

}  // namespace tensorgate
