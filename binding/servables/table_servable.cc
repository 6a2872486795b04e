#include "servables/table_servable.h"

#include <algorithm>
#include <utility>

#include "codec/limits.h"
#include "model/signature_def_map.h"
#include "tf/tensor.h"

namespace tensorgate {
namespace {

// Of any shape, since it is that of the keys.
TensorInfo InfoOf(const std::string& alias, DataType dtype) {
  TensorInfo info;
  info.alias = info.tensor_name = alias;
  info.dtype = dtype;
  return info;
}

std::string SignatureDefMapOf(const Table& table) {
  SignatureDef signature;
  signature.inputs.push_back(InfoOf(table.key_name(), table.key_dtype()));
  for (const TableOutput& output : table.outputs()) {
    signature.outputs.push_back(InfoOf(output.name, output.dtype));
  }
  return SignatureDefMapBytes({{"serving_default", SignatureDefBytes(signature)}});
}

}  // namespace

Status TableServable::Load(TableServableOptions options, std::unique_ptr<TableServable>* out) {
  std::unique_ptr<TableServable> servable(new TableServable());
  TableLoadOptions loading;
  const LoadStop* const stop = options.stop;
  loading.is_stopped = [stop] { return IsStopped(stop); };
  if (options.config.num_oov_buckets > 0) {
    Status status = HashBuckets::Make(options.config.num_oov_buckets, &servable->buckets_);
    if (!status.ok()) return status;
    loading.oov_buckets = [hash = servable->buckets_.get()](
                              const std::vector<std::string_view>& keys, int64_t,
                              int64_t* buckets) { return hash->Of(keys, buckets); };
  }
  Status status = Table::Load(std::move(options.config), options.path, loading, &servable->table_);
  if (!status.ok()) return status;
  status = servable->TakeSignatures(SignatureDefMapOf(*servable->table_));
  if (!status.ok()) return status;
  const std::vector<TableOutput>& of_table = servable->table_->outputs();
  for (const TensorInfo& output : servable->signatures_[0].def.outputs) {
    const auto found = std::find_if(of_table.begin(), of_table.end(), [&](const TableOutput& each) {
      return each.name == output.alias;
    });
    servable->output_numbers_.push_back(static_cast<size_t>(found - of_table.begin()));
  }
  servable->Introduce(std::move(options.name), options.version, false);
  *out = std::move(servable);
  return Status();
}

Status TableServable::Run(const std::vector<Endpoint>&, const std::vector<TF_Tensor*>& inputs,
                          const std::vector<Endpoint>& fetches,
                          std::vector<TensorHandle>* outputs) const {
  outputs->clear();
  const Signature& signature = signatures()[0];
  std::vector<size_t> wanted;
  for (const Endpoint& fetch : fetches) {
    const auto found = std::find_if(signature.outputs.begin(), signature.outputs.end(),
                                    [&](const Endpoint& output) { return Same(output, fetch); });
    wanted.push_back(output_numbers_[static_cast<size_t>(found - signature.outputs.begin())]);
  }
  std::vector<int64_t> dims;
  std::vector<Tensor> values;
  Status status = table_->Lookup(ViewOf(inputs[0], &dims), wanted, DecodeLimits(), &values);
  for (size_t i = 0; i < values.size() && status.ok(); ++i) {
    status = ToTfTensor(&values[i], &outputs->emplace_back());
  }
  if (!status.ok()) outputs->clear();
  return status;
}

}  // namespace tensorgate
