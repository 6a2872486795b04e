#include "batch/batch_run.h"

#include <utility>

#include "batch/batch_merge.h"

namespace tensorgate {
namespace {

Status NoDimensions() {
  return Status(Code::kFailedPrecondition, "Batched output tensor has 0 dimensions");
}

Status OtherRows() {
  return Status(Code::kFailedPrecondition,
                "Batched output tensor's 0th dimension does not equal the sum of the 0th dimension "
                "sizes of the input tensors");
}

Status CheckOutputs(const std::vector<TensorHandle>& outputs, int64_t rows) {
  for (const TensorHandle& output : outputs) {
    if (TF_NumDims(output.get()) == 0) return NoDimensions();
    if (TF_Dim(output.get(), 0) != rows) return OtherRows();
  }
  return Status();
}

// Ends a part that has no outputs.
void Fail(BatchPart* part, Status status) {
  part->answered = true;
  if (!part->is_slice) {
    part->status = std::move(status);
    return;
  }
  BatchTask::Slice slice;
  slice.count = part->count;
  part->answered = part->task->AddSlice(std::move(slice), std::move(status));
  if (part->answered) part->status = part->task->FinishSlices(&part->reply);
}

class BatchRun {
 public:
  using Clock = BatchReport::Clock;

  explicit BatchRun(const BatchOptions& options) : options_(options) {}

  BatchReport Run(std::vector<BatchPart>* parts) {
    // What Share() would come to, without its lists.
    BatchPart& first = (*parts)[0];
    LeaveQueue(parts);
    const int64_t first_rows = first.task->rows();
    if (parts->size() == 1 && !first.is_slice && options_.pad_to <= first_rows) {
      report_.rows = report_.padded_rows = first_rows;
      Alone(&first);
      return report_;
    }
    std::vector<BatchPart*> others;
    const std::vector<Member> members = Gather(parts, &others);
    int64_t rows = 0;
    for (const Member& member : members) rows += member.part->count;
    const int64_t padded_rows = rows > 0 && options_.pad_to > rows ? options_.pad_to : rows;
    report_.rows = rows;
    report_.padded_rows = padded_rows;
    if (!members.empty()) Share(*leader_, members, padded_rows);
    for (BatchPart* part : others) Alone(part);
    return report_;
  }

 private:
  // Tasks that are split did when their first slice was taken.
  void LeaveQueue(std::vector<BatchPart>* parts) {
    for (BatchPart& part : *parts) {
      if (!part.task->is_tracked()) continue;
      if (!report_.is_timed()) report_.began = Clock::now();
      if (!part.is_slice) part.task->track().Pass(RequestStage::kQueue, report_.began);
    }
  }

  struct Member {
    BatchPart* part;
    ArgumentOrder order;
  };

  // Those who can share a run with the first of them, the leader. The rest are others, or answered.
  std::vector<Member> Gather(std::vector<BatchPart>* parts, std::vector<BatchPart*>* others) {
    std::vector<Member> members;
    for (BatchPart& part : *parts) {
      if (part.is_slice && part.task->failed()) {
        Fail(&part, Status(Code::kAborted, "another slice has failed"));
        continue;
      }
      Member member{&part, {}};
      const InferenceCall& call = part.task->call();
      if (leader_ == nullptr && part.task->rows() >= 0) leader_ = &call;
      if (part.task->rows() >= 0 &&
          CanShareRun(*leader_, call, options_.pad_variable_length, &member.order)) {
        members.push_back(std::move(member));
      } else {
        others->push_back(&part);
      }
    }
    if (options_.pad_variable_length) DropUnpaddable(&members);
    return members;
  }

  static RowShapes ShapesOf(const std::vector<Member>& members) {
    RowShapes shapes;
    for (const Member& member : members) GrowTo(member.part->task->call(), member.order, &shapes);
    return shapes;
  }

  static BatchRows InputsOf(const BatchPart& part) {
    return {&part.task->call(), part.begin, part.count};
  }

  // Once is enough: who could be padded can be padded to less.
  static void DropUnpaddable(std::vector<Member>* members) {
    if (members->size() < 2) return;
    const RowShapes shapes = ShapesOf(*members);
    std::vector<Member> left;
    for (Member& member : *members) {
      Status status = CheckPadding(InputsOf(*member.part), member.order, shapes);
      if (status.ok()) {
        left.push_back(std::move(member));
      } else {
        Fail(member.part, std::move(status));
      }
    }
    members->swap(left);
  }

