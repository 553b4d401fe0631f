import CoreTensor
import Metrics
import WorldModel

/// How well frozen features tell findings: AUROC of a linear probe and of the nearest neighbours' vote, for each
/// finding, with bootstrap intervals over patients, and the means.
public struct Probe: Evaluation {
  public static let definition = EvaluationDefinition(
    name: "probes", summary: "AUROC of linear probes and of nearest neighbours, with bootstrap intervals",
    options: [
      OptionDeclaration(
        "neighbours", .integer(default: 20, in: 1...1000), help: "films that vote on each test film"),
      OptionDeclaration(
        "temperature", .number(default: 0.07, in: 0.001...10),
        help: "of the vote: a neighbour of cosine s weighs exp(s / temperature)"),
      OptionDeclaration(
        "resamples", .integer(default: 1000, in: 0...100_000),
        help: "of the bootstrap over test patients; 0 gives no intervals"),
      OptionDeclaration(
        "confidence", .number(default: 0.95, in: 0.5...0.999), help: "of the intervals"),
    ],
    make: { options in
      Probe(
        neighbours: options.integer("neighbours"), temperature: options.number("temperature"),
        resamples: options.integer("resamples"), confidence: options.number("confidence"))
    })

  let neighbours: Int
  let temperature: Double
  let resamples: Int
  let confidence: Double

  /// Figures of each finding with enough cases, in the scene's order; the means are last, of linear probes the very
  /// last.
  /// - Throws: `TooFewCases`, and `MetricError` where a feature is not finite.
  public func callAsFunction(_ scene: EvaluationScene) throws -> [EvaluationFigure] {
    let all = scene.findingNames.map { name in
      FeatureProbe.Finding(
        train: scene.train.records.map { $0.label(of: name) },
        validation: scene.validation.records.map { $0.label(of: name) },
        test: scene.test.records.map { $0.label(of: name) })
    }
    let chosen = all.indices.filter { all[$0].hasEnoughCases }
    guard !chosen.isEmpty else { throw TooFewCases(scene.findingNames, all) }
    let findings = chosen.map { all[$0] }
    let probe = try FeatureProbe(
      width: scene.train.width, train: scene.train.values, groups: scene.train.records.map(\.patientKey),
      validation: scene.validation.values, test: scene.test.values)
    let linear = try areas(probe.linear(findings), findings)
    let near = try areas(
      probe.neighbours(findings, k: neighbours, temperature: temperature), findings)
    let resampled = resample(linear + near, scene)
    var figures: [EvaluationFigure] = []
    for (place, index) in chosen.enumerated() {
      let name = scene.findingNames[index]
      let known = findings[place].test.compactMap { $0 }
      figures += [
        figure("linear AUROC of \(name)", linear[place], resampled?[place]),
        figure("k-NN AUROC of \(name)", near[place], resampled?[chosen.count + place]),
        EvaluationFigure("test positives of \(name)", Double(known.count { $0 })),
        EvaluationFigure("test films of \(name)", Double(known.count)),
      ]
    }
    return figures + [
      mean("mean k-NN AUROC", near, (resampled?.suffix(chosen.count)).map(Array.init)),
      mean("mean linear AUROC", linear, (resampled?.prefix(chosen.count)).map(Array.init)),
    ]
  }

  private func areas(_ scores: [[Double]], _ findings: [FeatureProbe.Finding]) throws -> [AreaUnderCurve] {
    try zip(scores, findings).map { try AreaUnderCurve($0, $1.test) }
  }

  /// Nil where no intervals are wanted.
  private func resample(_ areas: [AreaUnderCurve], _ scene: EvaluationScene) -> [Resampled]? {
    guard resamples > 0 else { return nil }
    return Bootstrap(
      groups: scene.test.records.map(\.patientKey), resamples: resamples, confidence: confidence,
      seed: scene.seed
    ).resampled(areas)
  }

  private func figure(_ name: String, _ area: AreaUnderCurve, _ resampled: Resampled?) -> EvaluationFigure {
    EvaluationFigure(name, defined(area), resampled: resampled)
  }

  private func mean(_ name: String, _ areas: [AreaUnderCurve], _ resampled: [Resampled]?) -> EvaluationFigure
  {
    EvaluationFigure(
      name, areas.map(defined).reduce(0, +) / Double(areas.count), resampled: resampled.map(Resampled.mean))
  }

  private func defined(_ area: AreaUnderCurve) -> Double {
    guard let value = area.value else {
      fail("Probe: a finding with enough cases has no AUROC")
    }
    return value
  }
}

/// No finding can be probed, and what each lacks.
struct TooFewCases: Error, CustomStringConvertible {
  let description: String

  init(_ names: [String], _ findings: [FeatureProbe.Finding]) {
    guard !names.isEmpty else {
      description = "probes: the films have no labels; give films with findings (--data, --label-column)"
      return
    }
    func counts(_ labels: [Bool?]) -> String {
      "\(labels.count { $0 == true }) with and \(labels.count { $0 == false }) without"
    }
    let found = zip(names, findings).prefix(20).map { name, finding in
      "\(name): \(counts(finding.train)) to learn from, \(counts(finding.test)) to test on"
    }
    description =
      "probes: expected a finding with 8 films with and 8 without it to learn from, and 4 of each to test on; found "
      + found.joined(separator: "; ") + (names.count > 20 ? "; …" : "")
      + ". Give more films, or other splits (probe.train_splits, probe.test_splits)"
  }
}
