#include "table/npy_header.h"

#include <cctype>
#include <charconv>
#include <cstring>
#include <system_error>

#include "codec/limits.h"
#include "status/violation.h"

namespace tensorgate {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";

struct NpyType {
  std::string_view descr;
  DataType dtype;
};

constexpr NpyType kNpyTypes[] = {
    {"<f2", DataType::kHalf},   {"<f4", DataType::kFloat},  {"<f8", DataType::kDouble},
    {"|i1", DataType::kInt8},   {"<i2", DataType::kInt16},  {"<i4", DataType::kInt32},
    {"<i8", DataType::kInt64},  {"|u1", DataType::kUint8},  {"<u2", DataType::kUint16},
    {"<u4", DataType::kUint32}, {"<u8", DataType::kUint64}, {"|b1", DataType::kBool},
};

// The literal of a Python dict with the three names that the format has, in any order.
class DictParser {
 public:
  DictParser(std::string_view text, NpyHeader* header, std::string* problem)
      : text_(text), header_(header), problem_(problem) {}

  bool Parse() {
    if (!Take('{')) return Fail("expected a dict");
    bool has_descr = false, has_order = false, has_shape = false;
    while (!Take('}')) {
      std::string_view name;
      if (!TakeString(&name) || !Take(':')) return Fail("expected a name and a colon");
      bool* const has = name == "descr"           ? &has_descr
                        : name == "fortran_order" ? &has_order
                        : name == "shape"         ? &has_shape
                                                  : nullptr;
      if (has == nullptr || *has) return Fail("unexpected " + Quoted(name));
      *has = true;
      if (has == &has_descr ? !ParseDescr() : has == &has_order ? !ParseOrder() : !ParseShape()) {
        return false;
      }
      if (!Take(',') && Peek() != '}') return Fail("expected a comma or }");
    }
    SkipBlanks();
    if (!text_.empty()) return Fail("expected the end of the dict");
    if (!has_descr || !has_order || !has_shape) {
      return Fail("expected descr, fortran_order and shape");
    }
    return true;
  }

 private:
  bool Fail(const std::string& what) {
    *problem_ = "npy header: " + what + ", at " + Quoted(text_.substr(0, 32));
    return false;
  }

  void SkipBlanks() {
    while (!text_.empty() && (text_.front() == ' ' || text_.front() == '\n')) {
      text_.remove_prefix(1);
    }
  }

  char Peek() {
    SkipBlanks();
    return text_.empty() ? '\0' : text_.front();
  }

  bool Take(char c) {
    if (Peek() != c || text_.empty()) return false;
    text_.remove_prefix(1);
    return true;
  }

  bool TakeString(std::string_view* value) {
    const char quote = Peek();
    if (quote != '\'' && quote != '"') return false;
    const size_t end = text_.find(quote, 1);
    if (end == std::string_view::npos) return false;
    *value = text_.substr(1, end - 1);
    text_.remove_prefix(end + 1);
    return true;
  }

  bool ParseDescr() {
    std::string_view descr;
    if (!TakeString(&descr)) return Fail("expected the name of a plain type");
    for (const NpyType& type : kNpyTypes) {
      if (type.descr == descr) header_->dtype = type.dtype;
    }
    if (header_->dtype != DataType::kInvalid) return true;
    *problem_ = "npy header: expected descr <f2, <f4, <f8, |b1, or an integer such as <i8, got " +
                Quoted(descr);
    return false;
  }

  bool ParseOrder() {
    SkipBlanks();
    if (text_.substr(0, 5) == "False") {
      text_.remove_prefix(5);
      return true;
    }
    return Fail("expected fortran_order False (numpy.ascontiguousarray makes it so)");
  }

  bool ParseShape() {
    if (!Take('(')) return Fail("expected a shape");
    while (!Take(')')) {
      SkipBlanks();
      int64_t size = 0;
      const auto result = std::from_chars(text_.data(), text_.data() + text_.size(), size);
      if (result.ec != std::errc() || size < 0) return Fail("expected a size");
      if (header_->shape.size() == kMaxRank) return Fail("expected at most 254 dimensions");
      header_->shape.push_back(size);
      text_.remove_prefix(static_cast<size_t>(result.ptr - text_.data()));
      if (!Take(',') && Peek() != ')') return Fail("expected a comma or )");
    }
    return true;
  }

  std::string_view text_;
  NpyHeader* const header_;
  std::string* const problem_;
};

// With data_bytes below 2^62 no sum with an offset overflows.
bool SetSizes(NpyHeader* header, std::string* problem) {
  if (header->shape.empty()) {
    *problem = "npy header: expected an array with rows, got a scalar";
    return false;
  }
  uint64_t bytes = ElementSize(header->dtype);
  bool fits = true;
  for (size_t i = header->shape.size(); i-- > 0;) {
    const uint64_t size = static_cast<uint64_t>(header->shape[i]);
    if (i == 0) header->row_bytes = bytes;
    if (i > 0 && size == 0) {
      *problem =
          "npy header: expected rows with elements, got size 0 for dimension " + std::to_string(i);
      return false;
    }
    fits = fits && !__builtin_mul_overflow(bytes, size, &bytes) && bytes <= uint64_t{1} << 62;
  }
  header->data_bytes = bytes;
  if (!fits) *problem = "npy header: expected a shape of at most 2^62 bytes, got a larger one";
  return fits;
}

}  // namespace

bool ParseNpyHeader(std::string_view bytes, NpyHeader* header, std::string* problem) {
  *header = NpyHeader();
  constexpr size_t kVersionBytes = 2;
  const size_t fixed = kMagic.size() + kVersionBytes;
  if (bytes.size() < fixed + 4 || bytes.substr(0, kMagic.size()) != kMagic) {
    *problem = "expected a .npy file, got " + Quoted(bytes.substr(0, kMagic.size()));
    return false;
  }
  const auto byte_at = [&](size_t i) { return uint32_t{static_cast<unsigned char>(bytes[i])}; };
  const uint32_t version = byte_at(kMagic.size());
  if (version < 1 || version > 3 || byte_at(kMagic.size() + 1) != 0) {
    *problem = "expected version 1.0, 2.0 or 3.0 of the .npy format, got " +
               std::to_string(version) + "." + std::to_string(byte_at(kMagic.size() + 1));
    return false;
  }
  uint32_t length = byte_at(fixed) | byte_at(fixed + 1) << 8;
  const size_t begin = fixed + (version == 1 ? 2 : 4);
  if (version > 1) length |= byte_at(fixed + 2) << 16 | byte_at(fixed + 3) << 24;
  if (length > kMaxNpyHeaderBytes - begin || length > bytes.size() - begin) {
    *problem =
        "npy header: expected a length within the file, got " + std::to_string(length) + " bytes";
    return false;
  }
  header->data_offset = begin + length;
  return DictParser(bytes.substr(begin, length), header, problem).Parse() &&
         SetSizes(header, problem);
}

}  // namespace tensorgate
