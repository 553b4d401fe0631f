import CoreTensor
import NeuralNetworks
import WorldModel

/// Cross-entropy of the student's probabilities with the teacher's of other crops (paper, equation 3 and algorithm 1).
///
/// Parameters: `tasks.dino.student`, and `.teacher`, which follows it; buffer: `.center`, which the teacher's mean output
/// moves (equation 4).
final class DINO: Objective {
  private let student: DINOHead
  private let teacher: DINOHead
  private let center: Parameter
  private let temperatures: (student: Float, teacher: Float)
  private let decay: Float
  private let weight: Float
  let wantsTargetFeatures = true
  var averagedHeads: [(head: any Module, average: any Module)] { [(student, teacher)] }

  init(
    _ shape: DINOHead.Shape, temperatures: (student: Float, teacher: Float), decay: Float, weight: Float,
    random: RandomStream
  ) {
    (self.temperatures, self.decay, self.weight) = (temperatures, decay, weight)
    var trained = Initializer(random: random)
    student = DINOHead(shape, initializer: &trained)
    var following = Initializer(random: random, trainable: false)
    teacher = DINOHead(shape, initializer: &following)
    center = following.constant(0, [1, shape.prototypes])
  }

  func callAsFunction(_ input: ObjectiveInput) -> [ObjectiveTerm] {
    let students = input.contexts.map {
      logSoftmax(student(pooledFeatures($0.features)) * (1 / temperatures.student))
    }
    let outputs = input.targetFeatures.map { target in
      guard let target else { fail("dino: a view without target features") }
      return teacher(pooledFeatures(target.features))
    }
    let teachers = outputs.map { softmax(($0 - center.tensor) * (1 / temperatures.teacher)) }
    let pairs = students.indices.flatMap { seen in
      teachers.indices.filter { $0 != seen }.map { (seen, $0) }
    }
    let losses = pairs.map { seen, other in
      (teachers[other] * students[seen]).sum() * (-1 / Float(students[seen].shape[0]))
    }
    let mean = losses.dropFirst().reduce(losses[0], +) * (1 / Float(losses.count))
    let output = concatenate(outputs).mean(over: [0], keepingDimensions: true)
    return [
      ObjectiveTerm(
        "cross_entropy", mean, weight: weight,
        statistics: [BatchStatistic(center, follows: output, decay: decay)])
    ]
  }

  func visit(_ visitor: inout ParameterVisitor) {
    visitor.module(student, "student")
    visitor.module(teacher, "teacher")
    visitor.buffer(center, "center")
  }
}

/// Three layers, a bottleneck of length 1, and its cosines with prototypes (paper, section 3.1 and appendix C).
final class DINOHead: Module {
  struct Shape {
    let features: Int
    let hidden: Int
    let bottleneck: Int
    let prototypes: Int
  }

  private let layers: [Linear]
  /// Of any length: directions alone count, `norm_last_layer` of the published code.
  private let prototypes: Parameter

  init(_ shape: Shape, initializer: inout Initializer) {
    let widths = [shape.features, shape.hidden, shape.hidden, shape.bottleneck]
    layers = zip(widths, widths.dropFirst()).map { Linear($0, $1, initializer: &initializer) }
    prototypes = initializer.truncatedNormal([shape.prototypes, shape.bottleneck])
  }

  /// (B, features) → (B, prototypes)
  func callAsFunction(_ x: Tensor) -> Tensor {
    let bottleneck = layers[2](gelu(layers[1](gelu(layers[0](x)))))
    return linear(normalized(bottleneck), weight: normalized(prototypes.tensor), bias: nil)
  }

  func visit(_ visitor: inout ParameterVisitor) {
    for (index, layer) in layers.enumerated() { visitor.module(layer, "layers.\(index)") }
    visitor.parameter(prototypes, "prototypes")
  }
}
