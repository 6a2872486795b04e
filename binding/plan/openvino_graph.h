// OpenVinoGraph: what one signature computes, or several that compute the same, compiled for the
// shapes that requests have: a model for any shape takes up to twice the time, and as much memory
// as two of these. Any thread.
#pragma once

#include <chrono>
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
#include "plan/row_sizes.h"
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

  // `is_wanted`: rows are padded whatever the times are. THREAD: load pool; blocks. ERRORS:
  // FAILED_PRECONDITION, INVALID_ARGUMENT with OpenVINO's text.
  static Status Make(const openvino::Core& core, const openvino::CompileOptions& options,
                     bool is_wanted, EngineGraph graph, std::shared_ptr<OpenVinoGraph>* out);

  // `values`: as the graph's inputs. `wanted`: the shape that is to be compiled, if one is, for
  // which Compile() or GiveUp() must follow: there is one at a time, whatever clients send; null:
  // it is no request's run, and none is. `has_rows`: the first dimension of all inputs and outputs
  // counts rows that do not depend on each other, so that further ones may be added. False: it was
  // not run, such as in a shape that is not compiled, or failed.
  bool Run(const std::vector<const TF_Tensor*>& values, bool has_rows,
           std::vector<TensorHandle>* results, Shape* wanted);

  // What such values took elsewhere.
  void RanElsewhere(const std::vector<const TF_Tensor*>& values, std::chrono::nanoseconds time);

  // For a shape; the least used of others goes where there are too many. Blocks. False: it cannot
  // be compiled, or is already.
  bool Compile(const Shape& shape);
  void GiveUp();
  bool CompileFor(const std::vector<const TF_Tensor*>& values);

 private:
  struct Input {
    DataType dtype = DataType::kInvalid;
    int64_t below = 0;          // as EngineInput
    std::vector<int64_t> dims;  // likewise
  };
  struct Known {
    std::shared_ptr<openvino::CompiledModel> model;  // null: it is compiled, or only counted
    bool has_failed = false;                         // and will again
    uint32_t runs = 0;
    uint64_t last = 0;  // when it was asked for
  };

  OpenVinoGraph(const openvino::Core& core, const openvino::CompileOptions& options, bool is_wanted)
      : core_(core), options_(options), is_wanted_(is_wanted) {}
  Status FindPorts(const EngineGraph& graph);
  Status CompileModel(const Shape& shape, std::unique_ptr<openvino::CompiledModel>* compiled);
  bool AreTaken(const std::vector<const TF_Tensor*>& values) const;
  void Split(const Shape& shape,
             std::vector<std::pair<size_t, std::vector<int64_t>>>* shapes) const;
  std::shared_ptr<openvino::CompiledModel> ModelFor(const Shape& shape, Shape* wanted);
  std::shared_ptr<openvino::CompiledModel> ModelForRows(const Shape& shape, Shape* wanted,
                                                        int64_t* rows);
  void Want(const Shape& shape, Shape* wanted);
  bool AreAsDeclared(const std::vector<const TF_Tensor*>& values) const;
  bool RunPadded(openvino::CompiledModel* model, const std::vector<const TF_Tensor*>& values,
                 int64_t rows, std::vector<Tensor>* made) const;
  RowSizes* SizesOf(const Shape& shape);
  void ForgetCounts();
  void DropLeastUsed();

  const openvino::Core& core_;
  openvino::CompileOptions options_;
  const bool is_wanted_;
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
  std::map<Shape, RowSizes> row_sizes_ GUARDED_BY(mutex_);  // by shapes of one row
  uint64_t clock_ GUARDED_BY(mutex_) = 0;
  bool is_compiling_ GUARDED_BY(mutex_) = false;  // what was wanted
};

}  // namespace tensorgate
