#include "cache/response_cache.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "cache/response_caches.h"

namespace tensorgate {
namespace {

using Clock = ResponseCache::Clock;
constexpr Clock::time_point kNow{std::chrono::hours(1)};

RequestKey KeyOf(const std::string& text, uint64_t hash) { return {text, hash}; }
RequestKey KeyOf(const std::string& text) { return KeyOf(text, std::hash<std::string>()(text)); }

// A vector of floats.
struct FloatVector {
  explicit FloatVector(std::vector<float> of) : values(std::move(of)) {
    dims[0] = static_cast<int64_t>(values.size());
  }
  std::vector<TensorView> views() const {
    TensorView view;
    view.dtype = DataType::kFloat;
    view.dims = dims;
    view.rank = 1;
    view.elements = dims[0];
    view.data = values.data();
    return {view};
  }
  std::vector<float> values;
  int64_t dims[1];
};

float FirstOf(const KeptOutputs& outputs) {
  return *static_cast<const float*>(outputs.views()[0].data);
}

class ResponseCacheTest : public ::testing::Test {
 protected:
  void SetUp() override { Configure(1 << 20); }
  void TearDown() override { ResponseCaches::Process().Configure({}); }

  void Configure(size_t max_bytes, std::chrono::nanoseconds ttl = {}) {
    CacheSettings settings;
    settings.max_bytes = max_bytes;
    settings.ttl = ttl;
    ResponseCaches::Process().Configure({{"cached", settings}});
  }

  // As a request does: what is kept, or the value of a run, which is kept.
  float Ask(RequestKey key, float value, bool refreshes = false, Clock::time_point now = kNow) {
    ResponseCache::Found found = cache_.Find(std::move(key), RunBy::kPool, refreshes, now);
    if (found.answer != nullptr) return FirstOf(*found.answer);
    EXPECT_NE(found.lead, nullptr);
    found.lead->Keep(FloatVector({value}).views(), now);
    return value;
  }

