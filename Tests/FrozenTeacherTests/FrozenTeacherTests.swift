import CoreTensor
import PluginChecks
import Testing
import WorldModel

@testable import FrozenTeacherTask
@testable import LocalTask

@Suite struct FrozenTeacherTests {
  @Test(arguments: [0.5, 0.75]) func keepsEveryPromise(ratio: Double) {
    let checks = checkTask(
      FrozenTeacherTask.definition, options: ["mask_ratio": .number(ratio)],
      alongside: [LocalTask.definition])
    #expect(checks.filter { !$0.isKept } == [])
  }

  private static func tasks(_ mode: TargetEncoderMode) throws -> TaskSet {
    let shape = WorldModelConfiguration(
      encoder: .init(imageSize: 32, patchSize: 4, width: 32, depth: 2, heads: 2),
      predictor: .init(featureWidth: 32, width: 16, depth: 1, heads: 2, gridSize: 8), targetEncoder: mode)
    let definitions = [LocalTask.definition, FrozenTeacherTask.definition]
    return try TaskSet(
      definitions.map { ($0, Options($0.options)) }, environment: shape.environment(.paper))
  }

  /// The task is for a target encoder that stays, and acts after the one that hides patches.
  @Test func itIsForAFrozenTargetEncoder() throws {
    #expect(try Self.tasks(.frozen).tasks.map(\.name) == ["local", "frozen-teacher"])
    for mode in [TargetEncoderMode.follows, .absent] {
      let error = #expect(throws: AssemblyError.self) { try Self.tasks(mode) }
      #expect(error == .targetEncoderMode(task: "frozen-teacher", wanted: .frozen, found: mode))
      #expect(error.map { "\($0)".contains("set it to \"frozen\"") } == true)
    }
  }
}
