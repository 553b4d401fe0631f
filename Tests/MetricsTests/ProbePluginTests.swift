import CoreTensor
import Foundation
import Metrics
import PluginChecks
import TestSupport
import Testing
import WorldModel

@testable import ProbeEvaluation

@Suite struct ProbePluginTests {
  private let probe = Probe(neighbours: 20, temperature: 0.07, resamples: 50, confidence: 0.9)

  /// Radiographs of two features, the first of which tells the finding; patients have two radiographs each.
  private func radiographs(_ count: Int, _ stream: String, shift: Float = 3) -> FeatureSet {
    var random = RandomStream(seed: 6, stream: stream)
    let records = (0..<count).map { index in
      RadiographRecord(
        identifier: "\(stream) \(index)", patient: "\(stream) \(index / 2)",
        findings: index % 3 == 0 ? ["mass"] : [], unknown: index % 10 == 7 ? ["mass"] : ["rare"])
    }
    let values = (0..<count).flatMap { index in
      [Float(random.normal()) + (index % 3 == 0 ? shift : 0), Float(random.normal())]
    }
    return FeatureSet(width: 2, records: records, values: values)
  }

  private func input(shift: Float = 3, findings: [String] = ["mass"]) -> EvaluationInput {
    EvaluationInput(
      train: radiographs(120, "train", shift: shift), validation: radiographs(40, "validation", shift: shift),
      test: radiographs(80, "test", shift: shift), findingNames: findings, seed: 3)
  }

  @Test func keepsEveryPromise() {
    #expect(checkEvaluation(Probe.definition).filter { !$0.isKept } == [])
  }

  @Test func theHostFindsIt() throws {
    // All tests are one program, which exports another plugin's entry point: ask the library itself.
    let library = try #require(dlopen(try BuildFolder.library("ProbeEvaluation"), RTLD_NOW | RTLD_LOCAL))
    let symbol = try #require(dlsym(library, "chex_plugin"))
    typealias Entry = @convention(c) () -> UnsafePointer<chex_plugin_information>
    let information = unsafeBitCast(symbol, to: Entry.self)().pointee
    #expect(String(cString: information.name) == "probe")
  }

  @Test func metricsOfEachFindingAndTheirMeans() throws {
    let result = try probe(input(findings: ["mass", "rare"]))
    #expect(
      result.metrics.map { "\($0.key)" } == [
        "AUROC of mass, linear probe", "AUROC, linear probe", "AUROC of mass, nearest neighbours",
        "AUROC, nearest neighbours", "test positives of mass", "test images of mass",
      ])
    let values = result.metrics.map(\.value)
    #expect(values[0] > 0.95 && values[2] > 0.9)
    #expect(values[0] == values[1] && values[2] == values[3])
    // Of 80 radiographs 8 are unknown, of which 2 would be positives, of 27.
    #expect(values[5] == 72 && values[4] == 25)
    for metric in result.metrics.prefix(4) {
      guard case .interval(let interval)? = metric.uncertainty else {
        Issue.record("no interval of \(metric.key)")
        continue
      }
      #expect(interval.contains(metric.value) && metric.resampled?.values.count == 50)
    }
    #expect("\(result.summary)" == "AUROC, linear probe")
    #expect(result.tables.map(\.rows) == [["mass", "mean"], ["mass", "mean"]])
    #expect(result.notes.count == 1 && result.notes[0].hasSuffix("rare"))
  }

  @Test func encodersArePairedByTheSameResamples() throws {
    let (better, worse) = (try probe(input(shift: 3)), try probe(input(shift: 0.5)))
    let resampled = try [better, worse].map { try #require($0[$0.summary]?.resampled) }
    #expect(try #require((resampled[0] - resampled[1]).interval).lowerBound > 0)
    #expect(try probe(input()) == probe(input()))
  }

  @Test func noResamplesNoIntervals() throws {
    let result = try Probe(neighbours: 5, temperature: 0.1, resamples: 0, confidence: 0.9)(input())
    #expect(result.metrics.allSatisfy { $0.uncertainty == nil && $0.resampled == nil })
  }

  @Test func tooFewCasesAreNamed() {
    let error = #expect(throws: TooFewCases.self) { try probe(input(findings: ["hernia"])) }
    #expect(error?.description.contains("hernia: 0 with and 120 without to learn from") == true)
    let none = #expect(throws: TooFewCases.self) { try probe(input(findings: [])) }
    #expect(none?.description.contains("no labels") == true)
  }

  @Test func featuresThatAreNoNumbersAreRefused() {
    let broken = FeatureSet(
      width: 1, records: radiographs(80, "test").records, values: [.nan] + Array(repeating: 1, count: 79))
    let input = EvaluationInput(train: broken, test: broken, findingNames: ["mass"], seed: 1)
    #expect(throws: MetricError.self) { try probe(input) }
  }
}
