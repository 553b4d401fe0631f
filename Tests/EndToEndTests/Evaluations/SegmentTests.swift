import Foundation
import Testing

extension EndToEnd {
  /// `finetune segment`, as a user runs it.
  @Suite struct Segmentation {
    private static let words = [
      "finetune", "segment", "run", "--plugins", Repository.plugins, "--masks", "lungs,effusion",
      "--epochs", "2", "--set", "finetune-segment.minimum_steps=0", "--seeds", "1",
    ]

    @Test func figuresAndAgain() throws {
      let scratch = try Scratch()
      let trained = try scratch.pretrain(["--steps", "2", "--out", "run"])
      #expect(trained.status == 0, "\(trained.everything)")
      let first = try scratch.run(Self.words + ["--threads", "1", "--out", "masks"])
      #expect(first.status == 0, "\(first.everything)")
      for text in ["100% of labels:", "lungs", "effusion", "Dice", "nothing", "HD95", "surface Dice"] {
        #expect(first.output.contains(text), "\(first.output)")
      }
      let names = Set(try scratch.names("masks"))
      #expect(
        names.isSuperset(of: ["masks.png", "metrics.json", "predictions.csv", "fraction-1-seed-0.jsonl"]))
      let again = try scratch.run(Self.words + ["--threads", "1", "--out", "masks"])
      #expect(again.status == 0 && again.output == first.output)
      // A request of an earlier version lacks what is new, and asks for the same; one of other labels does not.
      var request = try scratch.json("masks/request.json")
      var options = try #require(request["options"] as? [String: Any])
      let records = request.removeValue(forKey: "records")
      #expect(records != nil && options.removeValue(forKey: "patch_size") != nil)
      for (labels, status) in [(nil, 0), ("sha256:other", 1)] as [(String?, Int32)] {
        request["records"] = labels
        request["options"] = options
        try scratch.write(JSONSerialization.data(withJSONObject: request), "masks/request.json")
        let older = try scratch.run(Self.words + ["--threads", "1", "--out", "masks"])
        #expect(older.status == status, "\(labels ?? "none"): \(older.everything)")
        #expect(status != 0 || older.output == first.output)
      }
      // The same bits on two threads.
      let two = try scratch.run(Self.words + ["--threads", "2", "--out", "two"])
      #expect(two.status == 0, "\(two.everything)")
      for name in ["predictions.csv", "fraction-1-seed-0.jsonl"] {
        #expect(try scratch.bytes("two/" + name) == scratch.bytes("masks/" + name))
      }
    }

    /// Every radiograph is tested once, and what all folds say is taken together.
    @Test func folds() throws {
      let scratch = try Scratch()
      #expect(try scratch.pretrain(["--steps", "1", "--out", "run"]).status == 0)
      let outcome = try scratch.run(
        Self.words + ["--decoder", "linear", "--folds", "2", "--json", "--out", "folds"])
      #expect(outcome.status == 0, "\(outcome.everything)")
      let report: [String: Any] = try parsed(outcome.output)
      let metrics = try #require(report["metrics"] as? [[String: Any]])
      #expect(metrics.contains { $0["name"] as? String == "Dice of lungs" })
      let table = try scratch.text("folds/predictions.csv").split(separator: "\n")
      #expect(table.count > 10 && Set(table).count == table.count)
    }

    @Test func refusals() throws {
      let scratch = try Scratch()
      #expect(try scratch.pretrain(["--steps", "1", "--out", "run"]).status == 0)
      let words = ["finetune", "segment", "run", "--plugins", Repository.plugins]
      let unknown = try scratch.run(words + ["--masks", "spleen"])
      #expect(unknown.status == 1 && unknown.errors.contains("found \"spleen\""), "\(unknown.everything)")
      let half = try scratch.run(words + ["--patients", "1.5"])
      #expect(half.status == 1 && half.errors.contains("whole numbers of patients"), "\(half.everything)")
      let decoder = try scratch.run(words + ["--decoder", "papr"])
      #expect(decoder.status == 2 && decoder.errors.contains("did you mean paper"), "\(decoder.everything)")
      #expect(!scratch.has("run/evaluations/segment-target"))
    }
  }
}
