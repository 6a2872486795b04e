#include "model/direct_admission.h"

#include <gtest/gtest.h>

#include <cstddef>

namespace tensorgate {
namespace {

// Requests that find so many in flight each; how many of them are admitted.
int Admitted(DirectAdmission* admission, int requests, size_t in_flight) {
  int admitted = 0;
  for (int i = 0; i < requests; ++i) admitted += admission->Admit(in_flight) ? 1 : 0;
  return admitted;
}

TEST(DirectAdmissionTest, LimitsNothingUnlessTold) {
  DirectAdmission admission;
  EXPECT_EQ(Admitted(&admission, 1000, 1000), 1000);
}

TEST(DirectAdmissionTest, AdmitsWhileFewAreInFlight) {
  DirectAdmission admission;
  admission.Limit({4, 32});
  EXPECT_EQ(Admitted(&admission, 1000, 3), 1000);
}

TEST(DirectAdmissionTest, LetsACrowdPassThatDoesNotLast) {
  DirectAdmission admission;
  admission.Limit({4, 32});
  Admitted(&admission, 1000, 1);
  EXPECT_EQ(Admitted(&admission, 10, 16), 10);
  Admitted(&admission, 200, 1);
  EXPECT_EQ(Admitted(&admission, 10, 16), 10);
}

TEST(DirectAdmissionTest, AdmitsNoneWhileManyAreInFlightOnAverage) {
  DirectAdmission admission;
  admission.Limit({4, 32});
  EXPECT_LT(Admitted(&admission, 1000, 8), 100);
  EXPECT_EQ(Admitted(&admission, 1, 0), 0);
  EXPECT_GT(Admitted(&admission, 1000, 0), 900) << "the average falls while others run them";
}

TEST(DirectAdmissionTest, AdmitsNoMoreAtOnceThanIsSaid) {
  DirectAdmission admission;
  admission.Limit({4, 32});
  EXPECT_TRUE(admission.Admit(31));
  EXPECT_FALSE(admission.Admit(32));
}

TEST(DirectAdmissionTest, AdmitsNoneAtALimitOfZero) {
  DirectAdmission admission;
  admission.Limit({0, 0});
  EXPECT_FALSE(admission.Admit(0));
  admission.Limit({4, 32});
  EXPECT_TRUE(admission.Admit(0));
}

}  // namespace
}  // namespace tensorgate
