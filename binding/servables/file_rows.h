// The rows of a TFLite or ONNX file's signatures: whether its graph keeps them apart. THREAD: load
// pool.
#pragma once

#include <functional>
#include <vector>

#include "formats/file_graph.h"
#include "formats/model_file.h"
#include "model/servable.h"
#include "status/status.h"
#include "warmup/row_independence.h"

namespace tensorgate {

struct FileRows {
  const ModelFile& file;
  const FileGraph& graph;
  const Status& followed;  // why there is no graph
  bool resizes;            // a first dimension of 1 may be any
};

// Of every signature of the servable that is made of a file, in their order; `rows_of`: of its
// graph. Those whose inputs take any number of rows are ready for a trial with synthetic ones.
// REQUIRES: nobody else has it.
std::vector<SignatureRows> ProveFileRows(
    const std::function<FileRows(const Signature& signature)>& rows_of, RowPolicy policy,
    Servable* servable);

}  // namespace tensorgate
