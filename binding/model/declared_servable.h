// DeclaredServable: a servable whose signatures are here and whose runs are not: JavaScript takes
// the tensors of its requests, has them run elsewhere, and gives the outputs back. Requests are
// read and answers written as for any other.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/servable.h"

namespace tensorgate {

class DeclaredServable final : public Servable {
 public:
  // `signature_def_map`: a serialized tensorflow.serving.SignatureDefMap. ERRORS: DATA_LOSS when it
  // is none; INVALID_ARGUMENT for a tensor without a dtype that can be served.
  static Status Declare(std::string name, int64_t version, std::string_view signature_def_map,
                        std::unique_ptr<DeclaredServable>* out);

  // ERRORS: INTERNAL, always.
  Status Run(const std::vector<Endpoint>& feeds, const std::vector<TF_Tensor*>& inputs,
             const std::vector<Endpoint>& fetches,
             std::vector<TensorHandle>* outputs) const override;

 private:
  DeclaredServable() = default;
};

}  // namespace tensorgate
