import CoreTensor
import Testing
import WorldModel

@testable import Batches

@Suite struct SplitDrawTests {
  static let findings = ["a", "b", "c", "d"]

  /// Patients with one to `most` radiographs; each radiograph has one finding or none, or several.
  static func radiographs(_ patients: Int, most: Int = 1, several: Bool = false, seed: UInt64)
    -> [RadiographRecord]
  {
    var random = RandomStream(seed: seed, stream: "split-tests")
    return (0..<patients).flatMap { patient in
      (0..<random.integer(in: 1...most)).map { number in
        let own =
          several
          ? findings.enumerated().filter { random.chance(0.5 / Double(1 + $0.offset)) }.map(\.element)
          : (findings + ["none"]).dropFirst(random.integer(in: 0...4)).prefix(1).filter { $0 != "none" }
        return RadiographRecord(
          identifier: "\(patient)/\(number)", patient: "P\(patient)", findings: Set(own))
      }
    }
  }

  private func draw(_ records: [RadiographRecord], seed: UInt64 = 0) -> SplitDraw {
    SplitDraw(records, findings: Self.findings, seed: seed)
  }

  @Test(arguments: 0..<6) func foldsAreOfPatientsAndEven(seed: UInt64) throws {
    for (most, several) in [(1, false), (1, true), (4, true)] {
      let records = Self.radiographs(103, most: most, several: several, seed: seed)
      let folds = try draw(records, seed: seed).folds(Array(records.indices), count: 5)
      #expect(folds.count == records.count && Set(folds) == Set(1...5))
      let byPatient = Dictionary(grouping: records.indices) { records[$0].patientKey }
      #expect(byPatient.values.allSatisfy { own in Set(own.map { folds[$0] }).count == 1 })
      // With one radiograph a patient each fold has its share to within one; with several, to within three here.
      for finding in Self.findings {
        let own = records.indices.filter { records[$0].findings.contains(finding) }
        for fold in 1...5 {
          let found = Double(own.count { folds[$0] == fold })
          #expect(abs(found - Double(own.count) / 5) <= (most == 1 ? 1 : 3), "\(finding), fold \(fold)")
        }
      }
      let sizes = (1...5).map { fold in Double(folds.count { $0 == fold }) }
      #expect(sizes.allSatisfy { abs($0 - Double(records.count) / 5) <= (most == 1 ? 1 : 3) }, "\(sizes)")
    }
  }