  // A whole task as it would run without batching; a slice as a batch of its own.
  void Alone(BatchPart* part) {
    if (part->is_slice) return Share(part->task->call(), {Member{part, {}}}, part->count);
    InferenceCall& call = part->task->call();
    RequestTrack& track = part->task->track();
    track.Pass(RequestStage::kQueue);  // others may have run before it
    part->status = call.RunAndEncode(&part->reply);
    track.PassRun(call.run_time());
    part->answered = true;
    report_.run_time += call.run_time();
  }

  void EachAlone(const std::vector<Member>& members, const Status& status) {
    report_.outcome = BatchOutcome::kUnmergeable;
    for (const Member& member : members) {
      if (members.size() == 1 && member.part->is_slice) {
        Fail(member.part, status);
      } else {
        Alone(member.part);
      }
      const bool failed = !member.part->status.ok() || member.part->task->failed();
      if (failed) report_.outcome = BatchOutcome::kRetried;
    }
  }

  // The run feeds and fetches in the order of the leader, who may be none of the members any more.
  void Share(const InferenceCall& leader, const std::vector<Member>& members, int64_t padded_rows) {
    int64_t rows = 0;
    std::vector<BatchRows> of_members;
    std::vector<ArgumentOrder> orders;
    for (const Member& member : members) {
      rows += member.part->count;
      of_members.push_back(InputsOf(*member.part));
      orders.push_back(member.order);
    }
    BatchPart* first = members[0].part;
    if (members.size() == 1 && padded_rows == rows && !first->is_slice) return Alone(first);

    std::vector<TensorHandle> inputs;
    Status status = MergeInputs(of_members, orders, ShapesOf(members), padded_rows - rows, &inputs);
    if (!status.ok()) return EachAlone(members, status);
    auto outputs = std::make_shared<std::vector<TensorHandle>>();
    status = RunOnce(leader, &inputs, outputs.get());
    if (!status.ok()) {
      if (members.size() > 1) return EachAlone(members, status);
      return Fail(first, first->task->call().Explain(std::move(status)));
    }
    status = CheckOutputs(*outputs, padded_rows);
    if (!status.ok() && !options_.strict) {
      return EachAlone(members, status);
    }
    int64_t row = 0;
    for (const Member& member : members) {
      if (status.ok()) {
        Answer(member, outputs, row);
      } else {
        Fail(member.part, status);
      }
      row += member.part->count;
    }
  }

  // Frees the inputs.
  Status RunOnce(const InferenceCall& leader, std::vector<TensorHandle>* inputs,
                 std::vector<TensorHandle>* outputs) {
    std::vector<TF_Tensor*> values;
    for (const TensorHandle& input : *inputs) values.push_back(input.get());
    const Clock::time_point started = Clock::now();
    const RunArguments& run = *leader.arguments();
    Status status = leader.model().Run(run.feeds, values, run.fetches, outputs);
    ran_ = Clock::now();
    latency_ = ran_ - started;
    if (RequestStatistics::IsOn()) RunStatistics::Process().CountGraphRun(latency_);
    report_.run_time += latency_;
    inputs->clear();
    return status;
  }

  void Answer(const Member& member, const RunOutputs& outputs, int64_t first_row) {
    BatchPart& part = *member.part;
    if (part.is_slice) {
      part.answered = part.task->AddSlice(
          {part.begin, part.count, outputs, member.order.fetches, first_row, latency_}, Status());
      if (!part.answered) return;
      part.task->track().Mark();
      part.status = part.task->FinishSlices(&part.reply);
      part.task->track().PassAnswer(part.task->call().run_time(), ran_);
      return;
    }
    InferenceCall& call = part.task->call();
    part.task->track().Mark();
    call.DropInputs();
    const OutputRows rows(*outputs, member.order.fetches, first_row, part.count);
    part.status = call.Finish(rows.views, latency_, &part.reply);
    part.task->track().PassAnswer(latency_, ran_);
    part.answered = true;
  }

  const BatchOptions options_;
  BatchReport report_;
  const InferenceCall* leader_ = nullptr;
  std::chrono::nanoseconds latency_{0};  // of the last run
  Clock::time_point ran_;                // when it ended
};

}  // namespace

BatchReport RunBatch(const BatchOptions& options, std::vector<BatchPart>* parts) {
  BatchReport report = BatchRun(options).Run(parts);
  if (report.is_timed()) report.ended = BatchReport::Clock::now();
  return report;
}

void FailBatch(const Status& status, std::vector<BatchPart>* parts) {
  for (BatchPart& part : *parts) Fail(&part, status);
}

}  // namespace tensorgate
