import CoreTensor
import NeuralNetworks

// MARK: - What follows by moving average, and target features

extension WorldModel {
  /// The encoder that training is for, which evaluations judge unless another is asked for: the target encoder where it
  /// follows the encoder, as in the paper, else the encoder itself.
  public var transferredEncoder: any ImageEncoder {
    guard shape.targetEncoder == .follows, let targetEncoder else { return encoder }
    return targetEncoder
  }

  /// One of the model's encoders for images of another size, with its weights; the encoder itself for its own size.
  /// - Parameters:
  ///   - encoder: of this model.
  ///   - side: of the images in pixels, a multiple of the patch.
  /// - Returns: nil where the encoder cannot take over its weights for that size.
  public func enlarged(_ encoder: any ImageEncoder, to side: Int) -> (any ImageEncoder)? {
    guard side != encoder.shape.imageSize else { return encoder }
    var shape = encoder.shape
    shape.imageSize = side
    var initializer = Initializer(random: RandomStream(seed: 0, stream: "enlarged"), trainable: false)
    let other = networks.makeEncoder(shape, &initializer)
    return other.adopt(encoder) ? other : nil
  }

  /// What follows each parameter by moving average, θ' ← τ θ' + (1 - τ) θ (spec section 1): the target encoder the
  /// encoder, unless it is frozen or absent, and what objectives declare their own heads (`Objective.averagedHeads`).
  public var averages: [ObjectIdentifier: Parameter] {
    var pairs: [(any Module, any Module)] = []
    if shape.targetEncoder == .follows, let targetEncoder { pairs.append((encoder, targetEncoder)) }
    pairs += objectives.flatMap { $0.objective.averagedHeads.map { ($0.head, $0.average) } }
    let all = pairs.flatMap { Self.parameters(of: $0.0, $0.1) }
    return Dictionary(all.map { (ObjectIdentifier($0), $1) }, uniquingKeysWith: { first, _ in first })
  }

  /// Parameters of two modules of one make, side by side, without buffers.
  private static func parameters(of head: any Module, _ average: any Module) -> [(Parameter, Parameter)] {
    zip(head.entries, average.entries).filter { !$0.0.isBuffer }.map { ($0.parameter, $1.parameter) }
  }

  /// Gives every average of an objective's head the head's values.
  static func beginEqual(_ objectives: [OwnedObjective]) {
    for (head, average) in objectives.flatMap(\.objective.averagedHeads) {
      for (own, other) in zip(head.entries, average.entries) {
        other.parameter.assign(own.parameter.tensor)
      }
    }
  }

  /// A head whose average is of another make, is trained, or is not shown to visitors.
  static func problem(_ entries: [ParameterVisitor.Entry], _ objectives: [OwnedObjective]) -> TaskFault? {
    let shown = Set(entries.map { ObjectIdentifier($0.parameter) })
    for own in objectives {
      for (head, average) in own.objective.averagedHeads {
        let (parameters, following) = (head.entries, average.entries)
        let shapes = [parameters, following].map { $0.map { "\($0.name) \($0.parameter.shape)" } }
        if shapes[0] != shapes[1] {
          return .headAndFollower(
            task: own.task,
            problem: "expected an average with \(shapes[0]), found \(shapes[1]); make both by one initialiser"
          )
        }
        if let trained = following.first(where: { $0.parameter.isTrainable }) {
          return .headAndFollower(
            task: own.task,
            problem: "the average's \(trained.name) would be trained; make the average with "
              + "Initializer(random:trainable: false)")
        }
        if let hidden = (parameters + following).first(where: {
          !shown.contains(ObjectIdentifier($0.parameter))
        }) {
          return .headAndFollower(
            task: own.task,
            problem:
              "\(hidden.name) is shown to no visitor, so that it would not be saved; show head and average "
              + "in visit(_:) of the objective")
        }
      }
    }
    return nil
  }

  /// Features through the target encoder, layer-normed unless the configuration says otherwise: whole images
  /// (B, 3, S, S) → (B, N, d), or (B, T, d) of B rows of T patches. They have no history.
  /// - Parameters:
  ///   - images: `(B, 3, S, S)`, normalised.
  ///   - visible: B rows of patches that alone are encoded; nil for all.
  ///   - patches: B rows of positions among those, whose features are wanted; nil for all.
  /// - Precondition: the model has a target encoder.
  public func targetFeatures(
    _ images: Tensor, visible: [[Int]]? = nil, of patches: [[Int]]? = nil
  ) -> Tensor {
    guard let targetEncoder else {
      fail("WorldModel.targetFeatures: the model has no target encoder (model.target_encoder = \"absent\")")
    }
    return Observation.within("target_encoder") {
      let features = targetEncoder(images, visible: visible, of: patches)
      guard shape.normalizesTargets else { return features }
      return layerNorm(features, weight: nil, bias: nil, epsilon: Self.targetEpsilon)
    }
  }

  /// Refuses a batch that compares something with target features where there are none.
  /// - Throws: `AssemblyError.noTargetEncoder`.
  func checkTargets(_ batch: WorldBatch) throws {
    guard targetEncoder == nil else { return }
    if !batch.supervisions.isEmpty {
      let groups = Set(batch.supervisions.map(\.group))
      throw AssemblyError.noTargetEncoder(
        tasks: batch.parts.filter { groups.contains($0.group) }.flatMap(\.tasks),
        wanting: "supervisions " + batch.supervisions.map(\.name).joined(separator: ", "))
    }
    let wanting = objectives.filter(\.objective.wantsTargetFeatures).map(\.task)
    guard wanting.isEmpty else {
      throw AssemblyError.noTargetEncoder(tasks: wanting, wanting: "objectives that ask for target features")
    }
  }
}
