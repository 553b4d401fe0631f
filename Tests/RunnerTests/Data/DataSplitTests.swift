import Testing
import WorldModel

@testable import Batches

@Suite struct DataSplitTests {
  /// Two radiographs of each of `patients` patients.
  private func radiographs(_ patients: Int, split: (Int) -> String? = { _ in nil }) -> [RadiographRecord] {
    (0..<2 * patients).map {
      RadiographRecord(
        identifier: "radiograph \($0)", patient: "patient \($0 / 2)", split: split($0),
        attributes: ["source": $0 % 4 < 2 ? "east" : "west"])
    }
  }

  private func split(_ radiographs: [RadiographRecord], _ words: [String] = [], labels: Bool = true) throws
    -> DataSplit
  {
    try DataSplit(radiographs, hasLabels: labels, ConfigurationFixture.configuration(words))
  }

  @Test(arguments: [0.1, 0.25, 0.5]) func holdOutIsByPatient(fraction: Double) throws {
    let radiographs = radiographs(40)
    let found = try split(radiographs, ["--holdout", "\(fraction)"])
    #expect(found.heldOut.count == Int(80 * fraction))
    #expect((found.pretrain + found.heldOut).sorted() == Array(0..<80))
    let held = Set(found.heldOut.map { radiographs[$0].patient })
    #expect(found.pretrain.allSatisfy { !held.contains(radiographs[$0].patient) })
    #expect(found.probeTrain == found.pretrain && found.probeTest == found.heldOut)
  }

  @Test func holdOutDependsOnTheSeedAlone() throws {
    let radiographs = radiographs(40)
    let words = ["--holdout", "0.3", "--seed"]
    #expect(try split(radiographs, words + ["1"]) == split(radiographs, words + ["1"]))
    #expect(try split(radiographs, words + ["1"]).heldOut != split(radiographs, words + ["2"]).heldOut)
  }

  @Test func nothingHeldOutWhereNothingIsAsked() throws {
    #expect(try split(radiographs(5), ["--holdout", "0"]).heldOut.isEmpty)
    #expect(try split(radiographs(1), ["--holdout", "0.9"]).pretrain.count == 2)
  }

  @Test func radiographsWithoutPatientsAreEachTheirOwn() throws {
    let radiographs = (0..<20).map { RadiographRecord(identifier: "\($0)") }
    let found = try split(radiographs, ["--holdout", "0.2"])
    #expect(found.heldOut.count == 4 && found.pretrain.count == 16)
  }

