// OpenVinoServable: a TFLite or ONNX file as a servable, computed by OpenVINO. Its signatures are
// those of the file (formats/), of all graphs of a TFLite file that it can run. A TFLite model
// takes inputs of other shapes than it says, as TFLite does: it is compiled anew for these, and the
// latest are kept.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
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

  // Signatures of the file that are not served, each with why.
  const std::vector<std::pair<std::string, std::string>>& left_out() const { return left_out_; }

  // The model once, with zeros in place of what it does not know, so that clients do not pay for a
  // first run. ERRORS: as Run().
  Status RunOnZeros() const;

 private:
  OpenVinoServable() = default;
  // A graph of the file, and how it is run.
  struct Part;
  struct Place {
    size_t part;
    size_t port;
  };

  Status Compile(const OpenVinoServableOptions& options, std::string_view bytes,
                 const openvino::Core& core, std::unique_ptr<openvino::Model> model);
  Status AddPart(const OpenVinoServableOptions& options, std::string_view bytes,
                 const openvino::Core& core, uint32_t graph, std::vector<Part>* parts);
  size_t PartOf(const std::string& signature) const;
  Status ReadSignatures(const std::vector<Part>& parts, const std::string& format);
  Status FindPorts(const std::vector<Part>& parts);
  Status FindPorts(const Signature& signature, size_t part, const ModelFile& file);
  static Status CheckInput(const openvino::Port& port, const openvino::TensorMemory& given);
  static Status RunPorts(ShapedModels* models, const std::vector<openvino::TensorMemory>& inputs,
                         const std::vector<size_t>& fetched, std::vector<TensorHandle>* outputs);
  static Status RunOnZeros(ShapedModels* models);

  std::vector<Place> places_;         // of inputs and of outputs, as endpoints have their numbers
  std::vector<std::string> aliases_;  // by the same
  std::vector<std::unique_ptr<ShapedModels>> models_;  // of the parts; the first graph's first
  std::map<std::string, size_t> part_of_;              // by signatures; others are the first's
  std::vector<std::pair<std::string, std::string>> left_out_;
  std::vector<SignatureRows> rows_;
};

}  // namespace tensorgate
