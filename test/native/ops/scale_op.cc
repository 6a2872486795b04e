// A custom op as a user would ship it: TensorgateTestScale, y = x * SCALE for float vectors,
// through TensorFlow's C API. Built several times over, with other factors (other content, same
// op), with a second output (another definition of the op), with a copy of a function of
// TensorFlow's inside (OWN_COPY), without a function for its shapes (NO_SHAPES), one that aborts
// when it is loaded (FATAL), and for a TensorFlow that there is none of (OTHER_TENSORFLOW). Its
// kernel runs on TensorFlow's threads.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "tensorflow/c/tf_datatype.h"
#include "tensorflow/c/tf_status.h"
#include "tensorflow/c/tf_tensor.h"

#ifndef SCALE
#define SCALE 2
#endif

// The few functions of tensorflow/c/ops.h and kernels.h that it needs: those headers are no part of
// what fetch-libtensorflow.sh unpacks, since the server itself defines no ops.
extern "C" {
struct TF_OpDefinitionBuilder;
struct TF_ShapeInferenceContext;
struct TF_KernelBuilder;
struct TF_OpKernelConstruction;
struct TF_OpKernelContext;
TF_OpDefinitionBuilder* TF_NewOpDefinitionBuilder(const char* op_name);
void TF_OpDefinitionBuilderAddInput(TF_OpDefinitionBuilder*, const char* spec);
void TF_OpDefinitionBuilderAddOutput(TF_OpDefinitionBuilder*, const char* spec);
void TF_OpDefinitionBuilderSetShapeInferenceFunction(TF_OpDefinitionBuilder*,
                                                     void (*)(TF_ShapeInferenceContext*,
                                                              TF_Status*));
void TF_ShapeInferenceContextSetUnknownShape(TF_ShapeInferenceContext*, TF_Status*);
void TF_RegisterOpDefinition(TF_OpDefinitionBuilder*, TF_Status*);
TF_KernelBuilder* TF_NewKernelBuilder(const char* op_name, const char* device_name,
                                      void* (*create)(TF_OpKernelConstruction*),
                                      void (*compute)(void*, TF_OpKernelContext*),
                                      void (*destroy)(void*));
void TF_RegisterKernelBuilder(const char* kernel_name, TF_KernelBuilder*, TF_Status*);
void TF_GetInput(TF_OpKernelContext*, int index, TF_Tensor**, TF_Status*);
TF_Tensor* TF_AllocateOutput(TF_OpKernelContext*, int index, TF_DataType, const int64_t* dims,
                             int num_dims, size_t bytes, TF_Status*);
void TF_OpKernelContext_Failure(TF_OpKernelContext*, TF_Status*);
}

#ifdef OWN_COPY
// As published libraries have copies of what they were linked with: they are right only as long as
// TensorFlow's own, which it exports, comes before them in the search for the symbol. Theirs
// compute with another hash seed; this one makes no secret of it.
extern "C" size_t TF_DataTypeSize(TF_DataType) { abort(); }
#endif

#ifdef OTHER_TENSORFLOW
namespace tensorflow {
void FunctionOfAnotherVersion(int);
}
#endif

namespace {

void Compute(void*, TF_OpKernelContext* context) {
  TF_Status* status = TF_NewStatus();
  TF_Tensor* x = nullptr;
  TF_GetInput(context, 0, &x, status);
  if (TF_GetCode(status) == TF_OK) {
    const int64_t elements = TF_TensorElementCount(x);
    // Volatile, so that the dynamic linker decides whose function it is.
    size_t (*volatile size_of)(TF_DataType) = &TF_DataTypeSize;
    TF_Tensor* y =
        TF_AllocateOutput(context, 0, TF_FLOAT, &elements, 1, elements * size_of(TF_FLOAT), status);
#ifdef OTHER_TENSORFLOW
    tensorflow::FunctionOfAnotherVersion(1);
#endif
    if (TF_GetCode(status) == TF_OK) {
      const float* from = static_cast<const float*>(TF_TensorData(x));
      float* to = static_cast<float*>(TF_TensorData(y));
      for (int64_t i = 0; i < elements; ++i) to[i] = from[i] * SCALE;
      TF_DeleteTensor(y);
    }
    TF_DeleteTensor(x);
  }
  if (TF_GetCode(status) != TF_OK) TF_OpKernelContext_Failure(context, status);
  TF_DeleteStatus(status);
}

struct Registration {
  Registration() {
#ifdef FATAL
    abort();
#endif
    TF_Status* status = TF_NewStatus();
    TF_OpDefinitionBuilder* op = TF_NewOpDefinitionBuilder("TensorgateTestScale");
    TF_OpDefinitionBuilderAddInput(op, "x: float");
    TF_OpDefinitionBuilderAddOutput(op, "y: float");
#ifdef SECOND_OUTPUT
    TF_OpDefinitionBuilderAddOutput(op, "z: float");
#endif
#ifndef NO_SHAPES
    TF_OpDefinitionBuilderSetShapeInferenceFunction(
        op, [](TF_ShapeInferenceContext* context, TF_Status* result) {
          TF_ShapeInferenceContextSetUnknownShape(context, result);
        });
#endif
    TF_RegisterOpDefinition(op, status);
    TF_RegisterKernelBuilder(
        "TensorgateTestScale",
        TF_NewKernelBuilder("TensorgateTestScale", "CPU", nullptr, Compute, nullptr), status);
    TF_DeleteStatus(status);
  }
};
const Registration registration;

}  // namespace
