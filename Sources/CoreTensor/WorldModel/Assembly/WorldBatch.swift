import CoreTensor

/// Everything one training step needs, already drawn and stacked.
public struct WorldBatch: @unchecked Sendable {
  /// A context of every sample.
  public struct Context: @unchecked Sendable {
    /// `(B, 3, S, S)`, normalised.
    public var images: Tensor
    /// B rows of K patch numbers; nil when all are visible.
    public var visible: [[Int]]?
    public init(images: Tensor, visible: [[Int]]?) {
      self.images = images
      self.visible = visible
    }
  }

  /// One prediction of every sample: from a context, of a target, at some patches, told some latents.
  public struct SupervisedPatches: @unchecked Sendable {
    /// Name of its loss in logs: `z12` from context 1 to target 2.
    public var name: String
    /// Positions in `contexts` and `targets`.
    public var context: Int
    public var target: Int
    /// B rows of T patch numbers of the target.
    public var patches: [[Int]]
    /// What the predictor is told of views, in order: a latent's name and its numbers, `(B, width)`.
    public var latents: [(name: String, numbers: Tensor)]
    /// What it is told of each predicted patch, likewise, `(B, T, patchWidth)`: rows of `patches`.
    public var patchLatents: [(name: String, numbers: Tensor)]
    /// The numbers of both as the host has them, where the prediction was moved to another device: places of mask
    /// tokens are the host's work.
    private var hostLatents: [String: [Float]] = [:]
    private var hostPatchLatents: [String: [Float]] = [:]
    /// Predictions of one group make one objective; a unified loss has one group, a naive one a group for each task.
    public var group: Int

    public init(
      name: String, context: Int, target: Int, patches: [[Int]], latents: [(name: String, numbers: Tensor)],
      patchLatents: [(name: String, numbers: Tensor)] = [], group: Int = 0
    ) {
      self.name = name
      self.context = context
      self.target = target
      self.patches = patches
      self.latents = latents
      self.patchLatents = patchLatents
      self.group = group
    }

    /// A prediction told what samples' draws told.
    /// - Parameters:
    ///   - name: of its loss in logs.
    ///   - context: position in `contexts`.
    ///   - target: position in `targets`.
    ///   - patches: B rows of T.
    ///   - values: for each sample the same latents in the same order, those with numbers of patches with as many rows
    ///     as the target has patches.
    ///   - group: of supervisions that make one objective.
    public init(
      name: String, context: Int, target: Int, patches: [[Int]], told values: [[LatentValue]], group: Int = 0
    ) {
      let first = values.first ?? []
      func stacked(_ rows: [[Float]], _ shape: [Int]) -> Tensor { Tensor(rows.flatMap { $0 }, shape: shape) }
      self.init(
        name: name, context: context, target: target, patches: patches,
        latents: first.indices.filter { !first[$0].numbers.isEmpty || first[$0].patchNumbers == nil }.map {
          index in
          (
            first[index].latent,
            stacked(values.map { $0[index].numbers }, [values.count, first[index].numbers.count])
          )
        },
        patchLatents: first.indices.filter { first[$0].patchNumbers != nil }.map { index in
          let rows = zip(values, patches).flatMap { own, patches in
            patches.map { own[index].patchNumbers![$0] }
          }
          return (
            first[index].latent,
            stacked(rows, [values.count, patches.first?.count ?? 0, first[index].patchNumbers![0].count])
          )
        }, group: group)
    }

    /// The prediction with what is told on `device`.
    func moved(to device: any Device) -> SupervisedPatches {
      var moved = self
      for (name, numbers) in latents { moved.hostLatents[name] = hostLatents[name] ?? numbers.values }
      for (name, numbers) in patchLatents {
        moved.hostPatchLatents[name] = hostPatchLatents[name] ?? numbers.values
      }
      moved.latents = latents.map { ($0.name, $0.numbers.moved(to: device)) }
      moved.patchLatents = patchLatents.map { ($0.name, $0.numbers.moved(to: device)) }
      return moved
    }

    /// What a latent is told of views, for the host; nil where it is not carried.
    func values(of latent: String) -> [Float]? {
      hostLatents[latent] ?? latents.first { $0.name == latent }?.numbers.values
    }
    /// Likewise of patches.
    func patchValues(of latent: String) -> [Float]? {
      hostPatchLatents[latent] ?? patchLatents.first { $0.name == latent }?.numbers.values
    }

    /// Every latent that the prediction carries, by name.
    public var latentNames: [String] {
      let names = latents.map(\.name)
      return names + patchLatents.map(\.name).filter { !names.contains($0) }
    }
  }

