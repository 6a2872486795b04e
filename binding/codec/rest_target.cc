#include "codec/rest_target.h"

#include <algorithm>
#include <charconv>

namespace tensorgate {
namespace {

bool TakePrefix(std::string_view* text, std::string_view prefix) {
  if (text->substr(0, prefix.size()) != prefix) return false;
  text->remove_prefix(prefix.size());
  return true;
}

// Characters of a name that stand for themselves in a URI.
bool IsPlain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

bool TakeName(std::string_view* text, std::string_view* name) {
  const auto end = std::find_if_not(text->begin(), text->end(), IsPlain);
  *name = text->substr(0, static_cast<size_t>(end - text->begin()));
  text->remove_prefix(name->size());
  return !name->empty();
}

bool ReadAction(std::string_view text, RestAction* action) {
  if (text == "predict") {
    *action = RestAction::kPredict;
  } else if (text == "classify") {
    *action = RestAction::kClassify;
  } else if (text == "regress") {
    *action = RestAction::kRegress;
  } else {
    return false;
  }
  return true;
}

}  // namespace

bool ReadRestTarget(std::string_view target, ModelSpecView* spec, RestAction* action) {
  if (!TakePrefix(&target, "/v1/models/") || !TakeName(&target, &spec->name)) return false;
  if (TakePrefix(&target, "/versions/")) {
    const char* end = target.data() + target.size();
    const auto [rest, error] = std::from_chars(target.data(), end, spec->version);
    if (error != std::errc() || spec->version < 0 || target.front() == '-') return false;
    target.remove_prefix(static_cast<size_t>(rest - target.data()));
    spec->has_version = true;
  } else if (TakePrefix(&target, "/labels/")) {
    if (!TakeName(&target, &spec->label)) return false;
    spec->has_label = true;
  }
  return TakePrefix(&target, ":") && ReadAction(target, action);
}

}  // namespace tensorgate
