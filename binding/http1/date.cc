#include "http1/date.h"

#include <cstdio>
#include <ctime>

namespace tensorgate {
namespace {

struct DateLine {
  std::time_t time = 0;
  char text[48];
  size_t size = 0;
};

}  // namespace

std::string_view HttpDateLine() {
  static thread_local DateLine line;
  const std::time_t now = std::time(nullptr);
  if (now != line.time) {
    static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::tm utc;
    gmtime_r(&now, &utc);
    const int size = std::snprintf(
        line.text, sizeof line.text, "Date: %s, %02d %s %04d %02d:%02d:%02d GMT\r\n",
        kDays[utc.tm_wday], utc.tm_mday % 100, kMonths[utc.tm_mon], (utc.tm_year + 1900) % 10000,
        utc.tm_hour % 100, utc.tm_min % 100, utc.tm_sec % 100);
    line.size = size > 0 ? static_cast<size_t>(size) : 0;
    line.time = now;
  }
  return {line.text, line.size};
}

}  // namespace tensorgate
