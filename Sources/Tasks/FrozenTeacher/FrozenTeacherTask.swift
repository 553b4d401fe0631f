import CoreTensor
import WorldModel

@c(chex_plugin) public func entry() -> UnsafePointer<chex_plugin_information> {
  pluginInformation(name: "frozen-teacher", version: "1.0.0", compiledAgainst: CHEX_CORE_FINGERPRINT) {
    $0.register(FrozenTeacherTask.definition)
  }
}

/// A teacher that stays as it was trained (SALT, Li et al. 2025, arXiv 2509.24317, second stage): target features are
/// those of another run's encoder, and encoder and predictor begin afresh to predict them.
///
/// What is predicted is for other tasks to say, `local` as in the paper; alone it hides patches at random and has them
/// predicted.
struct FrozenTeacherTask: WorldTask {
  static let definition = TaskDefinition(
    name: "frozen-teacher", summary: "predict the features of another run's encoder, which stays as it is",
    options: [
      OptionDeclaration(
        "teacher", .text(default: ""),
        help: "folder of the run whose encoder is the teacher, trained or imported; read when a run begins"),
      OptionDeclaration(
        "mask_ratio", .number(default: 0.75, in: 0.05...0.99),
        help: "share of patches that are hidden at random where no other task hides any"),
    ], targetEncoder: .frozen,
    make: { options, _ in
      FrozenTeacherTask(path: options.text("teacher"), maskRatio: options.number("mask_ratio"))
    })

  let name = "frozen-teacher"
  let requiredViews = 1
  /// After tasks that hide patches.
  let order = 1
  let path: String
  let maskRatio: Double

  var teacher: String? { path }

  func plan(batch: BatchScope) -> any TaskPlan {
    RandomMaskPlan(name, ratio: maskRatio, for: .prediction)
  }
}
