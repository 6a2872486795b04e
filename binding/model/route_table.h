// RouteTable: which loaded version answers a request, for the models whose requests need no
// decision beyond name, version and label. Published by JavaScript whenever that changes. It holds
// no model: one that is unloaded in between is not found. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "codec/proto/predict_proto.h"
#include "model/servable.h"

namespace tensorgate {

struct ModelRoutes {
  using Target = std::weak_ptr<const Servable>;
  Target latest;
  std::map<int64_t, Target> versions;
  std::map<std::string, Target, std::less<>> labels;
};

class RouteTable {
 public:
  using Models = std::map<std::string, ModelRoutes, std::less<>>;

  void Replace(Models models) { models_ = std::move(models); }

  // Null: the table does not know, which says nothing about the request.
  std::shared_ptr<const Servable> Find(const ModelSpecView& spec) const {
    const auto found = models_.find(spec.name);
    if (found == models_.end()) return nullptr;
    const ModelRoutes& routes = found->second;
    if (spec.has_version) {
      const auto version = routes.versions.find(spec.version);
      return version == routes.versions.end() ? nullptr : version->second.lock();
    }
    if (spec.has_label) {
      const auto label = routes.labels.find(spec.label);
      return label == routes.labels.end() ? nullptr : label->second.lock();
    }
    return routes.latest.lock();
  }

 private:
  Models models_;
};

}  // namespace tensorgate
