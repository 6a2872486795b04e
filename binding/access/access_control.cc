#include "access/access_control.h"

#include <cstring>

namespace tensorgate {
namespace {

bool HasRules(const LimitRules& rules) { return rules.per_second > 0 || rules.at_once > 0; }

bool Grants(const std::vector<Grant>& grants, AccessMethod method, std::string_view model) {
  for (const Grant& grant : grants) {
    if ((grant.methods & static_cast<uint8_t>(method)) != 0 &&
        MatchesPattern(grant.models, model)) {
      return true;
    }
  }
  return false;
}

}  // namespace

// Without recursion: the last star that was passed is all there is to come back to.
bool MatchesPattern(std::string_view pattern, std::string_view name) {
  size_t p = 0, n = 0, star = std::string_view::npos, resume = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = n;
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

AccessTicket& AccessTicket::operator=(AccessTicket&& other) noexcept {
  if (this != &other) {
    Release();
    control_ = std::exchange(other.control_, nullptr);
    limits_ = std::move(other.limits_);
  }
  return *this;
}

void AccessTicket::Release() {
  if (control_ != nullptr) std::exchange(control_, nullptr)->Give(&limits_);
}

size_t AccessControl::DigestHash::operator()(const Digest& digest) const {
  size_t hash;
  std::memcpy(&hash, digest.data(), sizeof hash);
  return hash;
}

bool AccessControl::DigestEqual::operator()(const Digest& a, const Digest& b) const {
  uint8_t difference = 0;
  for (size_t i = 0; i < a.size(); ++i) difference |= a[i] ^ b[i];
  return difference == 0;
}

// By whose it is, so that a policy that is read anew does not begin to count at nothing.
std::shared_ptr<Limit> AccessControl::LimitOf(const std::string& name, const LimitRules& rules) {
  if (!HasRules(rules)) return nullptr;
  std::weak_ptr<Limit>& kept = limits_[name];
  std::shared_ptr<Limit> limit = kept.lock();
  if (limit == nullptr) {
    limit = std::make_shared<Limit>(rules);
    kept = limit;
  } else {
    limit->SetRules(rules);
  }
  return limit;
}

std::shared_ptr<const AccessControl::Principal> AccessControl::NewPrincipal(PrincipalRules rules) {
  auto principal = std::make_shared<Principal>();
  principal->id = ++last_id_;
  principal->grants = std::move(rules.grants);
  principal->limit = LimitOf("principal " + rules.name, rules.limit);
  principal->name = std::move(rules.name);
  principals_[principal->id] = principal;
  return principal;
}

void AccessControl::Configure(AccessPolicy policy) {
  MutexLock lock(&mutex_);
  authenticates_.store(policy.authenticates, std::memory_order_relaxed);
  // What they had is found again by its name as long as the old ones live, which is to the end.
  const auto known = std::exchange(known_, {});
  const auto configured = std::exchange(configured_, {});
  const auto models = std::exchange(models_, {});
  const auto all = std::exchange(all_, LimitOf("server", policy.all));
  const auto anonymous = std::exchange(anonymous_, nullptr);
  principals_.clear();
  learned_ = 0;
  for (PrincipalRules& rules : policy.principals) {
    configured_.push_back(NewPrincipal(std::move(rules)));
  }
  for (const auto& [digest, index] : policy.credentials) {
    if (index < configured_.size()) known_[digest] = {configured_[index], false, {}};
  }
  if (policy.anonymous >= 0 && static_cast<size_t>(policy.anonymous) < configured_.size()) {
    anonymous_ = configured_[static_cast<size_t>(policy.anonymous)];
  }
  for (auto& [name, rules] : policy.models) models_[name] = LimitOf("model " + name, rules);
  is_on_.store(policy.authenticates || all_ != nullptr || !models_.empty(),
               std::memory_order_relaxed);
}

uint32_t AccessControl::Find(const Digest* digests, size_t count) {
  MutexLock lock(&mutex_);
  for (size_t i = 0; i < count; ++i) {
    const auto found = known_.find(digests[i]);
    if (found == known_.end()) continue;
    if (!found->second.is_learned || Clock::now() < found->second.until) {
      return found->second.principal->id;
    }
    known_.erase(found);
    --learned_;
  }
  return kNobody;
}

uint32_t AccessControl::Anonymous() {
  MutexLock lock(&mutex_);
  return anonymous_ == nullptr ? kNobody : anonymous_->id;
}

void AccessControl::ForgetLearned() {
  for (auto each = known_.begin(); each != known_.end();) {
    each = each->second.is_learned ? known_.erase(each) : std::next(each);
  }
  learned_ = 0;
  for (auto each = principals_.begin(); each != principals_.end();) {
    each = each->second.expired() ? principals_.erase(each) : std::next(each);
  }
  for (auto each = limits_.begin(); each != limits_.end();) {
    each = each->second.expired() ? limits_.erase(each) : std::next(each);
  }
}

uint32_t AccessControl::Learn(const Digest& digest, PrincipalRules rules,
                              std::chrono::milliseconds lifetime) {
  MutexLock lock(&mutex_);
  if (learned_ >= kMostLearned) ForgetLearned();
  std::shared_ptr<const Principal> principal = NewPrincipal(std::move(rules));
  const uint32_t id = principal->id;
  Known& known = known_[digest];
  if (known.principal == nullptr) ++learned_;
  if (known.principal != nullptr && !known.is_learned) return known.principal->id;
  known = {std::move(principal), true, Clock::now() + lifetime};
  return id;
}

const AccessControl::Principal* AccessControl::PrincipalOf(uint32_t id) {
  const auto found = principals_.find(id);
  return found == principals_.end() ? nullptr : found->second.lock().get();
}

std::string AccessControl::NameOf(uint32_t id) {
  MutexLock lock(&mutex_);
  const Principal* principal = PrincipalOf(id);
  return principal == nullptr ? "" : principal->name;
}

bool AccessControl::May(uint32_t id, AccessMethod method, std::string_view model) {
  MutexLock lock(&mutex_);
  if (!authenticates()) return true;
  const Principal* principal = PrincipalOf(id);
  return principal != nullptr && Grants(principal->grants, method, model);
}

Refusal AccessControl::Admit(uint32_t id, AccessMethod method, std::string_view model,
                             AccessTicket* ticket) {
  const Refusal refusal = TryAdmit(id, method, model, ticket);
  if (refusal.verdict != AccessVerdict::kAdmitted) {
    MutexLock lock(&mutex_);
    ++refused_[static_cast<size_t>(refusal.verdict)];
  }
  return refusal;
}

Refusal AccessControl::TryAdmit(uint32_t id, AccessMethod method, std::string_view model,
                                AccessTicket* ticket) {
  MutexLock lock(&mutex_);
  Refusal refusal;
  const auto refuse = [&](AccessVerdict verdict) {
    refusal.verdict = verdict;
    return refusal;
  };
  AccessTicket::Limits limits;
  if (method == AccessMethod::kInfer) limits[static_cast<int>(LimitScope::kServer)] = all_;
  if (authenticates()) {
    const Principal* principal = PrincipalOf(id);
    const bool is_anonymous = principal == nullptr || principal == anonymous_.get();
    if (principal == nullptr || !Grants(principal->grants, method, model)) {
      return refuse(is_anonymous ? AccessVerdict::kUnauthenticated : AccessVerdict::kDenied);
    }
    limits[static_cast<int>(LimitScope::kPrincipal)] = principal->limit;
  }
  if (method == AccessMethod::kInfer && !models_.empty()) {
    const auto found = models_.find(std::string(model));
    if (found != models_.end()) limits[static_cast<int>(LimitScope::kModel)] = found->second;
  }
  const Clock::time_point now = Clock::now();
  for (size_t i = 0; i < limits.size(); ++i) {
    if (limits[i] == nullptr) continue;
    const Limit::Verdict verdict = limits[i]->Check(now, &refusal.wait);
    if (verdict == Limit::Verdict::kRoom) continue;
    refusal.scope = static_cast<LimitScope>(i);
    refusal.rules = limits[i]->rules();
    return refuse(verdict == Limit::Verdict::kTooFast ? AccessVerdict::kTooFast
                                                      : AccessVerdict::kTooMany);
  }
  bool holds = false;
  for (const std::shared_ptr<Limit>& limit : limits) {
    if (limit == nullptr) continue;
    limit->Take();
    holds = true;
  }
  if (holds) {
    ticket->limits_ = std::move(limits);
    ticket->control_ = this;
  }
  return refusal;
}

void AccessControl::Give(AccessTicket::Limits* limits) {
  MutexLock lock(&mutex_);
  for (std::shared_ptr<Limit>& limit : *limits) {
    if (limit != nullptr) limit->Give();
    limit.reset();
  }
}

AccessControl::Counts AccessControl::refused() {
  MutexLock lock(&mutex_);
  return refused_;
}

}  // namespace tensorgate
