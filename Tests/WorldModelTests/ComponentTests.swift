import CoreTensor
import NeuralNetworks
import PluginChecks
import Testing
import WorldModel

/// Encoders, predictors, optimisers and schedules of somebody else's.
@Suite struct ComponentTests {
  /// Patches and places alone, without any look from one patch to another.
  private final class PatchEncoder: ImageEncoder {
    let shape: VisionTransformerConfiguration
    private let embedding: PatchEmbedding
    private let places: Parameter
    private let norm: LayerNorm
    private let sees: Bool

    init(_ shape: VisionTransformerConfiguration, seesEverything: Bool, initializer: inout Initializer) {
      (self.shape, sees) = (shape, seesEverything)
      embedding = PatchEmbedding(shape, initializer: &initializer)
      places = Parameter(
        PositionEncoding(width: shape.width, order: .rowFirst).grid(shape.gridSize), trainable: false)
      norm = LayerNorm(shape.width, initializer: initializer)
    }

    func callAsFunction(
      _ images: Tensor, visible: [[Int]]?, of tokens: [[Int]]?, dropping: DropPath?
    ) -> Tensor {
      let all = Array(repeating: Array(0..<shape.patchCount), count: images.shape[0])
      let patches = visible ?? all
      var features = norm(embedding(images, patches: patches) + positions(places, patches))
      if sees {
        let whole = meanTokens(embedding(images, patches: all))
        features = features + reshape(whole, [images.shape[0], 1, shape.width])
      }
      return tokens.map { gatherTokens(features, $0) } ?? features
    }

    func visit(_ visitor: inout ParameterVisitor) {
      visitor.module(embedding, "patch_embed")
      visitor.buffer(places, "pos_embed")
      visitor.module(norm, "norm")
    }
  }

  private static func encoder(seesEverything: Bool) -> ComponentDefinition {
    .encoder(
      .init(name: "patches", summary: "patches alone") { _ in
        { PatchEncoder($0, seesEverything: seesEverything, initializer: &$1) }
      })
  }

  @Test func anEncoderThatKeepsItsPromises() {
    #expect(checkComponent(Self.encoder(seesEverything: false)).filter { !$0.isKept } == [])
  }

  @Test func anEncoderThatSeesHiddenPatchesIsFound() {
    let broken = checkComponent(Self.encoder(seesEverything: true)).filter { !$0.isKept }
    #expect(broken.count == 1 && broken[0].problem!.contains("patches that are not visible"), "\(broken)")
  }

  /// What the context says in the mean, and the place.
  private final class MeanPredictor: Predictor {
    private let encoding: PositionEncoding
    private let read: Linear
    private let write: Linear

    init(_ shape: PredictorConfiguration, initializer: inout Initializer) {
      encoding = PositionEncoding(width: shape.width, order: shape.targetOrder)
      read = Linear(shape.featureWidth, shape.width, initializer: &initializer)
      write = Linear(shape.width, shape.featureWidth, initializer: &initializer)
    }

    func maskTokens(at places: [[GridPlace]]) -> Tensor {
      let all = places.flatMap { $0 }
      return Tensor([places.count, places.first?.count ?? 0, encoding.width]) { values in
        encoding.write(
          all.count, place: { (all[$0].row, all[$0].column) }, to: values.baseAddress!)
      }
    }

    func callAsFunction(context: Tensor, visible: [[Int]], maskTokens: Tensor) -> Tensor {
      let seen = read(meanTokens(context))
      return write(gelu(maskTokens + reshape(seen, [seen.shape[0], 1, seen.shape[1]])))
    }

    func visit(_ visitor: inout ParameterVisitor) {
      visitor.module(read, "read")
      visitor.module(write, "write")
    }
  }

  @Test func aPredictorThatKeepsItsPromises() {
    let definition = ComponentDefinition.predictor(
      .init(name: "mean", summary: "the mean context") { _ in { MeanPredictor($0, initializer: &$1) } })
    #expect(checkComponent(definition).filter { !$0.isKept } == [])
  }

  /// Plain steps; careless where they are not finite.
  private final class Descent: Optimizer {
    let parameters: [Parameter]
    let clipNorm = 0.0
    var updates = 0
    let state: [(name: String, tensor: Tensor)] = []
    private let averages: [(parameter: Parameter, average: Parameter)]
    private let isCareless: Bool

    init(_ request: OptimizerRequest, isCareless: Bool) {
      (parameters, self.isCareless) = (request.parameters, isCareless)
      averages = parameters.compactMap { parameter in
        request.averages[ObjectIdentifier(parameter)].map { (parameter, $0) }
      }
    }

    func update(learningRate: Double, scale: GradientScale, emaDecay: Double) {
      withoutGradients {
        for parameter in parameters {
          guard let gradient = parameter.gradient else { continue }
          let moved = parameter.tensor - gradient * scale.factor * Float(learningRate)
          let may = isCareless ? Tensor([1], shape: [1]) : scale.isFinite
          parameter.tensor.replace(by: moved, where: may)
        }
      }
      if !isCareless { follow(averages, emaDecay: emaDecay, scale: scale) }
    }
  }

  @Test(arguments: [false, true]) func optimisers(isCareless: Bool) {
    let definition = ComponentDefinition.optimizer(
      .init(name: "descent", summary: "plain steps") { Descent($1, isCareless: isCareless) })
    let broken = checkComponent(definition).filter { !$0.isKept }.compactMap(\.problem)
    guard isCareless else {
      #expect(broken == [])
      return
    }
    #expect(broken.contains { $0.contains("stays where it was") }, "\(broken)")
    #expect(broken.contains { $0.contains("a step whose loss is no number changes") }, "\(broken)")
  }

  private struct Constant: Schedule {
    let totalSteps: Int
    let rate: Double
    func learningRate(at step: Int) -> Double { rate }
    func emaDecay(at step: Int) -> Double { 0.99 }
  }

  @Test func schedules() {
    func problems(_ rate: Double, steps: Int? = nil) -> [String] {
      let definition = ComponentDefinition.schedule(
        .init(name: "constant", summary: "one rate") { _, request in
          Constant(totalSteps: steps ?? request.totalSteps, rate: rate)
        })
      return checkComponent(definition).compactMap(\.problem)
    }
    #expect(problems(1e-3) == [])
    #expect(problems(-1)[0].contains("learning rate -1"))
    #expect(problems(.nan)[0].contains("learning rate nan"))
    #expect(problems(1, steps: 7)[0].contains("50 steps"))
  }
}
