// A status's violations as comparable text, one a line: "field: description".
#pragma once

#include <string>

#include "status/status.h"

namespace tensorgate {

inline std::string ViolationText(const Status& status) {
  std::string text;
  for (const Violation& violation : status.violations()) {
    if (!text.empty()) text += '\n';
    text += violation.field + ": " + violation.description;
  }
  return text;
}

}  // namespace tensorgate
