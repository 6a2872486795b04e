#include "access/access_control.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "access/credential.h"

namespace tensorgate {
namespace {

using std::chrono::milliseconds;

Digest DigestWith(uint8_t last) {
  Digest digest{};
  digest[31] = last;
  return digest;
}

PrincipalRules Rules(std::string name, std::string models, LimitRules limit = {}) {
  PrincipalRules rules;
  rules.name = std::move(name);
  rules.grants = {{std::move(models), static_cast<uint8_t>(AccessMethod::kInfer)}};
  rules.limit = limit;
  return rules;
}

AccessPolicy PolicyOf(PrincipalRules rules) {
  AccessPolicy policy;
  policy.authenticates = true;
  policy.principals.push_back(std::move(rules));
  policy.credentials.emplace_back(DigestWith(1), 0);
  return policy;
}

uint32_t FindOne(AccessControl* access, const Digest& digest) { return access->Find(&digest, 1); }

AccessVerdict Ask(AccessControl* access, uint32_t principal, AccessTicket* ticket,
                  std::string_view model = "m") {
  return access->Admit(principal, AccessMethod::kInfer, model, ticket).verdict;
}

TEST(PatternTest, StarsStandForAnything) {
  EXPECT_TRUE(MatchesPattern("*", ""));
  EXPECT_TRUE(MatchesPattern("*", "resnet"));
  EXPECT_TRUE(MatchesPattern("res*", "resnet"));
  EXPECT_TRUE(MatchesPattern("*net", "resnet"));
  EXPECT_TRUE(MatchesPattern("r*s*t", "resnet"));
  EXPECT_TRUE(MatchesPattern("a*b*b", "aXbXbb"));
  EXPECT_TRUE(MatchesPattern("resnet", "resnet"));
  EXPECT_FALSE(MatchesPattern("resnet", "resnet2"));
  EXPECT_FALSE(MatchesPattern("res*x", "resnet"));
  EXPECT_FALSE(MatchesPattern("", "m"));
  EXPECT_FALSE(MatchesPattern("m?", "m1"));
  // What takes exponential time where it is done by recursion.
  std::string many;
  for (int i = 0; i < 100; ++i) many += "a*";
  EXPECT_FALSE(MatchesPattern(many + "b", std::string(10'000, 'a')));
}

TEST(CredentialTest, ReadsBearerTokensOnly) {
  EXPECT_EQ(BearerToken("Bearer abc"), "abc");
  EXPECT_EQ(BearerToken("bEARER   abc"), "abc");
  EXPECT_EQ(BearerToken("Bearer"), "");
  EXPECT_EQ(BearerToken("Bearerabc"), "");
  EXPECT_EQ(BearerToken("Basic abc"), "");
  EXPECT_EQ(BearerToken(""), "");
  EXPECT_TRUE(MayBeToken("a.b.c"));
  EXPECT_FALSE(MayBeToken("a.bc"));
  EXPECT_FALSE(MayBeToken("." + std::string(kMostCredentialBytes, 'x') + "."));
}

TEST(AccessControlTest, IsOffUntilThereIsSomethingToAsk) {
  AccessControl access;
  EXPECT_FALSE(access.is_on());
  access.Configure({});
  EXPECT_FALSE(access.is_on());
  AccessTicket ticket;
  EXPECT_EQ(Ask(&access, AccessControl::kNobody, &ticket), AccessVerdict::kAdmitted);
  EXPECT_TRUE(ticket.is_empty());
}

TEST(AccessControlTest, KnowsWhoIsConfigured) {
  AccessControl access;
  access.Configure(PolicyOf(Rules("a", "m")));
  EXPECT_TRUE(access.is_on());
  EXPECT_EQ(FindOne(&access, DigestWith(2)), AccessControl::kNobody);
  EXPECT_EQ(access.Anonymous(), AccessControl::kNobody);
  const uint32_t a = FindOne(&access, DigestWith(1));
  ASSERT_NE(a, AccessControl::kNobody);
  AccessTicket ticket;
  EXPECT_EQ(Ask(&access, a, &ticket), AccessVerdict::kAdmitted);
  EXPECT_EQ(Ask(&access, a, &ticket, "other"), AccessVerdict::kDenied);
  EXPECT_EQ(access.Admit(a, AccessMethod::kAdmin, "m", &ticket).verdict, AccessVerdict::kDenied);
  EXPECT_EQ(Ask(&access, AccessControl::kNobody, &ticket), AccessVerdict::kUnauthenticated);
  EXPECT_EQ(Ask(&access, 12345, &ticket), AccessVerdict::kUnauthenticated);
  const AccessControl::Counts counts = access.refused();
  EXPECT_EQ(counts[static_cast<size_t>(AccessVerdict::kDenied)], 2U);
  EXPECT_EQ(counts[static_cast<size_t>(AccessVerdict::kUnauthenticated)], 2U);
}

TEST(AccessControlTest, ForgetsWhoIsConfiguredNoMore) {
  AccessControl access;
  access.Configure(PolicyOf(Rules("a", "m")));
  const uint32_t before = FindOne(&access, DigestWith(1));
  access.Learn(DigestWith(7), Rules("token", "m"), milliseconds(60'000));
  access.Configure(PolicyOf(Rules("b", "n")));
  EXPECT_EQ(FindOne(&access, DigestWith(7)), AccessControl::kNobody);
  AccessTicket ticket;
  EXPECT_EQ(Ask(&access, before, &ticket), AccessVerdict::kUnauthenticated);
}

TEST(AccessControlTest, BoundsWhatIsInProgressAcrossReloads) {
  AccessControl access;
  access.Configure(PolicyOf(Rules("a", "*", {0, 0, 2})));
  uint32_t a = FindOne(&access, DigestWith(1));
  AccessTicket first, second, third;
  EXPECT_EQ(Ask(&access, a, &first), AccessVerdict::kAdmitted);
  EXPECT_EQ(Ask(&access, a, &second), AccessVerdict::kAdmitted);
  EXPECT_EQ(Ask(&access, a, &third), AccessVerdict::kTooMany);
  access.Configure(PolicyOf(Rules("a", "*", {0, 0, 2})));
  a = FindOne(&access, DigestWith(1));
  EXPECT_EQ(Ask(&access, a, &third), AccessVerdict::kTooMany);
  first.Release();
  first.Release();  // once is enough
  EXPECT_EQ(Ask(&access, a, &third), AccessVerdict::kAdmitted);
  AccessTicket moved = std::move(third);
  EXPECT_TRUE(third.is_empty());  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(Ask(&access, a, &first), AccessVerdict::kTooMany);
  moved = AccessTicket();
  EXPECT_EQ(Ask(&access, a, &first), AccessVerdict::kAdmitted);
}

TEST(AccessControlTest, RefusalTakesNothing) {
  AccessControl access;
  AccessPolicy policy = PolicyOf(Rules("a", "*", {0, 0, 5}));
  policy.models.emplace_back("m", LimitRules{0, 0, 1});
  policy.all = {0, 0, 10};
  access.Configure(std::move(policy));
  const uint32_t a = FindOne(&access, DigestWith(1));
  AccessTicket held, refused;
  EXPECT_EQ(Ask(&access, a, &held), AccessVerdict::kAdmitted);
  for (int i = 0; i < 20; ++i) {
    const Refusal refusal = access.Admit(a, AccessMethod::kInfer, "m", &refused);
    EXPECT_EQ(refusal.verdict, AccessVerdict::kTooMany);
    EXPECT_EQ(refusal.scope, LimitScope::kModel);
    EXPECT_EQ(refusal.rules.at_once, 1U);
  }
  AccessTicket others[4];
  for (AccessTicket& other : others) {
    EXPECT_EQ(Ask(&access, a, &other, "n"), AccessVerdict::kAdmitted);
  }
  EXPECT_EQ(access.Admit(a, AccessMethod::kInfer, "n", &refused).scope, LimitScope::kPrincipal);
}

TEST(AccessControlTest, TokensEnd) {
  AccessControl access;
  access.Configure(PolicyOf(Rules("a", "m")));
  const uint32_t id = access.Learn(DigestWith(5), Rules("t", "m"), milliseconds(20));
  EXPECT_EQ(FindOne(&access, DigestWith(5)), id);
  std::this_thread::sleep_for(milliseconds(30));
  EXPECT_EQ(FindOne(&access, DigestWith(5)), AccessControl::kNobody);
  // A token never takes the place of what is configured.
  EXPECT_EQ(access.Learn(DigestWith(1), Rules("t", "*"), milliseconds(9999)),
            FindOne(&access, DigestWith(1)));
}

TEST(AccessControlTest, RemembersABoundedNumberOfTokens) {
  AccessControl access;
  access.Configure(PolicyOf(Rules("a", "m")));
  for (size_t i = 0; i < 3 * AccessControl::kMostLearned; ++i) {
    Digest digest{};
    for (int byte = 0; byte < 4; ++byte) digest[byte] = static_cast<uint8_t>(i >> (8 * byte));
    digest[31] = 9;
    const uint32_t id =
        access.Learn(digest, Rules("t" + std::to_string(i), "m"), milliseconds(9999));
    ASSERT_EQ(FindOne(&access, digest), id);
  }
  EXPECT_NE(FindOne(&access, DigestWith(1)), AccessControl::kNobody);
}

TEST(LimitTest, FillsAtItsRate) {
  Limit limit({10, 2, 0});
  const Limit::Clock::time_point start = Limit::Clock::now() + std::chrono::seconds(10);
  Limit::Clock::duration wait{};
  const auto ask = [&](milliseconds after) {
    const bool has_room = limit.Check(start + after, &wait) == Limit::Verdict::kRoom;
    if (has_room) limit.Take();
    return has_room;
  };
  EXPECT_TRUE(ask(milliseconds(0)));
  EXPECT_TRUE(ask(milliseconds(0)));
  EXPECT_FALSE(ask(milliseconds(0)));
  EXPECT_NEAR(std::chrono::duration<double>(wait).count(), 0.1, 1e-6);
  EXPECT_FALSE(ask(milliseconds(99)));
  EXPECT_TRUE(ask(milliseconds(101)));
  EXPECT_FALSE(ask(milliseconds(102)));
  EXPECT_TRUE(ask(milliseconds(100'000)));
  EXPECT_TRUE(ask(milliseconds(100'000)));
  EXPECT_FALSE(ask(milliseconds(100'000)));  // no more than the burst was saved up
}

TEST(AccessControlTest, CountsFromManyThreads) {
  AccessControl access;
  access.Configure(PolicyOf(Rules("a", "*", {0, 0, 3})));
  const uint32_t a = FindOne(&access, DigestWith(1));
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) {
        AccessTicket ticket;
        Ask(&access, a, &ticket);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  AccessTicket tickets[3];
  for (AccessTicket& ticket : tickets) {
    EXPECT_EQ(Ask(&access, a, &ticket), AccessVerdict::kAdmitted);
  }
}

}  // namespace
}  // namespace tensorgate
