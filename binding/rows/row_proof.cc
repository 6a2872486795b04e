#include "rows/row_proof.h"

#include <map>
#include <utility>

#include "rows/evaluation.h"

namespace tensorgate {

std::optional<Obstacle> FindObstacle(const GraphDef& graph, const FindOp& find_op,
                                     const std::vector<ProofInput>& inputs,
                                     const std::vector<std::string>& outputs) {
  std::map<std::string, Value> fed;
  uint32_t next_symbol = kFirstOpenSize;
  for (const ProofInput& input : inputs) {
    if (input.dims.empty() || input.dims[0] >= 0) {
      return Obstacle{input.tensor, "", "does not take any number of rows"};
    }
    Dims dims{Size::Rows()};
    for (size_t i = 1; i < input.dims.size(); ++i) {
      dims.push_back(input.dims[i] >= 0 ? Size(input.dims[i]) : Size::Symbol(next_symbol++));
    }
    fed.emplace(input.tensor, Value::Rows(std::move(dims), 0));
  }
  Evaluation evaluation(graph, find_op, std::move(fed));
  for (const std::string& output : outputs) {
    const Value value = evaluation.Of(output);
    if (value.kind == Value::kObstacle) return *value.obstacle;
    if (!value.is_rows() || value.axis != 0 || (*value.dims)[0] != Size::Rows()) {
      return Obstacle{output, "", "has no row for each input row"};
    }
  }
  return std::nullopt;
}

}  // namespace tensorgate
