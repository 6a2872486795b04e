// JsonDifference: two parsed bodies walked in step. Open containers are a list, not a recursion:
// the depth is bounded by memory alone.
#include <string>
#include <vector>

#include "codec/compare/answer_compare.h"
#include "codec/json/json_document.h"
#include "status/violation.h"

namespace tensorgate {
namespace {

class Comparer {
 public:
  Comparer(const JsonDocument& a, const JsonDocument& b, double tolerance)
      : a_(a), b_(b), tolerance_(tolerance) {}

  std::string Run() {
    std::string difference = Values(JsonDocument::kRoot, JsonDocument::kRoot);
    while (difference.empty() && !open_.empty()) {
      if (open_.back().done == open_.back().size) {
        open_.pop_back();
      } else {
        difference = Next();
      }
    }
    return difference;
  }

 private:
  // A pair of containers, of which `done` values are compared or being compared.
  struct Level {
    size_t b;  // the container in b
    size_t size;
    size_t done = 0;
    size_t next_a;  // the next element, or the name of the next member
    size_t next_b;
    size_t name = JsonDocument::kNone;  // of the member being compared, in a
  };

  std::string Next() {
    Level& level = open_.back();
    ++level.done;
    if (!b_.IsObject(level.b)) {
      const size_t a = level.next_a;
      const size_t b = level.next_b;
      level.next_a = a_.Next(a);
      level.next_b = b_.Next(b);
      return Values(a, b);
    }
    level.name = level.next_a;
    std::string scratch_a, scratch_b;
    const std::string_view name = a_.StringValue(level.name, &scratch_a);
    // As a rule both have the same order.
    size_t b = level.next_b + 1;
    if (b_.StringValue(level.next_b, &scratch_b) != name) b = b_.Find(level.b, name);
    level.next_a = a_.Next(level.name + 1);
    level.next_b = b_.Next(level.next_b + 1);
    if (b == JsonDocument::kNone) return Differing("there", "none");
    return Values(level.name + 1, b);
  }

  std::string Values(size_t a, size_t b) {
    const JsonType type = a_.type(a);
    if (type != b_.type(b)) return Differing(JsonTypeName(type), JsonTypeName(b_.type(b)));
    switch (type) {
      case JsonType::kNumber:
        return Numbers(a_.number(a), b_.number(b));
      case JsonType::kString: {
        std::string scratch_a, scratch_b;
        const std::string_view x = a_.StringValue(a, &scratch_a);
        const std::string_view y = b_.StringValue(b, &scratch_b);
        return x == y ? "" : Differing(Quoted(x), Quoted(y));
      }
      case JsonType::kArray:
      case JsonType::kObject: {
        const size_t size = a_.size(a);
        if (size != b_.size(b)) {
          return Differing("size " + std::to_string(size), "size " + std::to_string(b_.size(b)));
        }
        Level level;
        level.b = b;
        level.size = size;
        level.next_a = a + 1;
        level.next_b = b + 1;
        open_.push_back(level);
        return "";
      }
      default:
        return "";
    }
  }

  std::string Numbers(const JsonNumber& a, const JsonNumber& b) const {
    const bool agree = a.is_integer && b.is_integer
                           ? a.negative == b.negative && a.magnitude == b.magnitude
                           : NumbersAgree(a.ToDouble(), b.ToDouble(), tolerance_);
    return agree ? "" : Differing(Text(a), Text(b));
  }

  static std::string Text(const JsonNumber& number) {
    if (number.is_integer) return (number.negative ? "-" : "") + std::to_string(number.magnitude);
    return NumberText(number.real);
  }

  std::string Differing(const std::string& a, const std::string& b) const {
    std::string where;
    for (const Level& level : open_) {
      if (where.size() > kMaxDifferenceBytes) break;
      if (level.name == JsonDocument::kNone) {
        where += IndexStep(level.done - 1);
        continue;
      }
      std::string scratch;
      const std::string_view name = a_.StringValue(level.name, &scratch);
      where += where.empty() ? FittingText(name, kMaxFieldBytes) : MemberStep(name);
    }
    return DifferenceText(where, a, b);
  }

  const JsonDocument& a_;
  const JsonDocument& b_;
  const double tolerance_;
  std::vector<Level> open_;
};

}  // namespace

std::string JsonDifference(std::string_view a, std::string_view b, double tolerance) {
  if (a == b) return "";
  JsonDocument of_a, of_b;
  if (!of_a.Parse(a).ok() || !of_b.Parse(b).ok()) return "body: not the JSON of a reply";
  return Comparer(of_a, of_b, tolerance).Run();
}

}  // namespace tensorgate
