// loadgen: drives one server and prints one line of JSON: {requests, errors,
// mismatches, unfinished, seconds, rps, mean_us, p50_us, p90_us, p99_us, p999_us, max_us}.
// `requests` are good replies only; `rps` counts those inside the measured window. Exits with 2
// for a wrong command line, 1 when nothing could be measured, 0 otherwise. Failures are told on
// stderr, a line for each of the first twenty reasons. SIGTERM ends the measured time early.
#include <cerrno>
#include <cinttypes>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string>

#include "load_run.h"
#include "options.h"

namespace {

tensorgate::load::LoadRun* running = nullptr;

bool WriteFile(const std::string& path, const tensorgate::load::Recorder& recorder) {
  std::FILE* file = std::fopen(path.c_str(), "w");
  if (file == nullptr) return false;
  recorder.WriteJson(file);
  return std::fclose(file) == 0;
}

}  // namespace

int main(int argc, char** argv) {
  tensorgate::load::Options options;
  std::string error;
  if (!tensorgate::load::ParseOptions(argc, argv, &options, &error)) {
    std::fprintf(stderr, "loadgen: %s\n%s", error.c_str(), tensorgate::load::kUsage);
    return 2;
  }
  tensorgate::load::LoadRun run(&options);
  running = &run;
  std::signal(SIGTERM, [](int) { running->End(); });
  const bool done = run.Run(&error);
  std::signal(SIGTERM, SIG_DFL);
  const tensorgate::load::Recorder& recorder = run.recorder();
  for (const auto& [reason, count] : recorder.failures()) {
    std::fprintf(stderr, "loadgen: failure: %" PRIu64 " x %s\n", count, reason.c_str());
  }
  if (!done) {
    std::fprintf(stderr, "loadgen: %s\n", error.c_str());
    return 1;
  }
  recorder.WriteJson(stdout);
  if (!options.json.empty() && !WriteFile(options.json, recorder)) {
    std::fprintf(stderr, "loadgen: cannot write %s: %s\n", options.json.c_str(),
                 std::strerror(errno));
    return 1;
  }
  return 0;
}
