#include "servables/hash_buckets.h"

#include <cstring>
#include <utility>

#include "tensor/tensor.h"
#include "tf/status.h"
#include "tf/tensor.h"

namespace tensorgate {

Status HashBuckets::Make(int64_t num_buckets, std::unique_ptr<HashBuckets>* out) {
  std::unique_ptr<HashBuckets> made(new HashBuckets());
  StatusHandle status(TF_NewStatus());
  made->graph_.reset(TF_NewGraph());
  TF_OperationDescription* const input =
      TF_NewOperation(made->graph_.get(), "Placeholder", "texts");
  TF_SetAttrType(input, "dtype", TF_STRING);
  made->texts_.oper = TF_FinishOperation(input, status.get());
  if (TF_GetCode(status.get()) != TF_OK) return FromTf(status.get());
  TF_OperationDescription* const hash =
      TF_NewOperation(made->graph_.get(), "StringToHashBucketFast", "buckets");
  TF_AddInput(hash, made->texts_);
  TF_SetAttrInt(hash, "num_buckets", num_buckets);
  made->buckets_.oper = TF_FinishOperation(hash, status.get());
  if (TF_GetCode(status.get()) != TF_OK) return FromTf(status.get());
  SessionOptionsHandle options(TF_NewSessionOptions());
  made->session_.reset(TF_NewSession(made->graph_.get(), options.get(), status.get()));
  if (TF_GetCode(status.get()) != TF_OK) return FromTf(status.get());
  *out = std::move(made);
  return Status();
}

Status HashBuckets::Of(const std::vector<std::string_view>& texts, int64_t* buckets) const {
  Tensor input;
  input.dtype = DataType::kString;
  input.elements = static_cast<int64_t>(texts.size());
  input.dims = {input.elements};
  input.strings = texts;
  TensorHandle fed;
  Status status = ToTfTensor(&input, &fed);
  if (!status.ok()) return status;
  TF_Tensor* const value = fed.get();
  TF_Tensor* result = nullptr;
  StatusHandle ran(TF_NewStatus());
  TF_SessionRun(session_.get(), nullptr, &texts_, &value, 1, &buckets_, &result, 1, nullptr, 0,
                nullptr, ran.get());
  const TensorHandle owned(result);
  if (TF_GetCode(ran.get()) != TF_OK) return FromTf(ran.get());
  std::memcpy(buckets, TF_TensorData(result), texts.size() * sizeof(int64_t));
  return Status();
}

}  // namespace tensorgate
