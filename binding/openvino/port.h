// Where values go into a model, or come out of it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "openvino/c_api.h"
#include "status/status.h"
#include "tensor/dtype.h"

namespace tensorgate::openvino {

struct PartialShape {
  bool unknown_rank = true;
  std::vector<int64_t> dims;  // -1 = unknown
  bool is_known() const {     // whole
    return !unknown_rank &&
           std::all_of(dims.begin(), dims.end(), [](int64_t dim) { return dim >= 0; });
  }
};

struct Port {
  std::string name;  // one of its names, of which it may have several; empty: it has none
  DataType dtype = DataType::kInvalid;  // kInvalid: one that no request can carry
  PartialShape shape;
};

// ERRORS: INTERNAL. REQUIRES: the library is open.
Status ReadPort(const PortObject* object, Port* port);

// The ports of a model: `count` and `at` are functions of the table. ERRORS: INTERNAL.
template <typename T>
Status ReadPorts(const T* object, int (*count)(const T*, size_t*),
                 int (*at)(const T*, size_t, PortObject**), std::vector<Port>* ports);

// The number of the port with that name among its names; -1 where there is none. Where two ports
// share all of their names, both carry the same value, and it is the first.
template <typename T>
int FindPort(const T* object, int (*find)(const T*, const char*, PortObject**),
             const std::vector<Port>& ports, const std::string& name) {
  for (size_t i = 0; i < ports.size(); ++i) {
    if (ports[i].name == name) return static_cast<int>(i);
  }
  PortObject* found = nullptr;
  if (find(object, name.c_str(), &found) != 0) return -1;
  const PortHandle owned(found);
  Port port;
  if (!ReadPort(found, &port).ok()) return -1;
  for (size_t i = 0; i < ports.size(); ++i) {
    if (ports[i].name == port.name) return static_cast<int>(i);
  }
  return -1;
}

}  // namespace tensorgate::openvino
