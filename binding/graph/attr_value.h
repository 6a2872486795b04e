// AttrValue: what a node says besides its inputs: types and the functions it calls, read from the
// wire and written anew. Views point into the bytes that are read. Any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "status/status.h"
#include "tensor/dtype.h"
#include "tensor/tensor.h"

namespace tensorgate {

// False: the bytes are malformed, or hold another kind of value. An empty list may be no list at
// all.
bool ReadTypeAttr(std::string_view attr_value, DataType* type);
bool ReadTypeListAttr(std::string_view attr_value, std::vector<DataType>* types);
bool ReadIntAttr(std::string_view attr_value, int64_t* value);
bool ReadIntListAttr(std::string_view attr_value, std::vector<int64_t>* values);
bool ReadBoolAttr(std::string_view attr_value, bool* value);
bool ReadStringAttr(std::string_view attr_value, std::string_view* text);
// The TensorShapeProto in the value, or those in a list.
bool ReadShapeAttr(std::string_view attr_value, std::string_view* shape);
bool ReadShapeListAttr(std::string_view attr_value, std::vector<std::string_view>* shapes);
// Of a TensorShapeProto: -1 for a dimension that it leaves open. False: malformed, or no rank.
bool ReadDims(std::string_view shape, std::vector<int64_t>* dims);
// The TensorProto in the value, and the TensorShapeProto in that one.
bool ReadTensorAttr(std::string_view attr_value, std::string_view* tensor, std::string_view* shape);
// The TensorProto of a constant, whatever its size: it is the model's own.
Status DecodeConstant(std::string_view tensor_proto, Tensor* tensor);
// Of a TensorShapeProto, or an AttrValue with one. False: it cannot be read, or is not known whole.
bool ReadShape(std::string_view shape, std::vector<int64_t>* dims);
bool ReadShapeAttr(std::string_view attr_value, std::vector<int64_t>* dims);
// The name of the function in a `func`, the names in a `list(func)`.
bool ReadFunctionAttr(std::string_view attr_value, std::string_view* name);
bool ReadFunctionListAttr(std::string_view attr_value, std::vector<std::string_view>* names);

// Adds the name of every function that the value names, in attributes of functions, too. False:
// malformed, or nested deeper than any graph has it.
bool FindFunctions(std::string_view attr_value, std::vector<std::string_view>* names);

std::string TypeAttr(DataType type);
std::string TypeListAttr(const std::vector<DataType>& types);
std::string IntAttr(int64_t value);
std::string BoolAttr(bool value);
std::string StringAttr(std::string_view text);
std::string ShapeAttr(const std::vector<int64_t>& dims);
std::string StringListAttr(const std::vector<std::string_view>& texts);
std::string IntListAttr(const std::vector<int64_t>& values);
// A TensorProto with `content` as its tensor_content.
std::string TensorAttr(DataType type, const std::vector<int64_t>& dims, std::string_view content);
std::string EmptyListAttr();
// The value with the function's name, or names in their order, replaced. REQUIRES: it was read.
std::string WithFunction(std::string_view attr_value, std::string_view name);
std::string WithFunctions(std::string_view attr_value, const std::vector<std::string>& names);

}  // namespace tensorgate
