import Foundation
import Testing

extension EndToEnd {
  /// Splits as files: made, written, taken by runs, and found again in their records.
  @Suite struct Splits {
    private static let radiographs = [
      "--data", "phantom", "--set", "phantom.images=64", "--set", "phantom.size=64", "--plugins",
      Repository.plugins,
    ]

    private func made(_ words: [String]) throws -> (scratch: Scratch, report: [String: Any]) {
      let scratch = try Scratch()
      let outcome = try scratch.run(
        ["data", "splits", "--out", "splits", "--json"] + Self.radiographs + words)
      try #require(outcome.status == 0, "\(outcome.everything)")
      return (scratch, try parsed(outcome.output))
    }

    /// The checksum as the documentation says that others compute it.
    private func checksum(ofTable text: String, _ scratch: Scratch) throws -> String {
      let rows = text.split(separator: "\n").dropFirst().map {
        $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      }
      let lines = rows.map { cells in
        ([cells[0]] + cells.dropFirst(2)).filter { !$0.isEmpty }.joined(separator: "\t") + "\n"
      }.sorted()
      try scratch.write(Data(lines.joined().utf8), "lines")
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/usr/bin/sha256sum")
      process.arguments = [scratch.path + "/lines"]
      let pipe = Pipe()
      process.standardOutput = pipe
      try process.run()
      let output = pipe.fileHandleForReading.readDataToEndOfFile()
      process.waitUntilExit()
      return "sha256:" + String(decoding: output.prefix(64), as: UTF8.self)
    }

    @Test func splitsAreMadeAndReadAgain() throws {
      let (scratch, report) = try made(["--shots", "1,5", "--draws", "2", "--lists", "commas"])
      #expect(
        try scratch.names("splits") == [
          "1-shot_train_exp1.txt", "1-shot_train_exp2.txt", "5-shot_train_exp1.txt", "5-shot_train_exp2.txt",
          "splits.csv", "splits.json", "test.txt", "train.txt", "val.txt",
        ])
      let table = try scratch.text("splits/splits.csv")
      #expect(table.split(separator: "\n").count == 65)
      let sum = try #require(report["checksum"] as? String)
      #expect(try checksum(ofTable: table, scratch) == sum)
      #expect(try scratch.json("splits/splits.json")["checksum"] as? String == sum)
      // The same again is the same; the lists say what the table says.
      let again = try scratch.run(["data", "splits", "--out", "again", "--json"] + Self.radiographs)
      #expect(try parsed(again.output, as: [String: Any].self)["checksum"] as? String == sum)
      let lists = ["train", "val", "test"].flatMap { ["--split-file", "splits/\($0).txt"] }
      let existing = try scratch.run(
        ["data", "splits", "--existing", "--out", "lists", "--split-checksum", sum] + Self.radiographs + lists
      )
      #expect(existing.status == 0 && existing.output.contains("checksum: \(sum)"), "\(existing.everything)")
      #expect(try scratch.text("lists/splits.csv") == table)
    }

    @Test func aRunTakesAFileAndRecordsIt() throws {
      let (scratch, report) = try made(["--folds", "4"])
      let sum = try #require(report["checksum"] as? String)
      let file = ["--split-file", "splits/splits.csv", "--split-fold", "2", "--split-checksum", sum]
      let outcome = try scratch.pretrain(["--steps", "2", "--out", "run"] + file)
      #expect(outcome.status == 0, "\(outcome.everything)")
      #expect(outcome.everything.contains("48 to pre-train on, 16 held out"))
      let split = try #require(try scratch.json("run/versions.json")["split"] as? [String: Any])
      #expect(split["list"] as? String == sum)
      #expect(split["sides"] as? [String: Int] == ["pretrain": 48, "held-out": 16])
      let probe = try scratch.run([
        "probe", "run", "--json", "--out", "probe", "--plugins", Repository.plugins,
      ])
      #expect(probe.status == 0 && !probe.errors.contains("the split differs"), "\(probe.everything)")
      let metrics = try scratch.json("probe/metrics.json")
      let used = try #require(metrics["split"] as? [String: Any])
      #expect(used["list"] as? String == sum && (used["checksum"] as? String)?.hasPrefix("sha256:") == true)
      #expect(used["sides"] as? [String: Int] == ["train": 48, "validation": 0, "test": 16])
      // Another hold-out would test on what was trained on.
      let other = try scratch.run(
        ["probe", "run", "--json", "--split-fold", "3", "--plugins", Repository.plugins])
      #expect(other.status == 0 && other.errors.contains("the split differs"), "\(other.everything)")
      #expect(other.output.contains("the split differs"))
      // The file changes under the run.
      let table = try scratch.text("splits/splits.csv")
      try scratch.write(Data(table.replacing("train,4\n", with: "train,1\n").utf8), "splits/splits.csv")
      let changed = try scratch.run(["resume", "run", "--plugins", Repository.plugins])
      #expect(changed.status == 1 && changed.errors.contains(sum), "\(changed.everything)")
    }

