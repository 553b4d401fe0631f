import Foundation
import Testing

extension EndToEnd {
  /// `finetune classify`, as a user runs it.
  @Suite struct FineTuning {
    private static let more = [
      "finetune", "classify", "run", "--plugins", Repository.plugins, "--set", "finetune.epochs=3",
      "--set", "finetune.minimum_steps=0", "--set", "finetune.batch_size=8", "--threads", "1",
    ]

    @Test func figuresAndAgain() throws {
      let scratch = try Scratch()
      let trained = try scratch.pretrain(["--steps", "2", "--out", "run"])
      #expect(trained.status == 0, "\(trained.everything)")
      let words = Self.more + ["--fraction", "0.5,1", "--seeds", "2", "--out", "tuned"]
      let first = try scratch.run(words)
      #expect(first.status == 0, "\(first.everything)")
      for text in ["50% of labels:", "100% of labels:", "AUROC", "AUPRC", "mean", "±"] {
        #expect(first.output.contains(text), "\(first.output)")
      }
      #expect(first.errors.contains("preset for small encoder"))
      let expected: Set = [
        "classification.json", "curves.png", "curves.svg", "evaluation.log", "metrics.json", "request.json",
        "fraction-0.5-seed-0.jsonl", "fraction-1-seed-1.jsonl",
      ]
      let names = try scratch.names("tuned")
      #expect(expected.isSubset(of: Set(names)), "\(names)")
      let rows = try scratch.text("tuned/fraction-1-seed-1.jsonl").split(separator: "\n")
      #expect(rows.count == 3 && rows[0].contains("train_loss"))
      let again = try scratch.run(words)
      #expect(again.status == 0 && again.output == first.output)
      #expect(!again.errors.contains("images/s"))
      let json: [String: Any] = try parsed(try scratch.run(words + ["--json"]).output)
      #expect(json["summary"] as? String == "AUROC, 100% of labels")
      let metrics = try #require(json["metrics"] as? [[String: Any]])
      #expect(Set(metrics.compactMap { $0["subject"] as? String }) == ["50% of labels", "100% of labels"])
      #expect((json["notes"] as? [String])?.first == "fine-tuned from its target encoder")
      let other = try scratch.run(words + ["--set", "finetune.jitter=0"])
      #expect(other.status == 1 && other.errors.contains("other settings"))
    }

    @Test func aRunWithoutTargetEncoderIsFineTunedFromTheOneThatItHas() throws {
      let scratch = try Scratch()
      let run = ["--steps", "1", "--tasks", "simmim", "--set", "model.target_encoder=absent", "--out", "run"]
      #expect(try scratch.pretrain(run).status == 0)
      let outcome = try scratch.run(Self.more + ["--fraction", "1", "--seeds", "1", "--json"])
      #expect(outcome.status == 0, "\(outcome.everything)")
      let notes = try parsed(outcome.output, as: [String: Any].self)["notes"] as? [String]
      #expect(notes?.first == "fine-tuned from its context encoder, as it has no target encoder")
    }

    @Test func refusals() throws {
      let scratch = try Scratch()
      #expect(try scratch.pretrain(["--steps", "1", "--out", "run"]).status == 0)
      for (words, text) in [
        (["--fraction", "0"], "numbers from 0.0001 to 1"),
        (["--fraction", "a,b"], "numbers from 0.0001 to 1"),
        (["--from", "targt"], "did you mean target"),
        (["--preset-for", "chexprt"], "did you mean chexpert"), (["--seeds", "0"], "from 1 to 100"),
      ] {
        let outcome = try scratch.run(Self.more + words)
        #expect(outcome.status == 2 && outcome.errors.contains(text), "\(words): \(outcome.everything)")
      }
      let half = try scratch.run(Self.more + ["--shots", "1.5"])
      #expect(half.status == 1 && half.errors.contains("whole numbers"), "\(half.everything)")
      let unknown = try scratch.run(Self.more + ["--label", "nothing"])
      #expect(
        unknown.status == 1 && unknown.errors.contains("no radiograph may have"), "\(unknown.everything)")
    }
  }
}
