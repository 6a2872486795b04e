// Operation: a node with what is known of its inputs, as rules see it, and the rules: what they say
// of the node's outputs. One thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "graph/graph_def.h"
#include "rows/value.h"

namespace tensorgate {

using Values = std::vector<Value>;

// The symbols from here on are for sizes that the inputs leave open.
constexpr uint32_t kFirstOpenSize = uint32_t{1} << 31;

// Symbols for sizes that are not known, the same for the same place.
class Symbols {
 public:
  Size At(uint32_t scope, const Node* node, size_t place) {
    const auto [entry, is_new] = ids_.emplace(Place{scope, node, place}, next_);
    if (is_new) ++next_;
    return Size::Symbol(entry->second);
  }

 private:
  struct Place {
    uint32_t scope;  // a function's body in one of its calls
    const Node* node;
    size_t place;
    bool operator<(const Place& other) const {
      return std::tie(scope, node, place) < std::tie(other.scope, other.node, other.place);
    }
  };
  std::map<Place, uint32_t> ids_;
  uint32_t next_ = 1;  // below kFirstOpenSize
};

class Operation {
 public:
  Operation(const Node& node, const Values& inputs, uint32_t scope, Symbols* symbols)
      : node_(node), inputs_(inputs), scope_(scope), symbols_(symbols) {}

  // The same with other inputs, which must outlive it: for a rule by another's.
  Operation WithInputs(const Values& inputs) const {
    return Operation(node_, inputs, scope_, symbols_);
  }

  const Node& node() const { return node_; }
  std::string_view op() const { return node_.op; }
  const Values& inputs() const { return inputs_; }
  uint32_t scope() const { return scope_; }
  size_t count() const { return inputs_.size(); }
  // An obstacle where there is no such input: the graph is malformed.
  const Value& input(size_t i) const;

  // Attributes; the default where there is none that can be read.
  int64_t Int(std::string_view name, int64_t otherwise) const;
  bool Bool(std::string_view name, bool otherwise) const;
  std::string_view Text(std::string_view name) const;
  std::vector<int64_t> Ints(std::string_view name) const;

  // The dimension `place` of an output, of which nothing is known but that it is the same in both
  // runs.
  Size Unknown(size_t place) const { return symbols_->At(scope_, &node_, place); }
  // As a dimension; REQUIRES: it does not count rows.
  Size DimOf(const Element& element, size_t place) const {
    return element.kind == Element::kSize && !(element.is_number() && element.size.number() < 0)
               ? element.size
               : Unknown(place);
  }
  Value Against(std::string reason) const;

  // The numbers of an input of rank 0 or 1; false where one is not known.
  bool Numbers(size_t input, std::vector<int64_t>* numbers) const;
  bool Number(size_t input, int64_t* number) const;
  // As Number, of an axis of something with this rank: from 0 on, and below `rank`.
  bool Axis(size_t input, size_t rank, size_t* axis) const;
  bool AxisOf(int64_t number, size_t rank, size_t* axis) const;

 private:
  const Node& node_;
  const Values& inputs_;
  const uint32_t scope_;
  Symbols* const symbols_;
};

// Says what is known of each output; one value stands for all where it gives fewer. Gets no input
// that is an obstacle, nothing, or of a loop over the rows, unless it is one of lists'.
using Rule = Values (*)(const Operation& operation);

// Null: there is none for such ops.
Rule FindRule(std::string_view op);

// Its rules for files of their own, by op.
using Rules = std::vector<std::pair<std::string_view, Rule>>;
const Rules& ElementwiseRules();
const Rules& ShapeRules();
const Rules& LayoutRules();
const Rules& SliceRules();
const Rules& JoinRules();
const Rules& ProductRules();
const Rules& ImageRules();
const Rules& ReductionRules();
const Rules& GatherRules();
const Rules& ExampleRules();
const Rules& FileRules();
const Rules& ListRules();

// Ops that work element by element on inputs that broadcast, or on inputs of one shape.
Value Broadcast(const Operation& operation, const std::vector<const Value*>& values);
// What has the rows as their dimension `axis`, if nothing else of the shape matters to it.
Values NoRule(const Operation& operation);

}  // namespace tensorgate
