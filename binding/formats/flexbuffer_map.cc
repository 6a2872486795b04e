#include "formats/flexbuffer_map.h"

#include <cstdint>

namespace tensorgate {
namespace {

// The kinds of values; a packed type is a kind and, in its lower two bits, log2 of a width.
constexpr uint8_t kTextKind = 5;
constexpr uint8_t kMapKind = 9;

size_t WidthOf(uint8_t packed_type) { return size_t{1} << (packed_type & 3); }

// A number of `width` bytes (1, 2, 4 or 8).
bool LoadNumber(std::string_view bytes, size_t at, size_t width, uint64_t* value) {
  if (at > bytes.size() || bytes.size() - at < width) return false;
  *value = 0;
  for (size_t i = width; i > 0; --i) {
    *value = *value << 8 | static_cast<uint8_t>(bytes[at + i - 1]);
  }
  return true;
}

// Offsets lead backwards from where they lie.
bool FollowBack(std::string_view bytes, size_t at, size_t width, size_t* to) {
  uint64_t offset;
  if (!LoadNumber(bytes, at, width, &offset) || offset > at) return false;
  *to = at - static_cast<size_t>(offset);
  return true;
}

}  // namespace

bool ReadFlexMap(std::string_view bytes, size_t most,
                 std::vector<std::pair<std::string_view, std::string_view>>* entries) {
  if (bytes.size() < 3) return false;
  const size_t root_width = static_cast<uint8_t>(bytes.back());
  const uint8_t root_type = static_cast<uint8_t>(bytes[bytes.size() - 2]);
  const bool is_width = root_width == 1 || root_width == 2 || root_width == 4 || root_width == 8;
  if (!is_width || root_type >> 2 != kMapKind || bytes.size() - 2 < root_width) return false;
  const size_t width = WidthOf(root_type);
  size_t map, keys;
  uint64_t count, key_width, key_count;
  // Before a map lie the offset of its keys, their width, and their number.
  if (!FollowBack(bytes, bytes.size() - 2 - root_width, root_width, &map) || map < 3 * width ||
      !LoadNumber(bytes, map - width, width, &count) ||
      !LoadNumber(bytes, map - 2 * width, width, &key_width) ||
      !FollowBack(bytes, map - 3 * width, width, &keys)) {
    return false;
  }
  if (count > most || count > (bytes.size() - map) / (width + 1)) return false;
  if (key_width != 1 && key_width != 2 && key_width != 4 && key_width != 8) return false;
  if (keys < key_width || !LoadNumber(bytes, keys - key_width, key_width, &key_count) ||
      key_count != count) {
    return false;
  }
  for (size_t i = 0; i < count; ++i) {
    size_t key, text;
    uint64_t size;
    const uint8_t type = static_cast<uint8_t>(bytes[map + count * width + i]);
    const size_t size_width = WidthOf(type);
    if (type >> 2 != kTextKind || !FollowBack(bytes, keys + i * key_width, key_width, &key) ||
        !FollowBack(bytes, map + i * width, width, &text) || text < size_width ||
        !LoadNumber(bytes, text - size_width, size_width, &size) || size > bytes.size() - text) {
      return false;
    }
    const size_t end = bytes.find('\0', key);
    if (end == std::string_view::npos) return false;
    entries->emplace_back(bytes.substr(key, end - key),
                          bytes.substr(text, static_cast<size_t>(size)));
  }
  return true;
}

}  // namespace tensorgate
