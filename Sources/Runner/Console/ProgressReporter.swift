import Foundation

/// Shows how far a run or another long piece of work is: one line that is redrawn on a terminal, plain lines from time
/// to time elsewhere.
public final class ProgressReporter {
  /// What is known after a step.
  public struct Update: Sendable, Equatable {
    /// Steps done, and the epoch under way from 1, where the run counts epochs.
    public var step: Int
    public var epoch: Int?
    /// Radiographs seen since the run began.
    public var radiographs: Int
    /// Nil where nothing is trained.
    public var loss: Double?

    public init(step: Int, epoch: Int? = nil, radiographs: Int, loss: Double? = nil) {
      self.step = step
      self.epoch = epoch
      self.radiographs = radiographs
      self.loss = loss
    }
  }

  private struct Mark {
    let time: Double
    let step: Int
    let radiographs: Int
  }

  /// Seconds between two drawings of the line, between two plain lines, and over which speed is measured.
  private static let redrawInterval = 0.1
  private static let plainInterval = 10.0
  private static let speedWindow = 30.0

  private let terminal: Terminal
  private let unit: String
  private let totalSteps: Int
  private let totalEpochs: Int?
  private let clock: () -> Double
  private let output: (String) -> Void
  private var marks: [Mark]
  private var lastShown = -Double.infinity
  private var lastEpoch: Int?
  private var lastUpdate: Update?
  private var line = ""

  /// - Parameters:
  ///   - unit: what is counted, as the line names it.
  ///   - firstStep: steps and radiographs done before this process began.
  ///   - clock: seconds that only ever rise.
  ///   - output: writes text as it is, and flushes.
  public init(
    terminal: Terminal, unit: String = "step", totalSteps: Int, totalEpochs: Int? = nil, firstStep: Int = 0,
    firstRadiographs: Int = 0,
    clock: @escaping () -> Double = ProgressReporter.systemClock,
    output: @escaping (String) -> Void = ProgressReporter.standardOutput
  ) {
    self.terminal = terminal
    self.unit = unit
    self.totalSteps = totalSteps
    self.totalEpochs = totalEpochs
    self.clock = clock
    self.output = output
    marks = [Mark(time: clock(), step: firstStep, radiographs: firstRadiographs)]
  }

  /// Seconds since the machine started.
  public static func systemClock() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  /// Writes to standard output at once.
  public static func standardOutput(_ text: String) { StandardStream.output.show(text) }

  /// Writes to standard error at once, where standard output holds a report.
  public static func standardError(_ text: String) { StandardStream.error.show(text) }

  /// Tells of a finished step.
  public func update(_ update: Update) {
    let now = clock()
    marks.append(Mark(time: now, step: update.step, radiographs: update.radiographs))
    // The last mark outside of the window stays: speed is measured from it.
    while marks.count > 2, now - marks[1].time > Self.speedWindow { marks.removeFirst() }
    lastUpdate = update
    let isNewEpoch = update.epoch != lastEpoch
    lastEpoch = update.epoch
    let isEnd = update.step >= totalSteps
    let interval = terminal.isInteractive ? Self.redrawInterval : Self.plainInterval
    guard now - lastShown >= interval || isEnd || (isNewEpoch && !terminal.isInteractive) else { return }
    lastShown = now
    show(update)
  }

  /// Writes a message above the line; a log's `echo`.
  public func message(_ text: String) {
    if line.isEmpty { return output(text + "\n") }
    output(Self.clearing + text + "\n" + line)
  }

  /// Leaves the last state on the screen and goes to the next line.
  public func finish() {
    guard terminal.isInteractive else { return }
    if let lastUpdate { show(lastUpdate) }
    if !line.isEmpty { output("\n") }
    line = ""
  }

  private static let clearing = "\r\u{1B}[K"

  private func show(_ update: Update) {
    guard terminal.isInteractive else { return output(words(update).joined(separator: "  ") + "\n") }
    let facts = words(update)
    let share = totalSteps > 0 ? min(max(Double(update.step) / Double(totalSteps), 0), 1) : 0
    var shown = facts
    // One column stays free: a full line would wrap.
    while shown.count > 1, shown.joined(separator: "  ").count > terminal.width - 1 { shown.removeLast() }
    var text = String(shown.joined(separator: "  ").prefix(terminal.width - 1))
    let room = min(terminal.width - 1 - text.count - 2, 28)
    if room >= 8 { text = bar(share, width: room) + "  " + text }
    line = text
    output(Self.clearing + text)
  }

  private func bar(_ share: Double, width: Int) -> String {
    let full = Int((share * Double(width)).rounded(.down))
    return terminal.styled(String(repeating: "━", count: full), .green)
      + terminal.styled(String(repeating: terminal.hasColor ? "━" : "·", count: width - full), .faint)
  }

  /// Facts, the most important first.
  private func words(_ update: Update) -> [String] {
    var words = ["\(unit) \(update.step)/\(totalSteps)"]
    if let epoch = update.epoch { words.append("epoch \(epoch)" + (totalEpochs.map { "/\($0)" } ?? "")) }
    if let loss = update.loss { words.append("loss " + Self.short(loss)) }
    if let first = marks.first, let last = marks.last, last.time > first.time, last.step > first.step {
      let seconds = last.time - first.time
      words.append(
        Self.short(Double(last.radiographs - first.radiographs) / seconds, digits: 1) + " images/s")
      let rest = Double(max(totalSteps - update.step, 0)) * seconds / Double(last.step - first.step)
      words.append(Self.duration(rest) + " left")
    }
    return words
  }

  private static func short(_ value: Double, digits: Int = 4) -> String {
    value.isFinite ? String(format: "%.\(digits)f", value) : "\(value)"
  }

  /// `42 s`, `3 min 05 s`, `2 h 07 min`, `1 d 03 h`.
  public static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e9 else { return "?" }
    let whole = Int(max(seconds, 0).rounded())
    func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return "\(whole / 60) min \(two(whole % 60)) s" }
    if whole < 86400 { return "\(whole / 3600) h \(two(whole / 60 % 60)) min" }
    return "\(whole / 86400) d \(two(whole / 3600 % 24)) h"
  }
}
