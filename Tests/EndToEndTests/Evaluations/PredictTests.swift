import Foundation
import Testing

extension EndToEnd {
  /// `predict`: what was fine-tuned, on radiographs of a stranger.
  @Suite struct Predictions {
    /// A folder with radiographs of two sizes, one of them damaged.
    private func strangers(_ scratch: Scratch) throws {
      for (name, side) in [("one", "80"), ("two", "120")] {
        let outcome = try scratch.run([
          "phantom", "--out", "made-" + name, "--count", "9", "--size", side, "--plugins",
          Repository.plugins,
        ])
        #expect(outcome.status == 0, "\(outcome.everything)")
      }
      for name in ["one", "two"] {
        for file in try scratch.names("made-\(name)/images") {
          try scratch.write(try scratch.bytes("made-\(name)/images/" + file), "strange/\(name)/" + file)
        }
      }
      let whole = try scratch.bytes("strange/two/" + (try scratch.names("strange/two").sorted()[3]))
      try scratch.write(whole.prefix(whole.count / 2), "strange/one/torn.png")
    }

    /// A run of two steps, and a model fine-tuned from it for one epoch, in `tuned`.
    private func tune(_ scratch: Scratch, _ words: [String]) throws {
      #expect(try scratch.pretrain(["--steps", "2", "--out", "run"]).status == 0)
      let tuned = try scratch.run(
        ["finetune"] + words + ["--plugins", Repository.plugins, "--epochs", "1", "--out", "tuned"])
      #expect(tuned.status == 0, "\(tuned.everything)")
    }

    /// Width and height of a PNG file.
    private func size(_ bytes: Data) -> [Int] {
      [16, 20].map { start in (0..<4).reduce(0) { $0 << 8 | Int(bytes[bytes.startIndex + start + $1]) } }
    }

    @Test func masksOfStrangers() throws {
      let scratch = try Scratch()
      try tune(
        scratch,
        [
          "segment", "run", "--masks", "lungs", "--set", "finetune-segment.minimum_steps=0", "--seeds", "1",
          "--decoder", "linear",
        ])
      try strangers(scratch)
      let words = ["predict", "tuned", "--data", "strange", "--plugins", Repository.plugins]
      let first = try scratch.run(words + ["--out", "new", "--threads", "1", "--overlays"])
      #expect(first.status == 0, "\(first.everything)")
      #expect(first.output.contains("18 radiographs of") && first.output.contains("18 masks in new/masks"))
      #expect(try scratch.text("new/skipped.csv").contains("one/torn.png"))
      let rows = try scratch.text("new/predictions.csv").split(separator: "\n")
      #expect(rows.count == 19 && rows[0] == "radiograph,probability of lungs,lungs,file", "\(rows[0])")
      let masks = try scratch.names("new/masks").sorted()
      #expect(masks.count == 18)
      #expect(size(try scratch.bytes("new/masks/" + masks[0])) == [80, 80])
      #expect(size(try scratch.bytes("new/masks/" + masks[17])) == [120, 120])
      let overlays = try scratch.names("new/overlays").sorted()
      #expect(overlays.count == 18)
      #expect(size(try scratch.bytes("new/overlays/" + overlays[0]))[1] > 80)
      // A call that was cut short goes on, to the same table.
      let text = try scratch.text("new/predictions.csv")
      let kept = rows[..<12].joined(separator: "\n") + "\n" + rows[12].prefix(9)
      try scratch.write(Data(kept.utf8), "new/predictions.csv")
      let second = try scratch.run(words + ["--out", "new", "--threads", "2"])
      #expect(second.status == 0 && second.everything.contains("going on after 12"), "\(second.everything)")
      #expect(try scratch.text("new/predictions.csv") == text)
      let other = try scratch.run(["predict", "tuned", "--data", "made-one", "--out", "new"])
      #expect(other.status == 1 && other.errors.contains("other radiographs"), "\(other.everything)")
    }

    @Test func probabilitiesOfFindings() throws {
      let scratch = try Scratch()
      try tune(
        scratch,
        [
          "classify", "run", "--fraction", "0.5,1", "--seeds", "2", "--set", "finetune.minimum_steps=0",
          "--label", "effusion,nodule",
        ])
      try strangers(scratch)
      let words = ["predict", "tuned", "--data", "strange", "--plugins", Repository.plugins]
      let several = try scratch.run(words + ["--out", "new"])
      #expect(
        several.status == 1 && several.errors.contains("fraction-0.5, fraction-1; name one with --model"))
      let outcome = try scratch.run(words + ["--out", "new", "--model", "fraction-1", "--json"])
      #expect(outcome.status == 0, "\(outcome.everything)")
      let report: [String: Any] = try parsed(outcome.output)
      let thresholds = try #require(report["thresholds"] as? [Double])
      #expect(report["radiographs"] as? Int == 18 && report["skipped"] as? Int == 1 && thresholds.count == 2)
      let rows = try scratch.text("new/predictions.csv").split(separator: "\n").dropFirst()
      for row in rows {
        let cells = row.split(separator: ",").map(String.init)
        for number in 0..<2 {
          let probability = try #require(Double(cells[1 + number]))
          #expect((0...1).contains(probability))
          #expect(
            abs(probability - thresholds[number]) < 1e-6
              || (cells[3 + number] == "1") == (probability > thresholds[number]))
        }
      }
      // What cannot be used says so.
      for (words, text) in [
        (["predict", "run", "--data", "strange", "--out", "x"], "expected the folder of an evaluation"),
        (
          ["predict", "tuned", "--data", "strange", "--out", "run", "--model", "fraction-1"],
          "expected a new folder"
        ),
        (
          ["predict", "tuned", "--data", "strange", "--out", "x", "--model", "fraction-2"],
          "has no such model"
        ),
        (
          ["predict", "tuned", "--data", "strange", "--out", "x", "--model", "fraction-1", "--run", "none"],
          "is not there"
        ),
      ] {
        let refused = try scratch.run(words + ["--plugins", Repository.plugins])
        #expect(refused.status == 1 && refused.errors.contains(text), "\(words): \(refused.everything)")
      }
    }
  }
}
