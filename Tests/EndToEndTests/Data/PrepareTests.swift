import Foundation
import Testing

extension EndToEnd {
  /// `data prepare` as a user would call it.
  @Suite struct Preparing {
    /// Phantom radiographs come from the plugin, which takes longer than decoding: time to kill.
    private static let words = [
      "data", "prepare", "--data", "phantom", "--set", "phantom.images=300", "--set", "phantom.size=96",
      "--preset", "quick", "--size", "64", "--plugins", Repository.plugins, "--sheet-images", "6",
    ]

    private func contents(_ scratch: Scratch, _ store: String) throws -> [String: Data] {
      var found: [String: Data] = [:]
      for name in try scratch.names(store) where name != "shards" {
        found[name] = try scratch.bytes(store + "/" + name)
      }
      for name in try scratch.names(store + "/shards") {
        found["shards/" + name] = try scratch.bytes(store + "/shards/" + name)
      }
      return found
    }

    @Test func killedAndRunAgainEndsWithTheSameBytes() throws {
      let scratch = try Scratch()
      let whole = try scratch.run(Self.words + ["--out", "whole"])
      #expect(whole.status == 0, "\(whole.errors)")
      #expect(whole.output.contains("300 read, 300 kept, 0 dropped"))
      let expected = try contents(scratch, "whole")
      #expect(
        expected.keys.sorted() == [
          "contact-001.png", "dropped.csv", "shards/000000.bin", "shards/000000.jsonl", "shards/000001.bin",
          "shards/000001.jsonl", "shards/000002.bin", "shards/000002.jsonl", "store.json",
        ])
      let process = try RunnerProcess(Self.words + ["--out", "killed", "--threads", "1"], in: scratch.path)
      for _ in 0..<12000 where process.isRunning && !scratch.has("killed/shards/000000.jsonl") {
        usleep(2000)
      }
      usleep(20_000)
      process.send(SIGKILL)
      #expect(try process.wait().wasKilled)
      #expect(!scratch.has("killed/shards/000002.jsonl"))
      let early = try scratch.run(["--preset", "quick", "--data", "killed", "--plugins", Repository.plugins])
      #expect(early.status == 1 && early.errors.contains("the store is not finished"))
      let again = try scratch.run(Self.words + ["--out", "killed", "--threads", "3"])
      #expect(again.status == 0, "\(again.errors)")
      #expect(again.output.contains("going on after"))
      let found = try contents(scratch, "killed")
      #expect(found.keys.sorted() == expected.keys.sorted())
      for (name, bytes) in expected { #expect(found[name] == bytes, "\(name) differs") }
    }

    @Test func interruptionSaysHowToGoOn() throws {
      let scratch = try Scratch()
      let process = try RunnerProcess(Self.words + ["--out", "store", "--threads", "1"], in: scratch.path)
      for _ in 0..<12000 where process.isRunning && !scratch.has("store/shards") { usleep(2000) }
      usleep(100_000)
      process.send(SIGINT)
      let outcome = try process.wait()
      #expect(outcome.status == 130 && !outcome.wasKilled)
      #expect(outcome.errors.contains("run the same command again"))
      #expect(try scratch.names("store/shards").allSatisfy { !$0.hasPrefix(".chex") })
    }

    @Test func radiographsOfWhichNoneCanBeUsedLeaveNoStore() throws {
      let scratch = try Scratch()
      for name in ["a.png", "b.png"] { try scratch.write(Data("no radiograph".utf8), "images/" + name) }
      let words = ["data", "prepare", "--data", "images", "--out", "store", "--plugins", Repository.plugins]
      let none = try scratch.run(words)
      #expect(
        none.status == 1 && none.errors.contains("none of the source's 2 radiographs"), "\(none.everything)")
      #expect(!scratch.has("store"))
      let made = try scratch.run(
        ["phantom", "--count", "2", "--size", "64", "--out", "made", "--plugins", Repository.plugins])
      #expect(made.status == 0)
      for (name, radiograph) in zip(["a.png", "b.png"], try scratch.names("made/images")) {
        try scratch.write(try scratch.bytes("made/images/" + radiograph), "images/" + name)
      }
      let mended = try scratch.run(words)
      #expect(mended.status == 0 && scratch.has("store/store.json"), "\(mended.everything)")
    }

