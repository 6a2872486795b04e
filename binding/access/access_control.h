// AccessControl: who may do what with which model, and how much of it. One for the process: it is
// asked by the transports for what they answer by themselves, and by JavaScript for all else, so
// that limits count both. Who a credential belongs to is known by its SHA-256 alone; what it takes
// to find that out (files, signatures of tokens) is JavaScript's. THREAD: any.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "access/limit.h"
#include "access/sha256.h"
#include "pool/mutex.h"

namespace tensorgate {

enum class AccessMethod : uint8_t { kInfer = 1, kRead = 2, kAdmin = 4 };

struct Grant {
  std::string models;   // a name, in which each * stands for any characters
  uint8_t methods = 0;  // of AccessMethod, added up
};

struct PrincipalRules {
  std::string name;
  std::vector<Grant> grants;
  LimitRules limit;
};

struct AccessPolicy {
  std::vector<PrincipalRules> principals;
  std::vector<std::pair<Digest, size_t>> credentials;  // of principals, by their index
  bool authenticates = false;                          // false: anybody may do everything
  int64_t anonymous = -1;  // who requests without credentials belong to; −1: nobody
  std::vector<std::pair<std::string, LimitRules>> models;
  LimitRules all;
};

enum class AccessVerdict : int { kAdmitted, kUnauthenticated, kDenied, kTooFast, kTooMany };
// Whose limit it is.
enum class LimitScope : int { kServer, kPrincipal, kModel };

struct Refusal {
  AccessVerdict verdict = AccessVerdict::kAdmitted;
  LimitScope scope = LimitScope::kServer;
  LimitRules rules;               // of the limit
  Limit::Clock::duration wait{};  // of kTooFast: until there is room
};

class AccessControl;

// What an admitted request has of the limits; gives it back.
class AccessTicket {
 public:
  AccessTicket() = default;
  AccessTicket(AccessTicket&& other) noexcept
      : control_(std::exchange(other.control_, nullptr)), limits_(std::move(other.limits_)) {}
  AccessTicket& operator=(AccessTicket&& other) noexcept;
  ~AccessTicket() { Release(); }

  void Release();
  bool is_empty() const { return control_ == nullptr; }

 private:
  friend class AccessControl;
  using Limits = std::array<std::shared_ptr<Limit>, 3>;

  AccessControl* control_ = nullptr;
  Limits limits_;
};

class AccessControl {
 public:
  using Clock = Limit::Clock;
  static constexpr uint32_t kNobody = 0;
  // Tokens that are remembered; when there are more, all are looked at anew.
  static constexpr size_t kMostLearned = 10'000;

  // Whether anything is to be asked at all.
  bool is_on() const { return is_on_.load(std::memory_order_relaxed); }

  // Whether it matters who asks.
  bool authenticates() const { return authenticates_.load(std::memory_order_relaxed); }

  // Replaces the policy. What is running goes on, and limits of the same name go on counting.
  // What was learned is forgotten.
  void Configure(AccessPolicy policy);

  // The principal of the first of the digests that is known; kNobody.
  uint32_t Find(const Digest* digests, size_t count);
  // Who requests without credentials belong to; kNobody where they are refused.
  uint32_t Anonymous();
  // From here on, for so long, `digest` is known as the one with these rules.
  uint32_t Learn(const Digest& digest, PrincipalRules rules, std::chrono::milliseconds lifetime);

  // For the log; empty where nobody is known by that number.
  std::string NameOf(uint32_t principal);
  bool May(uint32_t principal, AccessMethod method, std::string_view model);
  // The ticket holds the places, until it goes. Refusals are counted.
  Refusal Admit(uint32_t principal, AccessMethod method, std::string_view model,
                AccessTicket* ticket);
  // The same without counting: for who then leaves the request to somebody that asks again.
  Refusal TryAdmit(uint32_t principal, AccessMethod method, std::string_view model,
                   AccessTicket* ticket);

  // Requests that were refused, by AccessVerdict.
  using Counts = std::array<uint64_t, 5>;
  Counts refused();

 private:
  friend class AccessTicket;

  struct Principal {
    uint32_t id = kNobody;
    std::string name;
    std::vector<Grant> grants;
    std::shared_ptr<Limit> limit;  // null: none
  };
  struct Known {
    std::shared_ptr<const Principal> principal;
    bool is_learned = false;
    Clock::time_point until;  // of what was learned
  };
  struct DigestHash {
    size_t operator()(const Digest& digest) const;
  };
  struct DigestEqual {  // takes the same time wherever they differ
    bool operator()(const Digest& a, const Digest& b) const;
  };

  void Give(AccessTicket::Limits* limits);
  std::shared_ptr<const Principal> NewPrincipal(PrincipalRules rules) REQUIRES_LOCK(mutex_);
  std::shared_ptr<Limit> LimitOf(const std::string& name, const LimitRules& rules)
      REQUIRES_LOCK(mutex_);
  const Principal* PrincipalOf(uint32_t id) REQUIRES_LOCK(mutex_);
  void ForgetLearned() REQUIRES_LOCK(mutex_);

  std::atomic<bool> is_on_{false};
  std::atomic<bool> authenticates_{false};
  Mutex mutex_;
  std::unordered_map<Digest, Known, DigestHash, DigestEqual> known_ GUARDED_BY(mutex_);
  std::unordered_map<uint32_t, std::weak_ptr<const Principal>> principals_ GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<const Principal>> configured_ GUARDED_BY(mutex_);
  std::shared_ptr<const Principal> anonymous_ GUARDED_BY(mutex_);
  std::unordered_map<std::string, std::shared_ptr<Limit>> models_ GUARDED_BY(mutex_);
  std::shared_ptr<Limit> all_ GUARDED_BY(mutex_);
  std::unordered_map<std::string, std::weak_ptr<Limit>> limits_ GUARDED_BY(mutex_);  // by whose
  size_t learned_ GUARDED_BY(mutex_) = 0;
  uint32_t last_id_ GUARDED_BY(mutex_) = kNobody;
  Counts refused_ GUARDED_BY(mutex_){};
};

// Whether `name` is of the pattern. The time it takes grows with the product of their lengths.
bool MatchesPattern(std::string_view pattern, std::string_view name);

}  // namespace tensorgate
