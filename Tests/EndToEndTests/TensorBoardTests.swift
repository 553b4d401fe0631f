import Foundation
import TestSupport
import Testing

/// A Python that reads event files with TensorBoard's own code.
private enum TensorBoard {
  static let python: String? = ProcessInfo.processInfo.environment["CHEX_PYTHON"].flatMap {
    (try? run($0, "from tensorboard.backend.event_processing import event_accumulator", [])) == nil ? nil : $0
  }

  struct Failure: Error { let text: String }

  static func run(_ python: String, _ program: String, _ words: [String]) throws -> Data {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [python, "-c", program] + words
    let (told, errors) = (Pipe(), Pipe())
    (process.standardOutput, process.standardError) = (told, errors)
    try process.run()
    let complaint = errors.fileHandleForReading.readDataToEndOfFile()
    let data = told.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw Failure(text: String(decoding: complaint, as: UTF8.self))
    }
    return data
  }
}

extension EndToEnd {
  /// What a run shows in TensorBoard, also one that was killed.
  @Suite struct TensorBoardFiles {
    /// Events as TensorBoard shows them: a session's start voids what earlier files say from its step on.
    private func shown(_ scratch: Scratch, _ folder: String) throws -> [EventFile.Event] {
      var events: [EventFile.Event] = []
      for name in try scratch.names(folder) {
        // A kill may cut the last event.
        for event in try EventFile([UInt8](scratch.bytes("\(folder)/\(name)"))).events {
          if event.isSessionStart { events.removeAll { $0.step >= event.step } }
          events.append(event)
        }
      }
      return events
    }

    /// A run of 40 steps that was killed in the middle and has gone on.
    private func killed(_ scratch: Scratch) throws {
      let process = try scratch.start(["--steps", "40", "--set", "run.tensorboard=true", "--out", "run"])
      try scratch.wait(for: 7, of: "run", process)
      process.send(SIGKILL)
      _ = try process.wait()
      let resumed = try scratch.run(["resume", "run"])
      #expect(resumed.status == 0, "\(resumed.errors)")
    }

    @Test func everyStepIsShownOnce() throws {
      let scratch = try Scratch()
      try killed(scratch)
      let events = try shown(scratch, "run/tensorboard")
      let lines = try scratch.text("run/metrics.jsonl").split(separator: "\n").map {
        try parsed(String($0), as: [String: Any].self)
      }
      let losses = events.filter { $0.scalars["loss/total"] != nil }
      #expect(losses.map(\.step) == Array(1...40))
      for (event, line) in zip(losses, lines) {
        #expect(event.scalars["loss/total"] == Float(try #require(line["loss"] as? Double)))
        #expect(event.scalars["optimization/learning_rate"] == Float(line["learning_rate"] as? Double ?? -1))
      }
      #expect(
        events.compactMap { $0.images["batch/first"] }.map(\.png) == [
          [UInt8](try scratch.bytes("run/batch.png"))
        ])
      let glances = events.filter { $0.scalars["glance/patch_rank"] != nil }
      #expect(
        glances.map(\.step) == [0, 40] && glances.allSatisfy { $0.scalars["glance_random/rank"] != nil })
      #expect(events.contains { $0.step == 40 && $0.scalars["diagnostics/effective_rank"] != nil })
    }

    @Test func nothingIsWrittenUnasked() throws {
      let scratch = try Scratch()
      #expect(try scratch.pretrain(["--steps", "3", "--out", "run"]).status == 0)
      #expect(!scratch.has("run/tensorboard"))
    }

    @Test func evaluationsAreShown() throws {
      let scratch = try Scratch()
      #expect(
        try scratch.pretrain(["--steps", "3", "--set", "run.tensorboard=true", "--out", "run"]).status == 0)
      for _ in 0..<2 {
        let probed = try scratch.run([
          "probe", "run", "--set", "probe.resamples=0", "--out", "probe", "--plugins", Repository.plugins,
        ])
        #expect(probed.status == 0, "\(probed.errors)")
      }
      let scalars = try shown(scratch, "probe/tensorboard").filter { !$0.scalars.isEmpty }
      #expect(scalars.count == 1 && scalars[0].step == 3)
      #expect(scalars[0].scalars.keys.contains { $0.hasPrefix("probe_random/") })
    }

    private static let reader = #"""
      import json, sys
      from tensorboard.backend.event_processing import event_accumulator as ea
      board = ea.EventAccumulator(sys.argv[1], size_guidance={ea.SCALARS: 0, ea.IMAGES: 0})
      board.Reload()
      tags = board.Tags()
      image = board.Images("batch/first")[0]
      print(json.dumps({
          "tags": tags["scalars"], "images": tags["images"], "size": [image.width, image.height],
          "steps": [s.step for s in board.Scalars("loss/total")],
          "values": [s.value for s in board.Scalars("loss/total")]}))
      """#

    @Test(
      .enabled(
        if: TensorBoard.python != nil, "needs a Python with the package tensorboard, named by CHEX_PYTHON"))
    func tensorBoardReadsIt() throws {
      let scratch = try Scratch()
      try killed(scratch)
      let python = try #require(TensorBoard.python)
      let told = try TensorBoard.run(python, Self.reader, [scratch.path + "/run/tensorboard"])
      let found = try parsed(String(decoding: told, as: UTF8.self), as: [String: Any].self)
      #expect(found["steps"] as? [Int] == Array(1...40))
      let losses = try scratch.text("run/metrics.jsonl").split(separator: "\n").map {
        try #require(try parsed(String($0), as: [String: Any].self)["loss"] as? Double)
      }
      let values = try #require(found["values"] as? [Double])
      #expect(zip(values, losses).allSatisfy { abs($0 - $1) <= 1e-6 * abs($1) })
      #expect(found["images"] as? [String] == ["batch/first"])
      let tags = try #require(found["tags"] as? [String])
      #expect(Set(["loss/total", "speed/images_per_second", "glance/rank"]).isSubset(of: tags), "\(tags)")
      #expect((found["size"] as? [Int])?.allSatisfy { $0 > 100 } == true)
    }
  }
}
