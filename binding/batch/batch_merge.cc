#include "batch/batch_merge.h"

#include <algorithm>

#include "batch/batch_tensor.h"
#include "codec/limits.h"
#include "tf/tensor.h"

namespace tensorgate {
namespace {

constexpr int kMostPaddedRank = 6;

// For each of `wanted` its place among `given`; empty when the order is the same. False when one is
// not there.
bool FindAll(const std::vector<Endpoint>& wanted, const std::vector<Endpoint>& given,
             std::vector<size_t>* places) {
  if (wanted.size() != given.size()) return false;
  if (std::equal(wanted.begin(), wanted.end(), given.begin(), Same)) return true;
  for (const Endpoint& endpoint : wanted) {
    const auto found = std::find_if(given.begin(), given.end(),
                                    [&](const Endpoint& other) { return Same(other, endpoint); });
    if (found == given.end()) return false;
    places->push_back(static_cast<size_t>(found - given.begin()));
  }
  return true;
}

size_t PlaceOf(const std::vector<size_t>& places, size_t i) {
  return places.empty() ? i : places[i];
}

const TF_Tensor* ValueOf(const InferenceCall& call, const ArgumentOrder& order, size_t feed) {
  return call.arguments()->values[PlaceOf(order.feeds, feed)];
}

bool SameRowShape(const TF_Tensor* a, const TF_Tensor* b) {
  for (int i = 1; i < TF_NumDims(a); ++i) {
    if (TF_Dim(a, i) != TF_Dim(b, i)) return false;
  }
  return true;
}

}  // namespace

bool CanShareRun(const InferenceCall& leader, const InferenceCall& call, bool may_be_padded,
                 ArgumentOrder* order) {
  const RunArguments& wanted = *leader.arguments();
  const RunArguments& given = *call.arguments();
  if (&leader.model() != &call.model() || !FindAll(wanted.feeds, given.feeds, &order->feeds) ||
      !FindAll(given.fetches, wanted.fetches, &order->fetches)) {
    return false;
  }
  for (size_t i = 0; i < wanted.feeds.size(); ++i) {
    const TF_Tensor* theirs = wanted.values[i];
    const TF_Tensor* own = ValueOf(call, *order, i);
    if (TF_TensorType(theirs) != TF_TensorType(own) || TF_NumDims(theirs) != TF_NumDims(own) ||
        (!may_be_padded && !SameRowShape(theirs, own))) {
      return false;
    }
  }
  return true;
}

void GrowTo(const InferenceCall& call, const ArgumentOrder& order, RowShapes* shapes) {
  const size_t feeds = call.arguments()->feeds.size();
  shapes->resize(feeds);
  for (size_t i = 0; i < feeds; ++i) {
    const TF_Tensor* value = ValueOf(call, order, i);
    std::vector<int64_t>& dims = (*shapes)[i];
    dims.resize(static_cast<size_t>(TF_NumDims(value) - 1), 0);
    for (size_t d = 0; d < dims.size(); ++d) {
      dims[d] = std::max(dims[d], TF_Dim(value, static_cast<int>(d + 1)));
    }
  }
}

Status CheckPadding(const BatchRows& rows, const ArgumentOrder& order, const RowShapes& shapes) {
  if (rows.count == 0) return Status();
  for (size_t i = 0; i < shapes.size(); ++i) {
    const TF_Tensor* value = ValueOf(*rows.call, order, i);
    const int rank = TF_NumDims(value);
    bool is_padded = false;
    for (int d = 1; d < rank; ++d) {
      is_padded = is_padded || TF_Dim(value, d) != shapes[i][static_cast<size_t>(d - 1)];
    }
    if (!is_padded) continue;
    if (rank > kMostPaddedRank) {
      return InvalidArgument("Only tensors with rank from 1 to 6 can be padded.");
    }
    if (TF_TensorElementCount(value) == 0) {
      return InvalidArgument("Got empty tensor in batch of non-empty tensors.");
    }
  }
  return Status();
}

Status MergeInputs(const std::vector<BatchRows>& members, const std::vector<ArgumentOrder>& orders,
                   const RowShapes& shapes, int64_t padding_rows, std::vector<TensorHandle>* out) {
  std::vector<std::vector<int64_t>> dims(members.size());
  std::vector<TensorView> parts(members.size());
  std::vector<int64_t> whole_dims;
  for (size_t feed = 0; feed < shapes.size(); ++feed) {
    for (size_t i = 0; i < members.size(); ++i) {
      const BatchRows& rows = members[i];
      const TensorView whole = ViewOf(ValueOf(*rows.call, orders[i], feed), &whole_dims);
      parts[i] = RowsOf(whole, rows.begin, rows.count, &dims[i]);
    }
    const Status status =
        ConcatRows(parts, shapes[feed], padding_rows, kMaxBatchPaddingBytes, &out->emplace_back());
    if (!status.ok()) return status;
  }
  return Status();
}

}  // namespace tensorgate
