// Size: a dimension or a count of elements, as a product of a number, of symbols for sizes that are
// not known before a request comes, and of the number of rows. Any thread.
#pragma once

#include <cstdint>
#include <vector>

namespace tensorgate {

class Size {
 public:
  Size() : Size(1) {}
  Size(int64_t number) : number_(number) {}  // NOLINT: as a number is written
  // A size that neither the rows nor their number can change. REQUIRES: id > 0.
  static Size Symbol(uint32_t id);
  // The number of rows in a run.
  static Size Rows();

  bool is_number() const { return is_valid_ && symbols_.empty(); }
  bool is_number(int64_t number) const { return is_number() && number_ == number; }
  int64_t number() const { return number_; }  // REQUIRES: is_number()
  // Whether it depends on the number of rows; true as well of one that is too large to say.
  bool counts_rows() const;
  // Whether the number of rows is a factor of it exactly once.
  bool has_rows_once() const;
  // Exact, or false.
  bool DividedBy(const Size& divisor, Size* quotient) const;

  friend Size operator*(const Size& a, const Size& b);
  // False of one that is too large to say, whatever it is compared with.
  friend bool operator==(const Size& a, const Size& b);
  friend bool operator!=(const Size& a, const Size& b) { return !(a == b); }

 private:
  bool is_valid_ = true;  // false: beyond what a number holds
  int64_t number_;
  std::vector<uint32_t> symbols_;  // sorted; 0 is the number of rows
};

}  // namespace tensorgate
