// Servable: one loaded version of one model as requests see it: its signatures, and a run from
// tensors to tensors. Knows no protocol; codecs and calls know no servable but this. A SavedModel
// is one, a lookup table another. After load only counts and limits change, so runs need no lock.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/json/json_predict.h"
#include "logging/model_logger.h"
#include "model/direct_admission.h"
#include "model/request_statistics.h"
#include "model/run_pace.h"
#include "model/run_statistics.h"
#include "model/signature.h"
#include "status/status.h"
#include "tf/handles.h"

namespace tensorgate {

class ResponseCache;
class SavedModel;
struct SyntheticSpec;

// Where a value goes in or comes out; signatures of one servable may share some, and what is known
// of one holds for all that have it. Its meaning is the servable's: others only compare. A null
// oper: there is no such place.
using Endpoint = TF_Output;

// A signature, and where its tensors go in and come out.
struct Signature {
  SignatureDef def;
  std::vector<Endpoint> inputs;        // as def.inputs
  std::vector<Endpoint> outputs;       // as def.outputs, likewise
  std::vector<InputSpec> input_specs;  // as def.inputs, base types: what the JSON decoder reads
  std::vector<TensorHandle>
      defaults;              // as def.inputs: the value when a request leaves it out, or null
  bool rows_proven = false;  // independent of each other; see Servable::ProveRows
  // An op or function with which a run may leave something behind, such as a changed variable;
  // empty: a run changes nothing. See Servable::SetChangedBy.
  std::string changed_by = "an op of which nothing is known";
  // Why equal inputs may not have equal outputs, or a run may leave something behind; empty:
  // neither can be, so that answers may be kept. See Servable::SetRepeatable.
  std::string not_repeatable = "nothing is known of what a run of it does";
  std::unique_ptr<RunPace> pace = std::make_unique<RunPace>();  // null: its runs may wait
  std::shared_ptr<SyntheticSpec> synthetic;  // null: nothing is known of what its inputs hold
  bool has_defaults() const { return !def.defaults.empty(); }
  // Some, and the graph has all of them.
  bool has_outputs() const;
};

class Servable {
 public:
  virtual ~Servable();
  Servable(const Servable&) = delete;
  Servable& operator=(const Servable&) = delete;

  const std::string& name() const { return name_; }
  int64_t version() const { return version_; }
  bool checks_method_names() const { return checks_method_names_; }
  // Of all versions of this name; it outlives the servable.
  ModelStatistics& statistics() const { return *statistics_; }
  // Likewise.
  ModelLogger* logger() const { return logger_; }
  // Of this version; null: its requests are not counted.
  RequestStatistics* request_statistics() const { return request_statistics_.get(); }
  // Serialized tensorflow.serving.SignatureDefMap.
  const std::string& signature_def_map() const { return signature_def_map_; }
  const std::vector<Signature>& signatures() const { return signatures_; }  // sorted by name

  // `serving_default` first, then the names in order.
  std::vector<const Signature*> SignaturesInOrder() const;
  // Null when there is no signature of that name.
  const Signature* FindSignature(std::string_view name) const;
  // `got "c", expected one of "a", "b"`: the violation of a request that names no signature of it.
  std::string UnknownSignature(std::string_view name) const;

  // Before it is shared: from here on only signatures whose rows are proven share runs.
  void RequireProvenRows() { requires_proven_rows_ = true; }
  virtual void ProveRows(size_t signature) { signatures_[signature].rows_proven = true; }
  bool requires_proven_rows() const { return requires_proven_rows_; }
  // Before it is shared: see Signature::changed_by, which `op` is.
  void SetChangedBy(size_t signature, std::string op) {
    signatures_[signature].changed_by = std::move(op);
  }
  // Before it is shared: see Signature::not_repeatable, which `reason` is.
  void SetRepeatable(size_t signature, std::string reason = "") {
    signatures_[signature].not_repeatable = std::move(reason);
  }
  // Before it is shared. REQUIRES: a signature of this servable.
  void SetSynthetic(const Signature& signature, std::shared_ptr<SyntheticSpec> spec);

  // THREAD: run pool; blocks for the whole inference; concurrent calls allowed.
  // OWNERSHIP: borrows inputs, fills outputs. ERRORS: the servable's status; outputs then stays
  // empty; fields of its violations continue the path to the first input. REQUIRES: endpoints of
  // its signatures with an oper; `inputs` as `feeds`.
  virtual Status Run(const std::vector<Endpoint>& feeds, const std::vector<TF_Tensor*>& inputs,
                     const std::vector<Endpoint>& fetches,
                     std::vector<TensorHandle>* outputs) const = 0;

  // For what reaches behind the signatures: SessionRun. Null: it is none.
  virtual const SavedModel* AsSavedModel() const { return nullptr; }

  // Of its answers; off unless its model's configuration has it.
  ResponseCache& cache() const { return *cache_; }

  // Of requests that need not enter JavaScript.
  DirectAdmission& direct_admission() const { return direct_admission_; }

  // Those in this process; zero when all is quiet.
  static int64_t LiveCount();

 protected:
  Servable();
  // The signatures of a servable that has no graph: each tensor is a place of its own. ERRORS: as
  // DeclaredServable::Declare().
  Status TakeSignatures(std::string_view signature_def_map);
  // Its name, and what is counted and logged by it. REQUIRES: the signatures are set.
  void Introduce(std::string name, int64_t version, bool checks_method_names);

  std::string signature_def_map_;
  std::vector<Signature> signatures_;

 private:
  std::string name_;
  int64_t version_ = 0;
  bool checks_method_names_ = false;
  bool requires_proven_rows_ = false;
  ModelStatistics* statistics_ = nullptr;
  std::unique_ptr<RequestStatistics> request_statistics_;
  std::unique_ptr<ResponseCache> cache_;
  ModelLogger* logger_ = nullptr;
  mutable DirectAdmission direct_admission_;
};

}  // namespace tensorgate
