#include "table/table.h"

#include <algorithm>

#include "status/violation.h"
#include "tensor/type_text.h"

namespace tensorgate {

Status Table::Lookup(const TensorView& keys, const std::vector<size_t>& outputs,
                     const DecodeLimits& limits, std::vector<Tensor>* values) const {
  if (keys.dtype != key_dtype()) {
    const std::string expected = DataTypeEnumName(key_dtype());
    const std::string given = DataTypeEnumName(keys.dtype);
    return InvalidArgument("Expected keys of type " + expected + " for \"" + key_name() +
                           "\", got " + given)
        .With("", "expected " + expected + ", got " + given);
  }
  size_t budget = limits.max_tensor_bytes;
  const size_t count = static_cast<size_t>(keys.elements);
  if (count > budget / sizeof(int64_t)) {
    return Status(Code::kResourceExhausted, "Expected at most " +
                                                std::to_string(budget / sizeof(int64_t)) +
                                                " keys, got " + std::to_string(count));
  }
  std::vector<int64_t> rows(count);
  keys_.Find(keys, rows.data());
  Status status =
      config_.num_oov_buckets > 0 ? PutInBuckets(keys, &rows) : CheckKnown(keys, outputs, rows);
  if (!status.ok()) return status;
  values->clear();
  values->reserve(outputs.size());
  for (const size_t output : outputs) {
    const ValueColumn& column = columns_[output];
    if (static_cast<size_t>(keys.rank) + column.row_dims().size() > kMaxRank) {
      return InvalidArgument("Expected keys of at most " +
                             std::to_string(kMaxRank - column.row_dims().size()) +
                             " dimensions, got " + std::to_string(keys.rank));
    }
    status =
        column.Gather(rows, {keys.dims, keys.dims + keys.rank}, &budget, &values->emplace_back());
    if (!status.ok()) {
      return Status(status.code(), "Output \"" + outputs_[output].name + "\": " + status.message());
    }
  }
  return Status();
}

Status Table::PutInBuckets(const TensorView& keys, std::vector<int64_t>* rows) const {
  std::vector<size_t> unknown;
  for (size_t i = 0; i < rows->size(); ++i) {
    if ((*rows)[i] == TableKeys::kUnknown) unknown.push_back(i);
  }
  if (unknown.empty()) return Status();
  std::vector<std::string> numbers;  // of integer keys
  numbers.reserve(unknown.size());
  std::vector<std::string_view> texts;
  texts.reserve(unknown.size());
  for (const size_t index : unknown) {
    const int64_t at = static_cast<int64_t>(index);
    if (keys.dtype == DataType::kString) {
      texts.push_back(keys.string_at(keys.data, at));
    } else {
      texts.push_back(numbers.emplace_back(KeyText(keys, at)));
    }
  }
  std::vector<int64_t> buckets(unknown.size());
  Status status = oov_buckets_(texts, config_.num_oov_buckets, buckets.data());
  if (!status.ok()) return status;
  for (size_t i = 0; i < unknown.size(); ++i) {
    if (buckets[i] < 0 || buckets[i] >= config_.num_oov_buckets) {
      return Status(Code::kInternal, "Expected an out-of-vocabulary bucket below " +
                                         std::to_string(config_.num_oov_buckets) + ", got " +
                                         std::to_string(buckets[i]));
    }
    (*rows)[unknown[i]] = static_cast<int64_t>(keys_.size()) + buckets[i];
  }
  return Status();
}

Status Table::CheckKnown(const TensorView& keys, const std::vector<size_t>& outputs,
                         const std::vector<int64_t>& rows) const {
  const auto strict = std::find_if(outputs.begin(), outputs.end(), [this](size_t output) {
    return !columns_[output].has_default();
  });
  if (strict == outputs.end()) return Status();
  const auto unknown = std::find(rows.begin(), rows.end(), TableKeys::kUnknown);
  if (unknown == rows.end()) return Status();
  const size_t index = static_cast<size_t>(unknown - rows.begin());
  std::string key = KeyText(keys, static_cast<int64_t>(index));
  if (keys.dtype == DataType::kString) key = Quoted(key);
  return Status(Code::kNotFound, "Key " + key + " at index " + std::to_string(index) + " of \"" +
                                     key_name() + "\" is not in the table, and output \"" +
                                     outputs_[*strict].name + "\" has no default")
      .With(IndexStep(index), "expected a key of the table, got " + key);
}

TableMemory Table::memory() const {
  TableMemory memory;
  memory.own = keys_.bytes();
  for (const ValueColumn& column : columns_) {
    memory.own += column.own_bytes();
    memory.file += column.file_bytes();
  }
  return memory;
}

}  // namespace tensorgate
