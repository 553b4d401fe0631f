import Foundation
import Testing

extension EndToEnd {
  /// Every labelled image is tested once, out of fold.
  @Suite struct Folds {
    private func trained() throws -> Scratch {
      let scratch = try Scratch()
      // So many that each fold has cases of a finding to test on.
      let small = Scratch.small.map { $0 == "phantom.images=64" ? "phantom.images=160" : $0 }
      let outcome = try scratch.run(
        ["pretrain", "--batch", "8", "--steps", "2", "--out", "run", "--holdout", "0.5"] + small)
      try #require(outcome.status == 0, "\(outcome.errors)")
      return scratch
    }

    private static let registry = ["--plugins", Repository.plugins]
    private static let few = ["--set", "probe.resamples=40"]
    private static let all = registry + ["--set", "evaluation.folds_of=all", "--label", "effusion,nodule"]

    /// Columns of a table by their names.
    private func rows(_ text: String) -> [[String: String]] {
      let lines = text.split(separator: "\n").map {
        $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      }
      return lines.dropFirst().map { Dictionary(uniqueKeysWithValues: zip(lines[0], $0)) }
    }

    @Test func probe() throws {
      let scratch = try trained()
      let words = ["probe", "run", "--folds", "3", "--out", "folds"] + Self.all + Self.few
      let outcome = try scratch.run(words)
      #expect(outcome.status == 0, "\(outcome.everything)")
      for text in [
        "linear probe, AUROC over the images of all folds", "fold 3", "mean", "trained − random",
        "plain pixels",
        "each of 160 images of 80 patients is in the test part of one of 3 folds", "leak: 80 images",
      ] { #expect(outcome.output.contains(text), "\(text): \(outcome.output)") }
      let predictions = rows(try scratch.text("folds/predictions.csv"))
      for subject in ["linear probe", "nearest neighbours"] {
        let own = predictions.filter { $0["subject"] == subject }.compactMap { $0["radiograph"] }
        #expect(own.count == 160 && Set(own).count == 160)
      }
      var tested: [String] = []
      for fold in 1...3 {
        let own = rows(try scratch.text("folds/fold-\(fold)/predictions.csv"))
        tested += own.filter { $0["subject"] == "linear probe" }.compactMap { $0["radiograph"] }
        let split = try #require(
          try scratch.json("folds/fold-\(fold)/metrics.json")["split"] as? [String: Any])
        let sides = try #require(split["sides"] as? [String: Int])
        #expect((sides["train"] ?? 0) + (sides["test"] ?? 0) == 160)
      }
      #expect(Set(tested).count == 160 && tested.count == 160)
      let metrics = try scratch.json("folds/metrics.json")
      #expect(metrics["test_images"] as? Int == 160 && metrics["summary"] as? String == "AUROC, linear probe")
      let split = try #require(metrics["split"] as? [String: Any])
      #expect((split["sides"] as? [String: Int])?.keys.sorted() == ["fold 1", "fold 2", "fold 3"])
      // The same again, and beside it another number of folds.
      let again = try scratch.run(words)
      #expect(again.status == 0 && again.output == outcome.output, "\(again.everything)")
      let other = try scratch.run(["probe", "run", "--folds", "2", "--out", "folds"] + Self.all)
      #expect(other.status == 1 && other.errors.contains("other settings"), "\(other.everything)")
    }

    /// Unless it is asked for, nothing that was pre-trained on is tested.
    @Test func seenImagesAreNotTested() throws {
      let scratch = try trained()
      let words =
        ["probe", "run", "--folds", "2", "--json", "--label", "effusion"] + Self.registry + Self.few
      let outcome = try scratch.run(words)
      #expect(outcome.status == 0, "\(outcome.everything)")
      let report: [String: Any] = try parsed(outcome.output)
      #expect(report["test_images"] as? Int == 80 && report["train_images"] as? Int == 160)
      let tested = Set(
        rows(try scratch.text("run/evaluations/probe-2-folds/predictions.csv")).compactMap {
          $0["radiograph"]
        })
      let once = try scratch.run(["probe", "run", "--out", "once", "--label", "effusion"] + Self.registry)
      #expect(once.status == 0, "\(once.everything)")
      let held = Set(rows(try scratch.text("once/predictions.csv")).compactMap { $0["radiograph"] })
      #expect(tested == held && held.count == 80)
      // Another hold-out of the command changes nothing of what the run was trained on; other radiographs do.
      let moved = try scratch.run(words + ["--holdout", "0.1", "--out", "moved"])
      #expect(moved.status == 0 && !moved.errors.contains("the split differs"), "\(moved.everything)")
      #expect(try parsed(moved.output, as: [String: Any].self)["test_images"] as? Int == 80)
      let others = try scratch.run(words + ["--set", "phantom.images=200", "--out", "others"])
      #expect(others.status == 1 && others.errors.contains("cannot be told"), "\(others.everything)")
      let few = try scratch.run(["probe", "run", "--folds", "100"] + Self.registry)
      #expect(few.status == 1 && few.errors.contains("80 more are of patients"), "\(few.everything)")
      #expect(!scratch.has("run/evaluations/probe-100-folds"))
    }

    @Test func fineTuningGoesOnWhereItWasStopped() throws {
      let scratch = try trained()
      let words =
        ["finetune", "classify", "run", "--folds", "2", "--seeds", "2"] + Self.all
        + [
          "--set", "finetune.epochs=2", "--set", "finetune.minimum_steps=0", "--set", "finetune.batch_size=8",
          "--threads", "1",
        ]
      let whole = try scratch.run(words + ["--out", "whole"])
      #expect(whole.status == 0, "\(whole.everything)")
      let json = try scratch.json("whole/metrics.json")
      #expect(json["test_images"] as? Int == 160)
      let predictions = rows(try scratch.text("whole/predictions.csv"))
      #expect(predictions.count == 320 && Set(predictions.compactMap { $0["trial"] }).count == 2)
      #expect(try scratch.names("whole").filter { $0.hasPrefix("fold-") } == ["fold-1", "fold-2"])
      let process = try RunnerProcess(words + ["--out", "stopped"], in: scratch.path)
      for _ in 0..<6000 where process.isRunning && !scratch.has("stopped/fold-2/evaluation.log") {
        usleep(5000)
      }
      process.send(SIGKILL)
      _ = try process.wait()
      let rest = try scratch.run(words + ["--out", "stopped"])
      #expect(rest.status == 0, "\(rest.everything)")
      #expect(try scratch.text("stopped/predictions.csv") == scratch.text("whole/predictions.csv"))
    }
  }
}