  /// One number written in several ways is one patient; one patient in every radiograph leaves nothing to hold out, and
  /// is told.
  @Test func patientsAreTheirNumbers() throws {
    let numbers = ["10", "010", "10.0", "11", " 11", "12", "13", "14"]
    let radiographs = numbers.enumerated().map { RadiographRecord(identifier: "\($0)", patient: $1) }
    for seed in 0..<6 {
      let found = try split(radiographs, ["--holdout", "0.4", "--seed", "\(seed)"])
      let held = Set(found.heldOut)
      #expect([0, 1, 2].filter(held.contains).count % 3 == 0 && [3, 4].filter(held.contains).count % 2 == 0)
    }
    #expect(try split(radiographs, ["--filter", "patient=0010", "--holdout", "0"]).pretrain == [0, 1, 2])
    let one = (0..<6).map { RadiographRecord(identifier: "\($0)", patient: "X-1") }
    let notes = try split(one, ["--holdout", "0.3"]).notes
    #expect(
      notes.contains {
        $0.contains("all 6 radiographs name one patient, \"X-1\"") && $0.contains("--patient-column")
      })
    #expect(try split(one, ["--holdout", "0"]).notes.isEmpty)
  }

  @Test func splitsOfTheSource() throws {
    let radiographs = radiographs(10) { $0 < 12 ? "train" : $0 < 16 ? "val" : "test" }
    let found = try split(radiographs)
    #expect(found.pretrain == Array(0..<12) && found.heldOut == Array(12..<20))
    #expect(
      found.probeTrain == Array(0..<12) && found.probeTest == Array(16..<20)
        && found.probeValidation == Array(12..<16))
    #expect(found.notes.isEmpty)
    let other = try split(radiographs, ["--pretrain-splits", "val"])
    #expect(other.pretrain == Array(12..<16))
  }

  @Test func patientInTwoSplitsTrainsInNone() throws {
    // Radiographs 10 and 11 are of one patient, on either side.
    let radiographs = radiographs(10) { $0 < 11 ? "train" : "test" }
    let found = try split(radiographs)
    #expect(found.pretrain == Array(0..<10))
    #expect(found.probeTrain == Array(0..<10) && found.probeTest == Array(11..<20))
    #expect(found.notes.count == 1 && found.notes[0].hasPrefix("1 radiographs were left out"))
  }

  @Test func filtersAndLimits() throws {
    let radiographs = radiographs(10)
    let east = try split(radiographs, ["--filter", "source=east", "--holdout", "0"])
    #expect(east.pretrain == (0..<20).filter { $0 % 4 < 2 })
    let limited = try split(
      radiographs, ["--set", "data.limit=6", "--filter", "source=east", "--holdout", "0"])
    #expect(limited.pretrain == [0, 1, 4, 5, 8, 9])
    let one = try split(radiographs, ["--filter", "patient=patient 3", "--holdout", "0"])
    #expect(one.pretrain == [6, 7])
    let probe = try split(radiographs, ["--evaluation-filter", "source=west", "--holdout", "0.4"])
    #expect((probe.probeTrain + probe.probeTest).allSatisfy { $0 % 4 >= 2 })
    #expect(probe.pretrain.contains { $0 % 4 < 2 })
  }

  @Test func probeIsThinnedEvenly() throws {
    let found = try split(radiographs(50), ["--holdout", "0.2", "--set", "evaluation.images=25"])
    #expect(found.probeTrain.count == 20 && found.probeTest.count == 5)
    #expect(Set(found.probeTrain).isSubset(of: Set(found.pretrain)))
    #expect(Set(found.probeTest).isSubset(of: Set(found.heldOut)))
  }

  @Test func nothingToProbeWithoutLabels() throws {
    let found = try split(radiographs(5), labels: false)
    #expect(found.probeTrain.isEmpty && found.probeTest.isEmpty)
  }

  @Test func refusals() {
    #expect(throws: SplitError.self) { try split([]) }
    let radiographs = radiographs(3) { _ in "val" }
    do {
      _ = try split(radiographs)
      Issue.record("nothing to train on was accepted")
    } catch { #expect("\(error)".contains("[\"val\"]") && "\(error)".contains("--pretrain-splits")) }
    do {
      _ = try split(radiographs, ["--filter", "source=south"])
      Issue.record("a filter that leaves nothing was accepted")
    } catch { #expect("\(error)".contains("relax data.filter")) }
  }
}

extension DataSplitTests {
  @Test func lateralRadiographsAreLeftOutUnlessAskedFor() throws {
    var radiographs = radiographs(10)
    radiographs[3].view = .lateral
    radiographs[4].view = .other
    radiographs[5].view = .anteroposterior
    let frontal = try split(radiographs, ["--holdout", "0"])
    #expect(frontal.pretrain == (0..<20).filter { $0 != 3 && $0 != 4 })
    #expect(frontal.notes.count == 1 && frontal.notes[0].hasPrefix("2 radiographs are no frontal views"))
    let all = try split(radiographs, ["--holdout", "0", "--set", "data.views=all"])
    #expect(all.pretrain.count == 20 && all.notes.isEmpty)
  }

  @Test func fractionsTakeWholePatientsAndNest() throws {
    let radiographs = radiographs(40)
    func kept(_ fraction: String, seed: String = "0") throws -> Set<Int> {
      let words = ["--fraction", fraction, "--set", "data.fraction_seed=\(seed)", "--holdout", "0.25"]
      let found = try split(radiographs, words)
      #expect(found.heldOut.count == 20)
      #expect(
        Dictionary(grouping: found.pretrain) { radiographs[$0].patient }.values.allSatisfy { $0.count == 2 })
      return Set(found.pretrain)
    }
    let (small, large) = (try kept("0.1"), try kept("0.5"))
    #expect(small.count == 6 && large.count == 30)
    #expect(small.isSubset(of: large))
    #expect(try kept("0.1", seed: "1") != small)
    #expect(try kept("0.0001").count == 2)
  }

  @Test func eachCollectionIsSplitInItsOwnWay() throws {
    var radiographs = radiographs(20)
    for index in radiographs.indices {
      radiographs[index].attributes["collection"] = index < 20 ? "nih" : "clinic"
      if index < 20 { radiographs[index].split = index < 16 ? "train" : "test" }
    }
    let found = try split(radiographs, ["--holdout", "0.2"])
    #expect(found.heldOut.filter { $0 < 20 } == Array(16..<20))
    #expect(found.heldOut.filter { $0 >= 20 }.count == 4)
    #expect(found.pretrain.count == 32)
    #expect(Set(found.probeTest) == Set(found.heldOut) && Set(found.probeTrain) == Set(found.pretrain))
  }
}

@Suite struct SamplerTests {
  @Test func equalWeightsVisitEveryRadiographOnce() {
    let orders = Sampler(weights: Array(repeating: 1, count: 50), seed: 3)
    #expect(orders.imagesPerEpoch == 50)
    #expect(orders.order(epoch: 0).sorted() == Array(0..<50))
    #expect(orders.order(epoch: 0) != orders.order(epoch: 1))
    #expect(
      Sampler(weights: Array(repeating: 1, count: 50), seed: 3).order(epoch: 1) == orders.order(epoch: 1))
  }

  @Test func weightsRepeatAndThin() {
    let weights = (0..<60).map { $0 < 20 ? 2.5 : 0.25 }
    let orders = Sampler(weights: weights, seed: 0)
    #expect(orders.imagesPerEpoch == 60)
    var seen = Set<Int>()
    for epoch in 0..<30 {
      let order = orders.order(epoch: epoch)
      let counts = Dictionary(grouping: order) { $0 }.mapValues(\.count)
      #expect(order.count == 60)
      #expect((0..<20).allSatisfy { [2, 3].contains(counts[$0] ?? 0) })
      #expect(
        order.filter { $0 < 20 }.count == 50 && counts.filter { $0.key >= 20 }.values.allSatisfy { $0 == 1 })
      seen.formUnion(order)
    }
    #expect(seen.count == 60)
  }
}
