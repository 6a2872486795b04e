// Libraries of custom ops, in an order that matters: TensorFlow's registry belongs to the process,
// so the tests of one library follow one another in one test.
#include "model/op_libraries.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "model/saved_model.h"
#include "tensorflow/c/c_api.h"

namespace tensorgate {
namespace {

std::string Built(const std::string& name) {
  return std::string(TENSORGATE_BINARY_DIR) + "/" + name + ".so";
}

Status LoadCustomOpModel(std::unique_ptr<SavedModel>* model) {
  LoadOptions options;
  options.name = "m";
  options.path = std::string(TENSORGATE_SOURCE_DIR) + "/test/models/custom_op/1";
  options.tags = {"serve"};
  return SavedModel::Load(options, model);
}

TEST(OpLibrariesTest, LoadsALibraryOnceAndNothingInItsPlace) {
  OpLibraries& libraries = OpLibraries::Get();
  std::unique_ptr<SavedModel> model;
  const Status unknown = LoadCustomOpModel(&model);
  EXPECT_EQ(unknown.code(), Code::kNotFound);
  EXPECT_NE(unknown.message().find("Op type not registered 'TensorgateTestScale'"),
            std::string::npos)
      << unknown.message();

  ASSERT_TRUE(libraries.Load({Built("scale_twice"), "role", "twice"}).ok());
  EXPECT_TRUE(LoadCustomOpModel(&model).ok());
  model.reset();

  // The same content, wherever it lies, is not opened again.
  EXPECT_TRUE(libraries.Load({"/nowhere/copy.so", "role", "twice"}).ok());
  EXPECT_TRUE(libraries.Load({"/nowhere/copy.so", "another role", "twice"}).ok());

  // Another build is refused before it is opened: models of the first still load.
  const Status replaced = libraries.Load({Built("scale_thrice"), "role", "thrice"});
  EXPECT_EQ(replaced.code(), Code::kFailedPrecondition);
  EXPECT_EQ(replaced.message(),
            "op library " + Built("scale_thrice") +
                " differs from the one loaded before it; TensorFlow cannot replace a loaded "
                "library: restart the server");
  EXPECT_TRUE(LoadCustomOpModel(&model).ok());
  model.reset();

  // Under another name it is opened, and found to register its kernel again: an error, no crash,
  // and the same error at the next attempt.
  for (int attempt = 0; attempt < 2; ++attempt) {
    const Status again = libraries.Load({Built("scale_thrice"), "third role", "thrice"});
    EXPECT_EQ(again.code(), Code::kAlreadyExists);
    EXPECT_NE(again.message().find("registered already, for: TensorgateTestScale;"),
              std::string::npos)
        << again.message();
  }
  for (int attempt = 0; attempt < 2; ++attempt) {
    const Status other = libraries.Load({Built("scale_other"), "fourth role", "other"});
    EXPECT_EQ(other.code(), Code::kAlreadyExists) << other.message();
  }
}

TEST(OpLibrariesTest, RefusesALibraryForAnotherTensorFlowAndOpensItAgainOnceItIsMended) {
  const std::string path = Built("scale_other_tensorflow");
  for (int attempt = 0; attempt < 2; ++attempt) {
    const Status status = OpLibraries::Get().Load({path, path, "other tensorflow"});
    EXPECT_EQ(status.code(), Code::kFailedPrecondition);
    EXPECT_EQ(status.message(), "cannot load op library " + path +
                                    ": it was built for another TensorFlow than the server's " +
                                    TF_Version() +
                                    ": that has no tensorflow::FunctionOfAnotherVersion(int)");
  }
}

}  // namespace
}  // namespace tensorgate
