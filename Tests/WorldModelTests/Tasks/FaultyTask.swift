import CoreTensor
import Imaging
import NeuralNetworks
import WorldModel

/// A mistake that a task can make.
enum Fault: CaseIterable {
  case none, counter, unknownPatch, latentForOneCount, unusedParameter, wrongGradient, memory, badDefault
  case larger, smaller, brighter, undefinedPixel, undefinedNumber, undefinedPlace
  case forgottenByLatent, forgottenByObjective, shownTwice, oneNameForTwo
  case frameOutside, frameCounter, patchRows, patchWidth, brighterTarget
  /// Words of the promise that it breaks.
  var promise: String? {
    switch self {
    case .none: nil
    case .counter: "a draw depends on"
    case .unknownPatch: "supervisions name"
    case .latentForOneCount: "latents apply"
    case .unusedParameter: "gradients reach"
    case .wrongGradient: "finite differences"
    case .memory: "resumed run"
    case .badDefault: "options are declared"
    case .larger, .smaller, .brighter, .undefinedPixel, .brighterTarget: "edits keep"
    case .frameOutside, .frameCounter: "proposed frames"
    case .patchRows, .patchWidth: "numbers of patches"
    case .undefinedNumber: "a draw depends on"
    case .undefinedPlace: "latents apply"
    case .forgottenByLatent, .forgottenByObjective, .shownTwice, .oneNameForTwo: "shown to visitors"
    }
  }
  /// Whose code, what, where, and the remedy.
  var words: [String] {
    switch self {
    case .larger:
      ["task \"faulty\", editPixels", "view 0 of sample 0", "40 × 40 pixels", "32 × 32", "resize"]
    case .smaller: ["task \"faulty\", editPixels", "16 × 16 pixels", "32 × 32"]
    case .brighter: ["task \"faulty\", editPixels", "1.5", "[0, 1]", "clip"]
    case .undefinedPixel: ["task \"faulty\", editPixels", "nan", "divisions"]
    case .undefinedNumber: ["task \"faulty\", latents, of \"faulty\"", "inf", "divisions"]
    case .undefinedPlace: ["latent \"faulty\"", "nan"]
    case .forgottenByLatent:
      ["task \"faulty\", latent \"faulty\", condition", "linear", "[16, 16]", "visit(_:)"]
    case .forgottenByObjective: ["task \"faulty\", objective", "addRowVector", "[32]", "visit(_:)"]
    case .shownTwice: ["predictor.faulty.shift.weight", "predictor.faulty.again.weight", "once"]
    case .frameOutside:
      [
        "task \"faulty\" proposes for view 0", "of a radiograph of 50 × 60",
        "begin with one of scope.standard",
      ]
    case .frameCounter: ["task \"faulty\", proposeFrames", "a radiograph of 50 × 60 pixels", "scope.random"]
    case .patchRows: ["task \"faulty\" tells latent \"faulty\"", "in 3 rows", "expected 64 rows"]
    case .patchWidth: ["latent \"faulty\" takes 0 numbers a patch", "2 were attached"]
    case .brighterTarget: ["task \"faulty\", editTarget", "1.5", "[0, 1]", "clip"]
    case .oneNameForTwo: ["predictor.faulty.shift.weight", "a name of its own"]
    default: []
    }
  }
}

/// Hides one patch, and makes one mistake.
struct FaultyTask: WorldTask, TaskPlan {
  let fault: Fault
  let name = "faulty"
  let requiredViews = 1
  let state = State()

  final class State: @unchecked Sendable { var count = 0 }

  static func definition(_ fault: Fault) -> TaskDefinition {
    TaskDefinition(
      name: "faulty", summary: "faulty",
      options: [
        OptionDeclaration(
          "rate", .number(default: fault == .badDefault ? 2 : 0.5, in: 0...1), help: "of nothing")
      ], make: { _, _ in FaultyTask(fault: fault) })
  }

