// Whatever lies where a warm-up file should be: read its records, and read each as a PredictionLog.
// The bytes are read as one bare record too, since a mutation rarely keeps the checksums. One
// thread.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "codec/record/prediction_log.h"
#include "codec/record/tf_record.h"

namespace {

void Check(bool ok) {
  if (!ok) std::abort();
}

void ReadLog(std::string_view record) {
  tensorgate::PredictionLogView log;
  if (!tensorgate::ParsePredictionLog(record, &log).ok() || log.request.empty()) return;
  Check(log.type != tensorgate::LogType::kNone);
  Check(log.request.data() >= record.data());
  Check(log.request.data() + log.request.size() <= record.data() + record.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  ReadLog(bytes);
  if (size == 0) return 0;
  std::FILE* file = fmemopen(const_cast<uint8_t*>(data), size, "rb");
  Check(file != nullptr);
  tensorgate::TfRecordReader reader(file, size);
  size_t in_records = 0;
  while (true) {
    std::string_view record;
    bool ended = false;
    const tensorgate::Status status = reader.Next(&record, &ended);
    Check(status.ok() || status.code() == tensorgate::Code::kDataLoss);
    if (!status.ok() || ended) break;
    in_records += record.size() + 16;
    Check(in_records <= size);
    ReadLog(record);
  }
  std::fclose(file);
  return 0;
}
