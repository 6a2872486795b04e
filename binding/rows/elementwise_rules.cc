// Ops that work element by element, or on each of the innermost parts of a tensor.
#include <algorithm>
#include <utility>

#include "graph/attr_value.h"
#include "rows/operation.h"

namespace tensorgate {
namespace {

Size BroadcastDim(const Operation& operation, size_t place, const Size& a, const Size& b) {
  if (a == b || b.is_number(1)) return a;
  if (a.is_number(1)) return b;
  // One of them is 1 then, or both are the same.
  if (a.is_number() && !b.counts_rows()) return a;
  if (b.is_number() && !a.counts_rows()) return b;
  return operation.Unknown(place);
}

// Of numbers as shapes are computed with.
Element Combined(std::string_view op, const Element& a, const Element& b) {
  const bool counts = a.counts_rows() || b.counts_rows();
  const Element unknown = counts ? Element::Count() : Element::Fixed();
  if (a.kind != Element::kSize || b.kind != Element::kSize) return unknown;
  if (op == "Mul") return Element::Of(a.size * b.size);
  if (op == "FloorDiv" || op == "TruncateDiv" || op == "Div") {
    Size quotient;
    return a.size.DividedBy(b.size, &quotient) ? Element::Of(quotient) : unknown;
  }
  if (!a.is_number() || !b.is_number()) return unknown;
  const int64_t left = a.size.number(), right = b.size.number();
  int64_t result;
  if ((op == "Add" || op == "AddV2") && !__builtin_add_overflow(left, right, &result)) {
    return Element::Of(result);
  }
  if (op == "Sub" && !__builtin_sub_overflow(left, right, &result)) return Element::Of(result);
  if (op == "Maximum") return Element::Of(std::max(left, right));
  if (op == "Minimum") return Element::Of(std::min(left, right));
  return unknown;
}

// Of two tensors of rank 0 or 1; none where their sizes do not fit.
std::optional<Value> OfElements(const Operation& operation) {
  const Value& a = operation.input(0);
  const Value& b = operation.input(1);
  if (!a.elements || !b.elements || !a.dims || !b.dims) return std::nullopt;
  const size_t size = std::max(a.elements->size(), b.elements->size());
  const auto fits = [&](const Value& value) {
    return value.elements->size() == size || value.elements->size() == 1;
  };
  if (!fits(a) || !fits(b)) return std::nullopt;
  const auto at = [](const Value& value, size_t i) {
    return (*value.elements)[value.elements->size() == 1 ? 0 : i];
  };
  std::vector<Element> elements;
  for (size_t i = 0; i < size; ++i) {
    elements.push_back(Combined(operation.op(), at(a, i), at(b, i)));
  }
  return Value::Of(std::move(elements), a.rank() == 0 && b.rank() == 0);
}

Values Unary(const Operation& operation) {
  Value value = operation.input(0);
  if (operation.count() != 1) return NoRule(operation);
  if (value.kind == Value::kCount) {
    value.elements.reset();
    return {value};
  }
  if (value.is_rows()) return {value.WithDims(*value.dims, value.axis)};
  return value.is_fixed() ? Values{Value::Fixed(value.dims)} : NoRule(operation);
}

// The first input's elements, by inputs that are the same in both runs.
Values UnaryWithOptions(const Operation& operation) {
  for (size_t i = 1; i < operation.count(); ++i) {
    if (!operation.input(i).is_fixed()) return NoRule(operation);
  }
  const Value& value = operation.input(0);
  if (value.is_rows()) return {value.WithDims(*value.dims, value.axis)};
  return value.is_fixed() ? Values{Value::Fixed(value.dims)} : NoRule(operation);
}

// What it was, numbers too.
Values Same(const Operation& operation) {
  return operation.count() == 1 ? Values{operation.input(0)} : NoRule(operation);
}

Values Cast(const Operation& operation) {
  if (operation.count() != 1) return NoRule(operation);
  Value value = operation.input(0);
  const std::string_view* attr = operation.node().attr("DstT");
  DataType type = DataType::kInvalid;
  const bool is_integer = attr != nullptr && ReadTypeAttr(*attr, &type) &&
                          (type == DataType::kInt32 || type == DataType::kInt64);
  const auto is_cut = [&](const Element& element) {
    return type == DataType::kInt32 && element.is_number() &&
           element.size.number() != static_cast<int32_t>(element.size.number());
  };
  const bool keeps_numbers =
      is_integer &&
      !(value.elements && std::any_of(value.elements->begin(), value.elements->end(), is_cut));
  if (!keeps_numbers && value.kind != Value::kRowNumber) {
    value.elements.reset();
    value.matrix.reset();
  }
  return {std::move(value)};
}

Values Binary(const Operation& operation) {
  if (operation.count() == 2) {
    if (auto value = OfElements(operation)) return {*value};
  }
  std::vector<const Value*> values;
  for (const Value& input : operation.inputs()) values.push_back(&input);
  return {Broadcast(operation, values)};
}

// A condition for whole rows, or one for each element.
Values Select(const Operation& operation) {
  if (operation.count() != 3) return NoRule(operation);
  Value condition = operation.input(0);
  const Value& value = operation.input(1);
  if (condition.is_rows() && value.is_rows() && condition.rank() == 1 && value.rank() > 1) {
    if (value.axis != 0 || !value.HasSameRowsAs(condition)) {
      return {operation.Against("takes rows by those of another order")};
    }
    Dims dims(value.rank(), 1);
    dims[0] = (*value.dims)[0];
    condition = condition.WithDims(std::move(dims), 0);
  } else if (condition.is_rows() && condition.rank() == 1 && !value.is_rows() &&
             !(value.dims && value.rank() == 1)) {
    return {operation.Against("takes what has no rows by rows")};
  } else if (condition.is_fixed() && value.is_rows() &&
             (!condition.dims || (!condition.dims->empty() && condition.rank() != value.rank()))) {
    return {operation.Against("takes rows by their place")};
  }
  return {Broadcast(operation, {&condition, &operation.input(1), &operation.input(2)})};
}

// The innermost dimension, or so many of them, is worked on as a whole.
template <size_t kInner>
Values Innermost(const Operation& operation) {
  for (size_t i = 1; i < operation.count(); ++i) {
    if (!operation.input(i).is_fixed()) return NoRule(operation);
  }
  const Value& value = operation.input(0);
  if (value.is_fixed()) return {Value::Fixed(value.dims)};
  if (!value.is_rows()) return NoRule(operation);
  if (value.axis + kInner >= value.rank()) return {operation.Against("works across the rows")};
  return {value.WithDims(*value.dims, value.axis)};
}

Values AddBias(const Operation& operation) {
  const bool is_channels_first = operation.Text("data_format") == "NCHW";
  if (operation.count() != 2 || !operation.input(1).is_fixed()) return NoRule(operation);
  const Value& value = operation.input(0);
  if (value.is_fixed()) return {Value::Fixed(value.dims)};
  if (!value.is_rows()) return NoRule(operation);
  if (value.axis == (is_channels_first ? 1 : value.rank() - 1)) {
    return {operation.Against("adds to each row by its place")};
  }
  return {value.WithDims(*value.dims, value.axis)};
}

// Each input of the shape of the others, or a scalar.
Values JoinText(const Operation& operation) {
  std::vector<const Value*> values;
  for (const Value& input : operation.inputs()) values.push_back(&input);
  return {Broadcast(operation, values)};
}

}  // namespace

Value Broadcast(const Operation& operation, const std::vector<const Value*>& values) {
  const Value* rows = nullptr;
  bool counts = false;
  bool is_known = true;
  size_t rank = 0;
  for (const Value* value : values) {
    if (value->is_rows() && rows == nullptr) rows = value;
    counts |= value->kind == Value::kCount;
    if (value->kind != Value::kCount && !value->is_rows() && !value->is_fixed()) {
      return NoRule(operation)[0];
    }
    is_known &= value->dims.has_value();
    if (value->dims) rank = std::max(rank, value->rank());
  }
  if (rows != nullptr && counts) return operation.Against("gets the number of rows");
  if (counts) return Value::OfKind(Value::kCount);
  if (!is_known) {
    return rows == nullptr
               ? Value::Fixed()
               : operation.Against("gets a tensor beside the rows whose rank is not known");
  }
  Dims dims(rank, 1);
  for (const Value* value : values) {
    const size_t missing = rank - value->rank();
    for (size_t i = 0; i < value->rank(); ++i) {
      dims[missing + i] =
          BroadcastDim(operation, missing + i, dims[missing + i], (*value->dims)[i]);
    }
  }
  if (rows == nullptr) return Value::Fixed(std::move(dims));
  const size_t from_end = rows->rank() - rows->axis;
  for (const Value* value : values) {
    if (value->is_rows()) {
      if (value->rank() - value->axis != from_end || !value->HasSameRowsAs(*rows)) {
        return operation.Against("sets rows against those of another place");
      }
    } else if (value->rank() >= from_end &&
               !(*value->dims)[value->rank() - from_end].is_number(1)) {
      return operation.Against("treats rows by their place");
    }
  }
  const size_t axis = rank - from_end;
  dims[axis] = (*rows->dims)[rows->axis];
  return rows->WithDims(std::move(dims), axis);
}

const Rules& ElementwiseRules() {
  static const Rules rules = [] {
    Rules all;
    for (std::string_view op : {"Abs",
                                "Acos",
                                "Acosh",
                                "Angle",
                                "AsString",
                                "Asin",
                                "Asinh",
                                "Atan",
                                "Atanh",
                                "BesselI0",
                                "BesselI0e",
                                "BesselI1",
                                "BesselI1e",
                                "Bucketize",
                                "Ceil",
                                "CheckNumerics",
                                "CheckNumericsV2",
                                "ComplexAbs",
                                "Conj",
                                "Cos",
                                "Cosh",
                                "DecodeBase64",
                                "DecodeJSONExample",
                                "Digamma",
                                "Elu",
                                "EncodeBase64",
                                "Erf",
                                "Erfc",
                                "Erfinv",
                                "Exp",
                                "Expm1",
                                "FakeQuantWithMinMaxArgs",
                                "Floor",
                                "Imag",
                                "Inv",
                                "Invert",
                                "IsFinite",
                                "IsInf",
                                "IsNan",
                                "LeakyRelu",
                                "Lgamma",
                                "Log",
                                "Log1p",
                                "LogicalNot",
                                "Ndtri",
                                "Neg",
                                "OnesLike",
                                "PopulationCount",
                                "Real",
                                "Reciprocal",
                                "Relu",
                                "Relu6",
                                "Rint",
                                "Round",
                                "Rsqrt",
                                "Selu",
                                "Sigmoid",
                                "Sign",
                                "Sin",
                                "Sinh",
                                "Softplus",
                                "Softsign",
                                "Sqrt",
                                "Square",
                                "StaticRegexFullMatch",
                                "StaticRegexReplace",
                                "StringLength",
                                "StringLower",
                                "StringStrip",
                                "StringToHashBucket",
                                "StringToHashBucketFast",
                                "StringToHashBucketStrong",
                                "StringToNumber",
                                "StringUpper",
                                "Tan",
                                "Tanh",
                                "UnicodeScript",
                                "UnicodeTranscode",
                                "ZerosLike"}) {
      all.emplace_back(op, &Unary);
    }
    for (std::string_view op :
         {"EnsureShape", "Identity", "PreventGradient", "Snapshot", "StopGradient"}) {
      all.emplace_back(op, &Same);
    }
    all.emplace_back("Cast", &Cast);
    for (std::string_view op : {"Add",         "AddN",
                                "AddV2",       "ApproximateEqual",
                                "Atan2",       "Betainc",
                                "BitwiseAnd",  "BitwiseOr",
                                "BitwiseXor",  "ClipByValue",
                                "Complex",     "Div",
                                "DivNoNan",    "Equal",
                                "FloorDiv",    "FloorMod",
                                "Greater",     "GreaterEqual",
                                "Igamma",      "Igammac",
                                "LeftShift",   "Less",
                                "LessEqual",   "LogicalAnd",
                                "LogicalOr",   "Maximum",
                                "Minimum",     "Mod",
                                "Mul",         "MulNoNan",
                                "NextAfter",   "NotEqual",
                                "Polygamma",   "Pow",
                                "RealDiv",     "RightShift",
                                "SelectV2",    "SquaredDifference",
                                "Sub",         "Substr",
                                "TruncateDiv", "TruncateMod",
                                "Xdivy",       "Xlog1py",
                                "Xlogy",       "Zeta"}) {
      all.emplace_back(op, &Binary);
    }
    for (std::string_view op : {"FakeQuantWithMinMaxVars", "RegexFullMatch", "RegexReplace"}) {
      all.emplace_back(op, &UnaryWithOptions);
    }
    for (std::string_view op :
         {"FakeQuantWithMinMaxVarsPerChannel", "HSVToRGB", "LogSoftmax", "RGBToHSV", "Softmax"}) {
      all.emplace_back(op, &Innermost<1>);
    }
    for (std::string_view op : {"Cholesky", "MatrixBandPart", "MatrixInverse", "MatrixSetDiag",
                                "MatrixSetDiagV2", "MatrixSetDiagV3"}) {
      all.emplace_back(op, &Innermost<2>);
    }
    all.emplace_back("AdjustContrastv2", &Innermost<3>);
    all.emplace_back("AdjustHue", &Innermost<1>);
    all.emplace_back("AdjustSaturation", &Innermost<1>);
    all.emplace_back("BiasAdd", &AddBias);
    all.emplace_back("Select", &Select);
    all.emplace_back("StringJoin", &JoinText);
    return all;
  }();
  return rules;
}

}  // namespace tensorgate
