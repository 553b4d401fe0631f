import CoreTensor
import Imaging
import WorldModel

/// Whose errors a map shows.
struct MapSubject: Hashable, Sendable {
  /// Nil for the place alone: the mean over the bank of the first kind of map, which knows nothing of a radiograph.
  let kind: ErrorKind?
  let isTrained: Bool

  static let place = MapSubject(kind: nil, isTrained: true)

  var label: String {
    guard let kind else { return "place alone" }
    return kind.rawValue + (isTrained ? "" : ", untrained")
  }
}

/// Makes every map of radiographs: by the trained model and the untrained one.
struct MapMaker {
  /// What the model can be asked for, without the nearest patch.
  let kinds: [ErrorKind]
  private let models: [(isTrained: Bool, errors: PatchErrors)]

  /// - Throws: `SurpriseError` where the run predicts neither features nor pixels.
  init(_ settings: SurpriseSettings, _ input: ModelEvaluationInput) throws {
    let shape = input.model.shape
    let cover = BlockCover(
      gridSize: shape.encoder.gridSize,
      block: try BlockSize(settings.block, gridSize: shape.encoder.gridSize), passes: settings.passes,
      together: settings.together)
    if let context = cover.hidden.indices.first(where: { cover.visible($0).isEmpty }) {
      throw SurpriseError(
        "together = \(settings.together): context \(context + 1) would show nothing; lower it, or the block")
    }
    let view = WholeView(input, settings)
    var kinds: [ErrorKind] = []
    if input.model.targetEncoder != nil, view.isPredicted { kinds.append(.prediction) }
    if Self.objective(of: input.model) != nil { kinds.append(.reconstruction) }
    let tasks = input.tasks.map(\.name).joined(separator: ", ")
    guard !kinds.isEmpty else {
      throw SurpriseError(
        "the run's tasks (\(tasks)) predict no features"
          + (input.model.targetEncoder == nil
            ? " (model.target_encoder = \"absent\")" : "")
          + ", and none reconstructs pixels (PatchReconstruction); expected one of these: evaluate a run with the task local, "
          + "say"
      )
    }
    if kinds.contains(.prediction), !view.isHidden {
      try input.workspace.warn(
        "none of the run's tasks (\(tasks)) has hidden patches of a view predicted from the rest of it, which is asked here"
      )
    }
    for latent in view.zeroed {
      try input.workspace.warn("\(latent): told zeros, as nothing was changed")
    }
    self.kinds = kinds
    models = [(true, input.model), (false, input.makeUntrained())].map { isTrained, model in
      (isTrained, PatchErrors(model: model, cover: cover, told: view.told))
    }
  }

  /// Contexts of each radiograph.
  var contexts: Int { models[0].errors.cover.hidden.count }
  var patchCount: Int { models[0].errors.cover.patchCount }

  private static func objective(of model: WorldModel) -> (task: String, objective: any PatchReconstruction)? {
    model.objectives.lazy.compactMap { own in
      (own.objective as? any PatchReconstruction).map { (own.task, $0) }
    }.first
  }

  /// - Parameter images: `(B, 3, S, S)`, normalised.
  /// - Returns: for each subject B maps in raster order.
  func maps(_ images: Tensor) throws -> [MapSubject: [[Float]]] {
    var maps: [MapSubject: [[Float]]] = [:]
    for (isTrained, errors) in models {
      for kind in kinds {
        let own: [[Float]]
        if kind == .prediction {
          own = try errors.predictions(images)
        } else {
          let (task, objective) = Self.objective(of: errors.model)!
          own = errors.reconstructions(images, by: objective, of: task)
        }
        maps[MapSubject(kind: kind, isTrained: isTrained)] = own
      }
    }
    return maps
  }

  /// Features for the bank by each model, `(B, N, d)`.
  func features(_ images: Tensor) -> [(isTrained: Bool, features: Tensor)] {
    models.map { ($0.isTrained, NormalBank.features($0.errors.model, images)) }
  }
}

/// What the run's tasks would do with a whole radiograph that is seen and predicted in one view.
struct WholeView {
  /// Whether any task has a target's features predicted, so that the predictor has learned something.
  let isPredicted: Bool
  /// Whether one has hidden patches predicted from the rest of the view.
  let isHidden: Bool
  let told: [LatentValue]
  /// Latents, by task, that are told zeros for want of anything better.
  let zeroed: [String]

  init(_ input: ModelEvaluationInput, _ settings: SurpriseSettings) {
    let geometry = input.model.shape.geometry
    let side = geometry.imageSize
    let blank = GrayImage(width: side, height: side, fill: 0.5)
    let frame = Frame(
      row: 0, column: 0, height: side, width: side, mirrored: false, imageHeight: side, imageWidth: side)
    let frames = Array(repeating: frame, count: input.tasks.map(\.requiredViews).max() ?? 1)
    let scope = BatchScope(
      seed: input.seed, step: 0, batchSize: 1, geometry: geometry, purpose: "surprise.")
    var (supervisions, told, zeroed): ([Supervision], [LatentValue], [String]) = ([], [], [])
    for task in input.tasks {
      let (own, latents) = PluginCode("task \"\(task.name)\"", "draw").run {
        let sample = SampleScope(batch: scope, index: 0, views: frames, radiograph: blank)
        let draw = task.plan(batch: scope).draw(sample: sample)
        return (
          draw.supervisions(views: frames), draw.latents(context: 0, target: 0, views: frames)
        )
      }
      supervisions += own
      for latent in latents {
        let neutral = task.name == settings.task ? settings.neutral.prefix(latent.numbers.count) : []
        if neutral.isEmpty { zeroed.append("latent \"\(latent.latent)\" of task \"\(task.name)\"") }
        told.append(
          LatentValue(
            latent: latent.latent,
            numbers: neutral + [Float](repeating: 0, count: latent.numbers.count - neutral.count),
            patchNumbers: latent.patchNumbers?.map { $0.map { _ in 0 } }))
      }
    }
    isPredicted = !supervisions.isEmpty
    isHidden = supervisions.contains {
      if case .hidden(let context) = $0.patches {
        $0.context == $0.target && context == $0.context
      } else {
        false
      }
    }
    (self.told, self.zeroed) = (told, zeroed)
  }
}
