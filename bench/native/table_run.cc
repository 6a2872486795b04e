// table_run: a lookup table beside the graph that does the same, StaticHashTable and Gather in a
// SavedModel: how long each takes to load, what memory it then takes, and how many lookups of so
// many keys one core does in a second of its time. Both get the same keys, in rounds that take
// turns, other ones each time; the graph runs as raw_run has it run, fed with tensors that are
// ready.
//   table_run --table=FOLDER --model=VERSION_FOLDER --feed=keys:0 --fetch=values:0
//             --keys=1000 --rounds=5 --seconds=1
// FOLDER has vocabulary.txt and values.npy, rows of floats; without --model the table is measured
// alone. Prints one line of JSON.
#include <tensorflow/c/c_api.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "command_line.h"
#include "table/table.h"

namespace {

using SteadyClock = std::chrono::steady_clock;
using tensorgate::Table;
using tensorgate::Tensor;
using tensorgate::TensorView;
using tensorgate::bench::Fail;
using tensorgate::bench::Option;

// Together they ask for more than caches hold.
constexpr size_t kBatches = 512;

double SecondsSince(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

size_t ResidentBytes() {
  size_t all = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> all >> resident;
  return resident * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

size_t FileBytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) Fail("cannot read " + path);
  return static_cast<size_t>(file.tellg());
}

// The keys of a request, as its body has them: one behind the other.
class KeyBatch {
 public:
  explicit KeyBatch(const std::vector<std::string>& keys) {
    for (const std::string& key : keys) body_ += key;
    size_t at = 0;
    for (const std::string& key : keys) {
      views_.push_back(std::string_view(body_).substr(at, key.size()));
      at += key.size();
    }
  }
  KeyBatch(const KeyBatch&) = delete;

  const std::vector<std::string_view>& keys() const { return views_; }

 private:
  std::string body_;
  std::vector<std::string_view> views_;
};

using Batches = std::deque<KeyBatch>;

// Batches of keys that are drawn from the vocabulary.
Batches DrawKeys(const std::string& path, size_t keys) {
  std::vector<std::string> drawn;
  const size_t wanted = keys * kBatches;
  std::mt19937_64 random(1);
  std::ifstream file(path);
  std::string line;
  for (size_t seen = 0; std::getline(file, line); ++seen) {
    if (drawn.size() < wanted) {
      drawn.push_back(line);
    } else if (const size_t place = random() % (seen + 1); place < wanted) {
      drawn[place] = line;
    }
  }
  if (drawn.empty()) Fail("no keys in " + path);
  std::shuffle(drawn.begin(), drawn.end(), random);
  Batches batches;
  for (size_t batch = 0; batch < kBatches; ++batch) {
    std::vector<std::string> chosen;
    for (size_t i = 0; i < keys; ++i) chosen.push_back(drawn[(batch * keys + i) % drawn.size()]);
    batches.emplace_back(chosen);
  }
  return batches;
}

std::string_view StringAt(const void* data, int64_t index) {
  return static_cast<const std::string_view*>(data)[index];
}

class TableSide {
 public:
  TableSide(const std::string& folder, bool memory_map) {
    tensorgate::TableConfig config;
    config.format = tensorgate::TableFormat::kNpy;
    config.file = "values.npy";
    config.vocabulary_file = "vocabulary.txt";
    config.memory_map = memory_map;
    const tensorgate::Status status = Table::Load(config, folder, {}, &table_);
    if (!status.ok()) Fail(status.message());
  }

  float Run(const KeyBatch& batch) const {
    const std::vector<std::string_view>& keys = batch.keys();
    const int64_t count = static_cast<int64_t>(keys.size());
    TensorView view;
    view.dtype = tensorgate::DataType::kString;
    view.dims = &count;
    view.rank = 1;
    view.elements = count;
    view.data = keys.data();
    view.string_at = StringAt;
    std::vector<Tensor> values;
    const tensorgate::Status status = table_->Lookup(view, {0}, {}, &values);
    if (!status.ok()) Fail(status.message());
    return Sum(values[0].data.data(), values[0].data.size());
  }

  // Of some of the bytes: both sides must give the same.
  static float Sum(const void* data, size_t bytes) {
    const float* const floats = static_cast<const float*>(data);
    float sum = 0;
    for (size_t i = 0; i < bytes / sizeof(float); i += 4096) sum += floats[i];
    return sum;
  }

 private:
  std::unique_ptr<const Table> table_;
};

class GraphSide {
 public:
  GraphSide(const std::string& model, const std::string& feed, const std::string& fetch) {
    TF_SessionOptions* options = TF_NewSessionOptions();
    // ConfigProto { intra_op_parallelism_threads: 1, inter_op_parallelism_threads: 1 }
    const unsigned char config[] = {0x10, 1, 0x28, 1};
    TF_SetConfig(options, config, sizeof(config), status_);
    const char* tags[] = {"serve"};
    session_ = TF_LoadSessionFromSavedModel(options, nullptr, model.c_str(), tags, 1, graph_,
                                            nullptr, status_);
    Check();
    // RunOptions { inter_op_thread_pool: -1 }: the graph runs in the calling thread.
    const unsigned char run[] = {0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01};
    run_options_ = TF_NewBufferFromString(run, sizeof(run));
    feed_ = Endpoint(feed);
    fetch_ = Endpoint(fetch);
  }

