// OpenVinoServable: a TFLite or ONNX file as a servable, computed by OpenVINO. Its signatures are
// those of the file (formats/). A TFLite model takes inputs of other shapes than it says, as TFLite
// does: it is compiled anew for these, and the latest are kept.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "formats/model_file.h"
#include "model/servable.h"
#include "openvino/core.h"
#include "pool/load_stop.h"
#include "servables/openvino_shapes.h"
#include "warmup/row_independence.h"

namespace tensorgate {

enum class ModelFormat { kTflite, kOnnx };

struct OpenVinoServableOptions {
  std::string name;     // the servable's; echoed in responses
  int64_t version = 0;  // likewise
  std::string file;     // the model's
  std::string library;  // libopenvino_c.so
  ModelFormat format = ModelFormat::kTflite;
  int streams = 1;                      // runs at the same time
  std::optional<RowPolicy> row_policy;  // none: nothing is to be known of rows
  const LoadStop* stop = nullptr;
};

class OpenVinoServable final : public Servable {
 public:
  // THREAD: load pool; blocks for the whole load. ERRORS: INVALID_ARGUMENT where the file is not
  // what it should be or OpenVINO cannot run it, with the op's name where that is why; as
  // openvino::Core::Get().
  static Status Load(const OpenVinoServableOptions& options,
                     std::unique_ptr<OpenVinoServable>* out);

  // ERRORS: INVALID_ARGUMENT for inputs that are not the model's, which are named; INTERNAL with
  // OpenVINO's.
  Status Run(const std::vector<Endpoint>& feeds, const std::vector<TF_Tensor*>& inputs,
             const std::vector<Endpoint>& fetches,
             std::vector<TensorHandle>* outputs) const override;

  // What the file says of the rows of every signature, in their order; for RunRowTrial(). Empty
  // where nothing was to be known.
  const std::vector<SignatureRows>& rows() const { return rows_; }

  // The model once, with zeros in place of what it does not know, so that clients do not pay for a
  // first run. ERRORS: as Run().
  Status RunOnZeros() const;

 private:
  OpenVinoServable() = default;
  Status ReadSignatures(const ModelFile& file, const std::string& format);
  Status FindPorts(const ModelFile& file);
  Status CheckInput(size_t port, const openvino::TensorMemory& given) const;
  Status RunPorts(const std::vector<openvino::TensorMemory>& inputs,
                  const std::vector<size_t>& fetched, std::vector<TensorHandle>* outputs) const;

  std::vector<size_t> ports_;         // of inputs and of outputs, by the places of endpoints
  std::vector<std::string> aliases_;  // by the same
  std::unique_ptr<ShapedModels> models_;
  std::vector<SignatureRows> rows_;
};

}  // namespace tensorgate