  ResponseCache cache_{"cached", 7};
};

TEST_F(ResponseCacheTest, AnswersEqualRequestsAndCounts) {
  EXPECT_EQ(Ask(KeyOf("a"), 1), 1);
  EXPECT_EQ(Ask(KeyOf("a"), 2), 1);
  EXPECT_EQ(Ask(KeyOf("b"), 3), 3);
  const ResponseCache::Counts counts = cache_.Read();
  EXPECT_EQ(counts.hits, 1u);
  EXPECT_EQ(counts.misses, 2u);
  EXPECT_EQ(counts.entries, 2u);
  EXPECT_EQ(counts.version, 7);
}

TEST_F(ResponseCacheTest, TellsRequestsOfOneHashApart) {
  EXPECT_EQ(Ask(KeyOf("a", 5), 1), 1);
  EXPECT_EQ(Ask(KeyOf("b", 5), 2), 2);
  EXPECT_EQ(Ask(KeyOf("a", 5), 3), 1);
  EXPECT_EQ(Ask(KeyOf("b", 5), 4), 2);
}

TEST_F(ResponseCacheTest, DropsTheOneThatWasUsedLeastRecently) {
  constexpr size_t kBytes = 16384;
  Configure(kBytes);
  Ask(KeyOf("10"), 0);
  const size_t each = cache_.Read().bytes;
  ASSERT_GT(each, 0u);
  const size_t fit = kBytes / each;
  ASSERT_LT(fit, 80u);
  for (size_t i = 1; i < fit; ++i) Ask(KeyOf(std::to_string(10 + i)), static_cast<float>(i));
  Ask(KeyOf("10"), -1);  // the first is the last that was used
  EXPECT_EQ(cache_.Read().evictions, 0u);
  Ask(KeyOf("99"), 0);
  EXPECT_LE(cache_.Read().bytes, kBytes);
  EXPECT_EQ(cache_.Read().evictions, 1u);
  EXPECT_EQ(Ask(KeyOf("10"), -1), 0);
  EXPECT_EQ(Ask(KeyOf("11"), -1), -1);
  Configure(2 * each);  // each is more than an eighth of that, but it was kept before
  EXPECT_EQ(cache_.Read().entries, 2u);
}

TEST_F(ResponseCacheTest, DoesNotKeepWhatIsLargerThanAnEighth) {
  Configure(8000);
  const FloatVector large(std::vector<float>(250, 1));
  const std::unique_ptr<ResponseCache::Lead> lead =
      cache_.Find(KeyOf("a"), RunBy::kPool, false).lead;
  lead->Keep(large.views());
  EXPECT_EQ(cache_.Read().entries, 0u);
  cache_.Find(KeyOf(std::string(1000, 'k')), RunBy::kPool, false)
      .lead->Keep(FloatVector({1}).views());
  EXPECT_EQ(cache_.Read().entries, 0u);
}

TEST_F(ResponseCacheTest, ForgetsAfterItsTime) {
  Configure(1 << 20, std::chrono::seconds(2));
  Ask(KeyOf("a"), 1);
  EXPECT_EQ(Ask(KeyOf("a"), 2, false, kNow + std::chrono::milliseconds(1999)), 1);
  EXPECT_EQ(Ask(KeyOf("a"), 2, false, kNow + std::chrono::seconds(2)), 2);
  EXPECT_EQ(cache_.Read().entries, 1u);
}

TEST_F(ResponseCacheTest, RefreshesWhatIsKept) {
  Ask(KeyOf("a"), 1);
  EXPECT_EQ(Ask(KeyOf("a"), 2, /*refreshes=*/true), 2);
  EXPECT_EQ(Ask(KeyOf("a"), 3), 2);
  EXPECT_EQ(cache_.Read().refreshed, 1u);
  EXPECT_EQ(cache_.Read().entries, 1u);
}

TEST_F(ResponseCacheTest, IsOffUnlessItsModelHasSettings) {
  ResponseCache other("other", 1);
  EXPECT_EQ(other.settings(), nullptr);
  Ask(KeyOf("a"), 1);
  ResponseCaches::Process().Configure({});
  EXPECT_EQ(cache_.settings(), nullptr);
  EXPECT_EQ(cache_.Read().bytes, 0u);
  const ResponseCache::Found found = cache_.Find(KeyOf("a"), RunBy::kPool, false);
  EXPECT_TRUE(found.answer == nullptr && found.flight == nullptr && found.lead == nullptr);
}

TEST_F(ResponseCacheTest, KeepsStringsAndGivesAllMemoryBack) {
  const int64_t before = KeptOutputs::LiveCount();
  const std::vector<std::string> texts = {"", "abc", std::string(100, 'x')};
  const int64_t dims[] = {3};
  TensorView view;
  view.dtype = DataType::kString;
  view.dims = dims;
  view.rank = 1;
  view.elements = 3;
  view.data = &texts;
  view.string_at = [](const void* data, int64_t index) -> std::string_view {
    return (*static_cast<const std::vector<std::string>*>(data))[static_cast<size_t>(index)];
  };
  cache_.Find(KeyOf("a"), RunBy::kPool, false).lead->Keep({view});
  {
    const ResponseCache::Found found = cache_.Find(KeyOf("a"), RunBy::kPool, false);
    ASSERT_NE(found.answer, nullptr);
    const TensorView& kept = found.answer->views()[0];
    for (size_t i = 0; i < texts.size(); ++i) {
      EXPECT_EQ(kept.string_at(kept.data, static_cast<int64_t>(i)), texts[i]);
    }
  }
  cache_.Clear();
  EXPECT_EQ(KeptOutputs::LiveCount(), before);
}

TEST_F(ResponseCacheTest, DoesNotKeepWhatBeganBeforeItWasCleared) {
  ResponseCache::Found found = cache_.Find(KeyOf("a"), RunBy::kPool, false);
  cache_.Clear();
  ResponseCache::Found later = cache_.Find(KeyOf("a"), RunBy::kPool, false);
  EXPECT_NE(later.lead, nullptr);  // not the run from before
  found.lead->Keep(FloatVector({1}).views());
  EXPECT_EQ(cache_.Read().entries, 0u);
  later.lead->Keep(FloatVector({2}).views());
  EXPECT_EQ(Ask(KeyOf("a"), 3), 2);
}

class Waiter : public Job {
 public:
  Waiter(std::shared_ptr<Flight> flight, std::atomic<int>* answered, std::atomic<int>* alone)
      : flight_(std::move(flight)), answered_(answered), alone_(alone) {}
  void Run(std::unique_ptr<Job>) override {
    EXPECT_TRUE(flight_->has_ended());
    ++*(flight_->answer() == nullptr ? alone_ : answered_);
  }

 private:
  const std::shared_ptr<Flight> flight_;
  std::atomic<int>* const answered_;
  std::atomic<int>* const alone_;
};

class FlightTest : public ResponseCacheTest {
 protected:
  void Await(std::shared_ptr<Flight> flight) {
    ASSERT_NE(flight, nullptr);
    auto job = std::make_unique<Waiter>(flight, &answered_, &alone_);
    flight->Await(pool_.get(), std::move(job));
  }
  // All that were posted have run.
  void Finish() { pool_.reset(); }

