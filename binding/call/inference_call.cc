#include "call/inference_call.h"

#include <time.h>

#include <optional>
#include <utility>

#include "call/batch_keys.h"

namespace tensorgate {
namespace {

// A larger answer is not encoded by the event loop.
constexpr size_t kShortAnswerBytes = 8 << 10;

std::chrono::nanoseconds ThreadCpuTime() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

// Calls that share runs with the same number of rows are of one shape. Of SessionRun each is.
uint64_t ShapeOf(const InferenceCall& call) {
  if (call.arguments() == nullptr) return 0;
  const BatchKeys keys = KeysOf(call, /*model=*/0);
  return keys.shape * 0x9e3779b97f4a7c15ULL ^ static_cast<uint64_t>(keys.rows);
}

}  // namespace

void InferenceCall::Ran(std::chrono::steady_clock::time_point started) {
  run_time_ = std::chrono::steady_clock::now() - started;
  if (RequestStatistics::IsOn()) RunStatistics::Process().CountGraphRun(run_time_);
}

bool InferenceCall::IsShort() const {
  if (const size_t bytes = answer_bytes(); bytes > 0) {
    return RunPace::IsOn() && bytes <= kShortAnswerBytes;
  }
  const RunPace* const known = pace();
  return known != nullptr && known->IsShort();
}

Status InferenceCall::EncodeLoggedRequest(std::string_view body, OutputBuffer* out) const {
  out->Append(body);
  return Status();
}

void InferenceCall::BeginLog(std::string_view body) {
  ModelLogger* const logger = model_->logger();
  // Only a SavedModel has a warm-up; further signatures of one are not its own.
  std::optional<uint64_t> shape;
  if (logger->is_recording() && model_->AsSavedModel() != nullptr) shape = ShapeOf(*this);
  logged_ = logger->Begin(method(), model_->version(), shape, body.size());
  if (logged_ == nullptr || EncodeLoggedRequest(body, &logged_->request).ok()) return;
  logged_.reset();
  logger->CountDropped();
}

void InferenceCall::EndLog(const Status& status, const OutputBuffer& reply) {
  std::unique_ptr<LoggedRequest> logged = std::move(logged_);
  if (!status.ok()) return;
  const size_t request = logged->request.size();
  // JSON and its tensors differ in size: what the request really takes is known by now.
  const size_t more = request > logged->reserved() ? request - logged->reserved() : 0;
  const bool to_file = logged->destination != nullptr;
  const bool has_response = !to_file || logged->response.size() > 0;
  if (!logged->Reserve(more + (has_response ? logged->response.size() : reply.size()))) {
    if (to_file) model_->logger()->CountDropped();
    return;
  }
  if (!has_response) logged->response.Append(reply.view());
  model_->logger()->End(std::move(logged));
}

Status InferenceCall::RunOnLoop(OutputBuffer* out) {
  if (answer_bytes() > 0) return RunAndEncode(out);
  RunPace* const known = pace();
  if (!known->WantsCpuTime()) {
    Status status = RunAndEncode(out);
    known->RecordLasted(run_time_);
    return status;
  }
  const std::chrono::nanoseconds before = ThreadCpuTime();
  Status status = RunAndEncode(out);
  known->RecordOnLoop(ThreadCpuTime() - before);
  return status;
}

Status InferenceCall::TakeInputs(TensorSet*) {
  return Status(Code::kUnimplemented, "of the methods only Predict is served by this servable");
}

const std::vector<std::string_view>& InferenceCall::fetch_names() const {
  static const auto* const none = new std::vector<std::string_view>();
  return *none;
}

}  // namespace tensorgate
