#include "openvino/port.h"

#include "openvino/element_type.h"
#include "openvino/error.h"

namespace tensorgate::openvino {

Status ReadPort(const PortObject* object, Port* port) {
  const CApi& api = Api();
  char* name = nullptr;
  // One without names is an error to it.
  if (api.port_name(object, &name) == 0 && name != nullptr) {
    const TextHandle owned(name);
    port->name = name;
  }
  int type = 0;
  CPartialShape shape{};
  Status status = FromOpenVino(api.port_type(object, &type), Code::kInternal, "no type of a port");
  if (!status.ok()) return status;
  status = FromOpenVino(api.port_shape(object, &shape), Code::kInternal, "no shape of a port");
  if (!status.ok()) return status;
  port->dtype = DataTypeOf(type);
  port->shape = PartialShape();
  if (shape.rank.min == shape.rank.max && shape.rank.min >= 0) {
    port->shape.unknown_rank = false;
    for (int64_t i = 0; i < shape.rank.min; ++i) {
      const CRange& dim = shape.dims[i];
      port->shape.dims.push_back(dim.min == dim.max ? dim.min : -1);
    }
  }
  api.partial_shape_free(&shape);
  return Status();
}

template <typename T>
Status ReadPorts(const T* object, int (*count)(const T*, size_t*),
                 int (*at)(const T*, size_t, PortObject**), std::vector<Port>* ports) {
  size_t number = 0;
  Status status = FromOpenVino(count(object, &number), Code::kInternal, "no number of ports");
  for (size_t i = 0; i < number && status.ok(); ++i) {
    PortObject* port = nullptr;
    status = FromOpenVino(at(object, i, &port), Code::kInternal, "no port");
    if (!status.ok()) break;
    const PortHandle owned(port);
    status = ReadPort(port, &ports->emplace_back());
  }
  return status;
}

template Status ReadPorts(const ModelObject*, int (*)(const ModelObject*, size_t*),
                          int (*)(const ModelObject*, size_t, PortObject**), std::vector<Port>*);
template Status ReadPorts(const CompiledModelObject*, int (*)(const CompiledModelObject*, size_t*),
                          int (*)(const CompiledModelObject*, size_t, PortObject**),
                          std::vector<Port>*);

}  // namespace tensorgate::openvino