  /// What one assembly of tasks made: the contexts and targets that their objectives see.
  public struct Part: @unchecked Sendable {
    /// Names of its tasks.
    public var tasks: [String]
    public var contexts: Range<Int>
    public var targets: Range<Int>
    /// What draws told the objectives, `(B, W)`, by task.
    public var numbers: [String: Tensor]
    /// As of supervisions.
    public var group: Int
  }

  public var contexts: [Context]
  /// Whole views for the target encoder, each `(B, 3, S, S)`.
  public var targets: [Tensor]
  public var supervisions: [SupervisedPatches]
  /// Empty in a batch made by hand: then no objective is asked.
  public var parts: [Part]

  public init(contexts: [Context], targets: [Tensor], supervisions: [SupervisedPatches], parts: [Part] = []) {
    self.contexts = contexts
    self.targets = targets
    self.supervisions = supervisions
    self.parts = parts
  }
}

/// How the terms of an objective are put together.
public enum LossReduction: String, Sendable, Codable, CaseIterable {
  /// The paper's: the sum of the terms.
  case sum
  /// The published code's: their mean.
  case mean
}

/// What one forward pass gives.
public struct WorldOutput {
  /// What is minimised, one value.
  public let objective: Tensor
  /// Every term of the loss, still on the device.
  public let readings: LossReadings
  /// Features in the batch's order: targets (B, T, d), of the patches that some prediction is compared with, nil where
  /// none is, contexts (B, K, d), predictions (B, T, d).
  public let targets: [Tensor?]
  public let contexts: [Tensor]
  public let predictions: [Tensor]
  /// Seconds that each task's objective took in the forward pass.
  public let objectiveSeconds: [String: Double]
  /// What buffers of objectives follow.
  public let statistics: [BatchStatistic]
}

extension WorldOutput {
  /// What is reported, read from the device: see `LossReadings.loss(of:)`.
  public var loss: Float { readings.loss(of: readings.values.values) }
  /// Mean squared error of each prediction, then each objective's terms, by name, read from the device.
  public var terms: [(name: String, value: Float)] {
    Array(zip(readings.names, readings.values.values)).map { (name: $0, value: $1) }
  }
}

/// The terms of a loss as the device holds them: a step reads them once, with all else that it wants to know.
public struct LossReadings: @unchecked Sendable {
  /// Of each prediction's mean squared error, then of each objective's terms.
  public let names: [String]
  /// One value for each name, `(n)`.
  public let values: Tensor
  /// Of the predictions.
  let groups: [Int]
  /// Of the objectives' terms.
  let weights: [Float]

  /// What is reported: the mean of a unified loss's supervisions, summed over the groups of a naive loss, and every
  /// objective's weighted terms.
  /// - Parameter numbers: `values` as they were read.
  public func loss(of numbers: some Collection<Float>) -> Float {
    let errors = zip(numbers, groups)
    let own = zip(numbers.dropFirst(groups.count), weights)
    let predicted = Set(groups).sorted().reduce(Float(0)) { loss, group in
      let members = errors.filter { $0.1 == group }.map(\.0)
      return loss + members.dropFirst().reduce(members[0], +) * (1 / Float(members.count))
    }
    return own.reduce(predicted) { $0 + $1.0 * $1.1 }
  }
}

extension WorldBatch {
  /// The batch with every tensor on `device`.
  public func moved(to device: any Device) -> WorldBatch {
    var moved = self
    for index in contexts.indices { moved.contexts[index].images = contexts[index].images.moved(to: device) }
    moved.targets = targets.map { $0.moved(to: device) }
    moved.supervisions = supervisions.map { $0.moved(to: device) }
    for index in parts.indices {
      moved.parts[index].numbers = parts[index].numbers.mapValues { $0.moved(to: device) }
    }
    return moved
  }

  /// The batches of several assemblies as one; each assembly's supervisions are a group of their own.
  public static func joined(_ parts: [WorldBatch]) -> WorldBatch {
    var whole = WorldBatch(contexts: [], targets: [], supervisions: [])
    for (group, part) in parts.enumerated() {
      for var prediction in part.supervisions {
        prediction.context += whole.contexts.count
        prediction.target += whole.targets.count
        prediction.group = group
        whole.supervisions.append(prediction)
      }
      for var own in part.parts {
        own.contexts = own.contexts.shifted(by: whole.contexts.count)
        own.targets = own.targets.shifted(by: whole.targets.count)
        own.group = group
        whole.parts.append(own)
      }
      whole.contexts += part.contexts
      whole.targets += part.targets
    }
    return whole
  }
}

extension Range<Int> {
  fileprivate func shifted(by offset: Int) -> Range<Int> { lowerBound + offset..<upperBound + offset }
}
