// The process exits while jobs are running.
#include "pool/jobs_at_exit.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "pool/semaphore.h"

namespace tensorgate {
namespace {

constexpr int kAsked = 3;
constexpr int kTakenDown = 9;

// Never destroyed, as the process's pools are.
WorkerPool* NewPool() {
  // As a library does that is loaded.
  std::atexit([] { _Exit(kTakenDown); });
  return new WorkerPool("test", 1, 16);
}

class EndlessJob final : public Job {
 public:
  explicit EndlessJob(Semaphore* started) : started_(started) {}
  void Run(std::unique_ptr<Job>) override {
    started_->Post();
    Semaphore().Wait();
  }

 private:
  Semaphore* const started_;
};

// In processes of their own: a fork of this one has threads that are not there.
class JobsAtExitTest : public testing::Test {
 protected:
  void SetUp() override { testing::FLAGS_gtest_death_test_style = "threadsafe"; }
};

TEST_F(JobsAtExitTest, AreLeftToThemselves) {
  EXPECT_EXIT(
      {
        WorkerPool* const pool = NewPool();
        Semaphore started;
        pool->PostAlways(std::make_unique<EndlessJob>(&started));
        started.Wait();
        LeaveJobsAtExit({NewPool(), pool});
        std::exit(kAsked);
      },
      testing::ExitedWithCode(kAsked), "");
}

TEST_F(JobsAtExitTest, ChangeNothingWhereThereAreNone) {
  EXPECT_EXIT(
      {
        LeaveJobsAtExit({NewPool()});
        std::exit(kAsked);
      },
      testing::ExitedWithCode(kTakenDown), "");
}

}  // namespace
}  // namespace tensorgate
