// FlexBuffers, of which only this is read: a map from texts to texts, in place, with each offset
// checked. Any thread.
#pragma once

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

namespace tensorgate {

// Views point into `bytes`. False: they are no such map, or one of more than `most` entries.
bool ReadFlexMap(std::string_view bytes, size_t most,
                 std::vector<std::pair<std::string_view, std::string_view>>* entries);

}  // namespace tensorgate
