import CoreTensor
import Imaging
import Metrics
import WorldModel

@c(chex_plugin) public func entry() -> UnsafePointer<chex_plugin_information> {
  pluginInformation(name: "surprise", version: "1.0.0", compiledAgainst: CHEX_CORE_FINGERPRINT) {
    $0.register(SurpriseEvaluation.definition)
  }
}

/// Where is a radiograph other than the model expects?
///
/// Patches are hidden in rectangles, each of them several times, and predicted from all others. The mean squared error
/// of each patch is a map, which is compared with the masks of findings where there are any. Beside it stand maps by
/// the untrained model, by the distance from the nearest patch of radiographs without findings, and by the place alone.
struct SurpriseEvaluation: ModelEvaluation {
  static let definition = EvaluationDefinition(
    name: "surprise",
    summary: "Map where radiographs surprise a run's model, and compare the maps with findings",
    options: SurpriseSettings.declarations,
    trial: [
      "images": .integer(6), "bank": .integer(6), "passes": .integer(1), "pictures": .integer(2),
      "resamples": .integer(20),
    ],
    command: EvaluationCommand(examples: [
      EvaluationExample("surprise runs/first", "of radiographs that the run set apart"),
      EvaluationExample(
        "surprise runs/first --block 1x1 --center none --out runs/first/surprise-patches",
        "patch by patch, as large as errors are"),
      EvaluationExample(
        "surprise runs/first --data radiographs/index.csv --out surprise-radiographs",
        "of other radiographs' test split"),
    ]),
    makeForModel: { SurpriseEvaluation(settings: SurpriseSettings($0)) }
  ).explaining { SurprisingRadiograph(evaluation: SurpriseEvaluation(settings: SurpriseSettings($0))) }

  let settings: SurpriseSettings
  /// Radiographs of one chunk.
  private static let chunk = 8

  func callAsFunction(_ input: ModelEvaluationInput) throws -> EvaluationResult {
    try found(input).result(input)
  }

  /// The maps of all test radiographs that are asked for.
  func found(_ input: ModelEvaluationInput) throws -> SurpriseFindings {
    let chosen = input.test.equallySpaced(settings.images)
    guard !chosen.isEmpty else {
      throw SurpriseError("expected test radiographs, found none; raise data.holdout_fraction")
    }
    let maker = try MapMaker(settings, input)
    return try PackedWeights.keeping {
      try withoutGradients {
        let reference = try reference(input, maker, more: chosen.count)
        try input.workspace.note(
          "\(chosen.count) of \(input.test.count) test radiographs, \(maker.contexts) contexts each; "
            + "\(reference.count) radiographs "
            + (reference.isNormal ? "without findings " : "") + "say what is usual")
        var found = SurpriseFindings(settings, reference, findings: findings(input))
        for start in stride(from: 0, to: chosen.count, by: Self.chunk) {
          let part = Array(chosen[start..<min(start + Self.chunk, chosen.count)])
          let radiographs = try ReadRadiograph.read(input, part, findings: found.findings)
          if !radiographs.isEmpty {
            try found.add(radiographs, try maps(radiographs, maker, reference))
          }
          try progress(input, reference.count + start + part.count, of: reference.count + chosen.count)
        }
        return found
      }
    }
  }

  private func progress(_ input: ModelEvaluationInput, _ done: Int, of total: Int) throws {
    input.workspace.progress("image", done, of: total, radiographs: done, loss: nil)
    if input.workspace.isStopRequested && done < total { throw EvaluationStopped() }
  }

  /// Findings whose presence is asked about: those that are no word for their absence.
  private func findings(_ input: ModelEvaluationInput) -> [String] {
    input.findingNames.filter { !settings.normal.contains($0.lowercased()) }
  }

  /// Radiographs that say what is usual: of those to learn from, those without findings.
  private func reference(
    _ input: ModelEvaluationInput, _ maker: MapMaker, more: Int
  ) throws -> SurpriseReference {
    let normal = input.train.filter { isWithoutFindings(input.radiographs.records[$0], input) }
    let isNormal = !normal.isEmpty
    let chosen = (isNormal ? normal : input.train).equallySpaced(settings.bank)
    if settings.bank > 0, !isNormal {
      try input.workspace.warn(
        "no radiograph to learn from is known to be without findings (\(settings.normal.sorted().joined(separator: ", "))), "
          + "so that the nearest patch is left out"
          + (chosen.isEmpty ? "" : ", and all of them say what is usual at a place"))
    }
    var builder = ReferenceBuilder(isNormal: isNormal)
    for start in stride(from: 0, to: chosen.count, by: Self.chunk) {
      let part = Array(chosen[start..<min(start + Self.chunk, chosen.count)])
      let radiographs = try ReadRadiograph.read(input, part, findings: [])
      if !radiographs.isEmpty {
        let images = InputNormalization.tensor(radiographs.map(\.image))
        builder.add(try maker.maps(images), features: isNormal ? maker.features(images) : [])
      }
      try progress(input, start + part.count, of: chosen.count + more)
    }
    let reference = builder.reference(patches: maker.patchCount, kinds: maker.kinds)
    if settings.centering != .none, reference.count == 0 {
      throw SurpriseError(
        "center = \"\(settings.centering.rawValue)\": expected radiographs to learn from, which say what is usual at a place, found none "
          + "(bank = \(settings.bank), \(input.train.count) to learn from); raise --bank, or give --center none"
      )
    }
    return reference
  }

  /// Whether a radiograph is known to have none of the findings.
  private func isWithoutFindings(_ record: RadiographRecord, _ input: ModelEvaluationInput) -> Bool {
    let names = input.findingNames.filter { !settings.normal.contains($0.lowercased()) }
    let says = record.findings.contains { settings.normal.contains($0.lowercased()) }
    let hasFindings = record.findings.contains { !settings.normal.contains($0.lowercased()) }
    let isLabelled = says || !names.isEmpty
    return isLabelled && !hasFindings && record.unknown.isDisjoint(with: names)
  }

  private func maps(
    _ radiographs: [ReadRadiograph], _ maker: MapMaker, _ reference: SurpriseReference
  ) throws -> [MapSubject: [[Float]]] {
    let images = InputNormalization.tensor(radiographs.map(\.image))
    var maps = try maker.maps(images)
    if !reference.banks.isEmpty {
      for (isTrained, features) in maker.features(images) {
        let (values, size) = (features.values, features.count / radiographs.count)
        maps[MapSubject(kind: .nearest, isTrained: isTrained)] = radiographs.indices.map {
          reference.banks[isTrained]!.distances(Array(values[$0 * size..<($0 + 1) * size]))
        }
      }
    }
    return maps
  }
}

struct SurpriseError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = "surprise: " + description }
}
