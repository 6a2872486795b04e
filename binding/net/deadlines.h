// Deadlines: who is to be told once a time has come. One thread.
#pragma once

#include <cstdint>
#include <map>

namespace tensorgate {

class Deadlines {
 public:
  class Due;
  using Times = std::multimap<uint64_t, Due*>;  // UNITS: milliseconds of the loop's clock

  class Due {
   public:
    // Its time has come; it waits no more.
    virtual void OnDue() = 0;
    bool waits() const { return waits_; }
    uint64_t due_at() const { return at_->first; }  // REQUIRES: waits()

   protected:
    ~Due() = default;

   private:
    friend class Deadlines;
    bool waits_ = false;
    Times::iterator at_;
  };

  // REQUIRES: it does not wait already, and is removed before its end.
  void Add(Due* due, uint64_t at) {
    due->at_ = times_.emplace_hint(times_.end(), at, due);  // most are the last
    due->waits_ = true;
  }
  // Harmless for one that does not wait.
  void Remove(Due* due) {
    if (!due->waits_) return;
    due->waits_ = false;
    times_.erase(due->at_);
  }
  void Tell(uint64_t now) {
    while (!times_.empty() && times_.begin()->first <= now) {
      Due* due = times_.begin()->second;
      Remove(due);
      due->OnDue();
    }
  }
  uint64_t next() const { return times_.empty() ? UINT64_MAX : times_.begin()->first; }

 private:
  Times times_;
};

}  // namespace tensorgate
