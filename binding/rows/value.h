// Value: what is known of a tensor without running the graph: whether and how its elements depend
// on the rows of a request. Two runs are compared: a request's rows alone, and among the rows of
// others. Immutable once made, but for the thread that makes it.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rows/size.h"

namespace tensorgate {

using Dims = std::vector<Size>;

// What stands against the independence of rows.
struct Obstacle {
  std::string node;
  std::string op;
  std::string reason;
};

// One number of a small tensor of integers, as shapes are computed with.
struct Element {
  enum Kind {
    kSize,   // `size`
    kFixed,  // not known, but the same in both runs
    kCount,  // not known, and it depends on the number of rows
  };
  Kind kind = kFixed;
  Size size;

  static Element Of(Size size) { return {kSize, std::move(size)}; }
  static Element Fixed() { return {kFixed, {}}; }
  static Element Count() { return {kCount, {}}; }
  bool counts_rows() const { return kind == kCount || (kind == kSize && size.counts_rows()); }
  bool is_number() const { return kind == kSize && size.is_number(); }
  bool is_number(int64_t number) const { return kind == kSize && size.is_number(number); }
};

struct List;

struct Value {
  enum Kind {
    kNothing,    // a list's element that nothing was written to yet
    kFixed,      // the same in both runs
    kRows,       // its dimension `axis` consists of the rows; each holds what that row alone gives
    kCount,      // depends on the number of rows, on nothing else of them
    kList,       // a TensorList
    kRowNumber,  // in a loop over the rows: the number of the row, from 0 on
    kNextRow,    // the row number plus 1
    kHasRow,     // whether the row number is below the number of rows
    kOneRow,     // in a loop over the rows: depends on this row alone
    kObstacle,   // nothing is known
  };
  Kind kind = kFixed;
  std::optional<Dims> dims;  // none: the rank is not known; kRows always has them
  // kRows: dims[axis] is outer * rows * inner, and element (o, row, i) of it belongs to `row`.
  size_t axis = 0;
  Size outer, inner;
  std::optional<std::vector<Element>> elements;  // kFixed, kCount: of a tensor of rank 0 or 1
  std::optional<std::vector<int64_t>> matrix;    // kFixed: all numbers of a small tensor of rank 2
  std::shared_ptr<const List> list;              // kList
  std::shared_ptr<const Obstacle> obstacle;      // kObstacle
  // kObstacle, of a single number: it is no less.
  std::optional<int64_t> at_least;
  // Not 0: it is that argument of a loop's body, unchanged; of a list, but for what was written to
  // it.
  uint32_t argument = 0;

  static Value Fixed(std::optional<Dims> dims = std::nullopt);
  static Value Rows(Dims dims, size_t axis, Size outer = 1, Size inner = 1);
  // kCount if one of them counts rows, else kFixed. A scalar, or a vector.
  static Value Of(std::vector<Element> elements, bool is_scalar);
  static Value Of(std::shared_ptr<const List> list);
  static Value Of(Obstacle obstacle);
  static Value OfKind(Kind kind);

  bool is_fixed() const { return kind == kFixed; }
  bool is_rows() const { return kind == kRows; }
  size_t rank() const { return dims->size(); }  // REQUIRES: dims
  // kRows: as this one, with other dimensions around the rows.
  Value WithDims(Dims new_dims, size_t new_axis) const;
  bool HasSameRowsAs(const Value& other) const {
    return outer == other.outer && inner == other.inner;
  }
  bool is_row_count() const;
  bool is_number(int64_t number) const;  // a scalar of integers
  const Element* scalar() const;         // null: not known, or no scalar
};

struct List {
  // Its elements are those of the rows, one for each; else their number is the same in both runs.
  bool is_of_rows = false;
  Value element;  // what holds of all
};

}  // namespace tensorgate