  @Test func theOrderOfRecordsIsNothing() throws {
    let records = Self.radiographs(60, most: 3, several: true, seed: 9)
    var random = RandomStream(seed: 1, stream: "order")
    let order = random.permutation(records.count)
    let other = order.map { records[$0] }
    let (all, one, two) = (Array(records.indices), draw(records, seed: 4), draw(other, seed: 4))
    let fractions = [0.6, 0.1, 0.3]
    let splits = try one.splits(all, fractions: fractions)
    #expect(try two.splits(all, fractions: fractions) == order.map { splits[$0] })
    let folds = try one.folds(all, count: 4)
    #expect(try two.folds(all, count: 4) == order.map { folds[$0] })
    let (first, second) = (one.shots(all, count: 3, draw: 2), two.shots(all, count: 3, draw: 2))
    #expect(
      Set(first.radiographs.map { records[$0].identifier })
        == Set(second.radiographs.map { other[$0].identifier }))
    #expect(try draw(records, seed: 5).folds(all, count: 4) != folds)
    #expect(try one.folds(all, count: 4) == folds)
  }

  /// What is drawn for a seed stays what it is in later versions, since it is published by its seed.
  @Test func goldenDraw() throws {
    let records = (0..<12).map {
      RadiographRecord(identifier: "r\($0)", patient: "p\($0 / 2)", findings: $0 % 3 == 0 ? ["a"] : [])
    }
    let own = SplitDraw(records, findings: ["a"], seed: 7)
    let splits = try own.splits(Array(0..<12), fractions: [0.5, 0.25, 0.25])
    #expect(splits.map { $0.prefix(2) }.joined(separator: " ") == "tr tr va va va va tr tr te te tr tr")
    #expect(try own.folds(Array(0..<12), count: 3) == [3, 3, 1, 1, 2, 2, 1, 1, 2, 2, 3, 3])
    #expect(own.shots(Array(0..<12), count: 2, draw: 1).radiographs == [0, 8, 9, 10])
  }

  @Test func fractions() throws {
    let records = Self.radiographs(200, seed: 3)
    let all = Array(records.indices)
    let splits = try draw(records).splits(all, fractions: [0.7, 0.1, 0.2])
    #expect(splits.count { $0 == "train" } == 140 && splits.count { $0 == "val" } == 20)
    let two = try draw(records).splits(all, fractions: [0.5, 0, 0.5])
    #expect(Set(two) == ["train", "test"])
    #expect(try draw(records).splits(all, fractions: [1, 0, 0]) == Array(repeating: "train", count: 200))
    // Of some radiographs only.
    #expect(try draw(records).splits([5, 3], fractions: [0.5, 0, 0.5]).count == 2)
  }

  @Test func tooFewPatientsAreTold() {
    let records = (0..<9).map { RadiographRecord(identifier: "\($0)", patient: "p\($0 / 3)") }
    for body in [
      { _ = try draw(records).folds(Array(0..<9), count: 4) },
      { _ = try draw(records).splits(Array(0..<9), fractions: [0.9, 0.05, 0.05]) },
      { _ = try draw(records).folds([], count: 2) },
    ] {
      do {
        try body()
        Issue.record("a part without patients was accepted")
      } catch { #expect("\(error)".contains("no patient is left for it"), "\(error)") }
    }
  }

  @Test func shotsNest() throws {
    let records = Self.radiographs(300, most: 2, several: true, seed: 5)
    let all = Array(records.indices)
    func shots(_ count: Int, _ draw: Int) -> Set<Int> {
      let found = self.draw(records).shots(all, count: count, draw: draw)
      #expect(found.short.isEmpty && found.radiographs == found.radiographs.sorted())
      return Set(found.radiographs)
    }
    for count in [1, 5, 10] {
      let found = shots(count, 1)
      #expect(found.count <= 5 * count)
      for finding in Self.findings {
        let own = found.filter { records[$0].findings.contains(finding) }
        #expect(Set(own.map { records[$0].patientKey }).count >= count)
      }
      #expect(found.count { records[$0].findings.isEmpty } == count)
    }
    #expect(shots(1, 1).isSubset(of: shots(5, 1)) && shots(5, 1).isSubset(of: shots(10, 1)))
    #expect(shots(5, 1) != shots(5, 2))
    let few = draw(Array(records.prefix(6))).shots(Array(0..<6), count: 50, draw: 1)
    #expect(few.short.map(\.finding) == Self.findings + ["no finding"])
  }

  @Test func recordsOfSplitsCompare() throws {
    let records = Self.radiographs(20, seed: 1)
    let split = try DataSplit(records, hasLabels: false, ConfigurationFixture.configuration([]))
    let record = split.record(records, list: nil)
    #expect(record.sides == ["pretrain": split.pretrain.count, "held-out": split.heldOut.count])
    #expect(record.difference("the run", to: record) == nil)
    let reversed = Array(records.reversed())
    let other = try DataSplit(reversed, hasLabels: false, ConfigurationFixture.configuration([]))
    #expect(other.record(reversed, list: nil) == record)
    let words = ["--seed", "3"]
    let seeded = try DataSplit(records, hasLabels: false, ConfigurationFixture.configuration(words))
    let now = seeded.record(records, list: nil)
    let told = try #require(record.difference("the run", to: now))
    #expect(told.contains(record.checksum) && told.contains(now.checksum) && told.contains("2 held-out"))
  }
}
