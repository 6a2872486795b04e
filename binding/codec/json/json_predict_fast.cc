// The single pass over a predict body. Member by member through the root object; the values of
// "instances" and "inputs" go to JsonTensorReader. Whatever it does not expect ends it: the slow
// way then parses the body anew and finds out what upstream would say.
#include <memory>
#include <utility>

#include "codec/json/json_member_walk.h"
#include "codec/json/json_predict_paths.h"
#include "codec/json/json_tensor_reader.h"
#include "codec/json/json_text.h"

namespace tensorgate {
namespace {

class FastDecoder {
 public:
  FastDecoder(std::string_view body, const SignatureLookup& signatures, const DecodeLimits& limits,
              JsonPredictRequest* request)
      : p_(body.data()),
        end_(p_ + body.size()),
        signatures_(signatures),
        limits_(limits),
        request_(request) {}

  bool Run() {
    p_ = SkipJsonBlanks(SkipJsonByteOrderMark(p_, end_), end_);
    if (p_ == end_ || *p_ != '{') return false;
    MemberWalk root(&p_, end_);
    std::string_view name;
    while (root.Next(&name)) {
      if (name == "signature_name") {
        if (!SignatureName()) return false;
      } else if (name == "instances" || name == "inputs") {
        if (values_ != nullptr) return false;
        request_->format = name == "inputs" ? JsonFormat::kColumnar : JsonFormat::kRow;
        if (!Values()) return false;
      } else if (!SkipJsonValue(&p_, end_)) {
        return false;
      }
    }
    if (!root.ok() || values_ == nullptr) return false;
    if (decoded_for_ != signature_) {  // the name stood behind the values
      p_ = values_;
      if (!Decode()) return false;
    }
    request_->signature_name.assign(signature_);
    return true;
  }

 private:
  bool SignatureName() {
    JsonString string;
    JsonTextError error;
    if (named_ || *p_ != '"') return false;
    ++p_;
    if (!ParseJsonString(&p_, end_, &string, &error) || string.escaped) return false;
    named_ = true;
    if (!string.raw.empty()) signature_ = string.raw;
    return true;
  }

  // Takes the signature known so far for granted. When that fails and the name may still come, the
  // value is passed over until it is known.
  bool Values() {
    values_ = p_;
    if (Decode()) return true;
    if (named_) return false;
    decoded_for_ = {};
    p_ = values_;
    return SkipJsonValue(&p_, end_);
  }

  bool Decode() {
    decoded_for_ = signature_;
    specs_ = signatures_(signature_);
    if (specs_ == nullptr || specs_->empty()) return false;
    request_->inputs.clear();
    request_->inputs.resize(specs_->size());
    budget_ = limits_.max_tensor_bytes;
    return request_->format == JsonFormat::kRow ? Rows() : Columns();
  }

  void Begin(size_t input, JsonTensorReader* reader) {
    NamedTensor& named = request_->inputs[input];
    named.name = (*specs_)[input].alias;
    reader->Begin((*specs_)[input].dtype, values_, end_, &budget_, &named.tensor);
  }

  // One value for the only input.
  bool Single() {
    if (specs_->size() != 1) return false;
    JsonTensorReader reader;
    Begin(0, &reader);
    return reader.Read(&p_) && reader.Finish(-1);
  }

  bool Rows() {
    if (*p_ != '[') return false;
    const char* first = SkipJsonBlanks(p_ + 1, end_);
    if (first == end_ || *first == ']') return false;
    const char* probe = first;
    JsonString text;
    // A plain list is one value with the rows as its outermost dimension.
    if (*first != '{' || ParseBase64Object(&probe, end_, &text)) return Single();
    p_ = first;
    return NamedRows();
  }

  bool NamedRows() {
    const size_t inputs = specs_->size();
    // Not make_unique, which would zero the readers' arrays.
    const std::unique_ptr<JsonTensorReader[]> readers(new JsonTensorReader[inputs]);
    for (size_t i = 0; i < inputs; ++i) Begin(i, &readers[i]);
    std::vector<int64_t> rows_seen(inputs, 0);
    for (int64_t row = 1;; ++row) {
      if (p_ == end_ || *p_ != '{') return false;
      MemberWalk members(&p_, end_);
      size_t found = 0;
      size_t guess = 0;
      std::string_view name;
      while (members.Next(&name)) {
        const size_t input = Find(name, guess);
        if (input == inputs || rows_seen[input] == row) return false;
        rows_seen[input] = row;
        if (!readers[input].Read(&p_)) return false;
        ++found;
        guess = input + 1;
      }
      if (!members.ok() || found != inputs) return false;
      p_ = SkipJsonBlanks(p_, end_);
      if (p_ == end_) return false;
      if (*p_ == ']') {
        ++p_;
        return Finish(readers.get(), row);
      }
      if (*p_ != ',') return false;
      p_ = SkipJsonBlanks(p_ + 1, end_);
    }
  }

  bool Columns() {
    const char* probe = p_;
    JsonString text;
    if (*p_ != '{' || ParseBase64Object(&probe, end_, &text)) return Single();
    const size_t inputs = specs_->size();
    std::vector<bool> seen(inputs, false);
    size_t found = 0;
    size_t guess = 0;
    MemberWalk members(&p_, end_);
    std::string_view name;
    while (members.Next(&name)) {
      const size_t input = Find(name, guess);
      if (input == inputs) {
        if (!SkipJsonValue(&p_, end_)) return false;
        continue;
      }
      if (seen[input]) return false;
      seen[input] = true;
      JsonTensorReader reader;
      Begin(input, &reader);
      if (!reader.Read(&p_) || !reader.Finish(-1)) return false;
      ++found;
      guess = input + 1;
    }
    return members.ok() && found == inputs;
  }

  bool Finish(JsonTensorReader* readers, int64_t rows) {
    for (size_t i = 0; i < specs_->size(); ++i) {
      if (!readers[i].Finish(rows)) return false;
    }
    return true;
  }

  // The input of that name; specs_->size() when there is none. Clients mostly keep to one order.
  size_t Find(std::string_view name, size_t guess) const {
    const size_t inputs = specs_->size();
    if (guess < inputs && (*specs_)[guess].alias == name) return guess;
    for (size_t i = 0; i < inputs; ++i) {
      if ((*specs_)[i].alias == name) return i;
    }
    return inputs;
  }

  const char* p_;
  const char* const end_;
  const SignatureLookup& signatures_;
  const DecodeLimits& limits_;
  JsonPredictRequest* const request_;
  std::string_view signature_ = kDefaultSignature;
  bool named_ = false;
  std::string_view decoded_for_;  // the signature that request_->inputs follow; empty: none
  const char* values_ = nullptr;  // where the value of "instances" or "inputs" starts
  const std::vector<InputSpec>* specs_ = nullptr;
  size_t budget_ = 0;
};

}  // namespace

bool DecodePredictJsonFast(std::string_view body, const SignatureLookup& signatures,
                           const DecodeLimits& limits, JsonPredictRequest* request) {
  return FastDecoder(body, signatures, limits, request).Run();
}

}  // namespace tensorgate
