#include "http1/parser.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace tensorgate {
namespace {

// What a field takes beside its name and value, as the head has it.
constexpr size_t kFieldOverhead = 4;

constexpr const char* kBadRequest = "400 Bad Request";

// How many fields there are of those that say where a request ends, and to whom it goes.
struct FramingFields {
  size_t hosts = 0;
  size_t lengths = 0;
  size_t encodings = 0;
  std::string_view length;
  std::string_view encoding;
  std::string_view expect;
};

FramingFields FramingFieldsOf(const RequestHead& head) {
  FramingFields found;
  head.VisitFields([&found](std::string_view name, std::string_view value) {
    if (name == "host") {
      ++found.hosts;
    } else if (name == "content-length") {
      ++found.lengths;
      found.length = value;
    } else if (name == "transfer-encoding") {
      ++found.encodings;
      found.encoding = value;
    } else if (name == "expect") {
      found.expect = value;
    }
    return false;
  });
  return found;
}

bool ReadLength(std::string_view text, uint64_t* length) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *length);
  return error == std::errc() && end == text.data() + text.size();
}

// The absolute form, which is for proxies, but which servers must take: what follows the authority.
void MakeOriginForm(std::string* target) {
  for (std::string_view scheme : {"http://", "https://"}) {
    if (!EqualsIgnoringCase(std::string_view(*target).substr(0, scheme.size()), scheme)) continue;
    const size_t path = target->find_first_of("/?", scheme.size());
    target->erase(0, path == std::string::npos ? target->size() : path);
    if (target->empty() || target->front() != '/') target->insert(0, "/");
    return;
  }
}

}  // namespace

struct HttpParser::Callbacks {
  static HttpParser& Of(llhttp_t* llhttp) { return *reinterpret_cast<HttpParser*>(llhttp); }
  static constexpr int kStop = -1;

  static int OnUrl(llhttp_t* llhttp, const char* at, size_t size) {
    HttpParser& self = Of(llhttp);
    if (!self.CountHead(size)) return kStop;
    self.head_.target.append(at, size);
    return kLlhttpOk;
  }

  static int OnField(llhttp_t* llhttp, const char* at, size_t size) {
    HttpParser& self = Of(llhttp);
    if (!self.CountHead(size + (self.in_value_ ? kFieldOverhead : 0))) return kStop;
    if (self.in_body_) return kLlhttpOk;  // of trailers, which nobody asks for
    self.EndField();
    std::string& fields = self.head_.fields;
    const size_t start = fields.size();
    fields.append(at, size);
    for (size_t i = start; i < fields.size(); ++i) {
      const char c = fields[i];
      if (c >= 'A' && c <= 'Z') fields[i] = static_cast<char>(c | 0x20);
      if (c == ' ') {  // older llhttps let it pass
        self.Refuse(kBadRequest, "The name of a header field has a blank in it.");
        return kStop;
      }
    }
    return kLlhttpOk;
  }

  static int OnValue(llhttp_t* llhttp, const char* at, size_t size) {
    HttpParser& self = Of(llhttp);
    if (!self.CountHead(size)) return kStop;
    if (self.in_body_) return kLlhttpOk;
    if (!self.in_value_) self.head_.fields += ':';
    self.in_value_ = true;
    self.head_.fields.append(at, size);
    return kLlhttpOk;
  }

  static int OnHeadersComplete(llhttp_t* llhttp) {
    HttpParser& self = Of(llhttp);
    self.EndField();
    if (!self.CheckHead()) return kStop;
    self.in_body_ = true;
    self.stopped_ = !self.sink_->OnHead();
    return self.stopped_ ? kStop : kLlhttpOk;
  }

  static int OnBody(llhttp_t* llhttp, const char* at, size_t size) {
    HttpParser& self = Of(llhttp);
    self.stopped_ = !self.sink_->OnBody({at, size});
    return self.stopped_ ? kStop : kLlhttpOk;
  }

  static int OnMessageComplete(llhttp_t*) { return kLlhttpPaused; }

  static const void* Settings() {
    static const LlhttpSettings settings(
        {&OnUrl, &OnField, &OnValue, &OnHeadersComplete, &OnBody, &OnMessageComplete});
    return settings.get();
  }
};

HttpParser::HttpParser(Sink* sink, size_t max_head_bytes)
    : sink_(sink), max_head_bytes_(max_head_bytes) {
  static_assert(offsetof(HttpParser, memory_) == 0);
  llhttp_init(llhttp(), kLlhttpRequest, Callbacks::Settings());
}

bool HttpParser::Refuse(const char* status, std::string text) {
  if (refusal_.status == nullptr) refusal_ = {status, std::move(text)};
  return false;
}

bool HttpParser::CountHead(size_t bytes) {
  head_bytes_ += bytes;
  if (head_bytes_ <= max_head_bytes_) return true;
  return Refuse("431 Request Header Fields Too Large",
                "The request line and the header fields are larger than " +
                    std::to_string(max_head_bytes_) + " bytes.");
}

void HttpParser::EndField() {
  if (!in_value_) return;
  in_value_ = false;
  std::string& fields = head_.fields;
  while (fields.back() == ' ' || fields.back() == '\t') fields.pop_back();
  fields += '\n';
}

