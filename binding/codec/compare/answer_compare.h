// Whether two answers to one request agree: those of a model's version and of its shadow version.
// Floats agree within a tolerance, all else exactly; NaN agrees with NaN; the model_spec, which
// names the version, is left out. Reads borrowed bytes, keeps nothing; any thread.
//
// All functions: empty when they agree, else where they first differ and how, as
// `outputs["y"][3]: 2, shadow 2.5`, of at most kMaxDifferenceBytes. Bytes that are no such answer
// differ from everything but themselves.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "tensor/tensor.h"

namespace tensorgate {

constexpr size_t kMaxDifferenceBytes = 512;

// |a - b| <= tolerance * max(1, |a|, |b|): what is small beside 1 is noise as a rule, and relative
// differences of noise say nothing. REQUIRES: tolerance >= 0.
bool NumbersAgree(double a, double b, double tolerance);

// 8-bit and smaller floats are compared exactly.
std::string TensorDifference(const Tensor& a, const Tensor& b, double tolerance);

// Serialized PredictResponses, outputs in any order.
std::string PredictDifference(std::string_view a, std::string_view b, double tolerance);
std::string ClassificationDifference(std::string_view a, std::string_view b, double tolerance);
std::string RegressionDifference(std::string_view a, std::string_view b, double tolerance);
std::string MultiInferenceDifference(std::string_view a, std::string_view b, double tolerance);

// REST bodies, members of objects in any order.
std::string JsonDifference(std::string_view a, std::string_view b, double tolerance);

// A number as differences show it.
std::string NumberText(double value);

// "<where>: <a>, shadow <b>", cut to what fits.
std::string DifferenceText(const std::string& where, const std::string& a, const std::string& b);

}  // namespace tensorgate
