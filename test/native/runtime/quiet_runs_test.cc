#include "model/quiet_runs.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

namespace tensorgate {
namespace {

constexpr char kFailed[] =
    "W0000 00:00:1795941901.518171   25660 op_kernel.cc:1858] OP_REQUIRES failed at a.cc:96 : no\n";
constexpr char kAborting[] =
    "W0000 00:00:1795941901.518281   25660 local_rendezvous.cc:412] Local rendezvous is aborting "
    "with status: no\n\t [[{{node a}}]]\n";
constexpr char kOther[] = "W0000 00:00:1795941901.518281   25660 other.cc:1] OP_REQUIRES failed?\n";

// What `write` has written to the process's standard error.
template <typename Write>
std::string Written(Write write) {
  const std::string path = testing::TempDir() + "tensorgate-stderr-" + std::to_string(getpid());
  const int before = dup(STDERR_FILENO);
  const int file = open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  dup2(file, STDERR_FILENO);
  close(file);
  write();
  dup2(before, STDERR_FILENO);
  close(before);
  std::ifstream stream(path);
  std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  unlink(path.c_str());
  return text;
}

void Log(const char* text) { fwrite(text, std::string(text).size(), 1, stderr); }

void LogAll() {
  Log(kFailed);
  Log(kOther);
  Log(kAborting);
}

void LogAllInThread(const char* name) {
  std::thread([&] {
    pthread_setname_np(pthread_self(), name);
    LogAll();
  }).join();
}

const std::string kAll = std::string(kFailed) + kOther + kAborting;

TEST(QuietRunsTest, DropWhatTheirThreadLogsAboutFailuresAndNothingElse) {
  EXPECT_EQ(Written([] {
              const QuietRuns quiet;
              LogAll();
            }),
            kOther);
  EXPECT_EQ(Written(LogAll), kAll) << "after the last one";
}

TEST(QuietRunsTest, MayStandInEachOther) {
  EXPECT_EQ(Written([] {
              const QuietRuns outer;
              {
                const QuietRuns inner;
              }
              LogAll();
            }),
            kOther);
}

TEST(QuietRunsTest, LeaveWhatThreadsLogThatRunRequests) {
  EXPECT_EQ(Written([] {
              const QuietRuns quiet;
              LogAllInThread("tensorgate-run");
            }),
            kAll);
}

TEST(QuietRunsTest, DropWhatTensorFlowsThreadsLogOnlyWhileOneLives) {
  EXPECT_EQ(Written([] {
              const QuietRuns quiet;
              LogAllInThread("tf_Compute");
            }),
            kOther);
  EXPECT_EQ(Written([] { LogAllInThread("tf_Compute"); }), kAll);
}

TEST(QuietRunsTest, HandOnWhatIsFormattedOrLong) {
  {
    const QuietRuns quiet;
  }
  const std::string text(100000, 'x');
  EXPECT_EQ(Written([&] { fprintf(stderr, "%d %s\n", 1, text.c_str()); }), "1 " + text + "\n");
}

TEST(QuietRunsTest, KnowALineByWhatStandsBehindItsPlace) {
  EXPECT_TRUE(IsAboutFailedRun(kFailed));
  EXPECT_TRUE(IsAboutFailedRun(kAborting));
  EXPECT_FALSE(IsAboutFailedRun(kOther));
  EXPECT_FALSE(IsAboutFailedRun(""));
  EXPECT_FALSE(IsAboutFailedRun("a line\nfile.cc:1] OP_REQUIRES failed at b"));
}

}  // namespace
}  // namespace tensorgate
