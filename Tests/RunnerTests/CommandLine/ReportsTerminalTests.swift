import Foundation
import Testing

@testable import Console

@Suite struct ReportsTableTests {
  private func table() -> TextTable {
    var table = TextTable(columns: [.init("name"), .init("count", .right), .init("what it does")])
    table.add(["local", "4", "hides blocks of patches and asks for them again"])
    table.add(["phantom", "1204", "draws radiographs"])
    return table
  }

  @Test func alignsColumnsAndTrimsLines() {
    #expect(
      table().text(for: Terminal(isInteractive: false, width: 100)) == """
        name     count  what it does
        -------  -----  -----------------------------------------------
        local        4  hides blocks of patches and asks for them again
        phantom   1204  draws radiographs

        """)
  }

  @Test func wrapsTheLastColumnToTheTerminal() {
    let text = table().text(for: Terminal(isInteractive: false, width: 40))
    #expect(text.split(separator: "\n").allSatisfy { $0.count <= 40 })
    #expect(
      text == """
        name     count  what it does
        -------  -----  ------------------------
        local        4  hides blocks of patches
                        and asks for them again
        phantom   1204  draws radiographs

        """)
  }

  @Test func longWordsStayWholeAndEmptyTextsAreKept() {
    #expect(TextTable.wrapped("a /folder/file kl", width: 4) == ["a", "/folder/file", "kl"])
    #expect(TextTable.wrapped("", width: 4) == [""])
    #expect(TextTable.wrapped("abcd", width: 4) == ["abcd"])
    #expect(TextTable.wrapped("ab cd", width: 5) == ["ab cd"])
  }

  @Test func severalLinesInACellStaySeparate() {
    var table = TextTable(columns: [.init("a"), .init("b")])
    table.add(["one\ntwo", "x"])
    #expect(table.text(for: Terminal(isInteractive: false)).hasSuffix("one  x\ntwo\n"))
  }

  @Test func boldOnlyWhereColorIsWanted() {
    let plain = table().text(for: Terminal(isInteractive: true, width: 80))
    #expect(!plain.contains("\u{1B}"))
    #expect(
      table().text(for: Terminal(isInteractive: true, width: 80, hasColor: true)).hasPrefix("\u{1B}[1m"))
  }
}

@Suite struct ReportsTerminalTests {
  @Test func aPipeIsNoTerminal() throws {
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    defer { ends.forEach { close($0) } }
    let terminal = Terminal.current(descriptor: ends[1], environment: ["COLUMNS": "72"])
    #expect(terminal == Terminal(isInteractive: false, width: 72, hasColor: false))
    #expect(Terminal.current(descriptor: ends[1], environment: ["COLUMNS": "many"]).width == 100)
    #expect(Terminal.current(descriptor: ends[1], environment: ["COLUMNS": "-4"]).width == 20)
  }

  @Test func aTerminalGivesItsWidthAndHonoursRefusals() throws {
    // Glibc's calls for this are not visible to Swift; these are the kernel's, by number.
    let (unlock, askNumber) = (UInt(0x4004_5431), UInt(0x8004_5430))
    let main = open("/dev/ptmx", O_RDWR | O_NOCTTY)
    try #require(main >= 0)
    defer { close(main) }
    var (isLocked, number) = (Int32(0), Int32(0))
    try #require(ioctl(main, unlock, &isLocked) == 0 && ioctl(main, askNumber, &number) == 0)
    let other = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
    try #require(other >= 0)
    defer { close(other) }
    var size = winsize(ws_row: 30, ws_col: 133, ws_xpixel: 0, ws_ypixel: 0)
    try #require(ioctl(other, UInt(TIOCSWINSZ), &size) == 0)
    #expect(
      Terminal.current(descriptor: other, environment: ["TERM": "xterm"])
        == Terminal(isInteractive: true, width: 133, hasColor: true))
    #expect(!Terminal.current(descriptor: other, environment: ["NO_COLOR": "1"]).hasColor)
    #expect(Terminal.current(descriptor: other, environment: ["NO_COLOR": ""]).hasColor)
    #expect(!Terminal.current(descriptor: other, environment: ["TERM": "dumb"]).isInteractive)
  }
}

