import CoreTensor
import Imaging
import Imagining
import Metrics
import PluginChecks
import Testing
import WorldModel

@testable import PhantomData
@testable import RCDMEvaluation

@Suite struct RCDMTests {
  @Test func keepsEveryPromise() {
    let checks = checkEvaluation(rcdmDefinition, tasks: [HidingTask.definition])
    #expect(checks.filter { !$0.isKept } == [])
  }

  @Test func trainingAndShownRadiographsAreOfOtherPatients() throws {
    let records = Radiographs().records
    let all = Array(0..<16)
    let split = try RadiographSplit(all, records: records, share: 0.75, seed: 1)
    #expect(split.training.count == 12 && split.shown.count == 4)
    #expect((split.training + split.shown).sorted() == all)
    let patients = (split.training, split.shown)
    #expect(
      Set(patients.0.map { records[$0].patientKey }).isDisjoint(
        with: patients.1.map { records[$0].patientKey }))
    #expect(
      try RadiographSplit(all.reversed(), records: records, share: 0.75, seed: 1).shown.sorted()
        == split.shown.sorted())
    #expect(try RadiographSplit(all, records: records, share: 0.75, seed: 2) != split)
  }

  @Test func rectanglesAreFoundAgain() {
    let two: Set = [0, 1, 4, 5, 10, 11, 14, 15]
    #expect(
      PatchRectangle.parts(of: two, side: 4, most: 4) == [
        PatchRectangle(rows: 0..<2, columns: 0..<2), PatchRectangle(rows: 2..<4, columns: 2..<4),
      ])
    // An L is its longer arm first; what is left is too thin.
    #expect(
      PatchRectangle.parts(of: [0, 1, 4, 5, 8, 9, 10], side: 4, most: 4) == [
        PatchRectangle(rows: 0..<3, columns: 0..<2)
      ])
    #expect(
      PatchRectangle.parts(of: [3, 7], side: 4, most: 4) == [PatchRectangle(rows: 0..<2, columns: 3..<4)])
    #expect(PatchRectangle.parts(of: [], side: 4, most: 4).isEmpty)
  }

  @Test func regionsAreTheHiddenRectanglesAndTheOtherView() throws {
    let input = try Trial.input()
    let group = try #require(try PredictionGroup(input, [0, 1, 2], number: 0))
    let regions = Region.all(of: group)
    #expect(regions.count { $0.kind == .own } == 6 && regions.count { $0.kind == .other } == 3)
    let first = try #require(regions.first { $0.kind == .own })
    #expect(first.patches == [0, 1, 4, 5])
    let features = (0..<3 * 16 * 2).map(Float.init)
    // Rows 0, 1, 4 and 5 of two features.
    #expect(first.pooledTruth(features, patchCount: 16, width: 2) == [5, 6])
    // What is cut can be laid back.
    let target = group.samples[0].targets[0].pixels
    var copy = target
    first.paste(first.cut(target, patchSize: 8, side: 16), on: &copy, patchSize: 8)
    #expect(copy == target)
  }

  @Test func interruptionsAndThreadsChangeNoBit() throws {
    let options: [String: OptionValue] = ["steps": .integer(6)]
    let threads = Compute.threads
    defer { Compute.threads = threads }
    let whole = MemoryWorkspace()
    Compute.threads = 1
    let result = try Trial.evaluation(options)(Trial.input(whole))
    Compute.threads = 3
    let stopped = MemoryWorkspace(stopAfter: 3)
    #expect(throws: EvaluationStopped.self) { try Trial.evaluation(options)(Trial.input(stopped)) }
    let resumed = stopped.reopened()
    #expect(try Trial.evaluation(options)(Trial.input(resumed)) == result)
    let (first, second) = (try #require(whole.states["diffusion"]), try #require(resumed.states["diffusion"]))
    #expect(first.tensors.map(\.name) == second.tensors.map(\.name))
    #expect(zip(first.tensors, second.tensors).allSatisfy { $0.tensor.values == $1.tensor.values })
  }

  @Test func anotherNetworksStateIsRefused() throws {
    let workspace = MemoryWorkspace(stopAfter: 1)
    #expect(throws: EvaluationStopped.self) { try Trial.evaluation()(Trial.input(workspace)) }
    let error = #expect(throws: ImagineError.self) {
      try Trial.evaluation(["width": .integer(16)])(Trial.input(workspace.reopened()))
    }
    #expect("\(try #require(error))".contains("the saved diffusion model: expected"))
  }

  @Test func whatCannotBeDoneIsRefusedInWords() throws {
    let absent = #expect(throws: ImagineError.self) {
      try Trial.evaluation()(Trial.input(mode: .absent))
    }
    #expect("\(try #require(absent))".contains("expected a model with a target encoder"))
    for test in [[], [3], [2, 3], [4, 5, 6]] {
      let error = #expect(throws: ImagineError.self) { try Trial.evaluation()(Trial.input(test: test)) }
      #expect("\(try #require(error))".contains("raise data.holdout_fraction"))
    }
    for (name, value) in [("size", 60), ("width", 20)] {
      let error = #expect(throws: ImagineError.self) { try Trial.settings([name: .integer(value)]) }
      #expect("\(try #require(error))".contains("\(name) = \(value), expected a multiple of 8"))
    }
  }

  @Test func figuresAndSheetsSayWhatTheyAreOf() throws {
    let workspace = MemoryWorkspace()
    let result = try Trial.evaluation(["samples": .integer(2)])(Trial.input(workspace))
    #expect(workspace.warnings == ["left out: wave 5: torn"])
    #expect(
      workspace.notes.first?.hasPrefix("11 radiographs") == true
        || workspace.notes.first?.hasPrefix("12 radiographs") == true)
    let rows = try #require(result.sheets["imagined"]).rows
    #expect(rows.count == 2 && rows.allSatisfy { $0.groups.map(\.count) == [2, 2, 2] })
    #expect(result.summary.description == "recall@1 of hidden part of the view, from the prediction")
    for metric in result.metrics where metric.key.name.hasPrefix("recall") {
      #expect((0...1).contains(metric.value))
    }
    let without = try Trial.evaluation()(Trial.input(hasMarkers: false))
    #expect(!without.metrics.contains { $0.key.name.hasPrefix("marker") })
  }

  @Test func aMarkersEnergyIsItsExcessSquared() {
    var mask = GrayImage(width: 16, height: 16)
    var picture = GrayImage(width: 16, height: 16, fill: 0.25)
    #expect(MarkerEnergy.energy(picture, mask: mask) == 0)
    for row in 6..<9 { for column in 6..<8 { mask[row, column] = 1 } }
    #expect(MarkerEnergy.energy(picture, mask: mask) == 0)
    for row in 6..<9 { for column in 6..<8 { picture[row, column] = 0.75 } }
    #expect(abs(MarkerEnergy.energy(picture, mask: mask) - 0.25) < 1e-6)
    // A brighter radiograph with the same marker has the same energy, and a dark one at the place none.
    #expect(abs(MarkerEnergy.energy(shifted(picture, 0.2), mask: mask) - 0.25) < 1e-6)
    #expect(MarkerEnergy.energy(shifted(picture, -1, times: -1), mask: mask) == 0)
    let ratio = EnergyRatio(energies: [1, 0], truth: [2, 2])
    #expect(ratio.value == 0.25 && ratio.value(weights: [2, 0]) == 0.5)
    #expect(EnergyRatio(energies: [1], truth: [0]).value == nil)
  }

  private func shifted(_ image: GrayImage, _ by: Float, times factor: Float = 1) -> GrayImage {
    GrayImage(width: image.width, height: image.height, pixels: image.pixels.map { factor * $0 + by })
  }

  @Test func aMarkerLiesInARegionAlsoOfAMirroredView() throws {
    let input = try Trial.input()
    let group = try #require(try PredictionGroup(input, [0, 1], number: 0))
    let region = try #require(Region.all(of: group).first { $0.kind == .own })
    var mask = GrayImage(width: 40, height: 40)
    for row in 2..<6 { for column in 2..<6 { mask[row, column] = 1 } }
    var frame = Frame(
      row: 0, column: 0, height: 40, width: 40, mirrored: false, imageHeight: 40, imageWidth: 40)
    // The region is the view's upper left quarter.
    #expect(MarkerEnergy.share(of: mask, in: region, frame: frame, gridSize: 4) == 1)
    frame.mirrored = true
    #expect(MarkerEnergy.share(of: mask, in: region, frame: frame, gridSize: 4) == 0)
    frame = Frame(row: 4, column: 0, height: 36, width: 40, mirrored: false, imageHeight: 40, imageWidth: 40)
    #expect(MarkerEnergy.share(of: mask, in: region, frame: frame, gridSize: 4) == 0.5)
  }

  @Test func thePhantomsMarkerIsWhereItsTruthSays() throws {
    let source = PhantomSource(seed: 0, radiographs: 12, size: 256, rate: 0.3)
    var marked = 0
    for index in 0..<12 {
      let truth = try #require(try source.truth(at: index))
      #expect(truth.masks["marker"] == nil)
      guard let mask = truth.objects["marker"] else { continue }
      marked += 1
      #expect(mask.pixels.allSatisfy { $0 == 0 || $0 == 1 } && mask.pixels.contains(1))
      #expect(MarkerEnergy.energy(try source.radiograph(at: index), mask: mask) > 0.005)
    }
    #expect(marked >= 5)
  }
}
