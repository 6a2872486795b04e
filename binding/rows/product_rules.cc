// Products of matrices.
#include <algorithm>
#include <string>
#include <utility>

#include "rows/operation.h"

namespace tensorgate {
namespace {

// An operand with a label for each dimension.
struct Operand {
  const Value* value;
  std::vector<int> labels;
};

// The product of operands, summed over what is not among `result`. Labels of 0 and below broadcast.
Value Contracted(const Operation& operation, const std::vector<Operand>& operands,
                 const std::vector<int>& result) {
  const Value* rows = nullptr;
  int row_label = 0;
  for (const Operand& operand : operands) {
    if (!operand.value->is_rows()) continue;
    const int label = operand.labels[operand.value->axis];
    if (rows != nullptr && (label != row_label || !operand.value->HasSameRowsAs(*rows))) {
      return operation.Against("multiplies rows with each other");
    }
    rows = operand.value;
    row_label = label;
  }
  Dims dims;
  size_t axis = result.size();
  for (size_t i = 0; i < result.size(); ++i) {
    if (rows != nullptr && result[i] == row_label) axis = i;
    std::optional<Size> size;
    for (const Operand& operand : operands) {
      const auto found = std::find(operand.labels.begin(), operand.labels.end(), result[i]);
      if (found == operand.labels.end()) continue;
      const Size& own = (*operand.value->dims)[static_cast<size_t>(found - operand.labels.begin())];
      if (!size || size->is_number(1))
        size = own;
      else if (*size != own && !own.is_number(1))
        size = operation.Unknown(i);
    }
    dims.push_back(size ? *size : operation.Unknown(i));
  }
  if (rows == nullptr) return Value::Fixed(std::move(dims));
  if (axis == result.size()) return operation.Against("sums over the rows");
  for (const Operand& operand : operands) {
    const std::vector<int>& labels = operand.labels;
    const auto count = std::count(labels.begin(), labels.end(), row_label);
    if (operand.value->is_rows()) {
      if (count != 1) return operation.Against("takes a diagonal of the rows");
      continue;
    }
    if (count == 0) continue;
    const size_t at =
        static_cast<size_t>(std::find(labels.begin(), labels.end(), row_label) - labels.begin());
    if (row_label > 0 || count > 1 || !(*operand.value->dims)[at].is_number(1)) {
      return operation.Against("treats rows by their place");
    }
  }
  if (std::count(result.begin(), result.end(), row_label) != 1) {
    return operation.Against("takes a diagonal of the rows");
  }
  dims[axis] = (*rows->dims)[rows->axis];
  return rows->WithDims(std::move(dims), axis);
}

// Whether all inputs are rows, or fixed; `*values` is what to say where they are not, or all fixed
// with a shape that is not known.
bool MayMultiply(const Operation& operation, Values* values) {
  bool has_rows = false, has_unknown = false;
  for (const Value& input : operation.inputs()) {
    if (!input.is_rows() && !input.is_fixed()) {
      *values = NoRule(operation);
      return false;
    }
    has_rows |= input.is_rows();
    has_unknown |= !input.dims;
  }
  if (has_unknown) {
    *values =
        has_rows
            ? Values{operation.Against("gets a tensor beside the rows whose rank is not known")}
            : Values{Value::Fixed()};
  }
  return !has_unknown;
}

// `a` [..., m, k] and `b` [..., k, n], each with its last two swapped where asked.
Values MatMul(const Operation& operation, bool swap_a, bool swap_b) {
  Values values;
  if (operation.count() != 2) return NoRule(operation);
  if (!MayMultiply(operation, &values)) return values;
  constexpr int kM = 1, kK = 2, kN = 3;
  const auto labelled = [](const Value& value, int first, int second) {
    Operand operand{&value, {}};
    const int batch = static_cast<int>(value.rank()) - 2;
    for (int i = batch; i > 0; --i) operand.labels.push_back(-i);
    operand.labels.push_back(first);
    operand.labels.push_back(second);
    return operand;
  };
  const Value& a = operation.input(0);
  const Value& b = operation.input(1);
  if (a.rank() < 2 || b.rank() < 2) return {operation.Against("multiplies what is no matrix")};
  std::vector<int> result;
  for (int i = static_cast<int>(std::max(a.rank(), b.rank())) - 2; i > 0; --i) result.push_back(-i);
  result.push_back(kM);
  result.push_back(kN);
  return {Contracted(operation,
                     {swap_a ? labelled(a, kK, kM) : labelled(a, kM, kK),
                      swap_b ? labelled(b, kN, kK) : labelled(b, kK, kN)},
                     result)};
}

Values Matrices(const Operation& operation) {
  return MatMul(operation, operation.Bool("transpose_a", false),
                operation.Bool("transpose_b", false));
}

Values Batches(const Operation& operation) {
  return MatMul(operation, operation.Bool("adj_x", false), operation.Bool("adj_y", false));
}

// One side of the arrow, or a part of it, for a tensor of that rank; false where they do not fit.
bool ReadLabels(std::string_view text, size_t rank, std::vector<int>* labels) {
  const size_t letters =
      static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return c != '.'; }));
  const bool has_ellipsis = text.find("...") != std::string_view::npos;
  if (letters > rank || (!has_ellipsis && letters != rank)) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '.') {
      labels->push_back(text[i]);
      continue;
    }
    for (size_t left = rank - letters; left > 0; --left) labels->push_back(-static_cast<int>(left));
    i += 2;
  }
  return labels->size() == rank;
}

Values Einsum(const Operation& operation) {
  Values values;
  if (!MayMultiply(operation, &values)) return values;
  std::string equation(operation.Text("equation"));
  equation.erase(std::remove(equation.begin(), equation.end(), ' '), equation.end());
  const size_t arrow = equation.find("->");
  if (arrow == std::string::npos) return {operation.Against("has an equation that is not known")};
  std::vector<Operand> operands;
  std::string_view left = std::string_view(equation).substr(0, arrow);
  const std::string_view right = std::string_view(equation).substr(arrow + 2);
  size_t broadcast = 0;
  for (const Value& input : operation.inputs()) {
    const size_t comma = left.find(',');
    Operand& operand = operands.emplace_back(Operand{&input, {}});
    if (!ReadLabels(left.substr(0, comma), input.rank(), &operand.labels)) {
      return {operation.Against("has an equation that is not known")};
    }
    broadcast = std::max<size_t>(
        broadcast, static_cast<size_t>(std::count_if(operand.labels.begin(), operand.labels.end(),
                                                     [](int label) { return label < 0; })));
    left = comma == std::string_view::npos ? std::string_view() : left.substr(comma + 1);
  }
  std::vector<int> result;
  const bool has_ellipsis = right.find("...") != std::string_view::npos;
  const size_t rank = has_ellipsis ? right.size() - 3 + broadcast : right.size();
  if (!ReadLabels(right, rank, &result)) {
    return {operation.Against("has an equation that is not known")};
  }
  return {Contracted(operation, operands, result)};
}

}  // namespace

const Rules& ProductRules() {
  static const Rules rules = {{"BatchMatMul", &Batches},
                              {"BatchMatMulV2", &Batches},
                              {"BatchMatMulV3", &Batches},
                              {"Einsum", &Einsum},
                              {"MatMul", &Matrices}};
  return rules;
}

}  // namespace tensorgate
