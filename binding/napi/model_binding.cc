#include "napi/model_binding.h"

#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "model/quiet_runs.h"
#include "model/run_effects.h"
#include "model/saved_model.h"
#include "napi/arguments.h"
#include "napi/environment.h"
#include "napi/inference_binding.h"
#include "napi/plan_value.h"
#include "napi/rows_value.h"
#include "napi/warmup_value.h"
#include "plan/planned_load.h"
#include "pool/allocator.h"
#include "pool/load_priority.h"
#include "pool/load_stop.h"
#include "warmup/known_graph.h"
#include "warmup/row_trial.h"
#include "warmup/synthetic_inputs.h"
#include "warmup/warmup.h"

namespace tensorgate {
namespace {

// Ops that are refused: "op", or "op attribute prefix".
std::vector<RefusedOp> RefusedOpsOf(const std::vector<std::string>& entries) {
  std::vector<RefusedOp> refused;
  for (const std::string& entry : entries) {
    std::istringstream words(entry);
    RefusedOp& op = refused.emplace_back();
    words >> op.op >> op.attr >> op.prefix;
  }
  return refused;
}

class LoadJob : public AsyncJob {
 public:
  LoadJob(uint32_t slot, std::shared_ptr<CompletionQueue> queue, LoadOptions options,
          PlanOptions plan, std::optional<WarmupOptions> warmup,
          std::optional<RowPolicy> row_policy, std::shared_ptr<LoadStop> stop)
      : AsyncJob(slot, std::move(queue)),
        stop_(std::move(stop)),
        options_(std::move(options)),
        plan_(std::move(plan)),
        warmup_(std::move(warmup)),
        row_policy_(row_policy),
        finds_rows_by_(row_policy) {
    plan_.stop = stop_.get();
    // An engine pads rows to the sizes that it has compiled, whoever merges requests.
    if (!plan_.openvino.library.empty() && !finds_rows_by_) finds_rows_by_ = RowPolicy::kProve;
    // What came about in another way says nothing here.
    learned_ = KnownGraphs::Get().Find(options_.name, plan_.known_graph);
    if (learned_ != nullptr && learned_->row_policy != finds_rows_by_) learned_.reset();
    plan_.learned = learned_;
    if (warmup_) warmup_->stop = stop_.get();
  }

  // {warmup, plan, id, signatureDefMap, signatures, rows}: the model stays loaded until
  // unload(id). A warm-up that failed is a value too, alone, since its figures are wanted.
  napi_value TakeValue(napi_env raw_env) override {
    const Napi::Env env(raw_env);
    Napi::Object value = Napi::Object::New(env);
    value.Set("warmup", warmup_ ? WarmupValue(env, report_) : env.Null());
    value.Set("plan", PlanValue(env, plan_report_));
    if (model_ == nullptr) return value;
    const std::string& map = model_->signature_def_map();
    value.Set("signatureDefMap", Napi::Buffer<char>::Copy(env, map.data(), map.size()));
    value.Set("signatures", SignatureNames(env, *model_));
    value.Set("rows", row_policy_ ? SignatureRowsValue(env, rows_) : env.Null());
    value.Set("id", Napi::Number::New(env, Process::Get().registry.Add(std::move(model_))));
    return value;
  }

 protected:
  Status Execute() override {
    if (stop_->IsStopped()) return LoadCancelled();
    YieldToRequests();
    Status status = LoadWithPlan(
        options_, plan_,
        [this](SavedModel* model, bool is_known) {
          AllowYielding();
          // From the graph as it was saved; a plan may put another in its place.
          LearningLimits learning;
          learning.stop = stop_.get();
          const bool is_synthetic = plan_.synthetic || (warmup_ && warmup_->synthetic);
          if (is_synthetic || finds_rows_by_) LearnInputs(options_.path, learning, model);
          takes_rows_ = is_known && learned_ != nullptr;
          if (finds_rows_by_ && !takes_rows_) rows_ = ProveRows(*model, *finds_rows_by_);
        },
        &model_, &plan_report_);
    if (!status.ok()) return status;
    if (plan_report_.from_checkpoint) {
      takes_rows_ = true;
      TakeRepeatable(learned_->not_repeatable, model_.get());
    }
    if (takes_rows_) rows_ = learned_->rows;
    Prepare();
    if (model_ != nullptr && !plan_report_.graph.empty()) KeepWhatWasLearned();
    if (stop_->IsStopped()) {
      model_.reset();
      status = LoadCancelled();
    }
    if (model_ != nullptr) model_->Serve();
    // Warm-up and trials run sizes that requests may never have. Not where little was needed: the
    // version before it is unloaded now as a rule, and all waits for memory that is given back.
    if (!plan_report_.from_checkpoint || plan_report_.weight_bytes >= kMuchWeight) ReleaseFreed();
    return status;
  }

 private:
  void Prepare() {
    if (stop_->IsStopped()) return;
    // After the choice of the plan: what is warmed up, in all its sizes, is what will serve.
    if (warmup_) report_ = WarmUp(*model_, *warmup_);
    if (!report_.status.ok()) {
      model_.reset();
    } else if (finds_rows_by_ && takes_rows_) {
      TakeRows(rows_, row_policy_.has_value(), model_.get());
    } else if (finds_rows_by_ && !stop_->IsStopped()) {
      const QuietRuns quiet;
      RowTrialLimits limits;
      limits.stop = stop_.get();
      limits.only_proven_share = row_policy_.has_value();
      RunRowTrial(limits, model_.get(), &rows_);
    }
  }

