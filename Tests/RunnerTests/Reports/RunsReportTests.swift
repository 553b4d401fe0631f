import Foundation
import Testing

@testable import Commands
@testable import Runs

@Suite struct RunsReportTests {
  private let folder = try! TemporaryFolder()
  private var maker: RunFolderMaker { RunFolderMaker(folder: folder) }

  private func checked(_ report: RunsReport) throws -> PageMarkup {
    let markup = try PageMarkup(RunsPage(report).text)
    markup.check()
    return markup
  }

  @Test func aCompleteRun() throws {
    try maker.make()
    let report = try RunsReport([maker.path])
    let run = report.runs[0]
    #expect(run.status == .finished && run.sentence == "Finished: 60 steps." && report.problems.isEmpty)
    #expect(run.chosenSettings.map(\.key) == ["run.tasks", "training.learning_rate", "data.source"])
    #expect(run.preset == "quick" && run.plannedSteps == 60)
    #expect(run.commands.map(\.text) == ["chex-runner --out run 'plain'"])
    #expect(run.data.list == "0123456789abcdef" && run.data.skipped == ["plain: no image"])
    #expect(run.evaluations.map(\.folder) == [RunFolderMaker.evaluation])
    #expect(run.evaluations[0].record?.summaryMetric?.trained.high == 0.875)

    let page = try checked(report)
    #expect(page.named("img").count == 2 && page.with("drawing").count == 6)
    #expect(page.with("good").first?.text == "Finished: 60 steps.")
    #expect(!page.elements.contains { $0.attributes["id"] == "unread" })
    for text in ["0.8125 [0.750, 0.875]", "18.5", "0.750", "--learning-rate", "0123456789abcdef", "1.0.0"] {
      #expect(page.named("main")[0].text.contains(text), "\(text)")
    }
    let links = Set(page.named("a").compactMap { $0.attributes["href"] })
    #expect(
      links.isSuperset(of: ["#what", "#data", "#curves", "#batch", "#diagnostics", "#evaluations", "#log"]))
  }

  @Test func anUnfinishedRunIsNoResult() throws {
    var maker = maker
    maker.steps = 30
    try maker.make(isFinished: false)
    try FileManager.default.removeItem(atPath: maker.path + "/" + RunFolderMaker.evaluation + "/metrics.json")
    let report = try RunsReport([maker.path])
    #expect(report.runs[0].status == .unfinished && report.problems.isEmpty)
    let page = try checked(report)
    let verdicts = page.with("verdict").map(\.text)
    #expect(verdicts[0].hasPrefix("Unfinished: 30 of 60 steps so far"))
    #expect(verdicts.contains("Not finished: there are no metrics yet."))
    #expect(!page.named("main")[0].text.contains("Finished:"))
  }

  @Test func aFailedRunSaysWhy() throws {
    try maker.make(isFinished: false)
    try maker.write("{\"term\": \"z11\"}", "failure.json")
    let report = try RunsReport([maker.path])
    #expect(report.runs[0].status == .failed)
    let page = try checked(report)
    #expect(page.named("pre").contains { $0.text.contains("\"term\": \"z11\"") })
    #expect(page.with("bad").contains { $0.text.hasPrefix("Failed after 60 steps") })
  }

  enum Damage: String, CaseIterable { case empty, cut, garbage, link, folder }

  @Test(
    arguments: [
      "config.toml", "versions.json", "metrics.jsonl", "summary.json", "batch.png",
      RunFolderMaker.evaluation + "/metrics.json", RunFolderMaker.evaluation + "/sheet.png",
    ], Damage.allCases)
  func whatIsDamagedIsNamed(file: String, damage: Damage) throws {
    try maker.make()
    let path = maker.path + "/" + file
    let bytes = try Bytes.read(path)
    try FileManager.default.removeItem(atPath: path)
    switch damage {
    case .empty: try Bytes.write([], to: path)
    case .cut:
      // A table of settings and a log may end anywhere; these end within a value.
      let end = file == "config.toml" ? 50 : bytes.count * 2 / 3
      try Bytes.write(Array(bytes.prefix(end)) + (file == "metrics.jsonl" ? [0x0A] : []), to: path)
    case .garbage: try Bytes.write([0xFF, 0x00, 0x5B, 0x5B, 0x0A, 0x0A], to: path)
    case .link: symlink("/etc/hostname", path)
    case .folder: try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }
    let report = try RunsReport([maker.path])
    #expect(report.runs[0].problems.contains { $0.part == file }, "\(report.problems)")
    let page = try checked(report)
    let unread = page.elements.first { $0.attributes["id"] == "unread" }
    #expect(unread?.text.contains(file) == true && unread?.attributes["class"] == "bad")
    let verdict = try #require(page.with("verdict").first)
    #expect(verdict.attributes["class"] != "verdict good" && verdict.text.contains("could not be read"))
    let json = try JsonText.encoded(report, .one, keys: .snakeCase)
    #expect(json.contains("\"part\":\"\(file)\""))
  }

  /// Settings that are whole, and another run's.
  @Test func settingsOfAnotherRunAreNotShown() throws {
    try maker.make()
    let versions = try Bytes.text(maker.path + "/versions.json")
    let seal = try DurableFile.seal(of: maker.path + "/config.toml")
    func write(_ bytes: Int) throws {
      let settings = ", \"settings\": {\"bytes\": \(bytes), \"crc32\": \"\(seal.crc32)\"}}"
      try maker.write(String(versions.dropLast()) + settings, "versions.json")
    }
    try write(seal.bytes)
    #expect(try RunsReport([maker.path]).problems.isEmpty)
    try write(seal.bytes + 1)
    let report = try RunsReport([maker.path])
    #expect(report.problems.count == 1 && report.problems[0].contains("that the run began with"))
    #expect(report.runs[0].settings == nil)
    #expect(try checked(report).named("p").contains { $0.text == "config.toml could not be read." })
  }

  @Test func hostileTextCannotBecomeMarkup() throws {
    var maker = maker
    maker.name = "<script>alert(1)<"
    maker.text = "</details><script>alert('x')</script><img src=x onerror=alert(1)>\u{202E}\""
    try maker.make()
    let report = try RunsReport([maker.path])
    #expect(report.problems.isEmpty, "\(report.problems)")
    let text = RunsPage(report).text
    #expect(text.components(separatedBy: "<script").count == 2 && !text.contains("<img src=x"))
    #expect(!text.contains("\u{202E}"))
    let page = try checked(report)
    #expect(page.named("script").count == 1 && page.named("img").count == 2)
    #expect(page.named("h1")[0].text.contains("<script>alert(1)"))
    #expect(page.named("td").contains { $0.text.contains("<script>") })
  }

  @Test func severalRunsShowWhatDiffers() throws {
    try maker.make()
    var other = maker
    (other.name, other.learningRate, other.steps) = ("other", "0.001", 40)
    try other.make(isFinished: false)
    let report = try RunsReport([maker.path, other.path])
    #expect(report.differences == ["training.learning_rate"] && report.losses?.numbers == [1, 1])
    let page = try checked(report)
    #expect(page.named("mark").map(\.text) == ["0.0003", "0.001"])
    #expect(page.with("tag").prefix(2).map(\.text) == ["finished", "unfinished"])
    #expect(page.with("drawing").count == 13)
    #expect(page.named("caption").contains { $0.text == RunFolderMaker.evaluation })
    // One that cannot be read keeps its column of outcomes and its own section.
    try maker.write("[[[", "config.toml")
    let damaged = try RunsReport([maker.path, other.path])
    #expect(damaged.losses == nil && damaged.runs[0].settings == nil)
    #expect(try checked(damaged).named("td").contains { $0.text == "not readable" })
  }

  @Test func whatIsNoRunIsRefused() throws {
    #expect(throws: StorageError.notARun(path: folder.path, missing: "config.toml")) {
      try RunsReport([folder.path])
    }
  }

  @Test func anAuditsVerdictIsShown() throws {
    try maker.make()
    let missing = try RunsReport([maker.path], audit: folder.path)
    #expect(missing.problems.count == 1)
    #expect(try checked(missing).with("bad").contains { $0.text.contains("could not be read") })
    let audit =
      "{\"collections\":[{\"name\":\"elsewhere\",\"summary\":\"s\",\"radiographs\":3,\"decoded\":3,\"notes\":[]}],"
      + "\"seconds\":1,\"undecodable\":[],\"splits\":[],\"findings_that_never_occur\":[],\"exact_duplicates\":[],"
      + "\"near_duplicates\":[],\"leaks\":[],\"suspects\":[],\"passed\":false,\"verdicts\":[{\"name\":\"shared\","
      + "\"weight\":\"leak\",\"count\":2,\"meaning\":\"images are shared\",\"advice\":\"drop them\"}]}"
    try audit.write(toFile: folder.path + "/audit.json", atomically: true, encoding: .utf8)
    let report = try RunsReport([maker.path], audit: folder.path)
    #expect(report.problems.isEmpty)
    let section = try #require(try checked(report).elements.first { $0.attributes["id"] == "audit" })
    #expect(section.attributes["class"] == "bad" && section.text.contains("Leaks were found"))
    #expect(section.text.contains("other radiographs than the runs name"))
  }
}

