// Table: a lookup table of a version's folder, loaded: keys, and for each key the values of some
// outputs. A Predict gives a tensor of keys of any shape and gets, for each output, a tensor of
// that shape with the shape of one row's values behind it. Upstream has a hashmap servable as an
// example of one that is no SavedModel; its files are the format kSimpleCsv.
//
// Values lie in the memory they are copied from into a tensor, a column each, and are held once.
// THREAD: loaded by one; then any number may look up.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "codec/limits.h"
#include "status/status.h"
#include "table/table_config.h"
#include "table/table_file.h"
#include "table/table_keys.h"
#include "table/value_column.h"
#include "tensor/tensor.h"

namespace tensorgate {

// Bucket i, 0 <= i < num_buckets, of each key that a vocabulary lacks: TensorFlow's
// Fingerprint64(key) % num_buckets, for the numbers of a tf.lookup.StaticVocabularyTable. Integer
// keys come as decimal text, as TensorFlow hashes them. Any thread.
using OovBuckets = std::function<Status(const std::vector<std::string_view>& keys,
                                        int64_t num_buckets, int64_t* buckets)>;

struct TableLoadOptions {
  OovBuckets oov_buckets;  // needed where num_oov_buckets is above 0
  IsLoadStopped is_stopped;
};

struct TableOutput {
  std::string name;
  DataType dtype = DataType::kInvalid;
  std::vector<int64_t> row_dims;  // behind the dimensions of the keys
};

// UNITS: bytes.
struct TableMemory {
  uint64_t own = 0;   // the process's
  uint64_t file = 0;  // pages of files, which processes share
};

class Table {
 public:
  // Reads the files that `config` names in the version's `folder`. Takes as long as reading them
  // does, so it is not for the event loop.
  // ERRORS: of the files and the configuration, with path, line, expected and given:
  // INVALID_ARGUMENT, NOT_FOUND, PERMISSION_DENIED, DATA_LOSS; RESOURCE_EXHAUSTED when memory is
  // out, FAILED_PRECONDITION without oov_buckets; CANCELLED.
  static Status Load(TableConfig config, const std::string& folder, const TableLoadOptions& options,
                     std::unique_ptr<const Table>* table);

  // The values of `keys` for the outputs of those numbers, one tensor each, in that order.
  // OWNERSHIP: strings in `values` stay the table's, which must outlive them.
  // ERRORS: INVALID_ARGUMENT when the keys' type is another, or the rank of a value beyond 254;
  // NOT_FOUND for a key that the table lacks where an output has no default, with the first such
  // key and its index, and a violation whose field continues the path to the keys;
  // RESOURCE_EXHAUSTED when all values together take more than limits.max_tensor_bytes.
  // REQUIRES: numbers below outputs().size().
  Status Lookup(const TensorView& keys, const std::vector<size_t>& outputs,
                const DecodeLimits& limits, std::vector<Tensor>* values) const;

  const std::string& key_name() const { return config_.key.name; }
  DataType key_dtype() const { return keys_.dtype(); }
  const std::vector<TableOutput>& outputs() const { return outputs_; }
  uint64_t rows() const { return keys_.size(); }  // of keys that are there twice, all
  TableMemory memory() const;

 private:
  friend class TableLoad;

  explicit Table(TableConfig config) : config_(std::move(config)), keys_(config_.key.dtype) {}

  Status CheckRowNumbers(const std::string& folder) const;
  Status PutInBuckets(const TensorView& keys, std::vector<int64_t>* rows) const;
  Status CheckKnown(const TensorView& keys, const std::vector<size_t>& outputs,
                    const std::vector<int64_t>& rows) const;

  TableConfig config_;
  OovBuckets oov_buckets_;
  TableKeys keys_;
  std::vector<ValueColumn> columns_;  // of the outputs
  std::vector<TableOutput> outputs_;
};

}  // namespace tensorgate