  // For the versions after this one.
  void KeepWhatWasLearned() {
    std::shared_ptr<const KnownGraph> known = learned_;
    if (!takes_rows_) {
      known = LearnFrom(*model_, finds_rows_by_, rows_);
      KnownGraphs::Get().Add(options_.name, plan_report_.graph, known);
    }
    model_->Keep(std::move(known));
  }

  const std::shared_ptr<LoadStop> stop_;
  const LoadOptions options_;
  PlanOptions plan_;
  std::optional<WarmupOptions> warmup_;        // none: no warm-up
  const std::optional<RowPolicy> row_policy_;  // none: nothing is batched by itself
  std::optional<RowPolicy> finds_rows_by_;     // none: nobody wants to know
  PlanReport plan_report_;
  WarmupReport report_;
  std::shared_ptr<const KnownGraph> learned_;  // by a version before; null: nothing
  bool takes_rows_ = false;                    // of the same graph
  std::vector<SignatureRows> rows_;
  std::unique_ptr<SavedModel> model_;
};

class UnloadJob : public AsyncJob {
 public:
  using AsyncJob::AsyncJob;

 protected:
  Status Execute() override { return Status(); }  // runs when the model is gone
};

// load(slot, {name, version, path, tags, configProto, runInCallerThread, checkMethodNames, plan,
// warmup, rows, refusedOps})
void Load(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  uint32_t slot;
  if (!ReadSlot(info, &slot)) return;
  if (!info[1].IsObject()) {
    ThrowTypeError(env, "options must be an object");
    return;
  }
  const Napi::Object given = info[1].As<Napi::Object>();
  LoadOptions options;
  if (!ReadString(given, "name", &options.name) || !ReadString(given, "path", &options.path) ||
      !ReadStrings(given, "tags", &options.tags)) {
    return;
  }
  std::vector<std::string> refused;
  if (!ReadStrings(given, "refusedOps", &refused)) return;
  options.refused_ops = RefusedOpsOf(refused);
  std::string_view config;
  const Napi::Value caller_thread = given.Get("runInCallerThread");
  const Napi::Value check_names = given.Get("checkMethodNames");
  if (!ReadVersion(given.Get("version"), &options.version)) return;
  if (!BytesOf(env, given.Get("configProto"), &config)) {
    ThrowTypeError(env, "configProto must be a Uint8Array");
    return;
  }
  options.config_proto.assign(config);
  if (napi_get_value_bool(env, caller_thread, &options.run_in_caller_thread) != napi_ok ||
      napi_get_value_bool(env, check_names, &options.check_method_names) != napi_ok) {
    ThrowTypeError(env, "runInCallerThread and checkMethodNames must be booleans");
    return;
  }
  std::optional<RowPolicy> row_policy;
  if (!ReadRowPolicy(env, given.Get("rows"), &row_policy)) return;
  PlanOptions plan;
  if (!ReadPlanOptions(env, given.Get("plan"), &plan)) return;
  plan.path = options.path;
  plan.config_proto = options.config_proto;
  plan.in_caller_thread = options.run_in_caller_thread;
  std::optional<WarmupOptions> warmup;
  if (!ReadWarmup(env, given.Get("warmup"), options.path, &warmup)) return;
  Environment& environment = Environment::From(env);
  const auto stop = std::make_shared<LoadStop>();
  environment.AddLoad(slot, stop);
  environment.Submit(
      &Process::Get().loads,
      std::make_unique<LoadJob>(slot, environment.completions(), std::move(options),
                                std::move(plan), std::move(warmup), row_policy, stop));
  Process::Get().loads.Wake();
}

// stopLoad(slot): the load of that slot ends early, as CANCELLED.
void StopLoad(const Napi::CallbackInfo& info) {
  uint32_t slot;
  if (ReadSlot(info, &slot)) Environment::From(info.Env()).StopLoad(slot);
}

// unload(slot, id): ends when the session is freed, which waits for the runs that hold it.
void Unload(const Napi::CallbackInfo& info) {
  uint32_t slot, id;
  if (!ReadSlot(info, &slot) || !ReadUint32(info, 1, "id", &id)) return;
  Environment& environment = Environment::From(info.Env());
  environment.completions()->Expect();
  std::unique_ptr<Job> job = std::make_unique<UnloadJob>(slot, environment.completions());
  if (Process::Get().registry.Remove(id, &job)) return;
  AsyncJob::Fail(std::unique_ptr<AsyncJob>(static_cast<AsyncJob*>(job.release())),
                 Status(Code::kNotFound, "no model has the id " + std::to_string(id)));
}

// limitDirect(id, average, atOnce)
void LimitDirect(const Napi::CallbackInfo& info) {
  uint32_t id;
  DirectAdmission::Limits limits{};
  if (!ReadUint32(info, 0, "id", &id) || !ReadUint32(info, 1, "average", &limits.average) ||
      !ReadUint32(info, 2, "atOnce", &limits.at_once)) {
    return;
  }
  const std::shared_ptr<const Servable> model = Process::Get().registry.Find(id);
  if (model != nullptr) model->direct_admission().Limit(limits);
}

}  // namespace

void ExportModel(Napi::Env env, Napi::Object exports) {
  exports.Set("load", Napi::Function::New(env, Load, "load"));
  exports.Set("stopLoad", Napi::Function::New(env, StopLoad, "stopLoad"));
  exports.Set("unload", Napi::Function::New(env, Unload, "unload"));
  exports.Set("limitDirect", Napi::Function::New(env, LimitDirect, "limitDirect"));
}

}  // namespace tensorgate