@Suite struct ReportedPictureTests {
  private let folder = try! TemporaryFolder()

  @Test func aPictureWithoutRoomIsLeftOutAndSaidSo() throws {
    let maker = RunFolderMaker(folder: folder)
    try maker.make()
    let report = try RunsReport([maker.path], room: .init(one: 1 << 20, all: 100))
    let batch = try #require(report.runs[0].batchSheet)
    #expect(batch.omitted == nil && batch.width == 12 && batch.height == 7)
    #expect(report.runs[0].evaluations[0].pictures[0].omitted?.contains("room for pictures") == true)
    let page = try PageMarkup(RunsPage(report).text)
    #expect(page.named("img").count == 1)
    #expect(
      page.named("p").contains {
        $0.text.contains("sheet.png, 12 × 7 pixels") && $0.text.contains("is left out")
      })
    #expect(report.problems.isEmpty)
  }

  @Test func picturesAreWholeOrNone() throws {
    let maker = RunFolderMaker(folder: folder)
    try maker.make()
    let whole = Data(try Bytes.read(maker.path + "/batch.png"))
    #expect(try ReportedPicture.size(whole) == (12, 7))
    for count in [0, 7, 8, 20, 33, whole.count - 1] {
      #expect(throws: ReportedPicture.PngProblem.self) { try ReportedPicture.size(whole.prefix(count)) }
    }
    var changed = whole
    changed[45] ^= 1
    #expect(throws: ReportedPicture.PngProblem.self) { try ReportedPicture.size(changed) }
    // A chunk that claims to be longer than any file.
    var long = whole
    long.replaceSubrange(8..<12, with: [0xFF, 0xFF, 0xFF, 0xFF])
    #expect(throws: ReportedPicture.PngProblem.self) { try ReportedPicture.size(long) }
  }
}
