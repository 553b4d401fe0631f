import CoreTensor
import Metrics
import WorldModel

/// How well frozen features tell findings: AUROC of a linear probe and of the nearest neighbours' vote, for each
/// finding, with bootstrap intervals over patients, and the means.
public struct Probe: Evaluation {
  public static let definition = EvaluationDefinition(
    name: "probe",
    summary:
      "Linear probes and nearest neighbours on frozen features, beside random encoder and plain pixels",
    options: [
      OptionDeclaration(
        "neighbours", .integer(default: 20, in: 1...1000),
        help: "How many training images vote on each test image."),
      OptionDeclaration(
        "temperature", .number(default: 0.07, in: 0.001...10),
        help: "Temperature of the vote: a neighbour of cosine similarity s weighs exp(s / temperature)."),
      OptionDeclaration(
        "resamples", .integer(default: 1000, in: 0...100_000),
        help: "Resamples of the bootstrap over test patients; 0 gives no intervals."),
      OptionDeclaration(
        "confidence", .number(default: 0.95, in: 0.5...0.999), help: "Confidence of the intervals."),
    ],
    command: EvaluationCommand(examples: [
      EvaluationExample("probe runs/first", "on the run's own images, of patients that it never saw"),
      EvaluationExample(
        "probe runs/first --data vindr:FOLDER --label \"Pleural effusion,Cardiomegaly\"",
        "on another collection, two findings"),
      EvaluationExample(
        "probe runs/first --neighbours 50 --resamples 10000", "more neighbours, narrower doubts"),
    ]),
    make: { options in
      Probe(
        neighbours: options.integer("neighbours"), temperature: options.number("temperature"),
        resamples: options.integer("resamples"), confidence: options.number("confidence"))
    }
  ).explaining { _ in NearestRadiographs() }

  let neighbours: Int
  let temperature: Double
  let resamples: Int
  let confidence: Double

  /// Metrics of each finding with enough cases, in the input's order, and of their means; the mean of linear probes
  /// sums them up.
  /// - Throws: `TooFewCases`, and `MetricError` where a feature is not finite.
  public func callAsFunction(_ input: EvaluationInput) throws -> EvaluationResult {
    let all = input.findingNames.map { name in
      FeatureProbe.Finding(
        train: input.train.records.map { $0.label(of: name) },
        validation: input.validation.records.map { $0.label(of: name) },
        test: input.test.records.map { $0.label(of: name) })
    }
    let chosen = all.indices.filter { all[$0].hasEnoughCases }
    guard !chosen.isEmpty else { throw TooFewCases(input.findingNames, all) }
    let findings = chosen.map { all[$0] }
    let probe = try FeatureProbe(
      width: input.train.width, train: input.train.values, groups: input.train.records.map(\.patientKey),
      validation: input.validation.values, test: input.test.values)
    let scores = [
      probe.linear(findings), probe.neighbours(findings, k: neighbours, temperature: temperature),
    ]
    let linear = try areas(scores[0], findings)
    let near = try areas(scores[1], findings)
    let resampled = resample(linear + near, input)
    let names = chosen.map { input.findingNames[$0] }
    let metrics =
      Self.metrics(.linear, names, linear, resampled.map { Array($0.prefix(chosen.count)) })
      + Self.metrics(.neighbours, names, near, resampled.map { Array($0.suffix(chosen.count)) })
      + zip(names, findings).flatMap { Self.counts($0, $1.test.compactMap { $0 }) }
    let leftOut = input.findingNames.filter { !names.contains($0) }
    return EvaluationResult(
      metrics, summary: Method.linear.key(nil), tables: Method.allCases.map { Self.table($0, names) },
      notes: leftOut.isEmpty
        ? []
        : [
          "left out, since fewer than 8 images with or without them are there to learn from, or 4 to test on: "
            + leftOut.joined(separator: ", ")
        ],
      predictions: zip(Method.allCases, scores).map { method, scores in
        PredictionTable(
          subject: method.rawValue, radiographs: input.test.records.map(PredictionTable.Radiograph.init),
          columns: chosen.indices.map {
            .scores(of: names[$0], truth: findings[$0].test, scores: scores[$0])
          })
      })
  }

  /// How findings are told from features.
  enum Method: String, CaseIterable {
    case linear = "linear probe"
    case neighbours = "nearest neighbours"

    /// - Parameter finding: nil for the mean over findings.
    func key(_ finding: String?) -> MetricKey { MetricKey("AUROC", of: finding, subject: rawValue) }
  }

  private static func metrics(
    _ method: Method, _ names: [String], _ areas: [AreaUnderCurve], _ resampled: [Resampled]?
  ) -> [EvaluationMetric] {
    let values = areas.map(defined)
    return names.indices.map {
      EvaluationMetric(method.key(names[$0]), values[$0], resampled: resampled?[$0])
    } + [
      EvaluationMetric(
        method.key(nil), values.reduce(0, +) / Double(values.count), resampled: resampled.map(Resampled.mean))
    ]
  }

  /// Of the test images of which the finding is known.
  private static func counts(_ name: String, _ known: [Bool]) -> [EvaluationMetric] {
    [
      EvaluationMetric(MetricKey("test positives", of: name), Double(known.count { $0 }), unit: "images"),
      EvaluationMetric(MetricKey("test images", of: name), Double(known.count), unit: "images"),
    ]
  }

  private static func table(_ method: Method, _ names: [String]) -> MetricTable {
    MetricTable(
      "\(method.rawValue), AUROC", rows: names + ["mean"],
      columns: [
        .init("AUROC", names.map(method.key) + [method.key(nil)], comparesEncoders: true),
        .init("positives", names.map { MetricKey("test positives", of: $0) } + [nil]),
        .init("images", names.map { MetricKey("test images", of: $0) } + [nil]),
      ])
  }

  private func areas(_ scores: [[Double]], _ findings: [FeatureProbe.Finding]) throws -> [AreaUnderCurve] {
    try zip(scores, findings).map { try AreaUnderCurve($0, $1.test) }
  }

  /// Nil where no intervals are wanted.
  private func resample(_ areas: [AreaUnderCurve], _ input: EvaluationInput) -> [Resampled]? {
    guard resamples > 0 else { return nil }
    return Bootstrap(
      groups: input.test.records.map(\.patientKey), resamples: resamples, confidence: confidence,
      seed: input.seed
    ).resampled(areas)
  }

  private static func defined(_ area: AreaUnderCurve) -> Double {
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
      description =
        "probe: the radiographs have no labels; give radiographs with findings (--data, --label-column)"
      return
    }
    func counts(_ labels: [Bool?]) -> String {
      "\(labels.count { $0 == true }) with and \(labels.count { $0 == false }) without"
    }
    let found = zip(names, findings).prefix(20).map { name, finding in
      "\(name): \(counts(finding.train)) to learn from, \(counts(finding.test)) to test on"
    }
    description =
      "probe: expected a finding with 8 radiographs with and 8 without it to learn from, and 4 of each to test on; found "
      + found.joined(separator: "; ") + (names.count > 20 ? "; …" : "")
      + ". Give more radiographs, or other splits (evaluation.train_splits, evaluation.test_splits)"
  }
}
