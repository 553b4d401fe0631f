import Testing
import WorldModel

@testable import Batches

@Suite struct TrainingPartitionTests {
  /// Two films of each of `patients` patients.
  private func films(_ patients: Int, split: (Int) -> String? = { _ in nil }) -> [FilmRecord] {
    (0..<2 * patients).map {
      FilmRecord(
        identifier: "film \($0)", patient: "patient \($0 / 2)", split: split($0),
        attributes: ["source": $0 % 4 < 2 ? "east" : "west"])
    }
  }

  private func partition(_ films: [FilmRecord], _ words: [String] = [], labels: Bool = true) throws
    -> FilmPartition
  {
    try FilmPartition(films, hasLabels: labels, ConfigurationFixture.configuration(words))
  }

  @Test(arguments: [0.1, 0.25, 0.5]) func holdOutIsByPatient(fraction: Double) throws {
    let films = films(40)
    let found = try partition(films, ["--holdout", "\(fraction)"])
    #expect(found.heldOut.count == Int(80 * fraction))
    #expect((found.pretrain + found.heldOut).sorted() == Array(0..<80))
    let held = Set(found.heldOut.map { films[$0].patient })
    #expect(found.pretrain.allSatisfy { !held.contains(films[$0].patient) })
    #expect(found.probeTrain == found.pretrain && found.probeTest == found.heldOut)
  }

  @Test func holdOutDependsOnTheSeedAlone() throws {
    let films = films(40)
    let words = ["--holdout", "0.3", "--seed"]
    #expect(try partition(films, words + ["1"]) == partition(films, words + ["1"]))
    #expect(try partition(films, words + ["1"]).heldOut != partition(films, words + ["2"]).heldOut)
  }

  @Test func nothingHeldOutWhereNothingIsAsked() throws {
    #expect(try partition(films(5), ["--holdout", "0"]).heldOut.isEmpty)
    #expect(try partition(films(1), ["--holdout", "0.9"]).pretrain.count == 2)
  }

  @Test func filmsWithoutPatientsAreEachTheirOwn() throws {
    let films = (0..<20).map { FilmRecord(identifier: "\($0)") }
    let found = try partition(films, ["--holdout", "0.2"])
    #expect(found.heldOut.count == 4 && found.pretrain.count == 16)
  }