    @Test func aRunsOwnHoldOutIsRecordedToo() throws {
      let scratch = try Scratch()
      #expect(try scratch.pretrain(["--steps", "2", "--out", "run"]).status == 0)
      let split = try #require(try scratch.json("run/versions.json")["split"] as? [String: Any])
      #expect(split["list"] == nil && (split["checksum"] as? String)?.count == 71)
      let words = ["probe", "run", "--plugins", Repository.plugins, "--set", "probe.resamples=0"]
      #expect(!(try scratch.run(words)).errors.contains("the split differs"))
      #expect(try scratch.run(words + ["--holdout", "0.5"]).errors.contains("the split differs"))
    }

    @Test func whatIsNotListedIsLeftOutAndSaid() throws {
      let scratch = try Scratch()
      let listed = (0..<40).map { "phantom-0-\($0)\n" }.joined()
      try scratch.write(Data((listed + "gone.png\n").utf8), "train.txt")
      try scratch.write(Data("phantom-0-50\n".utf8), "test.txt")
      let lists = ["--split-file", "train.txt", "--split-file", "test.txt"]
      let outcome = try scratch.pretrain(["--steps", "2", "--out", "run"] + lists)
      #expect(outcome.status == 0, "\(outcome.everything)")
      for text in ["23 of 64 radiographs have no split", "1 of 42 names", "\"gone.png\""] {
        #expect(outcome.everything.contains(text), "\(outcome.everything)")
      }
      try scratch.write(Data("gone.png\n".utf8), "train.txt")
      try scratch.write(Data("lost.png\n".utf8), "test.txt")
      let none = try scratch.pretrain(["--steps", "2", "--out", "other"] + lists)
      #expect(none.status == 1 && none.errors.contains("none of its 2 names"), "\(none.everything)")
      #expect(!scratch.has("other"))
    }

    @Test func refusals() throws {
      let scratch = try Scratch()
      let sum = "sha256:" + String(repeating: "0", count: 64)
      try scratch.write(Data("phantom-0-1\n".utf8), "train.txt")
      for (words, text) in [
        (["--fractions", "0.5,0.6,0"], "sum to 1"), (["--fractions", "0.5,0.5"], "three shares"),
        (["--fractions", "0,0,1"], "above 0"), (["--folds", "1"], "--folds"),
        (["--shots", "1,x"], "--shots"),
        (["--folds", "1000"], "no patient is left"), (["--existing"], "has a split"),
        (["--split-file", "train.txt"], "--existing"), (["--split-fold", "1"], "--split-file"),
        (["--existing", "--split-file", "train.txt", "--split-checksum", sum], sum),
        (["--existing", "--split-file", "train.txt", "--split-checksum", "12"], "64 hexadecimal digits"),
        (["--shots", "1", "--lists", "none"], "shots are lists"), (["--label", "nodul"], "nodule"),
        (["--lists", "tabs"], "commas"),
      ] {
        let outcome = try scratch.run(["data", "splits", "--out", "splits"] + Self.radiographs + words)
        #expect(outcome.status != 0 && outcome.errors.contains(text), "\(words): \(outcome.everything)")
        #expect(!scratch.has("splits"))
      }
      try scratch.write(Data(), "full/file")
      let full = try scratch.run(["data", "splits", "--out", "full"] + Self.radiographs)
      #expect(full.status == 2 && full.errors.contains("new or empty folder"), "\(full.everything)")
    }
  }
}
