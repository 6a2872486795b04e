// TableServable: a lookup table as a servable: one signature, from a tensor of keys to a tensor of
// values for each output.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "model/servable.h"
#include "pool/load_stop.h"
#include "servables/hash_buckets.h"
#include "table/table.h"

namespace tensorgate {

struct TableServableOptions {
  std::string name;     // the servable's; echoed in responses
  int64_t version = 0;  // likewise
  std::string path;     // the version's directory
  TableConfig config;
  const LoadStop* stop = nullptr;
};

class TableServable final : public Servable {
 public:
  // THREAD: load pool; blocks for the whole load. ERRORS: as Table::Load().
  static Status Load(TableServableOptions options, std::unique_ptr<TableServable>* out);

  const Table& table() const { return *table_; }

  // ERRORS: as Table::Lookup(), whose violations name the input.
  Status Run(const std::vector<Endpoint>& feeds, const std::vector<TF_Tensor*>& inputs,
             const std::vector<Endpoint>& fetches,
             std::vector<TensorHandle>* outputs) const override;

 private:
  TableServable() = default;

  std::unique_ptr<HashBuckets> buckets_;  // null without out-of-vocabulary buckets
  std::unique_ptr<const Table> table_;
  std::vector<size_t> output_numbers_;  // the table's, as the signature's outputs
};

}  // namespace tensorgate
