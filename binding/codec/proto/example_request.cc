// Classify, Regress and MultiInference requests on the protobuf wire, read as upstream's
// SerializedInput: examples and context are bytes, their features are not looked at. Owns nothing;
// reads requests in place; any thread.
#include "codec/proto/example_request.h"

#include <utility>

#include "codec/proto/wire.h"

namespace tensorgate {
namespace {

// ClassificationRequest, RegressionRequest and MultiInferenceRequest.
constexpr uint32_t kTasksField = 1;
constexpr uint32_t kInputField = 2;

// InferenceTask, beside its model_spec.
constexpr uint32_t kTaskMethodNameField = 2;

// Input, and both of its lists.
constexpr uint32_t kExampleListField = 1;
constexpr uint32_t kExampleListWithContextField = 2;
constexpr uint32_t kListExamplesField = 1;
constexpr uint32_t kListContextField = 2;

Status BeyondLimit(std::string_view field, std::string_view what) {
  const std::string why = std::string(what) + " exceed the limit on the size of a request";
  return InvalidArgument(why).With(field, why);
}

// Takes `bytes` from what is left. False when there is less.
[[nodiscard]] bool Take(size_t bytes, size_t* left) {
  if (bytes > *left) return false;
  *left -= bytes;
  return true;
}

// The input of one request, put together from however many parts the wire has of it.
class InputReader {
 public:
  InputReader(DecodeBudget* budget, ExampleRequest* request) : budget_(budget), request_(request) {}

  // An Input. Lists of the kind that was there before add up; another kind replaces them.
  Status Merge(std::string_view input) {
    WireReader reader(input);
    while (!reader.AtEnd()) {
      uint32_t field;
      WireType type;
      if (!reader.ReadTag(&field, &type)) return reader.Error("input");
      if ((field != kExampleListField && field != kExampleListWithContextField) ||
          type != WireType::kBytes) {
        if (!reader.Skip(field, type)) return reader.Error("input");
        continue;
      }
      std::string_view list;
      if (!reader.ReadBytes(&list)) return reader.Error("input");
      if (field != kind_) {
        request_->examples.clear();
        contexts_.clear();
        kind_ = field;
      }
      Status status = MergeList(list);
      if (!status.ok()) return status;
    }
    return Status();
  }

  // Puts the context in front of every example.
  Status Finish() {
    size_t context_bytes = 0;
    for (const std::string_view context : contexts_) context_bytes += context.size();
    if (context_bytes == 0) return Status();
    std::vector<std::string_view>& examples = request_->examples;
    size_t repeated;
    if (__builtin_mul_overflow(context_bytes, examples.size(), &repeated) ||
        !Take(repeated, &budget_->filled_bytes)) {
      return BeyondLimit("input", "input: the copies of the context, one for each example,");
    }
    size_t total = repeated;
    for (const std::string_view example : examples) total += example.size();
    if (!Take(total, &budget_->tensor_bytes))
      return BeyondLimit("input", "input: examples with context");

    // Joined once, so that a context in many parts is not walked for each example.
    std::string context;
    if (contexts_.size() > 1) {
      context.reserve(context_bytes);
      for (const std::string_view part : contexts_) context.append(part);
      contexts_ = {context};
    }
    std::string& bytes = request_->owned_examples.emplace_back();
    bytes.reserve(total);  // the views below need the bytes to stay in place
    for (std::string_view& example : examples) {
      const size_t begin = bytes.size();
      bytes.append(contexts_.front()).append(example);
      example = std::string_view(bytes).substr(begin);
    }
    return Status();
  }

 private:
  Status MergeList(std::string_view list) {
    WireReader reader(list);
    while (!reader.AtEnd()) {
      uint32_t field;
      WireType type;
      if (!reader.ReadTag(&field, &type)) return reader.Error("input list", "input");
      const bool is_context = kind_ == kExampleListWithContextField && field == kListContextField;
      if ((field != kListExamplesField && !is_context) || type != WireType::kBytes) {
        if (!reader.Skip(field, type)) return reader.Error("input list", "input");
        continue;
      }
      std::string_view example;
      if (!reader.ReadBytes(&example)) return reader.Error("input list", "input");
      if (is_context && example.empty()) continue;
      // The list of views grows faster than the body does.
      if (!Take(sizeof(std::string_view), &budget_->tensor_bytes)) {
        return BeyondLimit("input", "input: examples");
      }
      (is_context ? contexts_ : request_->examples).push_back(example);
    }
    return Status();
  }

  DecodeBudget* const budget_;
  ExampleRequest* const request_;
  uint32_t kind_ = 0;                       // the field of the list last seen
  std::vector<std::string_view> contexts_;  // a context in parts is one context
};

Status ReadTask(std::string_view bytes, InferenceTaskView* task) {
  // A task has its spec where the other requests have theirs.
  Status status = ReadModelSpec(bytes, &task->model_spec);
  if (!status.ok()) return status;
  WireReader reader(bytes);
  while (!reader.AtEnd()) {
    uint32_t field;
    WireType type;
    bool ok = reader.ReadTag(&field, &type);
    if (ok && field == kTaskMethodNameField && type == WireType::kBytes) {
      ok = reader.ReadBytes(&task->method_name);
      if (ok && !IsValidUtf8(task->method_name)) {
        return InvalidArgument("tasks method_name: not valid UTF-8")
            .With("method_name", "not valid UTF-8");
      }
    } else if (ok) {
      ok = reader.Skip(field, type);
    }
    if (!ok) return reader.Error("tasks", "");
  }
  return Status();
}

// The fields of all three requests; `with_tasks` where field 1 is a list of tasks.
Status ParseRequest(std::string_view body, bool with_tasks, std::string_view name,
                    DecodeBudget* budget, ExampleRequest* request) {
  *request = ExampleRequest();
  InputReader input(budget, request);
  WireReader reader(body);
  while (!reader.AtEnd()) {
    uint32_t field;
    WireType type;
    if (!reader.ReadTag(&field, &type)) return reader.Error(name, "body");
    const bool is_task = with_tasks && field == kTasksField;
    if ((field != kInputField && !is_task) || type != WireType::kBytes) {
      if (!reader.Skip(field, type)) return reader.Error(name, "body");
      continue;
    }
    std::string_view value;
    if (!reader.ReadBytes(&value)) return reader.Error(name, "body");
    Status status;
    if (is_task) {
      // A task is two bytes on the wire at least, and far more here.
      if (!Take(sizeof(InferenceTaskView), &budget->filled_bytes))
        return BeyondLimit("tasks", "tasks");
      status = ReadTask(value, &request->tasks.emplace_back());
      if (!status.ok()) {
        return std::move(status).Under("tasks" + IndexStep(request->tasks.size() - 1));
      }
    } else {
      status = input.Merge(value);
    }
    if (!status.ok()) return status;
  }
  return input.Finish();
}

}  // namespace

Status ParseExampleRequest(std::string_view body, DecodeBudget* budget, ExampleRequest* request) {
  Status status = ParseRequest(body, false, "request", budget, request);
  return status.ok() ? ReadModelSpec(body, &request->model_spec) : status;
}

Status ParseMultiInferenceRequest(std::string_view body, DecodeBudget* budget,
                                  ExampleRequest* request) {
  return ParseRequest(body, true, "MultiInferenceRequest", budget, request);
}

}  // namespace tensorgate
