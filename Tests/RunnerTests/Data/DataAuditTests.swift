import CoreTensor
import Foundation
import Imaging
import Radiographs
import Synchronization
import Testing
import WorldModel

@testable import Audit
@testable import Commands
@testable import Console
@testable import Runs

@Suite struct AuditPictureTests {
  @Test func digestsTellPixelsAndSizesApart() {
    let radiograph = ReportsSupport.syntheticRadiograph(width: 61, height: 40)
    var other = radiograph
    other[39, 60] += 1 / 255
    #expect(PixelDigest(radiograph) == PixelDigest(radiograph))
    #expect(PixelDigest(radiograph) != PixelDigest(other))
    let turned = GrayImage(width: 40, height: 61, pixels: radiograph.pixels)
    #expect(PixelDigest(radiograph) != PixelDigest(turned))
    #expect(PixelDigest(radiograph).description.count == 32)
    let rounded = GrayImage(width: 61, height: 40, pixels: radiograph.pixels.map { $0 + 1e-7 })
    #expect(zip(radiograph.pixels, rounded.pixels).contains { $0 != $1 })
  }

  @Test(arguments: [(32, 32), (33, 47), (100, 64), (640, 333), (32, 500)])
  func cellsAreMeansOfWhatTheyCover(width: Int, height: Int) {
    let radiograph = ReportsSupport.syntheticRadiograph(width: width, height: height)
    let means = AuditThumbnail.means(radiograph)
    #expect(means.count == 1024)
    let mean = radiograph.pixels.reduce(0.0) { $0 + Double($1) } / Double(radiograph.pixels.count)
    #expect(abs(means.reduce(0.0) { $0 + Double($1) } / 1024 - mean) < 1e-4)
    // The first cell, summed pixel by pixel.
    let (tall, wide) = (Double(height) / 32, Double(width) / 32)
    var sum = 0.0
    for row in 0..<height where Double(row) < tall {
      for column in 0..<width where Double(column) < wide {
        let share = min(1, tall - Double(row)) * min(1, wide - Double(column))
        sum += share * Double(radiograph[row, column])
      }
    }
    #expect(abs(Double(means[0]) - sum / (tall * wide)) < 1e-4)
  }

  @Test func searchFindsWhatComparingOneByOneFinds() {
    var random = RandomStream(seed: 5, stream: "audit-hashes")
    func word() -> UInt64 {
      UInt64(random.unit() * 4_294_967_296) << 32 | UInt64(random.unit() * 4_294_967_296)
    }
    var words = (0..<4 * 700).map { _ in word() }
    for (copy, bits) in [(1, 0), (2, 20), (3, 44), (4, 45)] {
      for place in 0..<4 { words[4 * (600 + copy) + place] = words[4 * copy + place] }
      for bit in 0..<bits { words[4 * (600 + copy) + bit % 4] ^= 1 << UInt64(bit / 4 * 3) }
    }
    let found = Mutex<Set<[Int]>>([])
    HashSearch.pairs(words, with: words) { first, second in
      found.withLock { _ = $0.insert([first, second]) }
    }
    var expected: Set<[Int]> = []
    for first in 0..<700 {
      for second in first + 1..<700 {
        let bits = (0..<4).reduce(0) { $0 + (words[4 * first + $1] ^ words[4 * second + $1]).nonzeroBitCount }
        if bits <= 44 { expected.insert([first, second]) }
      }
    }
    #expect(found.withLock { $0 } == expected)
    #expect(expected.isSuperset(of: [[1, 601], [2, 602], [3, 603]]) && !expected.contains([4, 604]))
  }

