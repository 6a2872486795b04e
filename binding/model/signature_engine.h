// SignatureEngine: runs signatures of a model in another way than its session, which answers what
// this one does not take.
#pragma once

#include <chrono>
#include <unordered_map>
#include <vector>

#include "tf/handles.h"

namespace tensorgate {

class SignatureEngine {
 public:
  virtual ~SignatureEngine() = default;

  // False: it is for the session, and `outputs` is empty. THREAD: any; blocks for the whole run.
  // OWNERSHIP: as Servable::Run. REQUIRES: an empty `outputs`.
  virtual bool Run(const std::vector<TF_Output>& feeds, const std::vector<TF_Tensor*>& inputs,
                   const std::vector<TF_Output>& fetches,
                   std::vector<TensorHandle>* outputs) const = 0;

  // What the session took for what this one has left to it. THREAD: any.
  virtual void LeftTook(const std::vector<TF_Output>& feeds, const std::vector<TF_Tensor*>& inputs,
                        std::chrono::nanoseconds time) const = 0;

  // Before it is shared: the rows of the signature with these feeds and fetches do not depend on
  // each other (Signature::rows_proven).
  virtual void ProveRows(const std::vector<TF_Output>& feeds,
                         const std::vector<TF_Output>& fetches) = 0;

  // As GraphSession::Rename.
  virtual void Rename(const std::unordered_map<TF_Operation*, TF_Operation*>& operations) = 0;
};

}  // namespace tensorgate
