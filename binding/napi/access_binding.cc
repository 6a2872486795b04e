#include "napi/access_binding.h"

#include <chrono>
#include <cstring>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "access/access_control.h"
#include "napi/arguments.h"
#include "napi/process.h"
#include "pool/mutex.h"

namespace tensorgate {
namespace {

// Those that JavaScript holds, by numbers of their own.
class HeldTickets {
 public:
  static HeldTickets& Get() {
    static auto* const held = new HeldTickets();
    return *held;
  }

  uint32_t Hold(AccessTicket ticket) {
    MutexLock lock(&mutex_);
    do {
      ++last_;
    } while (last_ == 0 || tickets_.count(last_) > 0);
    tickets_.emplace(last_, std::move(ticket));
    return last_;
  }
  void Release(uint32_t number) {
    AccessTicket released;
    MutexLock lock(&mutex_);
    const auto found = tickets_.find(number);
    if (found == tickets_.end()) return;
    released = std::move(found->second);
    tickets_.erase(found);
  }

 private:
  Mutex mutex_;
  std::unordered_map<uint32_t, AccessTicket> tickets_ GUARDED_BY(mutex_);
  uint32_t last_ GUARDED_BY(mutex_) = 0;
};

// The first argument of each function: whose access control it is about. Null: a TypeError is
// thrown.
AccessControl* AccessOf(const Napi::CallbackInfo& info) {
  uint32_t surface;
  if (!ReadUint32(info, 0, "surface", &surface)) return nullptr;
  return &Access(surface == 0 ? AccessSurface::kPublic : AccessSurface::kAdmin);
}

bool ReadNumber(const Napi::Object& given, const char* name, double* out) {
  if (napi_get_value_double(given.Env(), given.Get(name), out) == napi_ok) return true;
  return ThrowTypeError(given.Env(), std::string(name) + " must be a number");
}

// {perSecond, burst, atOnce}
bool ReadLimit(const Napi::Value& value, LimitRules* rules) {
  if (!value.IsObject()) return ThrowTypeError(value.Env(), "a limit must be an object");
  const auto given = value.As<Napi::Object>();
  int64_t at_once;
  if (!ReadNumber(given, "perSecond", &rules->per_second) ||
      !ReadNumber(given, "burst", &rules->burst) || !ReadInteger(given, "atOnce", &at_once)) {
    return false;
  }
  rules->at_once = static_cast<uint64_t>(at_once);
  return true;
}

// {name, grants: [models, methods, …], limit}
bool ReadPrincipal(const Napi::Value& value, PrincipalRules* rules) {
  if (!value.IsObject()) return ThrowTypeError(value.Env(), "a principal must be an object");
  const auto given = value.As<Napi::Object>();
  if (!ReadString(given, "name", &rules->name)) return false;
  const auto grants = given.Get("grants").As<Napi::Array>();
  for (uint32_t i = 0; i + 1 < grants.Length(); i += 2) {
    Grant grant;
    grant.models = grants.Get(i).As<Napi::String>().Utf8Value();
    grant.methods = static_cast<uint8_t>(grants.Get(i + 1).As<Napi::Number>().Uint32Value());
    rules->grants.push_back(std::move(grant));
  }
  return ReadLimit(given.Get("limit"), &rules->limit);
}

bool ReadDigest(const Napi::Value& value, Digest* digest) {
  std::string_view bytes;
  if (!BytesOf(value.Env(), value, &bytes) || bytes.size() != digest->size()) {
    return ThrowTypeError(value.Env(), "a digest must have 32 bytes");
  }
  std::memcpy(digest->data(), bytes.data(), digest->size());
  return true;
}

// accessConfigure(surface, {principals, credentials: [digest, index, …], authenticates, anonymous,
// models: [name, limit, …], all})
void ConfigureAccess(const Napi::CallbackInfo& info) {
  AccessControl* access = AccessOf(info);
  if (access == nullptr) return;
  if (!info[1].IsObject()) {
    ThrowTypeError(info.Env(), "accessConfigure takes a policy");
    return;
  }
  const auto given = info[1].As<Napi::Object>();
  AccessPolicy policy;
  if (napi_get_value_bool(info.Env(), given.Get("authenticates"), &policy.authenticates) !=
          napi_ok ||
      !ReadInteger(given, "anonymous", &policy.anonymous) ||
      !ReadLimit(given.Get("all"), &policy.all)) {
    return;
  }
  const auto principals = given.Get("principals").As<Napi::Array>();
  for (uint32_t i = 0; i < principals.Length(); ++i) {
    if (!ReadPrincipal(principals.Get(i), &policy.principals.emplace_back())) return;
  }
  const auto credentials = given.Get("credentials").As<Napi::Array>();
  for (uint32_t i = 0; i + 1 < credentials.Length(); i += 2) {
    auto& [digest, index] = policy.credentials.emplace_back();
    if (!ReadDigest(credentials.Get(i), &digest)) return;
    index = credentials.Get(i + 1).As<Napi::Number>().Uint32Value();
  }
  const auto models = given.Get("models").As<Napi::Array>();
  for (uint32_t i = 0; i + 1 < models.Length(); i += 2) {
    auto& [name, rules] = policy.models.emplace_back();
    name = models.Get(i).As<Napi::String>().Utf8Value();
    if (!ReadLimit(models.Get(i + 1), &rules)) return;
  }
  access->Configure(std::move(policy));
}

// accessFind(surface, digests): of one or several, 32 bytes each; none: that without credentials
Napi::Value FindPrincipal(const Napi::CallbackInfo& info) {
  AccessControl* access = AccessOf(info);
  std::string_view bytes;
  if (access == nullptr || !ReadBytes(info, 1, "digests", &bytes)) return info.Env().Undefined();
  std::vector<Digest> digests(bytes.size() / sizeof(Digest));
  if (digests.empty()) return Napi::Number::New(info.Env(), access->Anonymous());
  std::memcpy(digests.data(), bytes.data(), digests.size() * sizeof(Digest));
  return Napi::Number::New(info.Env(), access->Find(digests.data(), digests.size()));
}

// accessLearn(surface, digest, principal, lifetimeMillis)
Napi::Value Learn(const Napi::CallbackInfo& info) {
  AccessControl* access = AccessOf(info);
  Digest digest;
  PrincipalRules rules;
  uint64_t millis;
  if (access == nullptr || !ReadDigest(info[1], &digest) || !ReadPrincipal(info[2], &rules) ||
      !ReadId(info, 3, &millis)) {
    return info.Env().Undefined();
  }
  const uint32_t id = access->Learn(digest, std::move(rules), std::chrono::milliseconds(millis));
  return Napi::Number::New(info.Env(), id);
}

// accessName(surface, principal)
Napi::Value PrincipalName(const Napi::CallbackInfo& info) {
  AccessControl* access = AccessOf(info);
  uint32_t principal;
  if (access == nullptr || !ReadUint32(info, 1, "principal", &principal)) {
    return info.Env().Undefined();
  }
  return Napi::String::New(info.Env(), access->NameOf(principal));
}

bool ReadQuestion(const Napi::CallbackInfo& info, uint32_t* principal, AccessMethod* method,
                  std::string* model) {
  uint32_t number;
  if (!ReadUint32(info, 1, "principal", principal) || !ReadUint32(info, 2, "method", &number) ||
      !ReadText(info, 3, model)) {
    return false;
  }
  *method = static_cast<AccessMethod>(number);
  return true;
}

// accessMay(surface, principal, method, model)
Napi::Value May(const Napi::CallbackInfo& info) {
  uint32_t principal;
  AccessMethod method;
  std::string model;
  AccessControl* access = AccessOf(info);
  const bool may = access != nullptr && ReadQuestion(info, &principal, &method, &model) &&
                   access->May(principal, method, model);
  return Napi::Boolean::New(info.Env(), may);
}

// accessAdmit(surface, principal, method, model): a ticket's number, 0 where there is nothing to
// give back, or [verdict, waitMillis, scope, perSecond, atOnce]
Napi::Value Admit(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  AccessControl* access = AccessOf(info);
  uint32_t principal;
  AccessMethod method;
  std::string model;
  if (access == nullptr || !ReadQuestion(info, &principal, &method, &model)) {
    return env.Undefined();
  }
  AccessTicket ticket;
  const Refusal refusal = access->Admit(principal, method, model, &ticket);
  if (refusal.verdict == AccessVerdict::kAdmitted) {
    const uint32_t number = ticket.is_empty() ? 0 : HeldTickets::Get().Hold(std::move(ticket));
    return Napi::Number::New(env, number);
  }
  const double wait = std::chrono::duration<double, std::milli>(refusal.wait).count();
  auto told = Napi::Array::New(env, 5);
  uint32_t i = 0;
  for (const double value :
       {static_cast<double>(refusal.verdict), wait, static_cast<double>(refusal.scope),
        refusal.rules.per_second, static_cast<double>(refusal.rules.at_once)}) {
    told.Set(i++, value);
  }
  return told;
}

// accessRelease(ticket)
void ReleaseTicket(const Napi::CallbackInfo& info) {
  uint32_t number;
  if (ReadUint32(info, 0, "ticket", &number)) HeldTickets::Get().Release(number);
}

// accessMatches(pattern, name): see MatchesPattern()
Napi::Value Matches(const Napi::CallbackInfo& info) {
  std::string pattern, name;
  const bool matches =
      ReadText(info, 0, &pattern) && ReadText(info, 1, &name) && MatchesPattern(pattern, name);
  return Napi::Boolean::New(info.Env(), matches);
}

// accessRefused(surface): how many requests were refused, by AccessVerdict
Napi::Value Refused(const Napi::CallbackInfo& info) {
  AccessControl* access = AccessOf(info);
  auto counts = Napi::Array::New(info.Env());
  if (access == nullptr) return counts;
  uint32_t i = 0;
  for (const uint64_t count : access->refused()) counts.Set(i++, static_cast<double>(count));
  return counts;
}

}  // namespace

void ExportAccess(Napi::Env env, Napi::Object exports) {
  exports.Set("accessConfigure", Napi::Function::New(env, ConfigureAccess, "accessConfigure"));
  exports.Set("accessMatches", Napi::Function::New(env, Matches, "accessMatches"));
  exports.Set("accessFind", Napi::Function::New(env, FindPrincipal, "accessFind"));
  exports.Set("accessLearn", Napi::Function::New(env, Learn, "accessLearn"));
  exports.Set("accessName", Napi::Function::New(env, PrincipalName, "accessName"));
  exports.Set("accessMay", Napi::Function::New(env, May, "accessMay"));
  exports.Set("accessAdmit", Napi::Function::New(env, Admit, "accessAdmit"));
  exports.Set("accessRelease", Napi::Function::New(env, ReleaseTicket, "accessRelease"));
  exports.Set("accessRefused", Napi::Function::New(env, Refused, "accessRefused"));
}

}  // namespace tensorgate