  /// Few radiographs are compared by thumbnails only, many by hashes first.
  @Test(arguments: [20, 270]) func copiesAreFoundAndOtherRadiographsAreNot(count: Int) throws {
    var radiographs = try AuditRadiographs.phantoms(count)
    let copies = [
      radiographs[3], AuditRadiographs.brighter(radiographs[4]),
      AuditRadiographs.cropped(radiographs[5], 0.03),
      AuditPictures.reduced(radiographs[6], longest: 70), AuditRadiographs.negative(radiographs[7]),
      AuditRadiographs.brighter(
        AuditRadiographs.cropped(AuditPictures.reduced(radiographs[8], longest: 80), 0.02)),
    ]
    radiographs +=
      copies + [GrayImage(width: 64, height: 64, fill: 0.5), GrayImage(width: 80, height: 64, fill: 0.2)]
    let found = AuditDuplicates(radiographs.map { AuditLook($0) } + [nil])
    #expect(found.exact == [[3, count]])
    #expect(found.near.map { [$0.first, $0.second] } == (4...8).map { [$0, count + $0 - 3] })
    #expect(found.near.map(\.isNegative) == [false, false, false, true, false])
    #expect(
      found.near.allSatisfy { $0.correlation >= AuditRegistration.sameRadiograph && $0.correlation <= 1 })
  }
}

@Suite struct AuditSuspicionTests {
  @Test func negativesAreToldFromRadiographs() throws {
    for (number, radiograph) in try AuditRadiographs.phantoms(60).enumerated() {
      let (upright, negative) = (AuditLook(radiograph), AuditLook(AuditRadiographs.negative(radiograph)))
      #expect(upright.uprightScore > 0.5 && negative.uprightScore < AuditInversion.limit, "phantom \(number)")
      #expect(abs(upright.uprightScore + negative.uprightScore) < 0.1)
    }
  }

  @Test func eachFaultHasItsName() throws {
    let radiograph = try AuditRadiographs.phantoms(1, size: 128)[0]
    var source = HeldRadiographs()
    source.add("good", radiograph)
    source.add("inverted", AuditRadiographs.negative(radiograph))
    source.add("lateral", AuditRadiographs.negative(radiograph), view: .lateral)
    source.add("blank", GrayImage(width: 64, height: 64, fill: 0.4))
    source.add(
      "clipped", GrayImage(width: 128, height: 128, pixels: radiograph.pixels.map { min($0 * 4 + 0.1, 1) }))
    var bordered = GrayImage(width: 256, height: 200)
    for row in 0..<128 {
      for column in 0..<128 { bordered[row + 40, column + 60] = radiograph[row, column] }
    }
    source.add("bordered", bordered)
    source.add("odd-shape", AuditPictures.reduced(radiograph, longest: 64).repeatedBelow(3))
    source.add("broken", nil)
    let findings = AuditRadiographs.findings(source)
    let flags = Dictionary(
      uniqueKeysWithValues: zip(findings.radiographs.map(\.record.identifier), findings.suspicions))
    #expect(flags["good"] == [] && flags["broken"] == [] && flags["lateral"] == [])
    for kind in AuditSuspicion.allCases {
      #expect(flags[kind.rawValue]?.contains(kind) == true, "\(kind): \(flags)")
    }
    #expect(flags["blank"] == [.blank] && flags["inverted"] == [.inverted])
    let report = findings.report(seconds: 1)
    #expect(report.undecodable.map(\.radiographs) == [["broken"]] && report.passed)
  }
}

extension GrayImage {
  fileprivate func repeatedBelow(_ times: Int) -> GrayImage {
    GrayImage(width: width, height: height * times, pixels: (0..<times).flatMap { _ in pixels })
  }
}

@Suite struct AuditLeakTests {
  private func source() throws -> (own: HeldRadiographs, test: HeldRadiographs) {
    let radiographs = try AuditRadiographs.phantoms(8)
    var own = HeldRadiographs(findingNames: ["mass", "nodule"])
    own.add("a", radiographs[0], patient: "1", split: "train", findings: ["mass"])
    own.add("b", radiographs[1], patient: "1", split: "pretrain")
    own.add("c", radiographs[2], patient: "1", split: "test")
    own.add("d", radiographs[0], patient: "2", split: "pretrain")
    own.add("e", radiographs[0], patient: "3", split: "val")
    own.add("f", radiographs[3], patient: "4", split: "val")
    own.add("g", AuditRadiographs.brighter(radiographs[3]), patient: "5", split: "test")
    own.add("h", radiographs[4], patient: "6", split: "train")
    own.add("i", radiographs[5], split: "train")
    var test = HeldRadiographs()
    test.add("x", radiographs[4], patient: "7")
    test.add("y", AuditRadiographs.brighter(radiographs[5]))
    test.add("z", radiographs[6], patient: "2")
    test.add("w", radiographs[6], patient: "8")
    return (own, test)
  }

