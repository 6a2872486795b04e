// What every JSON request begins with, whatever its method: well-formed text, an object as root and
// a signature name that is a string. Owns nothing; any thread.
#pragma once

#include <string>
#include <string_view>

#include "codec/json/json_document.h"
#include "status/status.h"

namespace tensorgate {

// Parses `body` and reads "signature_name" into `signature_name`, which stays empty when there is
// none. ERRORS: upstream's texts. OWNERSHIP: `body` must outlive `document`.
Status ReadJsonRequestHead(std::string_view body, JsonDocument* document,
                           std::string* signature_name);

// The signature that a body names, found without its values being kept. Empty where it names none,
// and where it is no request: who decodes it says why.
std::string FindJsonSignatureName(std::string_view body);

// INVALID_ARGUMENT "JSON Value: <dump of the request> <text>". The caller adds the violation.
Status JsonFormatError(const JsonDocument& document, std::string_view text);

// "expected <expected>, got JSON <type> at byte ...".
std::string WrongJson(const JsonDocument& document, size_t node, std::string_view expected);

// A name or text of the client's inside a message: cut at kMaxShownStringBytes.
std::string ShownJsonText(std::string_view text);

}  // namespace tensorgate