bool HttpParser::CheckHead() {
  const int major = llhttp_get_http_major(llhttp());
  const int minor = llhttp_get_http_minor(llhttp());
  if (major != 1 || minor > 1) {
    return Refuse("505 HTTP Version Not Supported", "HTTP/1.0 and HTTP/1.1 are spoken here, not " +
                                                        std::to_string(major) + "." +
                                                        std::to_string(minor) + ".");
  }
  const FramingFields framing = FramingFieldsOf(head_);
  if (framing.hosts > 1 || (framing.hosts == 0 && minor == 1)) {
    return Refuse(kBadRequest,
                  "Expected one header field Host, got " + std::to_string(framing.hosts) + ".");
  }
  if (framing.lengths + framing.encodings > 1) {
    return Refuse(kBadRequest,
                  "Expected one header field Content-Length or Transfer-Encoding, got " +
                      std::to_string(framing.lengths + framing.encodings) + ".");
  }
  if (framing.lengths == 1 && !ReadLength(framing.length, &head_.content_length)) {
    return Refuse(kBadRequest, "The Content-Length is no length.");
  }
  if (framing.encodings == 1) {
    if (minor == 0) return Refuse(kBadRequest, "HTTP/1.0 knows no Transfer-Encoding.");
    if (!EqualsIgnoringCase(framing.encoding, "chunked")) {
      return Refuse("501 Not Implemented", "The only Transfer-Encoding that is taken is chunked.");
    }
    head_.is_chunked = true;
  }
  if (!framing.expect.empty() && minor == 1) {
    if (!EqualsIgnoringCase(framing.expect, "100-continue")) {
      return Refuse("417 Expectation Failed", "The only Expect that is met is 100-continue.");
    }
    head_.expects_continue = true;
  }
  head_.method = llhttp_method_name(llhttp_get_method(llhttp()));
  head_.is_head = std::string_view(head_.method) == "HEAD";
  head_.minor_version = static_cast<uint8_t>(minor);
  head_.keep_alive = llhttp_should_keep_alive(llhttp()) != 0;
  head_.names_keep_alive = ListHas(head_.Field("connection"), "keep-alive");
  MakeOriginForm(&head_.target);
  return true;
}

HttpParser::Result HttpParser::RefuseFor(int error) {
  if (error == kLlhttpInvalidMethod) {
    Refuse("501 Not Implemented", "");
  } else if (error == kLlhttpInvalidUrl) {
    Refuse(kBadRequest, "");
  } else if (error == kLlhttpInvalidVersion || error == kLlhttpPausedH2Upgrade) {
    Refuse("505 HTTP Version Not Supported", "HTTP/1.0 and HTTP/1.1 are spoken here.");
  } else {
    const char* reason = llhttp_get_error_reason(llhttp());
    Refuse(kBadRequest, std::string("This is no HTTP request: ") +
                            (reason == nullptr ? "it is malformed" : reason) + ".");
  }
  return Result::kRefused;
}

// Looks at the lines of the head for what older llhttps let pass and servers are to refuse: line
// ends other than CR LF, and fields that go on in another line. False: there is such.
bool HttpParser::ScanHead(std::string_view bytes) {
  while (!is_scanned_ && !bytes.empty()) {
    if (line_bytes_ == 0 && (bytes.front() == ' ' || bytes.front() == '\t')) {
      return Refuse(kBadRequest, "A header field goes on in another line.");
    }
    const size_t line_feed = std::min(bytes.find('\n'), bytes.size());
    const std::string_view line = bytes.substr(0, line_feed);
    const bool ends = line_feed < bytes.size();
    const size_t carriage_return = line.find('\r');
    const bool has_cr = carriage_return != std::string_view::npos;
    // A CR is the last of the line, or of what has come of it.
    const bool is_wrong = (after_cr_ && !line.empty()) ||
                          (has_cr && carriage_return + 1 != line.size()) ||
                          (ends && !(line.empty() ? after_cr_ : has_cr));
    if (is_wrong) return Refuse(kBadRequest, "A line of the head does not end with CR LF.");
    line_bytes_ += line.size();
    after_cr_ = !ends && has_cr;
    if (!ends) return true;
    is_scanned_ = line_bytes_ == 1;  // the CR of the empty line
    line_bytes_ = 0;
    bytes.remove_prefix(line_feed + 1);
  }
  return true;
}

HttpParser::Result HttpParser::Read(std::string_view* bytes) {
  while (!has_begun_ && !bytes->empty() && (bytes->front() == '\r' || bytes->front() == '\n')) {
    bytes->remove_prefix(1);  // empty lines before a request
  }
  if (!ScanHead(*bytes)) return Result::kRefused;
  while (!bytes->empty()) {
    has_begun_ = true;
    const int result = llhttp_execute(llhttp(), bytes->data(), bytes->size());
    if (refusal_.status != nullptr) return Result::kRefused;
    if (stopped_) return Result::kStopped;
    if (result == kLlhttpOk) {
      bytes->remove_prefix(bytes->size());
      return Result::kMore;
    }
    const bool pauses = result == kLlhttpPaused || result == kLlhttpPausedUpgrade;
    if (!pauses) return RefuseFor(result);
    const char* position = llhttp_get_error_pos(llhttp());
    bytes->remove_prefix(static_cast<size_t>(position - bytes->data()));
    if (result == kLlhttpPaused) return Result::kEnd;
    llhttp_resume_after_upgrade(llhttp());  // which is not what we do: it is a request like others
  }
  return Result::kMore;
}

void HttpParser::Next() {
  llhttp_resume(llhttp());
  head_.Clear();
  head_bytes_ = 0;
  in_value_ = in_body_ = has_begun_ = after_cr_ = is_scanned_ = false;
  line_bytes_ = 0;
}

}  // namespace tensorgate
