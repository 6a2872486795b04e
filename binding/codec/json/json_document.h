// JsonDocument: a parsed body as a flat tape of 16-byte nodes in document order, a container before
// its content. Nothing here recurses, so nesting is bounded by memory only; destruction is one
// free. Strings stay in the body, which must outlive the document. Owned by one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "codec/json/json_text.h"
#include "status/status.h"

namespace tensorgate {

enum class JsonType : uint8_t { kNull, kFalse, kTrue, kObject, kArray, kString, kNumber };

// "Null", "Object", ... as upstream's error texts name it.
const char* JsonTypeName(JsonType type);

class JsonDocument {
 public:
  static constexpr size_t kRoot = 0;
  static constexpr size_t kNone = SIZE_MAX;

  // What follows the root value is ignored. ERRORS: INVALID_ARGUMENT with upstream's text, reason
  // and byte offset; RESOURCE_EXHAUSTED when memory is out.
  Status Parse(std::string_view body);

  // All below: REQUIRES a successful Parse and the index of a node of the right type.
  JsonType type(size_t node) const { return KindType(nodes_[node].kind()); }
  bool IsArray(size_t node) const { return nodes_[node].kind() == Kind::kArray; }
  bool IsObject(size_t node) const { return nodes_[node].kind() == Kind::kObject; }
  bool IsString(size_t node) const { return type(node) == JsonType::kString; }

  // Elements of an array, members of an object.
  size_t size(size_t node) const { return nodes_[node].size(); }
  // The node behind a value and all it holds. The first element of an array, the first name of an
  // object stand at node + 1; a member's value stands behind its name.
  size_t Next(size_t node) const {
    return IsArray(node) || IsObject(node) ? static_cast<size_t>(nodes_[node].body) : node + 1;
  }
  JsonNumber number(size_t node) const;
  JsonString string(size_t node) const;
  // The string's value: in the body itself when it has no escapes, else in `scratch`.
  std::string_view StringValue(size_t node, std::string* scratch) const;
  // The value of the first member of that name; kNone when there is none.
  size_t Find(size_t object, std::string_view name) const;

  // "at byte 16 of 20, line 1, column 17": where the node's text begins. For errors: nodes do not
  // know their place, so the text is walked again up to there.
  std::string PlaceOf(size_t node) const;

 private:
  // As JsonType, with the ways a string and a number can be stored told apart.
  enum class Kind : uint8_t {
    kNull,
    kFalse,
    kTrue,
    kObject,
    kArray,
    kString,
    kEscapedString,
    kNatural,
    kNegative,
    kReal
  };
  struct Node {
    uint64_t head;  // kind, then 56 bits: bytes of a string, size of a container
    uint64_t body;  // offset of a string, value of a number, end of a container
    Kind kind() const { return static_cast<Kind>(head & 0xff); }
    size_t size() const { return static_cast<size_t>(head >> 8); }
  };
  struct Free {
    void operator()(Node* nodes) const { std::free(nodes); }
  };
  class Parser;

  static JsonType KindType(Kind kind);

  std::string_view body_;
  std::unique_ptr<Node[], Free> nodes_;
  size_t used_ = 0;
  size_t capacity_ = 0;
};

}  // namespace tensorgate
