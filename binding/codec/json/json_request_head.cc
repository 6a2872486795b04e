// The checks that all JSON requests share, in upstream's order.
#include "codec/json/json_request_head.h"

#include "codec/json/json_dump.h"
#include "codec/json/json_member_walk.h"
#include "codec/json/json_text.h"

namespace tensorgate {
namespace {

// False: something is out of the ordinary, an error, an escape, a repeated key.
bool FindInOnePass(std::string_view body, std::string_view* found) {
  const char* const end = body.data() + body.size();
  const char* p = SkipJsonBlanks(SkipJsonByteOrderMark(body.data(), end), end);
  if (p == end || *p != '{') return false;
  MemberWalk root(&p, end);
  bool is_named = false;
  std::string_view name;
  while (root.Next(&name)) {
    if (name != "signature_name") {
      if (!SkipJsonValue(&p, end)) return false;
      continue;
    }
    JsonString string;
    JsonTextError error;
    if (is_named || *p != '"') return false;
    ++p;
    if (!ParseJsonString(&p, end, &string, &error) || string.escaped) return false;
    is_named = true;
    *found = string.raw;
  }
  return root.ok();
}

}  // namespace

Status ReadJsonRequestHead(std::string_view body, JsonDocument* document,
                           std::string* signature_name) {
  Status status = document->Parse(body);
  if (!status.ok()) return status;
  if (!document->IsObject(JsonDocument::kRoot)) {
    return JsonFormatError(*document, "Is not object")
        .With("body", WrongJson(*document, JsonDocument::kRoot, "an object"));
  }
  const size_t node = document->Find(JsonDocument::kRoot, "signature_name");
  if (node == JsonDocument::kNone) return Status();
  if (!document->IsString(node)) {
    return JsonFormatError(*document,
                           "not formatted correctly. 'signature_name' key must be a string value.")
        .With("signature_name", WrongJson(*document, node, "a string"));
  }
  AppendJsonStringValue(document->string(node), signature_name);
  return Status();
}

std::string FindJsonSignatureName(std::string_view body) {
  std::string_view found;
  if (FindInOnePass(body, &found)) return std::string(found);
  JsonDocument document;
  std::string name;
  return ReadJsonRequestHead(body, &document, &name).ok() ? name : "";
}

Status JsonFormatError(const JsonDocument& document, std::string_view text) {
  return InvalidArgument("JSON Value: " + DumpJson(document, JsonDocument::kRoot) + " " +
                         std::string(text));
}

std::string WrongJson(const JsonDocument& document, size_t node, std::string_view expected) {
  return "expected " + std::string(expected) + ", got JSON " + JsonTypeName(document.type(node)) +
         " " + document.PlaceOf(node);
}

std::string ShownJsonText(std::string_view text) {
  return std::string(text.substr(0, kMaxShownStringBytes));
}

}  // namespace tensorgate
