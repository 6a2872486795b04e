#include "rows/size.h"

#include <algorithm>
#include <iterator>

namespace tensorgate {
namespace {

constexpr uint32_t kRows = 0;
// No graph multiplies more sizes; what does is not followed.
constexpr size_t kMaxSymbols = 64;

}  // namespace

Size Size::Symbol(uint32_t id) {
  Size size;
  size.symbols_.push_back(id);
  return size;
}

Size Size::Rows() { return Symbol(kRows); }

bool Size::counts_rows() const {
  return !is_valid_ || (!symbols_.empty() && symbols_.front() == kRows);
}

bool Size::has_rows_once() const {
  return is_valid_ && std::count(symbols_.begin(), symbols_.end(), kRows) == 1;
}

bool Size::DividedBy(const Size& divisor, Size* quotient) const {
  if (!is_valid_ || !divisor.is_valid_ || divisor.number_ == 0) return false;
  if (number_ % divisor.number_ != 0) return false;
  if (!std::includes(symbols_.begin(), symbols_.end(), divisor.symbols_.begin(),
                     divisor.symbols_.end())) {
    return false;
  }
  Size result(number_ / divisor.number_);
  std::set_difference(symbols_.begin(), symbols_.end(), divisor.symbols_.begin(),
                      divisor.symbols_.end(), std::back_inserter(result.symbols_));
  *quotient = std::move(result);
  return true;
}

Size operator*(const Size& a, const Size& b) {
  Size product;
  product.is_valid_ = a.is_valid_ && b.is_valid_ &&
                      !__builtin_mul_overflow(a.number_, b.number_, &product.number_) &&
                      a.symbols_.size() + b.symbols_.size() <= kMaxSymbols;
  if (product.is_valid_) {
    std::merge(a.symbols_.begin(), a.symbols_.end(), b.symbols_.begin(), b.symbols_.end(),
               std::back_inserter(product.symbols_));
  }
  return product;
}

bool operator==(const Size& a, const Size& b) {
  return a.is_valid_ && b.is_valid_ && a.number_ == b.number_ && a.symbols_ == b.symbols_;
}

}  // namespace tensorgate