  func makeLatents(random: inout RandomStream) -> [any Latent] {
    [FaultyLatent(fault: fault, Initializer(random: random))]
  }
  func makeObjective(random: inout RandomStream) -> (any Objective)? {
    FaultyObjective(fault: fault, Initializer(random: random))
  }
  func plan(batch: BatchScope) -> any TaskPlan { self }
  func proposeFrames(_ scope: FrameScope) -> [Frame]? {
    var frames = scope.standard
    switch fault {
    case .frameOutside: frames[0].column += 1 + scope.radiograph.width - frames[0].width
    case .frameCounter:
      state.count += 1
      frames[0] = frames[0].inner(area: 0.25, down: Double(state.count % 7) / 6, right: 0)
    default: return nil
    }
    return frames
  }
  func draw(sample: SampleScope) -> any TaskDraw {
    if fault == .counter { state.count += 1 }
    return Draw(task: self, sample: sample)
  }

  private struct Draw: TaskDraw {
    let task: FaultyTask
    let sample: SampleScope
    func editPixels(of context: inout any Context) {
      switch task.fault {
      case .larger: context.pixels = context.pixels.resized(to: (40, 40))
      case .smaller: context.pixels = context.pixels.resized(to: (16, 16))
      case .brighter: context.pixels[3, 5] = 1.5
      case .undefinedPixel: context.pixels[3, 5] = .nan
      default: return
      }
    }
    func editTarget(of target: inout any Target) {
      if task.fault == .brighterTarget { target.pixels[3, 5] = 1.5 }
    }
    func editVisibility(of context: inout any Context) {
      if context.visible.count > 1 { context.visible.removeLast() }
      if task.fault == .unknownPatch { context.visible.append(64) }
    }
    func supervisions(views: [Frame]) -> [Supervision] {
      views.indices.map { Supervision(context: $0, target: $0, patches: .all, isFallback: true) }
    }
    func latents(context: Int, target: Int, views: [Frame]) -> [LatentValue] {
      let number: Float =
        switch task.fault {
        case .counter: Float(task.state.count)
        case .undefinedNumber: .infinity
        default: 1
        }
      let rows: [[Float]]? =
        switch task.fault {
        case .patchRows: [[1], [2], [3]]
        case .patchWidth: Array(repeating: [1, 2], count: 64)
        default: nil
        }
      return [LatentValue(latent: "faulty", numbers: [number], patchNumbers: rows)]
    }
  }
}

private final class FaultyLatent: Latent {
  let name = "faulty"
  let width = 1
  let fault: Fault
  let shift: Linear
  let hidden: Linear
  let unused: Parameter

  init(fault: Fault, _ initializer: Initializer) {
    var initializer = initializer
    self.fault = fault
    shift = Linear(1, 16, initializer: &initializer)
    hidden = Linear(16, 16, initializer: &initializer)
    unused = initializer.constant(1, [3])
  }
  func condition(_ tokens: Tensor, numbers: Tensor) -> Tensor {
    if fault == .latentForOneCount && tokens.shape[1] == 17 { return slice(tokens, 0..<1) }
    let shifted = tokens + shift(repeatRows(numbers, tokens.shape[1]))
    return fault == .forgottenByLatent ? hidden(shifted) : shifted
  }
  func move(_ place: GridPlace, numbers: ArraySlice<Float>, gridSize: Int) -> GridPlace {
    fault == .undefinedPlace ? GridPlace(row: place.row, column: .nan) : place
  }
  func visit(_ visitor: inout ParameterVisitor) {
    visitor.module(shift, "shift")
    if fault == .unusedParameter { visitor.parameter(unused, "unused") }
    if fault == .shownTwice { visitor.module(shift, "again") }
    if fault == .oneNameForTwo { visitor.module(hidden, "shift") }
  }
}

private final class FaultyObjective: Objective {
  let fault: Fault
  let gain: Parameter
  var calls: Float = 0

  init(fault: Fault, _ initializer: Initializer) {
    self.fault = fault
    gain = initializer.constant(1, [32])
  }

  /// Mean square of the first context's features, moved by a parameter.
  func callAsFunction(_ input: ObjectiveInput) -> [ObjectiveTerm] {
    calls += 1
    let features = addRowVector(input.contexts[0].features, gain.tensor)
    let error = meanSquaredError(features, Tensor(features.shape, repeating: fault == .memory ? calls : 0.5))
    guard fault == .wrongGradient else { return [ObjectiveTerm("square", error)] }
    let wrong = differentiable("wrong", [error], error.detached) { error.node?.receive($0 * 3) }
    return [ObjectiveTerm("square", wrong)]
  }
  func visit(_ visitor: inout ParameterVisitor) {
    if fault != .forgottenByObjective { visitor.parameter(gain, "gain") }
  }
}