  void Take(const Batches& batches) {
    for (const KeyBatch& batch : batches) {
      const std::vector<std::string_view>& keys = batch.keys();
      const int64_t count = static_cast<int64_t>(keys.size());
      TF_Tensor* const tensor =
          TF_AllocateTensor(TF_STRING, &count, 1, keys.size() * sizeof(TF_TString));
      TF_TString* const strings = static_cast<TF_TString*>(TF_TensorData(tensor));
      for (size_t i = 0; i < keys.size(); ++i) {
        TF_StringInit(&strings[i]);
        TF_StringCopy(&strings[i], keys[i].data(), keys[i].size());
      }
      tensors_.push_back(tensor);
    }
  }

  float Run(size_t batch) {
    TF_Tensor* output = nullptr;
    TF_SessionRun(session_, run_options_, &feed_, &tensors_[batch], 1, &fetch_, &output, 1, nullptr,
                  0, nullptr, status_);
    Check();
    const float sum = TableSide::Sum(TF_TensorData(output), TF_TensorByteSize(output));
    TF_DeleteTensor(output);
    return sum;
  }

 private:
  void Check() const {
    if (TF_GetCode(status_) != TF_OK) Fail(TF_Message(status_));
  }

  TF_Output Endpoint(const std::string& tensor) const {
    const size_t colon = tensor.rfind(':');
    TF_Operation* const operation =
        TF_GraphOperationByName(graph_, tensor.substr(0, colon).c_str());
    if (operation == nullptr) Fail("no such tensor: " + tensor);
    return {operation, std::atoi(tensor.c_str() + colon + 1)};
  }

  TF_Status* const status_ = TF_NewStatus();
  TF_Graph* const graph_ = TF_NewGraph();
  TF_Session* session_ = nullptr;
  TF_Buffer* run_options_ = nullptr;
  TF_Output feed_, fetch_;
  std::vector<TF_Tensor*> tensors_;
};

struct Load {
  double seconds;
  size_t resident_bytes;
};

Load Measured(const std::function<void()>& load) {
  const size_t before = ResidentBytes();
  const SteadyClock::time_point start = SteadyClock::now();
  load();
  return {SecondsSince(start), ResidentBytes() - before};
}

// Of this thread, which does all the work: what else the machine does hardly counts.
double ProcessorSeconds() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// Runs in a second of processor time, over all batches in turn.
double Rate(double seconds, const std::function<void(size_t batch)>& run) {
  const double start = ProcessorSeconds();
  size_t runs = 0;
  do {
    for (int i = 0; i < 8; ++i) run(runs++ % kBatches);
  } while (ProcessorSeconds() - start < seconds);
  return static_cast<double>(runs) / (ProcessorSeconds() - start);
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  const std::string folder = Option(argc, argv, "table", nullptr);
  const std::string model = Option(argc, argv, "model", "");
  const size_t keys = std::strtoull(Option(argc, argv, "keys", "1000").c_str(), nullptr, 10);
  const int rounds = std::atoi(Option(argc, argv, "rounds", "5").c_str());
  const double seconds = std::atof(Option(argc, argv, "seconds", "1").c_str());
  if (keys == 0 || rounds <= 0) Fail("--keys and --rounds are numbers from 1 on");

  const Batches batches = DrawKeys(folder + "/vocabulary.txt", keys);
  std::unique_ptr<TableSide> table;
  const bool memory_map = Option(argc, argv, "memory_map", "") == "true";
  const Load table_load =
      Measured([&] { table = std::make_unique<TableSide>(folder, memory_map); });
  std::unique_ptr<GraphSide> graph;
  Load graph_load = {};
  if (!model.empty()) {
    graph_load = Measured([&] {
      graph = std::make_unique<GraphSide>(model, Option(argc, argv, "feed", nullptr),
                                          Option(argc, argv, "fetch", nullptr));
    });
    graph->Take(batches);
    for (size_t i = 0; i < kBatches; ++i) {
      if (table->Run(batches[i]) != graph->Run(i)) Fail("table and graph differ");
    }
  }

  std::vector<double> table_rates, graph_rates, ratios;
  for (int round = 0; round < rounds; ++round) {
    table_rates.push_back(Rate(seconds, [&](size_t batch) { table->Run(batches[batch]); }));
    if (!graph) continue;
    graph_rates.push_back(Rate(seconds, [&](size_t batch) { graph->Run(batch); }));
    ratios.push_back(table_rates.back() / graph_rates.back());
  }
  std::printf(
      "{\"data_bytes\": %zu, \"table_load_seconds\": %.2f, \"table_resident_bytes\": %zu, "
      "\"table_per_second\": %.1f",
      FileBytes(folder + "/vocabulary.txt") + FileBytes(folder + "/values.npy"), table_load.seconds,
      table_load.resident_bytes, Median(table_rates));
  if (graph) {
    std::printf(
        ", \"graph_load_seconds\": %.2f, \"graph_resident_bytes\": %zu, "
        "\"graph_per_second\": %.1f, \"ratio\": %.2f",
        graph_load.seconds, graph_load.resident_bytes, Median(graph_rates), Median(ratios));
  }
  std::printf("}\n");
  return 0;
}
