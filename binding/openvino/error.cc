#include "openvino/error.h"

#include <vector>

#include "openvino/c_api.h"

namespace tensorgate::openvino {
namespace {

bool EndsInPlace(std::string_view line) {
  return line.find(" failed at src/") != std::string_view::npos;
}

// "Exception from src/inference/src/cpp/core.cpp:84:", "Check '…' failed at src/…:135:", and the
// headings between them.
bool IsNoise(std::string_view line) {
  return line.rfind("Exception from src/", 0) == 0 ||
         (line.rfind("Check '", 0) == 0 && EndsInPlace(line)) ||
         (line.rfind("FrontEnd API failed with", 0) == 0 && line.back() == ':');
}

}  // namespace

std::string OneLine(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const size_t begin = line.find_first_not_of(" \t\r");
    if (begin == std::string_view::npos) continue;
    line = line.substr(begin, line.find_last_not_of(" \t\r") - begin + 1);
    if (IsNoise(line)) continue;
    if (!out.empty()) out += out.back() == ':' ? " " : "; ";
    out += line;
  }
  return out;
}

Status FromOpenVino(int result, Code code, const std::string& what) {
  if (result == 0) return Status();
  const TextHandle text(Api().last_error());
  std::string why = text == nullptr ? "" : OneLine(text.get());
  if (why.empty()) why = "OpenVINO's error " + std::to_string(result);
  return Status(code, what + ": " + why);
}

}  // namespace tensorgate::openvino
