// FlatBuffers put together by hand, front to back, so that the reader is not tested against itself;
// and TFLite models of them, without ops or weights. Any thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tensorgate::tflite {

// Appends an object and returns where it begins.
using Object = std::function<size_t(std::string* out)>;

template <typename T>
std::string Number(T value) {
  std::string bytes(sizeof(T), '\0');
  std::memcpy(bytes.data(), &value, sizeof(T));
  return bytes;
}

inline void Patch(std::string* out, size_t at, uint32_t value) {
  std::memcpy(out->data() + at, &value, sizeof(value));
}

inline Object Text(std::string_view text) {
  return [text = std::string(text)](std::string* out) {
    const size_t at = out->size();
    *out += Number(static_cast<uint32_t>(text.size())) + text + '\0';
    return at;
  };
}

template <typename T>
Object Numbers(const std::vector<T>& values) {
  return [values](std::string* out) {
    const size_t at = out->size();
    *out += Number(static_cast<uint32_t>(values.size()));
    for (const T value : values) *out += Number(value);
    return at;
  };
}

inline Object Objects(const std::vector<Object>& objects) {
  return [objects](std::string* out) {
    const size_t at = out->size();
    *out += Number(static_cast<uint32_t>(objects.size()));
    const size_t first = out->size();
    out->append(objects.size() * 4, '\0');
    for (size_t i = 0; i < objects.size(); ++i) {
      const size_t object = objects[i](out);
      Patch(out, first + i * 4, static_cast<uint32_t>(object - (first + i * 4)));
    }
    return at;
  };
}

// A field's number, and its bytes or its object.
struct Field {
  Field(size_t number, std::string bytes) : number(number), bytes(std::move(bytes)) {}
  Field(size_t number, Object object) : number(number), bytes(4, '\0'), object(std::move(object)) {}
  size_t number;
  std::string bytes;
  Object object;  // empty: the bytes are all
};

inline Object Table(const std::vector<Field>& fields) {
  return [fields](std::string* out) {
    size_t count = 0;
    for (const Field& field : fields) count = std::max(count, field.number + 1);
    std::vector<uint16_t> offsets(count);
    std::string body(4, '\0');
    for (const Field& field : fields) {
      offsets[field.number] = static_cast<uint16_t>(body.size());
      body += field.bytes;
    }
    const size_t fields_at = out->size();
    *out +=
        Number(static_cast<uint16_t>(4 + 2 * count)) + Number(static_cast<uint16_t>(body.size()));
    for (const uint16_t offset : offsets) *out += Number(offset);
    const size_t at = out->size();
    *out += body;
    Patch(out, at, static_cast<uint32_t>(at - fields_at));
    for (const Field& field : fields) {
      if (!field.object) continue;
      const size_t from = at + offsets[field.number];
      const size_t object = field.object(out);
      Patch(out, from, static_cast<uint32_t>(object - from));
    }
    return at;
  };
}

constexpr int8_t kFloat32 = 0;
constexpr int8_t kInt64Type = 4;

inline Object Tensor(std::string_view name, int8_t type, const std::vector<int32_t>& shape,
                     const std::vector<int32_t>& signature = {}) {
  std::vector<Field> fields = {{0, Numbers(shape)}, {1, Number(type)}, {3, Text(name)}};
  if (!signature.empty()) fields.emplace_back(7, Numbers(signature));
  return Table(fields);
}

inline Object Graph(const std::vector<Object>& tensors, const std::vector<int32_t>& inputs,
                    const std::vector<int32_t>& outputs) {
  return Table({{0, Objects(tensors)}, {1, Numbers(inputs)}, {2, Numbers(outputs)}});
}

// Of a signature's tensor: the name that clients use, and the tensor's number.
inline Object Alias(std::string_view alias, uint32_t tensor) {
  return Table({{0, Text(alias)}, {1, Number(tensor)}});
}

inline Object Signature(std::string_view key, const std::vector<Object>& inputs,
                        const std::vector<Object>& outputs, uint32_t graph = 0) {
  return Table({{0, Objects(inputs)}, {1, Objects(outputs)}, {2, Text(key)}, {4, Number(graph)}});
}

// The file; `more`: fields of the model beside its graphs.
inline std::string Model(const std::vector<Object>& graphs, const std::vector<Field>& more = {}) {
  std::vector<Field> fields = {{0, Number(uint32_t{3})}, {2, Objects(graphs)}};
  fields.insert(fields.end(), more.begin(), more.end());
  std::string out = Number(uint32_t{0}) + "TFL3";
  const size_t root = Table(fields)(&out);
  Patch(&out, 0, static_cast<uint32_t>(root));
  return out;
}

// "a" of [1, 2] (any rows by its signature) and "b:0" of [1], to "sum:0" and "sum:1".
inline Object SumGraph() {
  return Graph({Tensor("a", kFloat32, {1, 2}, {-1, 2}), Tensor("b:0", kInt64Type, {1}),
                Tensor("sum:0", kFloat32, {1, 2}), Tensor("sum:1", kFloat32, {})},
               {0, 1}, {2, 3});
}

// A FlexBuffer: a map of one key and one text shorter than 200 bytes.
inline std::string FlexMap(std::string_view key, std::string_view text) {
  std::string out(key);
  out += '\0';
  out += static_cast<char>(text.size());
  const size_t text_at = out.size();
  out += std::string(text) + '\0';
  out += '\1';  // the number of keys
  const size_t keys = out.size();
  out += static_cast<char>(keys);  // back to the key, which is at 0
  const size_t before = out.size();
  out += static_cast<char>(before - keys);  // back to the keys
  out += '\1';                              // their width
  out += '\1';                              // the number of values
  const size_t map = out.size();
  out += static_cast<char>(map - text_at);
  out += static_cast<char>(5 << 2);  // a text
  const size_t root = out.size();
  out += static_cast<char>(root - map);
  out += static_cast<char>(9 << 2);  // a map
  out += '\1';
  return out;
}

// With the metadata that upstream reads.
inline std::string WithMetadata(const Object& graph, const std::string& flex_map) {
  const std::vector<uint8_t> data(flex_map.begin(), flex_map.end());
  const Object metadata = Table({{0, Text("signature_defs_metadata")}, {1, Number(uint32_t{1})}});
  return Model({graph},
               {{4, Objects({Table({}), Table({{0, Numbers(data)}})})}, {6, Objects({metadata})}});
}

}  // namespace tensorgate::tflite
