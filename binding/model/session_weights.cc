#include "model/session_weights.h"

#include <mutex>
#include <string>

#include "model/graph_session.h"
#include "pool/allocator.h"
#include "tf/handles.h"

namespace tensorgate {
namespace {

int64_t SecondsNow() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(now).count();
}

}  // namespace

Status SessionWeights::Write() {
  std::vector<std::string> reads;
  for (const ResidentWeight& weight : session_.weights()) reads.push_back(weight.read);
  std::vector<TensorHandle> values;
  Status status = file_.Make();
  if (!status.ok()) return status;
  if (!file_.is_on_disk()) return Status(Code::kFailedPrecondition, "there is no disk for a file");
  status = session_.RunByName(nullptr, {}, {}, reads, {}, nullptr, &values);
  for (size_t i = 0; status.ok() && i < values.size(); ++i) {
    const TF_Tensor* value = values[i].get();
    Place& place = places_.emplace_back();
    place.dtype = static_cast<DataType>(TF_TensorType(value));
    for (int j = 0; j < TF_NumDims(value); ++j) place.dims.push_back(TF_Dim(value, j));
    place.offset = file_.size();
    place.bytes = TF_TensorByteSize(value);
    status = file_.Append({static_cast<const char*>(TF_TensorData(value)), place.bytes});
  }
  return status;
}

Status SessionWeights::Take(Hold* hold) {
  Hold held(mutex_);
  while (is_aside_) {
    held.unlock();
    {
      const std::unique_lock<std::shared_mutex> alone(mutex_);
      if (is_aside_) {
        Status status = Assign(true);
        if (!status.ok()) return status;
        is_aside_ = false;
      }
      last_taken_ = SecondsNow();
    }
    held.lock();
  }
  last_taken_.store(SecondsNow(), std::memory_order_relaxed);
  *hold = std::move(held);
  return Status();
}

void SessionWeights::PutAside() {
  const std::unique_lock<std::shared_mutex> alone(mutex_);
  PutAsideLocked();
}

void SessionWeights::PutAsideAfter(std::chrono::seconds idle) {
  if (is_aside_.load(std::memory_order_relaxed) || SecondsNow() - last_taken_ < idle.count())
    return;
  {
    const std::unique_lock<std::shared_mutex> alone(mutex_, std::try_to_lock);
    if (!alone.owns_lock() || is_aside_) return;
    PutAsideLocked();
  }
  ReleaseFreed();
}

// REQUIRES: mutex_ is held alone.
void SessionWeights::PutAsideLocked() {
  if (!is_aside_ && Assign(false).ok()) is_aside_ = true;
}

// What is not whole has no elements.
Status SessionWeights::Assign(bool whole) const {
  std::vector<TensorHandle> values;
  std::vector<TF_Tensor*> fed;
  for (const Place& place : places_) {
    const std::vector<int64_t> dims = whole ? place.dims : std::vector<int64_t>{0};
    const size_t bytes = whole ? place.bytes : 0;
    TF_Tensor* const value = TF_AllocateTensor(static_cast<TF_DataType>(place.dtype), dims.data(),
                                               static_cast<int>(dims.size()), bytes);
    if (value == nullptr) {
      return Status(Code::kResourceExhausted,
                    "out of memory for a weight of " + std::to_string(bytes) + " bytes");
    }
    values.emplace_back(value);
    Status status = file_.ReadAt(place.offset, TF_TensorData(value), bytes);
    if (!status.ok()) return status;
    fed.push_back(value);
  }
  return session_.Give(fed);
}

}  // namespace tensorgate
