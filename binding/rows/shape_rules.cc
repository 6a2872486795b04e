// Constants, and what is said of tensors' shapes.
#include <cstring>
#include <utility>

#include "graph/attr_value.h"
#include "rows/operation.h"

namespace tensorgate {
namespace {

// Shapes, axes and the like have no more.
constexpr int64_t kMaxElements = 64;

std::optional<Dims> FixedDims(std::string_view shape) {
  std::vector<int64_t> sizes;
  if (!ReadShape(shape, &sizes)) return std::nullopt;
  return Dims(sizes.begin(), sizes.end());
}

bool HasFewElements(const Dims& dims) {
  Size elements;
  for (const Size& dim : dims) elements = elements * dim;
  return elements.is_number() && elements.number() <= kMaxElements;
}

template <typename T>
std::vector<Element> ElementsOf(const Tensor& tensor) {
  std::vector<Element> elements;
  for (int64_t i = 0; i < tensor.elements; ++i) {
    T number;
    std::memcpy(&number,
                static_cast<const char*>(static_cast<const void*>(tensor.data.data())) +
                    static_cast<size_t>(i) * sizeof(T),
                sizeof(T));
    elements.push_back(Element::Of(int64_t{number}));
  }
  return elements;
}

// A large constant's value may have been left out, and its shape be given in its place.
Values Constant(const Operation& operation) {
  const std::string_view* value = operation.node().attr("value");
  std::string_view tensor_proto, shape;
  if (value == nullptr) {
    const std::string_view* attr = operation.node().attr("shape");
    if (attr == nullptr || !ReadShapeAttr(*attr, &shape)) return {Value::Fixed()};
    return {Value::Fixed(FixedDims(shape))};
  }
  if (!ReadTensorAttr(*value, &tensor_proto, &shape)) return {Value::Fixed()};
  std::optional<Dims> dims = FixedDims(shape);
  const std::string_view* attr = operation.node().attr("dtype");
  DataType type = DataType::kInvalid;
  if (!dims || dims->size() > 2 || !HasFewElements(*dims) || attr == nullptr ||
      !ReadTypeAttr(*attr, &type) || (type != DataType::kInt32 && type != DataType::kInt64)) {
    return {Value::Fixed(std::move(dims))};
  }
  Tensor tensor;
  if (!DecodeConstant(tensor_proto, &tensor).ok()) return {Value::Fixed(std::move(dims))};
  std::vector<Element> elements =
      type == DataType::kInt32 ? ElementsOf<int32_t>(tensor) : ElementsOf<int64_t>(tensor);
  if (dims->size() < 2) return {Value::Of(std::move(elements), dims->empty())};
  Value matrix = Value::Fixed(std::move(dims));
  matrix.matrix.emplace();
  for (const Element& element : elements) matrix.matrix->push_back(element.size.number());
  return {std::move(matrix)};
}

Value ShapeOf(const Operation& operation, const Value& input) {
  if (input.dims && (input.is_fixed() || input.is_rows() || input.kind == Value::kCount)) {
    std::vector<Element> elements;
    for (const Size& dim : *input.dims) elements.push_back(Element::Of(dim));
    return Value::Of(std::move(elements), false);
  }
  return input.is_fixed() ? Value::Fixed() : operation.Against("tells a shape that is not known");
}

Values Shapes(const Operation& operation) {
  Values values;
  for (const Value& input : operation.inputs()) values.push_back(ShapeOf(operation, input));
  return values;
}

// Its handle, or the variable itself in TensorFlow 1.
Values Variable(const Operation& operation) {
  const std::string_view* attr = operation.node().attr("shape");
  std::string_view shape;
  if (attr == nullptr || !ReadShapeAttr(*attr, &shape)) return {Value::Fixed()};
  return {Value::Fixed(FixedDims(shape))};
}

Values Placeholder(const Operation& operation) {
  return {operation.Against("is an input that the signature does not feed")};
}

Values PlaceholderWithDefault(const Operation& operation) { return operation.inputs(); }

Values Rank(const Operation& operation) {
  const Value& input = operation.input(0);
  if (input.dims) return {Value::Of({Element::Of(static_cast<int64_t>(input.rank()))}, true)};
  return NoRule(operation);
}

Values Elements(const Operation& operation) {
  const Value& input = operation.input(0);
  if (!input.dims) return NoRule(operation);
  Size size;
  for (const Size& dim : *input.dims) size = size * dim;
  return {Value::Of({Element::Of(size)}, true)};
}

Values Range(const Operation& operation) {
  int64_t start, limit, delta;
  for (const Value& input : operation.inputs()) {
    if (input.kind == Value::kCount) return {operation.Against("numbers the rows")};
  }
  if (operation.count() != 3 || !operation.Number(0, &start) || !operation.Number(1, &limit) ||
      !operation.Number(2, &delta) || delta == 0 ||
      (delta > 0 ? limit - start : start - limit) > kMaxElements) {
    Values values = NoRule(operation);
    if (values[0].is_fixed()) values[0].dims = Dims{operation.Unknown(0)};
    return values;
  }
  std::vector<Element> elements;
  for (int64_t i = start; delta > 0 ? i < limit : i > limit; i += delta) {
    elements.push_back(Element::Of(i));
  }
  return {Value::Of(std::move(elements), false)};
}

// Numbers of a shape and a seed: without rows in either they are the same in both runs.
Values Drawn(const Operation& operation) {
  Values values = NoRule(operation);
  const Value& shape = operation.input(0);
  if (!values[0].is_fixed() || !shape.elements) return values;
  Dims dims;
  for (const Element& element : *shape.elements)
    dims.push_back(operation.DimOf(element, dims.size()));
  return {Value::Fixed(std::move(dims))};
}

}  // namespace

const Rules& ShapeRules() {
  static const Rules rules = {{"Const", &Constant},
                              {"Shape", &Shapes},
                              {"ShapeN", &Shapes},
                              {"Rank", &Rank},
                              {"Size", &Elements},
                              {"Range", &Range},
                              {"Placeholder", &Placeholder},
                              {"PlaceholderV2", &Placeholder},
                              {"PlaceholderWithDefault", &PlaceholderWithDefault},
                              {"StatelessRandomNormal", &Drawn},
                              {"StatelessRandomNormalV2", &Drawn},
                              {"StatelessRandomUniform", &Drawn},
                              {"StatelessRandomUniformV2", &Drawn},
                              {"StatelessTruncatedNormal", &Drawn},
                              {"StatelessTruncatedNormalV2", &Drawn},
                              {"VarHandleOp", &Variable},
                              {"Variable", &Variable},
                              {"VariableV2", &Variable}};
  return rules;
}

}  // namespace tensorgate
