// The checks that all JSON requests share, in upstream's order.
#include "codec/json_request_head.h"

#include "codec/json_dump.h"

namespace tensorgate {

Status ReadJsonRequestHead(std::string_view body, JsonDocument* document,
                           std::string* signature_name) {
  Status status = document->Parse(body);
  if (!status.ok()) return status;
  if (!document->IsObject(JsonDocument::kRoot)) {
    return JsonFormatError(*document, "Is not object");
  }
  const size_t node = document->Find(JsonDocument::kRoot, "signature_name");
  if (node == JsonDocument::kNone) return Status();
  if (!document->IsString(node)) {
    return JsonFormatError(*document,
                           "not formatted correctly. 'signature_name' key must be a string value.");
  }
  AppendJsonStringValue(document->string(node), signature_name);
  return Status();
}

Status JsonFormatError(const JsonDocument& document, std::string_view text) {
  return InvalidArgument("JSON Value: " + DumpJson(document, JsonDocument::kRoot) + " " +
                         std::string(text));
}

std::string ShownJsonText(std::string_view text) {
  return std::string(text.substr(0, kMaxShownStringBytes));
}

}  // namespace tensorgate
