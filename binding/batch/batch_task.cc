#include "batch/batch_task.h"

#include <algorithm>

#include "batch/batch_tensor.h"
#include "tf/tensor.h"

namespace tensorgate {
namespace {

Status CannotConcat(const std::string& why) {
  return Status(Code::kInternal, "Tensor concat operation failed: " + why);
}

// Padding has given the slices' outputs different dimensions when it gave that to their inputs.
Status Concat(const std::vector<TensorView>& parts, TensorHandle* out) {
  const TensorView& first = parts[0];
  for (const TensorView& part : parts) {
    if (part.dtype != first.dtype || part.rank != first.rank ||
        !std::equal(part.dims + 1, part.dims + part.rank, first.dims + 1)) {
      return CannotConcat("the outputs of a split request differ in type or shape");
    }
  }
  const std::vector<int64_t> row_dims(first.dims + 1, first.dims + first.rank);
  return ConcatRows(parts, row_dims, /*padding_rows=*/0, /*max_padding_bytes=*/0, out);
}

}  // namespace

OutputRows::OutputRows(const std::vector<TensorHandle>& outputs, const std::vector<size_t>& order,
                       int64_t begin, int64_t count) {
  const size_t size = order.empty() ? outputs.size() : order.size();
  dims.resize(size);
  views.reserve(size);
  std::vector<int64_t> whole_dims;
  for (size_t i = 0; i < size; ++i) {
    const TensorView whole = ViewOf(outputs[order.empty() ? i : order[i]].get(), &whole_dims);
    views.push_back(RowsOf(whole, begin, count, &dims[i]));
  }
}

bool BatchTask::AddSlice(Slice slice, Status status) {
  MutexLock lock(&mutex_);
  rows_done_ += slice.count;
  if (status_.ok()) {
    status_ = std::move(status);
    slices_.push_back(std::move(slice));
  }
  if (!status_.ok()) slices_.clear();
  return rows_done_ == rows();
}

bool BatchTask::failed() {
  MutexLock lock(&mutex_);
  return !status_.ok();
}

Status BatchTask::FinishSlices(OutputBuffer* out) {
  std::vector<Slice> slices;
  {
    MutexLock lock(&mutex_);
    if (!status_.ok()) return status_;
    slices.swap(slices_);
  }
  call_->DropInputs();
  std::sort(slices.begin(), slices.end(),
            [](const Slice& a, const Slice& b) { return a.begin < b.begin; });
  std::vector<OutputRows> rows;
  std::chrono::nanoseconds latency{0};
  for (const Slice& slice : slices) {
    rows.emplace_back(*slice.outputs, slice.order, slice.first_row, slice.count);
    latency += slice.latency;
  }
  const size_t outputs = rows[0].views.size();
  std::vector<TensorHandle> whole(outputs);
  std::vector<std::vector<int64_t>> dims(outputs);
  std::vector<TensorView> views(outputs);
  for (size_t i = 0; i < outputs; ++i) {
    std::vector<TensorView> parts;
    for (const OutputRows& of_slice : rows) parts.push_back(of_slice.views[i]);
    const Status status = Concat(parts, &whole[i]);
    if (!status.ok()) return status;
    views[i] = ViewOf(whole[i].get(), &dims[i]);
  }
  rows.clear();
  slices.clear();
  return call_->Finish(views, latency, out);
}

}  // namespace tensorgate
