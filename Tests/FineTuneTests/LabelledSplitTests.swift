import PluginChecks
import Testing
import WorldModel

@testable import FineTuneEvaluation
@testable import FineTuning

/// Which radiographs trials learn from.
@Suite struct RadiographSplitTests {
  private let radiographs = LitRadiographs(Fixture.records(240))

  private func draw(
    _ more: [String: OptionValue] = [:], validation: [Int] = [], findings: [String]? = nil
  ) throws -> RadiographDraw {
    let input = Fixture.input(
      radiographs, train: Array(0..<200), validation: validation, test: Array(220..<240), findings: findings)
    let settings = try Fixture.settings(more)
    return RadiographDraw(
      labels: try RadiographLabels(input, settings.kind), settings: settings.training, input: input)
  }

  private func patients(_ indices: [Int]) -> Set<String> {
    Set(indices.map { radiographs.records[$0].patient! })
  }

  @Test(arguments: ["train", "subset"], 0..<3) func sharesAreNested(origin: String, trial: Int) throws {
    let draw = try draw(["validation": .text(origin)])
    let splits = try [0.02, 0.1, 0.35, 1].map { try draw.split(.fraction($0), trial: trial) }
    for (small, large) in zip(splits, splits.dropFirst()) {
      #expect(Set(small.train).isStrictSubset(of: Set(large.train)))
      #expect(Set(small.validation).isSubset(of: Set(large.validation)))
    }
    for split in splits {
      #expect(patients(split.train).isDisjoint(with: patients(split.validation)))
      #expect(Set(split.train).count == split.train.count)
      #expect(split.train.count == 2 * patients(split.train).count, "a patient's radiographs stay together")
    }
    #expect(Set(splits[3].train + splits[3].validation) == Set(0..<200))
    #expect(splits[3].validation.count == 20)
    // A tenth of 90 patients, or of 100 with a tenth of them for validation.
    #expect(splits[1].train.count == 18)
    #expect(splits[1].validation.count == (origin == "train" ? 20 : 2))
  }

  @Test func seedsDrawOtherRadiographs() throws {
    let draw = try draw()
    let first = try draw.split(.fraction(0.1), trial: 0)
    #expect(try draw.split(.fraction(0.1), trial: 0) == first)
    #expect(try draw.split(.fraction(0.1), trial: 1) != first)
  }

  @Test func aNamedValidationSplitIsTaken() throws {
    let split = try draw(validation: Array(200..<220)).split(.fraction(1), trial: 0)
    #expect(split.validation == Array(200..<220) && split.train.count == 200)
  }

  @Test(arguments: [1, 5, 10]) func shotsAreCasesOfEachClass(count: Int) throws {
    let draw = try draw()
    let labels = try #require(draw.labels as? RadiographLabels)
    let split = try draw.split(.shots(count), trial: 0)
    for number in 0..<2 { #expect(labels.positives(split.train, number).count >= count) }
    let healthy = split.train.filter { radiographs.records[$0].findings.isEmpty }
    #expect(healthy.count == count)
    #expect(split.train.count <= 3 * count && split.train.count >= 2 * count)
    #expect(split.notes.isEmpty)
    #expect(try draw.split(.shots(count), trial: 1).train != split.train)
    let single = try self.draw(["loss": .text("cross-entropy")], findings: ["bright"])
    let ones = try single.split(.shots(count), trial: 0)
    let singles = try #require(single.labels as? RadiographLabels)
    #expect(singles.classes == ["bright", "none of these"])
    for number in 0..<2 { #expect(singles.positives(ones.train, number).count == count) }
  }

  @Test func missingCasesAreTold() throws {
    let split = try draw().split(.shots(80), trial: 0)
    #expect(split.notes.count == 2 && split.notes[0].hasPrefix("low: only "))
    let tiny = try draw().split(.fraction(0.0001), trial: 0)
    #expect(patients(tiny.train).count == 1)
  }

  @Test func labelsOfOneClassEach() throws {
    var records = Fixture.records(8)
    records[1].unknown = ["low"]
    let radiographs = LitRadiographs(records)
    let labels = try RadiographLabels(
      Fixture.input(radiographs, train: Array(0..<6), test: [6, 7]), .single)
    // 0, 1, 4 and 5 also show "low"; 0 and 4 both; of 1 it is not known, and nothing else is there.
    #expect(labels.classes == ["bright", "low", "none of these"])
    #expect(labels.labelled(Array(0..<8)) == [2, 3, 5, 6, 7])
    #expect(labels.labelled([2, 3, 5]).map(labels.singleClass) == [0, 2, 1])
    #expect(labels.unlabelled == 3)
  }

  @Test func unknownLabelsStayUnknown() throws {
    var records = Fixture.records(4)
    records[0].unknown = ["bright", "low"]
    records[1].unknown = ["bright"]
    let labels = try RadiographLabels(
      Fixture.input(LitRadiographs(records), train: [0, 1], test: [2, 3]), .multi)
    #expect(labels.labelled([0, 1, 2]) == [1, 2])
    #expect(labels[1] == [nil, true] && labels[2] == [true, false])
  }
}
