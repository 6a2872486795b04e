// How values look in a JSON reply: numbers and strings, to the letter as upstream prints them. No
// locale, no state; any thread.
#pragma once

#include <cstddef>
#include <string_view>

#include "codec/output_buffer.h"

namespace tensorgate {

// Room that one number needs at most.
constexpr size_t kMaxJsonNumberBytes = 32;

// "%g" when six digits give the value back, else all the digits its type can need ("%.9g",
// "%.17g"); ".0" behind what would read as an integer; NaN, Infinity and -Infinity as bare words.
// Writes at most kMaxJsonNumberBytes to `out`; returns the end of what was written.
char* WriteJsonFloat(float value, char* out);
char* WriteJsonDouble(double value, char* out);

// One byte of a string as it stands between the quotes: itself, a short escape or \u00XX. Writes at
// most 6 bytes; returns how many.
size_t WriteJsonCharacter(char c, char* out);

// The string with its quotes. Bytes from 0x80 on pass unchanged, be they UTF-8 or not.
void AppendJsonString(std::string_view text, OutputBuffer* out);

}  // namespace tensorgate
