#include "profile/step_stats.h"

#include <algorithm>
#include <utility>

#include "codec/proto/message_fields.h"

namespace tensorgate {
namespace {

constexpr uint32_t kStepStatsField = 1;  // of RunMetadata
constexpr uint32_t kDeviceField = 1;     // of StepStats
constexpr uint32_t kNodeField = 2;       // of DeviceStepStats

// Of NodeExecStats.
constexpr uint32_t kNodeNameField = 1;
constexpr uint32_t kTimelineLabelField = 8;
constexpr uint32_t kAllStartNanosField = 13;
constexpr uint32_t kOpStartNanosField = 14;
constexpr uint32_t kOpEndNanosField = 15;
constexpr uint32_t kAllEndNanosField = 16;

struct NodeTimes {
  std::string_view name;
  std::string_view label;
  int64_t all_start = 0;
  int64_t op_start = 0;  // these since all_start
  int64_t op_end = 0;
  int64_t all_end = 0;
};

bool ReadNode(std::string_view message, NodeTimes* node) {
  return ForEachField(message, [&](uint32_t field, WireType type, WireReader* reader) {
    if (type == WireType::kBytes && (field == kNodeNameField || field == kTimelineLabelField)) {
      return reader->ReadBytes(field == kNodeNameField ? &node->name : &node->label);
    }
    if (type != WireType::kVarint || field < kAllStartNanosField || field > kAllEndNanosField) {
      return reader->Skip(field, type);
    }
    uint64_t value;
    if (!reader->ReadVarint(&value)) return false;
    int64_t* const times[] = {&node->all_start, &node->op_start, &node->op_end, &node->all_end};
    *times[field - kAllStartNanosField] = static_cast<int64_t>(value);
    return true;
  });
}

// Of a label `node = OpType(input, input)`, or empty.
std::string_view OpTypeOf(const NodeTimes& node) {
  constexpr std::string_view kEquals = " = ";
  std::string_view label = node.label;
  if (label.substr(0, node.name.size()) != node.name) return {};
  label.remove_prefix(node.name.size());
  if (label.substr(0, kEquals.size()) != kEquals) return {};
  label.remove_prefix(kEquals.size());
  return label.substr(0, std::min(label.find('('), label.size()));
}

void Append(const NodeTimes& node, RunProfile* run) {
  OpTime op;
  // An op that is asynchronous has no end of its own.
  const int64_t end = node.op_end > node.op_start ? node.op_end : node.all_end;
  op.start_nanos = node.all_start + node.op_start;
  op.end_nanos = std::max(op.start_nanos, node.all_start + end);
  op.name_begin = static_cast<uint32_t>(run->names.size());
  run->names.append(node.name);
  const std::string_view op_type = OpTypeOf(node);
  if (!op_type.empty()) run->names.append(1, ':').append(op_type);
  op.name_size = static_cast<uint32_t>(run->names.size()) - op.name_begin;
  run->ops.push_back(op);
}

}  // namespace

bool ReadStepStats(std::string_view run_metadata, RunProfile* run) {
  return ForEachBytes(run_metadata, kStepStatsField, [&](std::string_view step_stats) {
    return ForEachBytes(step_stats, kDeviceField, [&](std::string_view device) {
      return ForEachBytes(device, kNodeField, [&](std::string_view message) {
        NodeTimes node;
        if (!ReadNode(message, &node)) return false;
        Append(node, run);
        return true;
      });
    });
  });
}

}  // namespace tensorgate
