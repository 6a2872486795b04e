// InputHints: what a graph says about the values that one of its inputs must have: the features of
// its examples, the format of its images, the keys of its tables, the rows of what it indexes.
// Found by following the input to the ops that read it. Knows no TensorFlow.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graph/value_flow.h"
#include "tensor/dtype.h"
#include "tensor/tensor.h"

namespace tensorgate {

struct FeatureHint;

// Of a tensor's elements, and of its shape.
struct InputHint {
  enum class Content {
    kText,             // strings of which nothing is known
    kExample,          // tf.Example of `features`
    kSequenceExample,  // tf.SequenceExample of them
    kExampleJson,      // tf.Example as JSON
    kJpeg,
    kPng,
    kGif,
    kBmp,
    kWav,
    kBase64,  // of what `inner` says
    kNumber,  // the digits of a number of type `dtype`
    kBytes,   // `count` numbers of type `dtype` (0: any number), one after the other
    kTensor,  // a TensorProto of type `dtype`
    kCsv,     // a line with `columns`
  };
  Content content = Content::kText;
  DataType dtype = DataType::kInvalid;
  int64_t count = 0;
  std::vector<FeatureHint> features;
  std::vector<InputHint> columns;  // of a line; the one inside base64, or a TensorProto
  std::string separator;           // of columns
  std::vector<std::string> keys;   // of a table with strings as keys, the first of them
  std::vector<int64_t> numbers;    // likewise, with whole numbers
  int64_t below = 0;               // whole numbers are rows of something with so many; 0: unknown
  bool has_dims = false;
  std::vector<int64_t> dims;  // -1: unknown

  // Whether values of several sizes would do.
  bool has_size() const;
};

struct FeatureHint {
  std::string name;
  DataType dtype = DataType::kInvalid;
  int64_t elements = 1;     // that its dense shape asks for
  bool is_dense = true;     // else any number of them will do
  bool is_varying = false;  // dense, and a multiple of `elements` will do
  bool has_default = false;
  bool is_list = false;  // of a SequenceExample's feature lists
  InputHint value;
};

// The text of a vocabulary file whose name a graph has; false where there is none.
using ReadVocabulary = std::function<bool(const std::string& path, std::string* text)>;

class InputHints {
 public:
  // OWNERSHIP: `graph` must outlive it.
  InputHints(const GraphDef& graph, ReadVocabulary read_vocabulary)
      : flow_(graph), read_vocabulary_(std::move(read_vocabulary)) {}

  // Of output `number` of a node of the graph, for who fetches something of other nodes.
  InputHint Of(std::string_view node, int number, const std::vector<std::string_view>& fetched);

 private:
  using Scope = ValueFlow::Scope;
  using Value = ValueFlow::Value;
  // Features that a parser has beside each other.
  struct FeatureGroup;

  InputHint Hint(const Value& value);
  void UseString(const Value& value, const Node& node, InputHint* hint);
  void UseShape(const Value& value, const Node& node, size_t slot, InputHint* hint);
  void UseRows(const Value& value, const Node& node, size_t slot, InputHint* hint);
  void CountNumbers(const Value& value, const Node& node, InputHint* hint);
  void ReadColumns(const Value& value, const Node& node, InputHint* hint);
  void FindKeys(const Scope* scope, std::string_view table, InputHint* hint);
  void TakeKeys(const Scope* scope, const Node& importer, InputHint* hint);
  void TakeVocabulary(const Scope* scope, const Node& importer, InputHint* hint);
  // example_hints.cc
  void ReadFeatures(const Value& value, const Node& node, InputHint* hint);
  void AddFeatures(const Value& value, const Node& node, const FeatureGroup& group,
                   InputHint* hint);
  std::vector<std::string> Keys(const Scope* scope, const Node& node, const FeatureGroup& group);

  Value OutputOf(const Value& read, const Node& node, std::string_view group, size_t in_group,
                 size_t number) const;
  // False where it is computed, or malformed.
  bool Constant(const Scope* scope, std::string_view input, Tensor* tensor) const;
  // The first of them.
  std::vector<std::string> Strings(const Scope* scope, std::string_view input, size_t most) const;

  ValueFlow flow_;
  const ReadVocabulary read_vocabulary_;
  int depth_ = 0;  // of values in values
};

}  // namespace tensorgate
