import CoreTensor
import Imaging
import Imagining
import Metrics
import WorldModel

/// The representation-conditioned diffusion model of the paper (Figures 4 and 5; Bordes et al. 2021): trained to draw a
/// region from the mean of its target features, then shown the mean of what the predictor predicts of the region.
///
/// What a prediction leaves open differs from sample to sample; what it fixes stays.
struct RCDMEvaluation: ModelEvaluation {
  let settings: RCDMSettings

  func callAsFunction(_ input: ModelEvaluationInput) throws -> EvaluationResult {
    guard input.model.targetEncoder != nil else {
      throw rcdmError(
        "expected a model with a target encoder, whose features are drawn; this run has none "
          + "(model.target_encoder = \"absent\")")
    }
    let split = try RadiographSplit(
      RadiographSplit.usable(input.test, input), records: input.radiographs.records,
      share: settings.share, seed: input.seed)
    try input.workspace.note(
      "\(split.training.count) radiographs that the run set apart train the diffusion model, \(split.shown.count) of "
        + "other patients are there to be shown")
    let training = DiffusionTraining(
      settings, features: input.model.shape.encoder.width, seed: input.seed, workspace: input.workspace)
    try training.run(
      TrainingRegions(input: input, radiographs: split.training, settings: settings))
    let imagination = Imagination(training.average, settings, seed: input.seed)
    return try PackedWeights.keeping {
      try withoutGradients { try shown(input, split.shown, imagination) }
    }
  }

  private func shown(
    _ input: ModelEvaluationInput, _ radiographs: [Int], _ imagination: Imagination
  ) throws -> EvaluationResult {
    let size = min(settings.images, radiographs.count, Self.groupSize)
    let count = max(1, min(settings.images, radiographs.count) / size) * size
    let chosen = radiographs.equallySpaced(count)
    var findings = RCDMFindings()
    var rows: [PictureSheet.Row] = []
    for start in stride(from: 0, to: count, by: size) {
      guard
        let group = try PredictionGroup(
          input, chosen[start..<start + size], number: start / size, purpose: "rcdm.shown.")
      else { continue }
      let shown = try ShownRegions(
        input, group, imagination, markers: markers(input, chosen[start..<start + size], group),
        samples: settings.samples, pictures: max(0, settings.pictures - start))
      try findings.add(shown, input.model)
      rows += RCDMSheet(shown).rows(settings.pictures - start)
      input.workspace.progress(
        "image", start + size, of: count, radiographs: start + size, loss: nil)
      if input.workspace.isStopRequested && start + size < count { throw EvaluationStopped() }
    }
    let sheets = rows.isEmpty ? [:] : ["imagined": RCDMSheet.sheet(rows)]
    return try findings.result(settings, seed: input.seed, sheets: sheets)
  }

  /// Radiographs that are compared with one another.
  static let groupSize = 32

  /// Masks of lateral markers, by the group's samples; nil where the source knows of none.
  private func markers(
    _ input: ModelEvaluationInput, _ radiographs: ArraySlice<Int>, _ group: PredictionGroup
  ) throws -> [GrayImage?] {
    let numbers = Dictionary(
      radiographs.map { (input.radiographs.records[$0].identifier, $0) }
    ) { first, _ in first }
    return try group.records.map {
      try input.radiographs.truth(at: numbers[$0.identifier]!)?.objects[MarkerEnergy.name]
    }
  }
}