    @Test func filtersAndLimitsChooseWhatIsPacked() throws {
      let scratch = try Scratch()
      try scratch.run([
        "phantom", "--count", "6", "--size", "96", "--out", "made", "--plugins", Repository.plugins,
      ])
      var table = "path,source,labels\n"
      for (index, name) in try scratch.names("made/images").enumerated() {
        table += "images/\(name),\(index % 2 == 0 ? "even" : "odd"),Mass\n"
      }
      try scratch.write(Data(table.utf8), "made/index.csv")
      let words = ["data", "prepare", "--data", "made", "--json", "--plugins", Repository.plugins]
      func kept(_ out: String, _ more: [String]) throws -> Int? {
        let outcome = try scratch.run(words + ["--out", out] + more)
        #expect(outcome.status == 0, "\(outcome.errors)")
        return try parsed(outcome.output, as: [String: Any].self)["kept"] as? Int
      }
      #expect(try kept("all", []) == 6)
      #expect(try kept("odd", ["--filter", "source=odd"]) == 3)
      #expect(try kept("two", ["--filter", "source=odd", "--set", "data.limit=2"]) == 2)
      let index = try scratch.text("two/shards/000000.jsonl")
      #expect(index.contains("\"source\":\"odd\"") && !index.contains("even"))
      let other = try scratch.run(words + ["--out", "odd"])
      #expect(other.status == 1 && other.errors.contains("has 6 radiographs, the store was begun with 3"))
      let none = try scratch.run(words + ["--out", "none", "--filter", "source=mars"])
      #expect(none.status == 2 && none.errors.contains("no radiograph is left by data.filter"))
      #expect(!scratch.has("none"))
      let training = try scratch.run(words + ["--out", "none", "--holdout", "0.5"])
      #expect(training.status == 2 && training.errors.contains("--holdout"))
    }

    @Test func filesOfEveryKindAndAReport() throws {
      let scratch = try Scratch()
      let made = try scratch.run([
        "phantom", "--count", "5", "--size", "96", "--out", "made", "--plugins", Repository.plugins,
      ])
      #expect(made.status == 0)
      try scratch.write(Data("no image".utf8), "made/images/broken.png")
      try scratch.write(Data(), "made/images/empty.jpg")
      let words = [
        "data", "prepare", "--data", "made/images", "--out", "store", "--plugins", Repository.plugins,
        "--preset", "quick",
      ]
      let before = try scratch.names("made/images")
      let outcome = try scratch.run(words + ["--json"])
      #expect(outcome.status == 0, "\(outcome.errors)")
      let report = try parsed(outcome.output, as: [String: Any].self)
      #expect(report["read"] as? Int == 7 && report["kept"] as? Int == 5 && report["dropped"] as? Int == 2)
      #expect((report["reasons"] as? [[String: Any]])?.count == 2)
      #expect(report["sheets"] as? [String] == ["store/contact-001.png"])
      #expect(try scratch.names("made/images") == before)
      let again = try scratch.run(words)
      #expect(again.status == 0 && again.output.contains("all 7 radiographs are in store already"))
      let other = try scratch.run(words + ["--size", "64"])
      #expect(other.status == 1 && other.errors.contains("--size is 64, the store was begun with 512"))
      let inside = try scratch.run([
        "data", "prepare", "--data", "made/images", "--out", "made/images/store", "--plugins",
        Repository.plugins,
      ])
      #expect(inside.status == 2 && inside.errors.contains("lies in the source"))
      #expect(try scratch.names("made/images") == before)
      let trained = try scratch.pretrain(["--data", "store", "--steps", "3", "--out", "run"], batch: 4)
      #expect(trained.status == 0, "\(trained.errors)")
    }
  }
}
