#include "profile/xspace.h"

#include <string>

#include "codec/proto/wire.h"
#include "profile/timeline.h"

namespace tensorgate {
namespace {

// Of XSpace.
constexpr uint32_t kPlanesField = 1;
constexpr uint32_t kWarningsField = 3;
constexpr uint32_t kHostnamesField = 4;
// Of XPlane.
constexpr uint32_t kPlaneIdField = 1;
constexpr uint32_t kPlaneNameField = 2;
constexpr uint32_t kLinesField = 3;
constexpr uint32_t kEventMetadataField = 4;
constexpr uint32_t kStatMetadataField = 5;
constexpr uint32_t kPlaneStatsField = 6;
// Of XLine. Its timestamp_ns is 0: the profile's start.
constexpr uint32_t kLineIdField = 1;
constexpr uint32_t kLineNameField = 2;
constexpr uint32_t kEventsField = 4;
// Of XEvent.
constexpr uint32_t kMetadataIdField = 1;
constexpr uint32_t kOffsetField = 2;
constexpr uint32_t kDurationField = 3;
// Of XEventMetadata and XStatMetadata.
constexpr uint32_t kMetadataKeyField = 1;
constexpr uint32_t kMetadataNameField = 2;
// Of XStat.
constexpr uint32_t kStatMetadataIdField = 1;
constexpr uint32_t kUint64ValueField = 3;

constexpr uint64_t kPicosPerNano = 1000;
constexpr size_t kShortTagBytes = 1;  // of fields below 16

void AppendNumber(uint32_t field, uint64_t value, OutputBuffer* out) {
  WireWriter writer(out, kShortTagBytes + kMaxVarintBytes);
  writer.ShortTag(field, WireType::kVarint);
  writer.Varint(value);
  writer.Done();
}

void AppendBytes(uint32_t field, std::string_view bytes, OutputBuffer* out) {
  WireWriter writer(out, kShortTagBytes + kMaxVarintBytes + bytes.size());
  writer.Bytes(field, bytes);
  writer.Done();
}

// An entry of a map from numbers to XEventMetadata or XStatMetadata.
void AppendMetadata(uint32_t field, uint64_t id, std::string_view name, OutputBuffer* plane) {
  OutputBuffer metadata, entry;
  AppendNumber(kMetadataKeyField, id, &metadata);
  AppendBytes(kMetadataNameField, name, &metadata);
  AppendNumber(kMapKeyField, id, &entry);
  AppendBytes(kMapValueField, metadata.view(), &entry);
  AppendBytes(field, entry.view(), plane);
}

uint64_t Since(int64_t start_nanos, int64_t nanos) {
  return nanos > start_nanos ? static_cast<uint64_t>(nanos - start_nanos) : 0;
}

void AppendEvent(const TimelineEvent& event, int64_t start_nanos, OutputBuffer* line) {
  const uint64_t id = event.name + 1;
  const uint64_t offset = Since(start_nanos, event.start_nanos) * kPicosPerNano;
  const uint64_t duration = Since(event.start_nanos, event.end_nanos) * kPicosPerNano;
  const size_t size =
      3 * kShortTagBytes + VarintSize(id) + VarintSize(offset) + VarintSize(duration);
  WireWriter writer(line, kShortTagBytes + PrefixedSize(size));
  writer.Prefix(kEventsField, size);
  writer.ShortTag(kMetadataIdField, WireType::kVarint);
  writer.Varint(id);
  writer.ShortTag(kOffsetField, WireType::kVarint);
  writer.Varint(offset);
  writer.ShortTag(kDurationField, WireType::kVarint);
  writer.Varint(duration);
  writer.Done();
}

void AppendHostPlane(const Profile& profile, OutputBuffer* space) {
  const Timeline timeline = LayOut(profile.runs);
  OutputBuffer plane;
  AppendNumber(kPlaneIdField, 1, &plane);
  AppendBytes(kPlaneNameField, "/host:CPU", &plane);
  for (const TimelineLine& each : timeline.lines) {
    OutputBuffer line;
    AppendNumber(kLineIdField, static_cast<uint64_t>(each.id), &line);
    AppendBytes(kLineNameField, each.name, &line);
    for (const TimelineEvent& event : each.events) AppendEvent(event, profile.start_nanos, &line);
    AppendBytes(kLinesField, line.view(), &plane);
  }
  for (size_t i = 0; i < timeline.names.size(); ++i) {
    AppendMetadata(kEventMetadataField, i + 1, timeline.names[i], &plane);
  }
  AppendBytes(kPlanesField, plane.view(), space);
}

void AppendTaskPlane(const Profile& profile, OutputBuffer* space) {
  OutputBuffer plane;
  AppendNumber(kPlaneIdField, 2, &plane);
  AppendBytes(kPlaneNameField, "Task Environment", &plane);
  uint64_t id = 0;
  const auto append = [&](std::string_view name, int64_t nanos) {
    OutputBuffer stat;
    AppendNumber(kStatMetadataIdField, ++id, &stat);
    AppendNumber(kUint64ValueField, static_cast<uint64_t>(nanos), &stat);
    AppendBytes(kPlaneStatsField, stat.view(), &plane);
    AppendMetadata(kStatMetadataField, id, name, &plane);
  };
  append("profile_start_time", profile.start_nanos);
  append("profile_stop_time", profile.end_nanos);
  AppendBytes(kPlanesField, plane.view(), space);
}

}  // namespace

void WriteXSpace(const Profile& profile, std::string_view host, OutputBuffer* out) {
  AppendHostPlane(profile, out);
  AppendTaskPlane(profile, out);
  if (profile.left_out > 0) {
    AppendBytes(
        kWarningsField,
        "The profile was full: " + std::to_string(profile.left_out) + " later runs are not in it.",
        out);
  }
  AppendBytes(kHostnamesField, host, out);
}

}  // namespace tensorgate
