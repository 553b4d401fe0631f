import CoreTensor
import Foundation
import Imaging
import NeuralNetworks
import WorldModel

@c(chex_plugin) public func entry() -> UnsafePointer<chex_plugin_information> {
  pluginInformation(name: "rotation", version: "1.0.0", compiledAgainst: CHEX_CORE_FINGERPRINT) {
    $0.register(RotationTask.definition)
  }
}

/// Predict an upright crop from one that was turned, told by how much: the mask tokens stand where the turn puts the
/// target's patches.
public struct RotationTask: WorldTask {
  public static let definition = TaskDefinition(
    name: "rotation", summary: "predict a crop from one that was turned, told the angle",
    options: [
      OptionDeclaration(
        "degrees", .interval(default: -20...20, in: -180...180),
        help: "of the turn, uniform; positive is clockwise"),
      OptionDeclaration("latent", .boolean(default: true), help: "tell the predictor the angle"),
    ],
    make: { options, _ in RotationTask(degrees: options.interval("degrees"), tells: options.boolean("latent"))
    })

  public let name = "rotation"
  public let requiredViews = 1
  let degrees: ClosedRange<Double>
  let tells: Bool

  public func makeLatents(random: inout RandomStream) -> [any Latent] { tells ? [TurnLatent()] : [] }
  public func plan(batch: BatchScope) -> any TaskPlan { Plan(task: self) }

  private struct Plan: TaskPlan {
    let task: RotationTask

    func draw(sample: SampleScope) -> any TaskDraw {
      var random = sample.batch.random("rotation", sample: sample.index)
      return Draw(
        turns: sample.views.map { _ in Turn(degrees: random.uniform(in: task.degrees)) }, tells: task.tells)
    }
  }

  private struct Draw: TaskDraw {
    /// Of each view's context.
    let turns: [Turn]
    let tells: Bool

    func editPixels(of context: inout any Context) {
      context.pixels = turns[context.view].turned(context.pixels)
    }

    func supervisions(views: [Frame]) -> [Supervision] {
      views.indices.map { Supervision(context: $0, target: $0, patches: .all, isFallback: true) }
    }

    func latents(context: Int, target: Int, views: [Frame]) -> [LatentValue] {
      tells ? [LatentValue(latent: "turn", numbers: turns[context].numbers)] : []
    }

    var record: [String: [Double]] { ["degrees": turns.map(\.degrees)] }
  }
}

/// A clockwise turn about the middle.
public struct Turn: Sendable {
  public let degrees: Double
  public let cosine: Double
  public let sine: Double

  public init(degrees: Double) {
    self.degrees = degrees
    (cosine, sine) = (cos(degrees * .pi / 180), sin(degrees * .pi / 180))
  }

  var numbers: [Float] { [Float(cosine), Float(sine)] }

  /// The image turned, bilinear, black where nothing was.
  public func turned(_ image: GrayImage) -> GrayImage {
    var result = GrayImage(width: image.width, height: image.height)
    let (middleRow, middleColumn) = (Double(image.height - 1) / 2, Double(image.width - 1) / 2)
    for row in 0..<image.height {
      for column in 0..<image.width {
        let (down, right) = (Double(row) - middleRow, Double(column) - middleColumn)
        result[row, column] = image.sampled(
          row: middleRow + cosine * down - sine * right, column: middleColumn + sine * down + cosine * right)
      }
    }
    return result
  }
}

/// Moves mask tokens to where the turn puts their patches. No parameters; numbers are cosine and sine.
public final class TurnLatent: Latent {
  public let name = "turn"
  public let width = 2

  public init() {}

  public func move(_ place: GridPlace, numbers: ArraySlice<Float>, gridSize: Int) -> GridPlace {
    let (cosine, sine) = (Double(numbers[numbers.startIndex]), Double(numbers[numbers.startIndex + 1]))
    let middle = Double(gridSize - 1) / 2
    let (down, right) = (place.row - middle, place.column - middle)
    return GridPlace(
      row: middle + cosine * down + sine * right, column: middle - sine * down + cosine * right)
  }

  public func visit(_ visitor: inout ParameterVisitor) {}
}