  @Test func whatBothSidesHold() throws {
    let (own, test) = try source()
    let findings = AuditRadiographs.findings(own, against: [test])
    func radiographs(_ kind: AuditLeakKind) -> [[String]] {
      findings.leaks.filter { $0.kind == kind }.map { $0.radiographs.map(findings.name) }
    }
    #expect(radiographs(.patientsBySplits) == [["a", "b", "c"]])
    #expect(radiographs(.radiographsBySplits) == [["a", "e"], ["d", "e"]])
    #expect(radiographs(.nearRadiographsBySplits) == [["f", "g"]])
    #expect(radiographs(.patientsWithTest) == [["d", "test1: z"]])
    #expect(radiographs(.radiographsWithTest) == [["h", "test1: x"]])
    #expect(radiographs(.nearRadiographsWithTest) == [["i", "test1: y"]])
    let report = findings.report(seconds: 0)
    #expect(!report.passed && report.sentence.contains("--allow patients-shared-by-splits"))
    #expect(report.findingsThatNeverOccur == ["nodule"])
    #expect(report.splits.map(\.trains) == [true, false, true, false])
  }

  @Test func allowedLeaksPass() throws {
    let (own, test) = try source()
    let all = Set(AuditLeakKind.allCases.map(\.rawValue))
    let report = AuditRadiographs.findings(own, against: [test], allowed: all).report(seconds: 0)
    #expect(report.passed && report.verdicts.filter { $0.weight == .allowed }.count == 7)
    for name in all where name != AuditLeakKind.patientsUnknown.rawValue {
      #expect(
        !AuditRadiographs.findings(own, against: [test], allowed: all.subtracting([name])).report(seconds: 0)
          .passed
      )
    }
  }

  @Test func nothingUsableDoesNotPass() {
    var own = HeldRadiographs()
    own.add("broken", nil)
    #expect(!AuditRadiographs.findings(own).report(seconds: 0).passed)
  }
}

@Suite struct AuditTextTests {
  private let hostile = "<script>alert('x')</script>&\"\u{202E}\u{1B}[2J\n.png"

  @Test func whatFilesAreCalledCannotBecomeMarkup() throws {
    var own = HeldRadiographs(findingNames: [hostile])
    let radiograph = try AuditRadiographs.phantoms(1)[0]
    own.add(hostile, radiograph, patient: hostile, split: "train", findings: [hostile])
    own.add("copy" + hostile, radiograph, patient: hostile, split: hostile)
    own.add("broken" + hostile, nil, split: "train")
    let findings = AuditRadiographs.findings(own)
    let report = findings.report(seconds: 0)
    let page = AuditPage(findings, report, seed: 1, png: { try PngWriter.encode($0) }).text
    #expect(!page.contains("<script") && !page.contains("\u{202E}") && !page.contains("\u{1B}"))
    #expect(page.contains("&lt;script&gt;") && page.contains("copy&lt;script&gt;"))
    try PageMarkup(page).check()
    let text = AuditText(report, terminal: Terminal(isInteractive: false)).text
    #expect(!text.contains("\u{1B}") && !text.contains("\u{202E}"))
  }

  @Test func cellsOfTheTableAreQuoted() {
    #expect(DelimitedText.cell("plain name.png") == "plain name.png")
    #expect(DelimitedText.cell("a,b") == "\"a,b\"")
    #expect(DelimitedText.cell("a\"b\r\nc") == "\"a\"\"b\r\nc\"")
  }

  @Test func cellsForSpreadsheetsDoNothing() {
    #expect(DelimitedText.cell("=cmd()") == "'=cmd()")
    #expect(DelimitedText.cell("@SUM(A1)") == "'@SUM(A1)")
    #expect(DelimitedText.cell("-0.5") == "-0.5" && DelimitedText.cell("+3") == "+3")
    #expect(DelimitedText.cell("a\u{1B}[31m.png") == "a\\u{1B}[31m.png")
    #expect(DelimitedText.cell("a, \"b\"") == "\"a, \"\"b\"\"\"")
  }
}