  std::atomic<int> answered_{0};
  std::atomic<int> alone_{0};
  std::unique_ptr<WorkerPool> pool_ = std::make_unique<WorkerPool>("test", 2, 1);
};

TEST_F(FlightTest, SharesOneRun) {
  ResponseCache::Found first = cache_.Find(KeyOf("a"), RunBy::kPool, false);
  for (int i = 0; i < 3; ++i) Await(cache_.Find(KeyOf("a"), RunBy::kPool, false).flight);
  EXPECT_EQ(cache_.Find(KeyOf("b"), RunBy::kPool, false).flight, nullptr);
  EXPECT_EQ(answered_ + alone_, 0);
  first.lead->Keep(FloatVector({1}).views());
  Finish();
  EXPECT_EQ(answered_, 3);
  EXPECT_EQ(cache_.Read().shared, 3u);
}

// Otherwise as many as there are threads would wait for what waits for a thread.
TEST_F(FlightTest, LetsNobodyWaitForATaskWhoKeepsItFromAThread) {
  ResponseCache::Found task = cache_.Find(KeyOf("a"), RunBy::kTask, false);
  ResponseCache::Found found = cache_.Find(KeyOf("a"), RunBy::kTurn, false);
  EXPECT_TRUE(found.flight == nullptr && found.lead == nullptr);
  EXPECT_NE(cache_.Find(KeyOf("a"), RunBy::kTask, false).flight, nullptr);
  EXPECT_NE(cache_.Find(KeyOf("a"), RunBy::kPool, false).flight, nullptr);
  task.lead.reset();
  ResponseCache::Found turn = cache_.Find(KeyOf("a"), RunBy::kTurn, false);
  EXPECT_NE(cache_.Find(KeyOf("a"), RunBy::kTurn, false).flight, nullptr);
}

TEST_F(FlightTest, LetsThemRunByThemselvesWhenItFails) {
  ResponseCache::Found first = cache_.Find(KeyOf("a"), RunBy::kPool, false);
  const std::shared_ptr<Flight> flight = cache_.Find(KeyOf("a"), RunBy::kPool, false).flight;
  Await(flight);
  first.lead.reset();
  Await(flight);  // too late to wait
  Finish();
  EXPECT_EQ(alone_, 2);
  EXPECT_NE(cache_.Find(KeyOf("a"), RunBy::kPool, false).lead, nullptr);
}

TEST_F(FlightTest, EndsForAPause) {
  ResponseCache::Found first = cache_.Find(KeyOf("a"), RunBy::kPool, false);
  Await(cache_.Find(KeyOf("a"), RunBy::kPool, false).flight);
  {
    const ResponseCaches::Pause pause;
    ResponseCache::Found meanwhile = cache_.Find(KeyOf("a"), RunBy::kPool, false);
    EXPECT_NE(meanwhile.lead, nullptr);
    EXPECT_NE(cache_.Find(KeyOf("a"), RunBy::kPool, false).lead, nullptr);
  }
  Finish();
  EXPECT_EQ(alone_, 1);
  first.lead->Keep(FloatVector({1}).views());
  EXPECT_EQ(Ask(KeyOf("a"), 2), 1);
}

// Each answer belongs to its key, whoever ran, waited, configured and cleared meanwhile.
TEST_F(FlightTest, AnswersManyThreads) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 2000; ++i) {
        const int key = (i * 7 + t) % 40;
        ResponseCache::Found found = cache_.Find(
            KeyOf(std::to_string(key), static_cast<uint64_t>(key % 3)), RunBy::kPool, i % 11 == 0);
        if (found.answer != nullptr) {
          EXPECT_EQ(FirstOf(*found.answer), static_cast<float>(key));
        }
        if (found.flight != nullptr) Await(std::move(found.flight));
        if (found.lead != nullptr && i % 5 > 0) {
          found.lead->Keep(FloatVector({static_cast<float>(key)}).views());
        }
        if (i % 500 == t) cache_.Clear();
        if (i % 700 == t) Configure(static_cast<size_t>(4096 * (1 + t)));
        if (i % 900 == t) cache_.Read();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  Finish();
  EXPECT_EQ(static_cast<uint64_t>(answered_ + alone_), cache_.Read().shared);
}

TEST(RequestKeyTest, TellsTensorsApart) {
  std::map<std::string, int> seen;
  const auto add = [&](const std::vector<int64_t>& dims, DataType dtype, const void* data) {
    TensorView view;
    view.dtype = dtype;
    view.dims = dims.data();
    view.rank = static_cast<int>(dims.size());
    view.elements = 1;
    for (int64_t dim : dims) view.elements *= dim;
    view.data = data;
    RequestKeyBuilder key(0);
    key.Add(view);
    ++seen[key.Take().bytes];
  };
  const int32_t numbers[] = {1, 2, 3, 4};
  const int32_t others[] = {1, 2, 3, 5};
  add({4}, DataType::kInt32, numbers);
  add({2, 2}, DataType::kInt32, numbers);
  add({4, 1}, DataType::kInt32, numbers);
  add({4}, DataType::kFloat, numbers);
  add({4}, DataType::kInt32, others);
  add({0}, DataType::kInt32, numbers);
  EXPECT_EQ(seen.size(), 6u);
  add({4}, DataType::kInt32, numbers);
  EXPECT_EQ(seen.size(), 6u);
}

}  // namespace
}  // namespace tensorgate
