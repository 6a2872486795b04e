#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "codec/proto/message_fields.h"
#include "profile/profiler.h"
#include "profile/step_stats.h"
#include "profile/timeline.h"
#include "profile/xspace.h"
#include "proto_builder.h"

namespace tensorgate {
namespace {

using proto::BytesField;
using proto::VarintField;

// A NodeExecStats of an op that ran from `start` to `end`, 10 ns after the executor took it.
std::string NodeStats(const std::string& name, const std::string& label, int64_t start,
                      int64_t end) {
  return BytesField(1, name) + VarintField(2, start / 1000) + BytesField(6, "memory") +
         BytesField(8, label) + VarintField(13, start - 10) + VarintField(14, 10) +
         VarintField(15, end - start + 10) + VarintField(16, end - start + 20);
}

std::string RunMetadataOf(const std::vector<std::string>& nodes) {
  std::string device = BytesField(1, "/job:localhost/device:CPU:0");
  for (const std::string& node : nodes) device += BytesField(2, node);
  return BytesField(1, BytesField(1, device)) + BytesField(2, "cost graph");
}

RunProfile RunOf(int64_t start, int64_t end, const std::vector<std::string>& nodes) {
  RunProfile run;
  run.model = "m";
  run.version = 3;
  run.start_nanos = start;
  run.end_nanos = end;
  run.thread = 7;
  run.thread_name = "run";
  run.in_caller_thread = true;
  EXPECT_TRUE(ReadStepStats(RunMetadataOf(nodes), &run));
  return run;
}

// "name start-end" of each event.
std::vector<std::string> EventsOf(const Timeline& timeline, size_t line) {
  std::vector<std::string> events;
  for (const TimelineEvent& event : timeline.lines.at(line).events) {
    events.push_back(std::string(timeline.names.at(event.name)) + ' ' +
                     std::to_string(event.start_nanos) + '-' + std::to_string(event.end_nanos));
  }
  return events;
}

using Texts = std::vector<std::string>;

TEST(ReadStepStatsTest, NamesOpsByNodeAndType) {
  const RunProfile run =
      RunOf(0, 900,
            {NodeStats("a/b", "a/b = MatMul(x, w)", 100, 150),
             NodeStats("c", "something else", 200, 250), NodeStats("d", "", 300, 350)});
  ASSERT_EQ(run.ops.size(), 3u);
  EXPECT_EQ(run.NameOf(run.ops[0]), "a/b:MatMul");
  EXPECT_EQ(run.ops[0].start_nanos, 100);
  EXPECT_EQ(run.ops[0].end_nanos, 150);
  EXPECT_EQ(run.NameOf(run.ops[1]), "c");
  EXPECT_EQ(run.NameOf(run.ops[2]), "d");
}

TEST(ReadStepStatsTest, TakesTheEndOfAllWhereTheOpHasNone) {
  const std::string node = BytesField(1, "n") + VarintField(13, 100) + VarintField(16, 40);
  const RunProfile run = RunOf(0, 900, {node});
  ASSERT_EQ(run.ops.size(), 1u);
  EXPECT_EQ(run.ops[0].start_nanos, 100);
  EXPECT_EQ(run.ops[0].end_nanos, 140);
}

TEST(ReadStepStatsTest, RefusesWhatIsNoMessage) {
  RunProfile run;
  EXPECT_FALSE(ReadStepStats("\x0a\x7f", &run));
  EXPECT_TRUE(ReadStepStats("", &run));
  EXPECT_TRUE(run.ops.empty());
}

TEST(LayOutTest, PutsOpsWithinTheirRun) {
  const std::vector<RunProfile> runs = {
      RunOf(100, 400,
            {NodeStats("inner", "inner = Mul(a)", 130, 140),
             NodeStats("call", "call = PartitionedCall(a)", 120, 160),
             NodeStats("last", "last = Add(a)", 160, 500)}),
      RunOf(20, 50, {})};
  const Timeline timeline = LayOut(runs);
  ASSERT_EQ(timeline.lines.size(), 1u);
  EXPECT_EQ(timeline.lines[0].id, 7);
  EXPECT_EQ(timeline.lines[0].name, "run/7");
  EXPECT_EQ(EventsOf(timeline, 0),
            (Texts{"SessionRun m/3 20-50", "SessionRun m/3 100-400", "call:PartitionedCall 120-160",
                   "inner:Mul 130-140", "last:Add 160-400"}));
}

TEST(LayOutTest, PutsOpsThatOverlapOnOtherLines) {
  RunProfile in_pool =
      RunOf(100, 400,
            {NodeStats("a", "a = A()", 110, 200), NodeStats("b", "b = B()", 120, 150),
             NodeStats("c", "c = C()", 160, 170)});
  in_pool.in_caller_thread = false;
  RunProfile other =
      RunOf(100, 400, {NodeStats("d", "d = D()", 300, 350), NodeStats("e", "e = E()", 320, 380)});
  other.thread = 8;
  const std::vector<RunProfile> runs = {std::move(in_pool), std::move(other)};
  const Timeline timeline = LayOut(runs);
  ASSERT_EQ(timeline.lines.size(), 4u);
  EXPECT_EQ(EventsOf(timeline, 0), (Texts{"SessionRun m/3 100-400"}));
  EXPECT_EQ(EventsOf(timeline, 1), (Texts{"SessionRun m/3 100-400", "d:D 300-350"}));
  EXPECT_EQ(EventsOf(timeline, 2), (Texts{"a:A 110-200", "e:E 320-380"}));
  EXPECT_EQ(EventsOf(timeline, 3), (Texts{"b:B 120-150", "c:C 160-170"}));
}

TEST(LayOutTest, BoundsTheLinesOfThePool) {
  const std::vector<std::string> names(3 * kMaxPoolLines, NodeStats("a", "a = A()", 110, 200));
  std::vector<RunProfile> runs = {RunOf(100, 400, names)};
  runs[0].in_caller_thread = false;
  const Timeline timeline = LayOut(runs);
  EXPECT_EQ(timeline.lines.size(), 1 + kMaxPoolLines);
  EXPECT_EQ(timeline.lines.back().events.size(), 1 + 2 * kMaxPoolLines);
}

// All values of a length-delimited field.
Texts FieldsOf(std::string_view message, uint32_t wanted) {
  Texts found;
  EXPECT_TRUE(ForEachBytes(message, wanted, [&](std::string_view bytes) {
    found.emplace_back(bytes);
    return true;
  }));
  return found;
}

TEST(WriteXSpaceTest, HasTimesInPicosecondsSinceTheStart) {
  Profile profile;
  profile.start_nanos = 1'000'000;
  profile.end_nanos = 2'000'000;
  profile.left_out = 5;
  profile.runs.push_back(
      RunOf(1'000'100, 1'000'400, {NodeStats("a", "a = Mul(x)", 1'000'150, 1'000'250)}));
  OutputBuffer out;
  WriteXSpace(profile, "host", &out);
  const Texts planes = FieldsOf(out.view(), 1);
  ASSERT_EQ(planes.size(), 2u);
  EXPECT_EQ(FieldsOf(out.view(), 3), Texts{"The profile was full: 5 later runs are not in it."});
  EXPECT_EQ(FieldsOf(out.view(), 4), Texts{"host"});

  EXPECT_EQ(FieldsOf(planes[0], 2), Texts{"/host:CPU"});
  const std::string run = VarintField(1, 1) + VarintField(2, 100'000) + VarintField(3, 300'000);
  const std::string op = VarintField(1, 2) + VarintField(2, 150'000) + VarintField(3, 100'000);
  const std::string line =
      VarintField(1, 7) + BytesField(2, "run/7") + BytesField(4, run) + BytesField(4, op);
  EXPECT_EQ(FieldsOf(planes[0], 3), Texts{line});
  const auto entry = [](int64_t id, const std::string& name) {
    return VarintField(1, id) + BytesField(2, VarintField(1, id) + BytesField(2, name));
  };
  EXPECT_EQ(FieldsOf(planes[0], 4), (Texts{entry(1, "SessionRun m/3"), entry(2, "a:Mul")}));

  EXPECT_EQ(FieldsOf(planes[1], 2), Texts{"Task Environment"});
  EXPECT_EQ(FieldsOf(planes[1], 5),
            (Texts{entry(1, "profile_start_time"), entry(2, "profile_stop_time")}));
  EXPECT_EQ(FieldsOf(planes[1], 6), (Texts{VarintField(1, 1) + VarintField(3, 1'000'000),
                                           VarintField(1, 2) + VarintField(3, 2'000'000)}));
}

ProfileSession::Options OptionsFor(const std::string& model) {
  ProfileSession::Options options;
  options.id = "s";
  options.model = model;
  options.max_ops = 3;
  options.max_bytes = 1 << 20;
  return options;
}

TEST(ProfileSessionTest, TakesRunsOfItsModelUntilItIsFull) {
  ProfileSession session(OptionsFor("m"));
  EXPECT_FALSE(session.Wants("other"));
  const RunProfile two =
      RunOf(0, 9, {NodeStats("a", "a = A()", 1, 2), NodeStats("b", "b = B()", 2, 3)});
  ASSERT_TRUE(session.Wants("m"));
  session.Add(two);
  ASSERT_TRUE(session.Wants("m"));
  session.Add(two);
  EXPECT_FALSE(session.Wants("m"));
  const Profile profile = session.Take();
  EXPECT_EQ(profile.runs.size(), 1u);
  EXPECT_EQ(profile.ops, 2u);
  EXPECT_EQ(profile.left_out, 2u);
  EXPECT_GE(profile.end_nanos, profile.start_nanos);
}

TEST(ProfileSessionTest, TakesNoMoreBytesThanItMay) {
  ProfileSession::Options options = OptionsFor("");
  options.max_bytes = sizeof(RunProfile) / 2;
  ProfileSession session(std::move(options));
  session.Add(RunOf(0, 9, {}));
  const Profile profile = session.Take();
  EXPECT_TRUE(profile.runs.empty());
  EXPECT_EQ(profile.left_out, 1u);
}

TEST(ProfileSessionTest, TakesNothingOnceItHasEnded) {
  ProfileSession session(OptionsFor(""));
  session.End();
  EXPECT_FALSE(session.Wants("m"));
  session.Add(RunOf(0, 9, {}));
  const Profile profile = session.Take();
  EXPECT_TRUE(profile.runs.empty());
  EXPECT_EQ(profile.left_out, 0u);
}

TEST(ProfilerTest, HasOneSessionAtATimeAndNoneThatNobodyHolds) {
  Profiler& profiler = Profiler::Process();
  EXPECT_FALSE(Profiler::IsOn());
  std::shared_ptr<ProfileSession> session = profiler.Open(OptionsFor("m"));
  ASSERT_NE(session, nullptr);
  EXPECT_TRUE(Profiler::IsOn());
  EXPECT_EQ(profiler.SessionFor("m"), session);
  EXPECT_EQ(profiler.SessionFor("other"), nullptr);
  EXPECT_EQ(profiler.Open(OptionsFor("")), nullptr);
  EXPECT_FALSE(profiler.Terminate("other"));
  EXPECT_FALSE(session->is_terminated());
  EXPECT_TRUE(profiler.Terminate("s"));
  EXPECT_TRUE(session->is_terminated());

  session->End();
  EXPECT_EQ(profiler.SessionFor("m"), nullptr);
  EXPECT_FALSE(Profiler::IsOn());
  EXPECT_FALSE(profiler.Terminate("s"));
  session = profiler.Open(OptionsFor(""));
  ASSERT_NE(session, nullptr);
  session.reset();
  EXPECT_EQ(profiler.SessionFor("m"), nullptr);
  EXPECT_FALSE(Profiler::IsOn());
}

}  // namespace
}  // namespace tensorgate
