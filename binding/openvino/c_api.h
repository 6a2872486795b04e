// The part of OpenVINO's C interface that we use, declared here because the library is never
// linked: it is opened at run time, where there is one. The layouts and numbers are those of the
// version that OpenLibrary() insists on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "status/status.h"

namespace tensorgate::openvino {

// The library's objects, of which we know no more than that.
struct CoreObject;
struct ModelObject;
struct CompiledModelObject;
struct InferRequestObject;
struct PortObject;
struct TensorObject;

struct CVersion {
  const char* build;
  const char* description;
};

struct CShape {
  int64_t rank;
  int64_t* dims;
};

// Both ends included; a maximum of -1: none.
struct CRange {
  int64_t min;
  int64_t max;
};

struct CPartialShape {
  CRange rank;
  CRange* dims;
};

struct CProperty {
  const char* key;
  const void* value;
};

// Each returns 0, or a number below it where it failed.
struct CApi {
  int (*get_version)(CVersion*);
  void (*version_free)(CVersion*);
  const char* (*last_error)();
  void (*free_text)(const char*);

  int (*core_create)(CoreObject**);
  void (*core_free)(CoreObject*);
  int (*read_model)(const CoreObject*, const char* path, const char* weights_path, ModelObject**);
  int (*read_model_from_memory)(const CoreObject*, const char* bytes, size_t size,
                                const TensorObject* weights, ModelObject**);
  int (*compile_model)(const CoreObject*, const ModelObject*, const char* device, size_t count,
                       const CProperty*, CompiledModelObject**);

  void (*model_free)(ModelObject*);
  int (*model_inputs)(const ModelObject*, size_t*);
  int (*model_outputs)(const ModelObject*, size_t*);
  int (*model_input)(const ModelObject*, size_t index, PortObject**);
  int (*model_output)(const ModelObject*, size_t index, PortObject**);
  int (*model_input_by_name)(const ModelObject*, const char* name, PortObject**);
  int (*model_output_by_name)(const ModelObject*, const char* name, PortObject**);
  int (*model_reshape)(const ModelObject*, const size_t* inputs, const CPartialShape*,
                       size_t count);

  void (*port_free)(PortObject*);
  int (*port_name)(const PortObject*, char**);
  int (*port_shape)(const PortObject*, CPartialShape*);
  int (*port_type)(const PortObject*, int*);
  void (*partial_shape_free)(CPartialShape*);

  void (*compiled_free)(CompiledModelObject*);
  int (*compiled_inputs)(const CompiledModelObject*, size_t*);
  int (*compiled_outputs)(const CompiledModelObject*, size_t*);
  int (*compiled_input)(const CompiledModelObject*, size_t index, PortObject**);
  int (*compiled_output)(const CompiledModelObject*, size_t index, PortObject**);
  int (*compiled_input_by_name)(const CompiledModelObject*, const char* name, PortObject**);
  int (*compiled_output_by_name)(const CompiledModelObject*, const char* name, PortObject**);
  int (*compiled_property)(const CompiledModelObject*, const char* key, char** value);
  int (*create_request)(const CompiledModelObject*, InferRequestObject**);

  void (*request_free)(InferRequestObject*);
  int (*set_input)(InferRequestObject*, size_t index, const TensorObject*);
  int (*set_output)(InferRequestObject*, size_t index, const TensorObject*);
  int (*get_input)(const InferRequestObject*, size_t index, TensorObject**);
  int (*get_output)(const InferRequestObject*, size_t index, TensorObject**);
  int (*infer)(InferRequestObject*);

  int (*tensor_over)(int type, CShape, void* memory, TensorObject**);
  int (*tensor_shape)(const TensorObject*, CShape*);
  int (*tensor_type)(const TensorObject*, int*);
  int (*tensor_bytes)(const TensorObject*, size_t*);
  int (*tensor_data)(const TensorObject*, void**);
  void (*tensor_free)(TensorObject*);
  int (*shape_free)(CShape*);
};

// Opens libopenvino_c.so at `path`, once per process; a further call gives the same, whatever its
// path. Any thread. ERRORS: NOT_FOUND where it cannot be opened, FAILED_PRECONDITION where it is of
// another version or lacks a function; it may then be tried again.
Status OpenLibrary(const std::string& path);

// REQUIRES: OpenLibrary() was OK.
const CApi& Api();

// The version that was opened: "2026.4.1-…". REQUIRES: as Api().
const std::string& LibraryVersion();

template <auto kFree>
struct Free {
  template <typename T>
  void operator()(T* object) const noexcept {
    (Api().*kFree)(object);
  }
};

using CoreHandle = std::unique_ptr<CoreObject, Free<&CApi::core_free>>;
using ModelHandle = std::unique_ptr<ModelObject, Free<&CApi::model_free>>;
using CompiledModelHandle = std::unique_ptr<CompiledModelObject, Free<&CApi::compiled_free>>;
using InferRequestHandle = std::unique_ptr<InferRequestObject, Free<&CApi::request_free>>;
using PortHandle = std::unique_ptr<PortObject, Free<&CApi::port_free>>;
using TensorObjectHandle = std::unique_ptr<TensorObject, Free<&CApi::tensor_free>>;
using TextHandle = std::unique_ptr<const char, Free<&CApi::free_text>>;

}  // namespace tensorgate::openvino
