// The parser behind JsonDocument: a state machine over the tape, with upstream's (rapidjson 1.1.0,
// iterative) reason and offset for every error. The open containers are a list through the tape:
// the body of an open container's node is the index of the one around it.
#include "codec/json/json_document.h"

#include <algorithm>
#include <cstring>

namespace tensorgate {
namespace {

constexpr char kEmpty[] = "The document is empty.";
constexpr char kMissingName[] = "Missing a name for object member.";
constexpr char kMissingColon[] = "Missing a colon after a name of object member.";
constexpr char kMissingBrace[] = "Missing a comma or '}' after an object member.";
constexpr char kMissingBracket[] = "Missing a comma or ']' after an array element.";

uint64_t BitsOf(double value) {
  uint64_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}

double DoubleOf(uint64_t bits) {
  double value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

std::string PlaceText(std::string_view body, size_t offset) {
  const std::string_view before = body.substr(0, offset);
  const size_t line = 1 + static_cast<size_t>(std::count(before.begin(), before.end(), '\n'));
  const size_t newline = before.rfind('\n');
  const size_t column = newline == std::string_view::npos ? offset : offset - newline - 1;
  return "at byte " + std::to_string(offset) + " of " + std::to_string(body.size()) + ", line " +
         std::to_string(line) + ", column " + std::to_string(column + 1);
}

}  // namespace

const char* JsonTypeName(JsonType type) {
  static constexpr const char* kNames[] = {"Null",  "False",  "True",  "Object",
                                           "Array", "String", "Number"};
  return kNames[static_cast<size_t>(type)];
}

class JsonDocument::Parser {
 public:
  Parser(std::string_view body, JsonDocument* document)
      : document_(document), begin_(body.data()), p_(begin_), end_(begin_ + body.size()) {}

  bool Run() {
    p_ = SkipJsonByteOrderMark(p_, end_);
    while (state_ != State::kDone) {
      p_ = SkipJsonBlanks(p_, end_);
      if (!Step(p_ == end_ ? '\0' : *p_)) return false;
    }
    return true;
  }

  bool out_of_memory() const { return out_of_memory_; }
  const char* reason() const { return error_.reason; }
  size_t offset() const { return static_cast<size_t>(error_.at - begin_); }

 private:
  // What was read last, or what has to come next.
  enum class State {
    kStart,
    kObjectOpen,
    kName,
    kColon,
    kMember,
    kNextName,
    kArrayOpen,
    kElement,
    kNextElement,
    kDone
  };

  bool Fail(const char* reason) {
    error_ = {reason, p_};
    return false;
  }

  bool Step(char c) {
    switch (state_) {
      case State::kObjectOpen:
        if (c == '}') return Close();
        return c == '"' ? Name() : Fail(kMissingName);
      case State::kNextName:
        return c == '"' ? Name() : Fail(kMissingName);
      case State::kName:
        return c == ':' ? Punctuation(State::kColon) : Fail(kMissingColon);
      case State::kMember:
        if (c == ',') return Punctuation(State::kNextName);
        return c == '}' ? Close() : Fail(kMissingBrace);
      case State::kElement:
        if (c == ',') return Punctuation(State::kNextElement);
        return c == ']' ? Close() : Fail(kMissingBracket);
      case State::kArrayOpen:
        if (c == ']') return Close();
        return Value(c);
      default:
        return Value(c);
    }
  }

  bool Punctuation(State next) {
    ++p_;
    state_ = next;
    return true;
  }

  bool Value(char c) {
    switch (c) {
      case '{':
        return Open(Kind::kObject, State::kObjectOpen);
      case '[':
        return Open(Kind::kArray, State::kArrayOpen);
      case '"':
        return String() && Ended();
      case 't':
        return ParseJsonWord(&p_, end_, "true", &error_) && Push(Kind::kTrue, 0, 0) && Ended();
      case 'f':
        return ParseJsonWord(&p_, end_, "false", &error_) && Push(Kind::kFalse, 0, 0) && Ended();
      case 'n':
        return ParseJsonWord(&p_, end_, "null", &error_) && Push(Kind::kNull, 0, 0) && Ended();
      case '\0':
      case '}':
      case ']':
      case ',':
      case ':':
        return Fail(NoValue());
      default:
        return Number() && Ended();
    }
  }

  const char* NoValue() const { return state_ == State::kStart ? kEmpty : kJsonInvalidValue; }

  bool Push(Kind kind, uint64_t size, uint64_t body) {
    if (document_->used_ == document_->capacity_ && !Grow()) return false;
    document_->nodes_[document_->used_++] = {static_cast<uint64_t>(kind) | size << 8, body};
    return true;
  }