@Suite struct ReportsProgressTests {
  private final class Stage {
    var time = 100.0
    var written: [String] = []
    func reporter(_ terminal: Terminal, steps: Int = 100, firstStep: Int = 0) -> ProgressReporter {
      ProgressReporter(
        terminal: terminal, totalSteps: steps, totalEpochs: 4, firstStep: firstStep,
        firstRadiographs: firstStep * 16,
        clock: { self.time }, output: { self.written.append($0) })
    }
  }

  @Test func plainLinesComeEachEpochAndEveryTenSeconds() {
    let stage = Stage()
    let reporter = stage.reporter(Terminal(isInteractive: false))
    for step in 1...100 {
      stage.time += 0.5
      reporter.update(
        .init(step: step, epoch: (step - 1) / 25 + 1, radiographs: step * 16, loss: 1 / Double(step)))
    }
    reporter.finish()
    #expect(stage.written.allSatisfy { $0.hasSuffix("\n") && !$0.contains("\r") && !$0.contains("\u{1B}") })
    #expect(stage.written.first == "step 1/100  epoch 1/4  loss 1.0000  32.0 images/s  50 s left\n")
    #expect(stage.written.last == "step 100/100  epoch 4/4  loss 0.0100  32.0 images/s  0 s left\n")
    let steps = stage.written.compactMap { Int($0.dropFirst(5).prefix { $0.isNumber }) }
    #expect(steps == [1, 21, 26, 46, 51, 71, 76, 96, 100])
  }

  @Test func oneLineIsRedrawnWithinTheWidthOfATerminal() {
    for width in [20, 40, 60, 80, 200] {
      let stage = Stage()
      let reporter = stage.reporter(Terminal(isInteractive: true, width: width))
      for step in 1...100 {
        stage.time += 0.05
        reporter.update(.init(step: step, epoch: 1, radiographs: step * 16, loss: 0.5))
      }
      #expect(stage.written.count < 60, "at most ten a second, found \(stage.written.count)")
      for text in stage.written {
        #expect(text.hasPrefix("\r\u{1B}[K") && !text.contains("\n"))
        #expect(text.dropFirst(4).count < width, "\(text)")
        #expect(text.contains("step "))
      }
      reporter.finish()
      #expect(stage.written.last == "\n")
    }
  }

  @Test func barGrowsAndColorIsOnlyUsedWhereWanted() throws {
    func bar(_ step: Int, _ terminal: Terminal) -> String {
      let stage = Stage()
      stage.time += 1
      let reporter = stage.reporter(terminal)
      stage.time += 1
      reporter.update(.init(step: step, radiographs: step, loss: 1))
      return stage.written.last ?? ""
    }
    let plain = Terminal(isInteractive: true, width: 120)
    #expect(bar(50, plain).filter { $0 == "━" }.count == 14)
    #expect(bar(100, plain).filter { $0 == "━" }.count == 28)
    #expect(!bar(50, plain).dropFirst(4).contains("\u{1B}"))
    #expect(bar(50, Terminal(isInteractive: true, width: 120, hasColor: true)).contains("\u{1B}[32m"))
  }

  @Test func messagesStandAboveTheLine() {
    let stage = Stage()
    let reporter = stage.reporter(Terminal(isInteractive: true, width: 60))
    reporter.message("before")
    #expect(stage.written.last == "before\n")
    stage.time += 1
    reporter.update(.init(step: 3, radiographs: 48, loss: 0.25))
    let line = stage.written.last!.dropFirst(4)
    reporter.message("saved")
    #expect(stage.written.last == "\r\u{1B}[Ksaved\n" + line)
  }

  @Test func aResumedRunMeasuresItsOwnSpeed() {
    let stage = Stage()
    let reporter = stage.reporter(Terminal(isInteractive: false), steps: 1000, firstStep: 500)
    stage.time += 10
    reporter.update(.init(step: 510, radiographs: 510 * 16, loss: .nan))
    #expect(stage.written == ["step 510/1000  loss nan  16.0 images/s  8 min 10 s left\n"])
  }

  @Test(arguments: [
    (0.2, "0 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (3599, "59 min 59 s"), (7620, "2 h 07 min"),
    (97_200, "1 d 03 h"), (.infinity, "?"), (-4, "0 s"),
  ])
  func durationsReadAsPeopleSayThem(seconds: Double, text: String) {
    #expect(ProgressReporter.duration(seconds) == text)
  }
}
