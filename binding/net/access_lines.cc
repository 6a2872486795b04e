#include "net/access_lines.h"

#include <charconv>
#include <random>
#include <utility>

#include "codec/json/json_write.h"

namespace tensorgate {
namespace {

void AppendNumber(int64_t number, OutputBuffer* out) {
  constexpr size_t kMostDigits = 20;
  char* const begin = out->Ensure(kMostDigits);
  out->Commit(static_cast<size_t>(std::to_chars(begin, begin + kMostDigits, number).ptr - begin));
}

void AppendText(std::string_view name, std::string_view text, OutputBuffer* out) {
  out->Append(name);
  if (text.empty()) {
    out->Append("null");
  } else {
    AppendJsonString(text, out);
  }
}

// As JavaScript prints milliseconds that are rounded to three digits.
void AppendMillis(std::chrono::nanoseconds took, OutputBuffer* out) {
  const int64_t micros = (took.count() + 500) / 1000;
  AppendNumber(micros / 1000, out);
  int64_t rest = micros % 1000;
  if (rest == 0) return;
  out->Append('.');
  for (int64_t unit = 100; rest > 0; unit /= 10) {
    out->Append(static_cast<char>('0' + rest / unit));
    rest %= unit;
  }
}

}  // namespace

AccessLines::AccessLines(double sample, std::chrono::milliseconds slow)
    : sample_(sample),
      slow_(slow.count() > 0 ? std::chrono::nanoseconds(slow) : std::chrono::nanoseconds::max()),
      random_(std::random_device{}()) {}

bool AccessLines::Wants(std::chrono::nanoseconds took) {
  return took >= slow_ || random_.Number() < 2 * sample_ - 1;
}

// ISO 8601 in UTC, with milliseconds.
void AccessLines::AppendTime() {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (now.tv_sec != second_) {
    second_ = now.tv_sec;
    tm parts;
    gmtime_r(&second_, &parts);
    char text[sizeof("+yyyyyy-mm-ddThh:mm:ss.")];
    second_text_.assign(text, std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S.", &parts));
  }
  const auto millis = static_cast<int>(now.tv_nsec / 1'000'000);
  text_.Append(second_text_);
  for (int unit = 100; unit > 0; unit /= 10) {
    text_.Append(static_cast<char>('0' + millis / unit % 10));
  }
}

void AccessLines::Add(const AccessLine& line) {
  if (text_.size() > kMostBytes) {
    ++left_out_;
    return;
  }
  text_.Append("{\"time\":\"");
  AppendTime();
  AppendText("Z\",\"protocol\":", line.protocol, &text_);
  AppendText(",\"method\":", line.method, &text_);
  AppendText(",\"status\":", line.status, &text_);
  text_.Append(",\"bytesIn\":");
  AppendNumber(static_cast<int64_t>(line.bytes_in), &text_);
  text_.Append(",\"bytesOut\":");
  AppendNumber(static_cast<int64_t>(line.bytes_out), &text_);
  AppendText(",\"peer\":", line.peer, &text_);
  AppendText(",\"requestId\":", line.request_id, &text_);
  AppendText(",\"principal\":", line.principal, &text_);
  AppendText(",\"path\":", line.path, &text_);
  AppendText(",\"model\":", line.asked.name, &text_);
  text_.Append(",\"version\":");
  if (line.asked.has_version) {
    text_.Append('"');  // as JavaScript has it: it may be larger than a double tells
    AppendNumber(line.asked.version, &text_);
    text_.Append('"');
  } else {
    text_.Append("null");
  }
  AppendText(",\"label\":", line.asked.label, &text_);
  text_.Append(",\"millis\":");
  AppendMillis(line.took, &text_);
  text_.Append("}\n");
}

OutputBuffer AccessLines::Take() { return std::exchange(text_, OutputBuffer()); }

uint64_t AccessLines::TakeLeftOut() { return std::exchange(left_out_, 0); }

}  // namespace tensorgate
