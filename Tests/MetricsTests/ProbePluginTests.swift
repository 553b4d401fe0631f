import CoreTensor
import Foundation
import Metrics
import TaskChecks
import TestSupport
import Testing
import WorldModel

@testable import ProbeEvaluation

@Suite struct ProbePluginTests {
  private let probe = Probe(neighbours: 20, temperature: 0.07, resamples: 50, confidence: 0.9)

  /// Films of two features, the first of which tells the finding; patients have two films each.
  private func films(_ count: Int, _ stream: String, shift: Float = 3) -> FeatureSet {
    var random = RandomStream(seed: 6, stream: stream)
    let records = (0..<count).map { index in
      FilmRecord(
        identifier: "\(stream) \(index)", patient: "\(stream) \(index / 2)",
        findings: index % 3 == 0 ? ["mass"] : [], unknown: index % 10 == 7 ? ["mass"] : ["rare"])
    }
    let values = (0..<count).flatMap { index in
      [Float(random.normal()) + (index % 3 == 0 ? shift : 0), Float(random.normal())]
    }
    return FeatureSet(width: 2, records: records, values: values)
  }

  private func scene(shift: Float = 3, findings: [String] = ["mass"]) -> EvaluationScene {
    EvaluationScene(
      train: films(120, "train", shift: shift), validation: films(40, "validation", shift: shift),
      test: films(80, "test", shift: shift), findingNames: findings, seed: 3)
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
    #expect(String(cString: information.name) == "probes")
  }

  @Test func figuresOfEachFindingAndTheirMeans() throws {
    let figures = try probe(scene(findings: ["mass", "rare"]))
    #expect(
      figures.map(\.name) == [
        "linear AUROC of mass", "k-NN AUROC of mass", "test positives of mass", "test films of mass",
        "mean k-NN AUROC", "mean linear AUROC",
      ])
    #expect(figures[0].value > 0.95 && figures[1].value > 0.9)
    #expect(figures[0].value == figures[5].value && figures[1].value == figures[4].value)
    // Of 80 films 8 are unknown, of which 2 would be positives, of 27.
    #expect(figures[3].value == 72 && figures[2].value == 25)
    for index in [0, 1, 4, 5] {
      let interval = try #require(figures[index].interval)
      #expect(interval.contains(figures[index].value))
      #expect(figures[index].resampled?.values.count == 50)
    }
  }

  @Test func subjectsArePairedByTheSameResamples() throws {
    let (better, worse) = (try probe(scene(shift: 3)), try probe(scene(shift: 0.5)))
    let difference = try #require(better.last?.resampled) - (try #require(worse.last?.resampled))
    #expect(try #require(difference.interval).lowerBound > 0)
    #expect(try probe(scene()) == probe(scene()))
  }

  @Test func noResamplesNoIntervals() throws {
    let figures = try Probe(neighbours: 5, temperature: 0.1, resamples: 0, confidence: 0.9)(scene())
    #expect(figures.allSatisfy { $0.interval == nil && $0.resampled == nil })
  }

  @Test func tooFewCasesAreNamed() {
    let error = #expect(throws: TooFewCases.self) { try probe(scene(findings: ["hernia"])) }
    #expect(error?.description.contains("hernia: 0 with and 120 without to learn from") == true)
    let none = #expect(throws: TooFewCases.self) { try probe(scene(findings: [])) }
    #expect(none?.description.contains("no labels") == true)
  }

  @Test func featuresThatAreNoNumbersAreRefused() {
    let broken = FeatureSet(
      width: 1, records: films(80, "test").records, values: [.nan] + Array(repeating: 1, count: 79))
    let scene = EvaluationScene(train: broken, test: broken, findingNames: ["mass"], seed: 1)
    #expect(throws: MetricError.self) { try probe(scene) }
  }
}