  // A node takes a byte of text at least, so what is left of the body bounds the tape.
  bool Grow() {
    const size_t used = document_->used_;
    const size_t most = used + static_cast<size_t>(end_ - p_) + 1;
    const size_t capacity = std::min(most, used < 64 ? size_t{64} : used * 2);
    void* grown = std::realloc(document_->nodes_.get(), capacity * sizeof(Node));
    if (grown == nullptr) {
      out_of_memory_ = true;
      return Fail("");
    }
    (void)document_->nodes_.release();
    document_->nodes_.reset(static_cast<Node*>(grown));
    document_->capacity_ = capacity;
    return true;
  }

  bool Open(Kind kind, State next) {
    if (!Push(kind, 0, open_)) return false;
    open_ = document_->used_ - 1;
    return Punctuation(next);
  }

  bool Close() {
    Node& node = document_->nodes_[open_];
    open_ = static_cast<size_t>(node.body);
    node.body = document_->used_;
    ++p_;
    return Ended();
  }

  // A value is complete: count it in its container.
  bool Ended() {
    if (open_ == kNone) {
      state_ = State::kDone;
      return true;
    }
    Node& container = document_->nodes_[open_];
    container.head += 1 << 8;
    state_ = container.kind() == Kind::kObject ? State::kMember : State::kElement;
    return true;
  }

  bool Name() {
    if (!String()) return false;
    state_ = State::kName;
    return true;
  }

  bool String() {
    JsonString string;
    ++p_;
    if (!ParseJsonString(&p_, end_, &string, &error_)) return false;
    return Push(string.escaped ? Kind::kEscapedString : Kind::kString, string.raw.size(),
                static_cast<uint64_t>(string.raw.data() - begin_));
  }

  bool Number() {
    JsonNumber number;
    if (!ParseJsonNumber(&p_, end_, &number, &error_)) return false;
    if (!number.is_integer) return Push(Kind::kReal, 0, BitsOf(number.real));
    return Push(number.negative ? Kind::kNegative : Kind::kNatural, 0, number.magnitude);
  }

  JsonDocument* const document_;
  const char* const begin_;
  const char* p_;
  const char* const end_;
  State state_ = State::kStart;
  size_t open_ = kNone;
  JsonTextError error_;
  bool out_of_memory_ = false;
};

Status JsonDocument::Parse(std::string_view body) {
  used_ = 0;
  body_ = body;
  if (body.empty()) {
    return InvalidArgument("JSON Parse error: The document is empty")
        .With("body", "expected JSON, got no bytes");
  }
  Parser parser(body, this);
  if (parser.Run()) return Status();
  if (parser.out_of_memory()) {
    return Status(Code::kResourceExhausted, "Out of memory while parsing the JSON request body");
  }
  return InvalidArgument("JSON Parse error: " + std::string(parser.reason()) +
                         " at offset: " + std::to_string(parser.offset()))
      .With("body", std::string(parser.reason()) + " " + PlaceText(body, parser.offset()));
}

std::string JsonDocument::PlaceOf(size_t node) const {
  const char* const end = body_.data() + body_.size();
  const char* p = SkipJsonByteOrderMark(body_.data(), end);
  const auto is_between = [](char c) { return std::strchr(" \t\r\n,:]}", c) != nullptr; };
  for (size_t at = 0;; ++at) {
    while (p != end && is_between(*p)) ++p;
    if (at == node || p == end) return PlaceText(body_, static_cast<size_t>(p - body_.data()));
    JsonString string;
    JsonTextError error;
    if (*p == '"') {
      ++p;
      if (!ParseJsonString(&p, end, &string, &error)) p = end;
    } else if (*p == '[' || *p == '{') {
      ++p;
    } else {
      while (p != end && !is_between(*p)) ++p;
    }
  }
}

JsonType JsonDocument::KindType(Kind kind) {
  switch (kind) {
    case Kind::kEscapedString:
      return JsonType::kString;
    case Kind::kNatural:
    case Kind::kNegative:
    case Kind::kReal:
      return JsonType::kNumber;
    default:
      return static_cast<JsonType>(kind);
  }
}

JsonNumber JsonDocument::number(size_t node) const {
  const Node& n = nodes_[node];
  JsonNumber number;
  if (n.kind() == Kind::kReal) {
    number.real = DoubleOf(n.body);
  } else {
    number.is_integer = true;
    number.negative = n.kind() == Kind::kNegative;
    number.magnitude = n.body;
  }
  return number;
}

JsonString JsonDocument::string(size_t node) const {
  const Node& n = nodes_[node];
  return {body_.substr(static_cast<size_t>(n.body), n.size()), n.kind() == Kind::kEscapedString};
}

std::string_view JsonDocument::StringValue(size_t node, std::string* scratch) const {
  const JsonString value = string(node);
  if (!value.escaped) return value.raw;
  scratch->clear();
  AppendJsonStringValue(value, scratch);
  return *scratch;
}

size_t JsonDocument::Find(size_t object, std::string_view name) const {
  std::string scratch;
  size_t at = object + 1;
  for (size_t left = size(object); left > 0; --left) {
    if (StringValue(at, &scratch) == name) return at + 1;
    at = Next(at + 1);
  }
  return kNone;
}

}  // namespace tensorgate
