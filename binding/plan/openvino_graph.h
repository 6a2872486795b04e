// OpenVinoGraph: what one signature computes, or several that compute the same, compiled for the
// shapes that requests have: a model for any shape takes up to twice the time, and as much memory
// as two of these. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "files/scratch_file.h"
#include "graph/engine_graph.h"
#include "openvino/core.h"
#include "pool/mutex.h"
#include "status/status.h"
#include "tf/handles.h"

namespace tensorgate {

// Of all of its outputs.
constexpr DataType kEngineOutputType = DataType::kFloat;

class OpenVinoGraph {
 public:
  // That are kept, within kMostBytes of rearranged weights, but two of them in any case.
  static constexpr size_t kMostShapes = 8;
  static constexpr size_t kMostBytes = size_t{256} << 20;
  // A shape that comes once may never come again.
  static constexpr uint32_t kRunsUntilWanted = 2;

  // Of all inputs, one after the other: how many dimensions, and these.
  using Shape = std::vector<int64_t>;

  // THREAD: load pool; blocks. ERRORS: FAILED_PRECONDITION, INVALID_ARGUMENT with OpenVINO's text.
  static Status Make(const openvino::Core& core, const openvino::CompileOptions& options,
                     EngineGraph graph, std::shared_ptr<OpenVinoGraph>* out);

  // `values`: as the graph's inputs. `wanted`: the shape that is to be compiled, if one is, for
  // which Compile() or GiveUp() must follow: there is one at a time, whatever clients send; null:
  // none is. False: it was not run, such as in a shape that is not compiled, or failed.
  bool Run(const std::vector<const TF_Tensor*>& values, std::vector<TensorHandle>* results,
           Shape* wanted);

  // For a shape; the least used of others goes where there are too many. Blocks. False: it cannot
  // be compiled, or is already.
  bool Compile(const Shape& shape);
  void GiveUp();
  bool CompileFor(const std::vector<const TF_Tensor*>& values);

 private:
  struct Input {
    DataType dtype = DataType::kInvalid;
    int64_t below = 0;  // as EngineInput
  };
  struct Known {
    std::shared_ptr<openvino::CompiledModel> model;  // null: it is compiled, or only counted
    bool has_failed = false;                         // and will again
    uint32_t runs = 0;
    uint64_t last = 0;  // when it was asked for
  };

  OpenVinoGraph(const openvino::Core& core, const openvino::CompileOptions& options)
      : core_(core), options_(options) {}
  Status FindPorts(const EngineGraph& graph);
  Status CompileModel(const Shape& shape, std::unique_ptr<openvino::CompiledModel>* compiled);
  bool AreTaken(const std::vector<const TF_Tensor*>& values) const;
  void Split(const Shape& shape,
             std::vector<std::pair<size_t, std::vector<int64_t>>>* shapes) const;
  std::shared_ptr<openvino::CompiledModel> ModelFor(const Shape& shape, Shape* wanted);
  void ForgetCounts();
  void DropLeastUsed();

  const openvino::Core& core_;
  openvino::CompileOptions options_;
  std::vector<Input> inputs_;
  std::vector<size_t> input_ports_;
  std::vector<size_t> output_ports_;
  std::shared_ptr<openvino::CompiledModel> only_;  // where the graph has one shape; else null
  size_t most_shapes_ = 0;
  Mutex compiling_;  // for as long as it takes; before mutex_
  // Read again for each shape, since it holds the weights once more. Empty beside only_.
  ScratchFile graph_ GUARDED_BY(compiling_);
  std::unique_ptr<openvino::Model> model_ GUARDED_BY(compiling_);  // for the first shape
  Mutex mutex_;
  std::map<Shape, Known> known_ GUARDED_BY(mutex_);
  uint64_t clock_ GUARDED_BY(mutex_) = 0;
  bool is_compiling_ GUARDED_BY(mutex_) = false;  // what was wanted
};

}  // namespace tensorgate
