// The checks that all JSON requests share, in upstream's order.
#include "codec/json/json_request_head.h"

#include "codec/json/json_dump.h"

namespace tensorgate {

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
