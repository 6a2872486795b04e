#include "pool/worker_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

namespace tensorgate {
namespace {

class FunctionJob : public Job {
 public:
  explicit FunctionJob(std::function<void()> work) : work_(std::move(work)) {}
  void Run(std::unique_ptr<Job>) override { work_(); }

 private:
  std::function<void()> work_;
};

std::unique_ptr<Job> MakeJob(std::function<void()> work) {
  return std::make_unique<FunctionJob>(std::move(work));
}

TEST(WorkerPoolTest, StartsNothingBeforeTheWakeUp) {
  std::atomic<int> ran{0};
  WorkerPool pool("test", 1, 8);
  std::unique_ptr<Job> job = MakeJob([&] { ++ran; });
  ASSERT_TRUE(pool.Post(&job));
  EXPECT_EQ(job, nullptr);
  EXPECT_EQ(ran, 0);
}

TEST(WorkerPoolTest, RunsTheJobsOfOneThreadInTheirOrder) {
  std::vector<int> order;
  std::promise<void> done;
  {
    WorkerPool pool("test", 1, 100);
    for (int i = 0; i < 100; ++i) {
      std::unique_ptr<Job> job = MakeJob([&, i] {
        order.push_back(i);
        if (i == 99) done.set_value();
      });
      ASSERT_TRUE(pool.Post(&job));
    }
    pool.Wake();
    done.get_future().wait();
  }
  for (int i = 0; i < 100; ++i) EXPECT_EQ(order[static_cast<size_t>(i)], i);
}

TEST(WorkerPoolTest, LeavesTheJobWithTheCallerWhenTheQueueIsFull) {
  WorkerPool pool("test", 1, 2);
  for (int i = 0; i < 2; ++i) {
    std::unique_ptr<Job> job = MakeJob([] {});
    ASSERT_TRUE(pool.Post(&job));
  }
  std::unique_ptr<Job> refused = MakeJob([] {});
  EXPECT_FALSE(pool.Post(&refused));
  EXPECT_NE(refused, nullptr);
}

class ShortJob : public FunctionJob {
 public:
  using FunctionJob::FunctionJob;
  bool IsShort() const override { return true; }
};

TEST(WorkerPoolTest, GivesALoneShortJobBack) {
  WorkerPool pool("test", 1, 8);
  EXPECT_EQ(pool.TakeShort(true), nullptr);
  int ran = 0;
  std::unique_ptr<Job> job = std::make_unique<ShortJob>([&] { ++ran; });
  Job* const posted = job.get();
  ASSERT_TRUE(pool.Post(&job));
  job = pool.TakeShort(true);
  ASSERT_EQ(job.get(), posted);
  posted->RunHere(std::move(job));
  EXPECT_EQ(ran, 1);
  EXPECT_EQ(pool.TakeShort(true), nullptr);
}

TEST(WorkerPoolTest, GivesAShortJobBackThatWouldWaitForALongOne) {
  for (int i = 0; i < 200; ++i) {
    std::atomic<bool> may_end{false};
    WorkerPool pool("test", 1, 8);
    std::atomic<bool> ran{false};
    pool.PostAlways(MakeJob([&] { ran = true; }));
    while (!ran || pool.IsBusy()) std::this_thread::yield();
    // The worker sleeps. It is called for the long job, and has taken it by now or has not.
    std::unique_ptr<Job> job = MakeJob([&] {
      while (!may_end) std::this_thread::yield();
    });
    ASSERT_TRUE(pool.Post(&job));
    pool.Wake();
    job = std::make_unique<ShortJob>([] {});
    Job* const posted = job.get();
    ASSERT_TRUE(pool.Post(&job));
    job = pool.TakeShort(false);
    may_end = true;
    ASSERT_EQ(job.get(), posted) << i;
  }
}

TEST(WorkerPoolTest, KeepsAShortJobForAWorkerThatSleeps) {
  WorkerPool pool("test", 2, 8);
  std::atomic<bool> ran{false};
  pool.PostAlways(MakeJob([&] { ran = true; }));
  while (!ran || pool.IsBusy()) std::this_thread::yield();
  std::unique_ptr<Job> job = std::make_unique<ShortJob>([] {});
  ASSERT_TRUE(pool.Post(&job));
  EXPECT_EQ(pool.TakeShort(false), nullptr);
  EXPECT_NE(pool.TakeShort(true), nullptr);
}

TEST(WorkerPoolTest, KeepsAJobThatIsNotShortOrNotAlone) {
  WorkerPool pool("test", 1, 8);
  std::unique_ptr<Job> job = MakeJob([] {});
  ASSERT_TRUE(pool.Post(&job));
  EXPECT_EQ(pool.TakeShort(true), nullptr);
  job = std::make_unique<ShortJob>([] {});
  ASSERT_TRUE(pool.Post(&job));
  EXPECT_EQ(pool.TakeShort(true), nullptr);
}

TEST(WorkerPoolTest, RunsSpareJobsWhenNoOtherWaits) {
  std::vector<int> order;
  std::promise<void> done;
  {
    WorkerPool pool("test", 1, 8);
    std::unique_ptr<Job> spare = MakeJob([&] {
      order.push_back(0);
      done.set_value();
    });
    ASSERT_TRUE(pool.PostSpare(&spare));
    EXPECT_EQ(spare, nullptr);
    for (int i = 1; i < 3; ++i) {
      std::unique_ptr<Job> job = MakeJob([&, i] { order.push_back(i); });
      ASSERT_TRUE(pool.Post(&job));
    }
    pool.Wake();
    done.get_future().wait();
  }
  EXPECT_EQ(order, (std::vector<int>{1, 2, 0}));
}

TEST(WorkerPoolTest, LeavesHalfOfTheThreadsWithoutSpareJobs) {
  std::promise<void> gate;
  std::shared_future<void> opened = gate.get_future().share();
  std::atomic<int> spare_started{0};
  std::atomic<int> spare_done{0};
  std::promise<void> both_started;
  std::promise<void> first_runs;
  std::promise<void> second_runs;
  std::promise<void> second_done;
  {
    WorkerPool pool("test", 4, 16);
    for (int i = 0; i < 4; ++i) {
      std::unique_ptr<Job> spare = MakeJob([&, opened] {
        if (++spare_started == 2) both_started.set_value();
        opened.wait();
        ++spare_done;
      });
      ASSERT_TRUE(pool.PostSpare(&spare));
    }
    pool.Wake();
    both_started.get_future().wait();
    // The other two threads are free: these jobs need both at once.
    std::unique_ptr<Job> first = MakeJob([&] {
      first_runs.set_value();
      second_runs.get_future().wait();
    });
    std::unique_ptr<Job> second = MakeJob([&] {
      first_runs.get_future().wait();
      second_runs.set_value();
      second_done.set_value();
    });
    ASSERT_TRUE(pool.Post(&first));
    ASSERT_TRUE(pool.Post(&second));
    pool.Wake();
    second_done.get_future().wait();
    EXPECT_EQ(spare_started, 2);
    gate.set_value();
  }
  EXPECT_EQ(spare_done, 4) << "the pool finishes spare jobs, too";
}

TEST(WorkerPoolTest, TakesNoSpareJobWhenMoreThanAQuarterOfTheQueueIsFull) {
  WorkerPool pool("test", 1, 8);
  const auto post = [&](bool (WorkerPool::*by)(std::unique_ptr<Job>*)) {
    std::unique_ptr<Job> job = MakeJob([] {});
    return (pool.*by)(&job);
  };
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(post(&WorkerPool::Post));
  EXPECT_TRUE(post(&WorkerPool::PostSpare));
  ASSERT_TRUE(post(&WorkerPool::Post));
  EXPECT_FALSE(post(&WorkerPool::PostSpare));
  EXPECT_TRUE(post(&WorkerPool::Post)) << "spare jobs take no room of the others";
}

TEST(WorkerPoolTest, PostsWhatFreesMemoryIntoAFullQueue) {
  std::promise<void> ran;
  WorkerPool pool("test", 1, 0);
  pool.PostAlways(MakeJob([&] { ran.set_value(); }));
  ran.get_future().wait();
}

TEST(WorkerPoolTest, RunsAsManyJobsAtOnceAsItHasThreads) {
  constexpr int kThreads = 3;
  std::atomic<int> inside{0};
  std::promise<void> all_inside;
  std::shared_future<void> gate = all_inside.get_future().share();
  WorkerPool pool("test", kThreads, 8);
  for (int i = 0; i < kThreads; ++i) {
    std::unique_ptr<Job> job = MakeJob([&] {
      if (++inside == kThreads) all_inside.set_value();
      gate.wait();  // ends only when all are inside together
    });
    ASSERT_TRUE(pool.Post(&job));
  }
  pool.Wake();
  gate.wait();
}

TEST(WorkerPoolTest, FinishesWhatIsQueuedBeforeItIsDestroyed) {
  std::atomic<int> ran{0};
  {
    WorkerPool pool("test", 2, 1000);
    for (int i = 0; i < 1000; ++i) {
      std::unique_ptr<Job> job = MakeJob([&] { ++ran; });
      ASSERT_TRUE(pool.Post(&job));
    }
    pool.Wake();
  }
  EXPECT_EQ(ran, 1000);
}

TEST(WorkerPoolTest, LosesNoWakeUpUnderConcurrentPosters) {
  constexpr int kPosters = 4;
  constexpr int kJobs = 2000;
  std::atomic<int> ran{0};
  std::promise<void> done;
  WorkerPool pool("test", 2, kPosters * kJobs);
  std::vector<std::thread> posters;
  for (int p = 0; p < kPosters; ++p) {
    posters.emplace_back([&] {
      for (int i = 0; i < kJobs; ++i) {
        std::unique_ptr<Job> job = MakeJob([&] {
          if (++ran == kPosters * kJobs) done.set_value();
        });
        ASSERT_TRUE(pool.Post(&job));
        pool.Wake();
      }
    });
  }
  for (std::thread& poster : posters) poster.join();
  done.get_future().wait();
  EXPECT_EQ(ran, kPosters * kJobs);
}

}  // namespace
}  // namespace tensorgate
