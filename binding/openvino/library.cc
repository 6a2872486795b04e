#include <dlfcn.h>

#include <atomic>
#include <cstring>
#include <mutex>
#include <string_view>

#include "openvino/c_api.h"

namespace tensorgate::openvino {
namespace {

// Layouts, element types' numbers and the names of functions may change with the first two numbers.
constexpr std::string_view kVersion = "2026.4.";

struct NamedFunction {
  const char* name;
  void* place;  // the pointer to it
};

// Null when all are there, else the name of the first that is missing.
const char* Resolve(void* library, CApi* api) {
  const NamedFunction functions[] = {
      {"ov_get_openvino_version", &api->get_version},
      {"ov_version_free", &api->version_free},
      {"ov_get_last_err_msg", &api->last_error},
      {"ov_free", &api->free_text},
      {"ov_core_create", &api->core_create},
      {"ov_core_free", &api->core_free},
      {"ov_core_read_model", &api->read_model},
      {"ov_core_read_model_from_memory_buffer", &api->read_model_from_memory},
      {"ov_core_compile_model_props", &api->compile_model},
      {"ov_model_free", &api->model_free},
      {"ov_model_inputs_size", &api->model_inputs},
      {"ov_model_outputs_size", &api->model_outputs},
      {"ov_model_const_input_by_index", &api->model_input},
      {"ov_model_const_output_by_index", &api->model_output},
      {"ov_model_const_input_by_name", &api->model_input_by_name},
      {"ov_model_const_output_by_name", &api->model_output_by_name},
      {"ov_model_reshape_by_port_indexes", &api->model_reshape},
      {"ov_output_const_port_free", &api->port_free},
      {"ov_port_get_any_name", &api->port_name},
      {"ov_port_get_partial_shape", &api->port_shape},
      {"ov_port_get_element_type", &api->port_type},
      {"ov_partial_shape_free", &api->partial_shape_free},
      {"ov_compiled_model_free", &api->compiled_free},
      {"ov_compiled_model_inputs_size", &api->compiled_inputs},
      {"ov_compiled_model_outputs_size", &api->compiled_outputs},
      {"ov_compiled_model_input_by_index", &api->compiled_input},
      {"ov_compiled_model_output_by_index", &api->compiled_output},
      {"ov_compiled_model_input_by_name", &api->compiled_input_by_name},
      {"ov_compiled_model_output_by_name", &api->compiled_output_by_name},
      {"ov_compiled_model_get_property", &api->compiled_property},
      {"ov_compiled_model_create_infer_request", &api->create_request},
      {"ov_infer_request_free", &api->request_free},
      {"ov_infer_request_set_input_tensor_by_index", &api->set_input},
      {"ov_infer_request_set_output_tensor_by_index", &api->set_output},
      {"ov_infer_request_get_input_tensor_by_index", &api->get_input},
      {"ov_infer_request_get_output_tensor_by_index", &api->get_output},
      {"ov_infer_request_infer", &api->infer},
      {"ov_tensor_create_from_host_ptr", &api->tensor_over},
      {"ov_tensor_get_shape", &api->tensor_shape},
      {"ov_tensor_get_element_type", &api->tensor_type},
      {"ov_tensor_get_byte_size", &api->tensor_bytes},
      {"ov_tensor_data", &api->tensor_data},
      {"ov_tensor_free", &api->tensor_free},
      {"ov_shape_free", &api->shape_free},
  };
  for (const NamedFunction& each : functions) {
    void* const found = dlsym(library, each.name);
    if (found == nullptr) return each.name;
    std::memcpy(each.place, &found, sizeof(found));
  }
  return nullptr;
}

struct OpenedLibrary {
  CApi api{};
  std::string version;
};

std::mutex opening;
// Set once. Never freed, nor is the library closed: it has threads of its own.
std::atomic<const OpenedLibrary*> opened{nullptr};

Status RefusedLibrary(Code code, const std::string& path, const std::string& why) {
  return Status(code, "cannot use OpenVINO's library " + path + ": " + why);
}

}  // namespace

Status OpenLibrary(const std::string& path) {
  if (opened.load(std::memory_order_acquire) != nullptr) return Status();
  const std::lock_guard<std::mutex> lock(opening);
  if (opened.load(std::memory_order_relaxed) != nullptr) return Status();
  // Local: what it exports must not meet TensorFlow's names.
  void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* const why = dlerror();
    return RefusedLibrary(Code::kNotFound, path, why == nullptr ? "it cannot be opened" : why);
  }
  auto made = std::make_unique<OpenedLibrary>();
  const char* const missing = Resolve(library, &made->api);
  if (missing != nullptr) {
    dlclose(library);
    return RefusedLibrary(Code::kFailedPrecondition, path, std::string("it lacks ") + missing);
  }
  CVersion version{};
  if (made->api.get_version(&version) == 0 && version.build != nullptr) {
    made->version = version.build;
    made->api.version_free(&version);
  }
  if (made->version.rfind(kVersion, 0) != 0) {
    dlclose(library);
    return RefusedLibrary(
        Code::kFailedPrecondition, path,
        "it is version " + made->version + ", expected " + std::string(kVersion) + "x");
  }
  opened.store(made.release(), std::memory_order_release);
  return Status();
}

const CApi& Api() { return opened.load(std::memory_order_acquire)->api; }
const std::string& LibraryVersion() { return opened.load(std::memory_order_acquire)->version; }

}  // namespace tensorgate::openvino
