#include "model/declared_servable.h"

#include <utility>

namespace tensorgate {

Status DeclaredServable::Declare(std::string name, int64_t version,
                                 std::string_view signature_def_map,
                                 std::unique_ptr<DeclaredServable>* out) {
  std::unique_ptr<DeclaredServable> servable(new DeclaredServable());
  Status status = servable->TakeSignatures(signature_def_map);
  if (!status.ok()) return status;
  servable->Introduce(std::move(name), version, false);
  *out = std::move(servable);
  return Status();
}

Status DeclaredServable::Run(const std::vector<Endpoint>&, const std::vector<TF_Tensor*>&,
                             const std::vector<Endpoint>&, std::vector<TensorHandle>*) const {
  return Status(Code::kInternal, "what is behind " + Quoted(name()) + " does not run here");
}

}  // namespace tensorgate