  /// One number written in several ways is one patient; one patient in every film leaves nothing to hold out, and is told.
  @Test func patientsAreTheirNumbers() throws {
    let numbers = ["10", "010", "10.0", "11", " 11", "12", "13", "14"]
    let films = numbers.enumerated().map { FilmRecord(identifier: "\($0)", patient: $1) }
    for seed in 0..<6 {
      let found = try partition(films, ["--holdout", "0.4", "--seed", "\(seed)"])
      let held = Set(found.heldOut)
      #expect([0, 1, 2].filter(held.contains).count % 3 == 0 && [3, 4].filter(held.contains).count % 2 == 0)
    }
    #expect(try partition(films, ["--filter", "patient=0010", "--holdout", "0"]).pretrain == [0, 1, 2])
    let one = (0..<6).map { FilmRecord(identifier: "\($0)", patient: "X-1") }
    let notes = try partition(one, ["--holdout", "0.3"]).notes
    #expect(
      notes.contains {
        $0.contains("all 6 films name one patient, \"X-1\"") && $0.contains("--patient-column")
      })
    #expect(try partition(one, ["--holdout", "0"]).notes.isEmpty)
  }

  @Test func splitsOfTheSource() throws {
    let films = films(10) { $0 < 12 ? "train" : $0 < 16 ? "val" : "test" }
    let found = try partition(films)
    #expect(found.pretrain == Array(0..<12) && found.heldOut == Array(12..<20))
    #expect(
      found.probeTrain == Array(0..<12) && found.probeTest == Array(16..<20)
        && found.probeValidation == Array(12..<16))
    #expect(found.notes.isEmpty)
    let other = try partition(films, ["--pretrain-splits", "val"])
    #expect(other.pretrain == Array(12..<16))
  }

  @Test func patientInTwoSplitsTrainsInNone() throws {
    // Films 10 and 11 are of one patient, on either side.
    let films = films(10) { $0 < 11 ? "train" : "test" }
    let found = try partition(films)
    #expect(found.pretrain == Array(0..<10))
    #expect(found.probeTrain == Array(0..<10) && found.probeTest == Array(11..<20))
    #expect(found.notes.count == 1 && found.notes[0].hasPrefix("1 films were left out"))
  }

  @Test func filtersAndLimits() throws {
    let films = films(10)
    let east = try partition(films, ["--filter", "source=east", "--holdout", "0"])
    #expect(east.pretrain == (0..<20).filter { $0 % 4 < 2 })
    let limited = try partition(
      films, ["--set", "data.limit=6", "--filter", "source=east", "--holdout", "0"])
    #expect(limited.pretrain == [0, 1, 4, 5, 8, 9])
    let one = try partition(films, ["--filter", "patient=patient 3", "--holdout", "0"])
    #expect(one.pretrain == [6, 7])
    let probe = try partition(films, ["--evaluation-filter", "source=west", "--holdout", "0.4"])
    #expect((probe.probeTrain + probe.probeTest).allSatisfy { $0 % 4 >= 2 })
    #expect(probe.pretrain.contains { $0 % 4 < 2 })
  }

  @Test func probeIsThinnedEvenly() throws {
    let found = try partition(films(50), ["--holdout", "0.2", "--set", "evaluation.films=25"])
    #expect(found.probeTrain.count == 20 && found.probeTest.count == 5)
    #expect(Set(found.probeTrain).isSubset(of: Set(found.pretrain)))
    #expect(Set(found.probeTest).isSubset(of: Set(found.heldOut)))
  }

  @Test func nothingToProbeWithoutLabels() throws {
    let found = try partition(films(5), labels: false)
    #expect(found.probeTrain.isEmpty && found.probeTest.isEmpty)
  }

  @Test func refusals() {
    #expect(throws: PartitionError.self) { try partition([]) }
    let films = films(3) { _ in "val" }
    do {
      _ = try partition(films)
      Issue.record("nothing to train on was accepted")
    } catch { #expect("\(error)".contains("[\"val\"]") && "\(error)".contains("--pretrain-splits")) }
    do {
      _ = try partition(films, ["--filter", "source=south"])
      Issue.record("a filter that leaves nothing was accepted")
    } catch { #expect("\(error)".contains("relax data.filter")) }
  }
}

extension TrainingPartitionTests {
  @Test func lateralFilmsAreLeftOutUnlessAskedFor() throws {
    var films = films(10)
    films[3].view = .lateral
    films[4].view = .other
    films[5].view = .anteroposterior
    let frontal = try partition(films, ["--holdout", "0"])
    #expect(frontal.pretrain == (0..<20).filter { $0 != 3 && $0 != 4 })
    #expect(frontal.notes.count == 1 && frontal.notes[0].hasPrefix("2 films are no frontal views"))
    let all = try partition(films, ["--holdout", "0", "--set", "data.views=all"])
    #expect(all.pretrain.count == 20 && all.notes.isEmpty)
  }

  @Test func fractionsTakeWholePatientsAndNest() throws {
    let films = films(40)
    func kept(_ fraction: String, seed: String = "0") throws -> Set<Int> {
      let words = ["--fraction", fraction, "--set", "data.fraction_seed=\(seed)", "--holdout", "0.25"]
      let found = try partition(films, words)
      #expect(found.heldOut.count == 20)
      #expect(Dictionary(grouping: found.pretrain) { films[$0].patient }.values.allSatisfy { $0.count == 2 })
      return Set(found.pretrain)
    }
    let (small, large) = (try kept("0.1"), try kept("0.5"))
    #expect(small.count == 6 && large.count == 30)
    #expect(small.isSubset(of: large))
    #expect(try kept("0.1", seed: "1") != small)
    #expect(try kept("0.0001").count == 2)
  }

  @Test func eachCollectionIsSplitInItsOwnWay() throws {
    var films = films(20)
    for index in films.indices {
      films[index].attributes["collection"] = index < 20 ? "nih" : "clinic"
      if index < 20 { films[index].split = index < 16 ? "train" : "test" }
    }
    let found = try partition(films, ["--holdout", "0.2"])
    #expect(found.heldOut.filter { $0 < 20 } == Array(16..<20))
    #expect(found.heldOut.filter { $0 >= 20 }.count == 4)
    #expect(found.pretrain.count == 32)
    #expect(Set(found.probeTest) == Set(found.heldOut) && Set(found.probeTrain) == Set(found.pretrain))
  }
}

@Suite struct EpochOrdersTests {
  @Test func equalWeightsVisitEveryFilmOnce() {
    let orders = EpochOrders(weights: Array(repeating: 1, count: 50), seed: 3)
    #expect(orders.filmsPerEpoch == 50)
    #expect(orders.order(epoch: 0).sorted() == Array(0..<50))
    #expect(orders.order(epoch: 0) != orders.order(epoch: 1))
    #expect(
      EpochOrders(weights: Array(repeating: 1, count: 50), seed: 3).order(epoch: 1) == orders.order(epoch: 1))
  }

  @Test func weightsRepeatAndThin() {
    let weights = (0..<60).map { $0 < 20 ? 2.5 : 0.25 }
    let orders = EpochOrders(weights: weights, seed: 0)
    #expect(orders.filmsPerEpoch == 60)
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
