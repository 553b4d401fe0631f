import Foundation
import Testing

extension EndToEnd {
  /// Other people's methods on pooled features, trained as a user would: tasks that the registry has, not enabled.
  @Suite struct PooledTasks {
    private static let heads = [
      "sigreg.proj_dim=16", "sigreg.proj_hidden_dim=32", "sigreg.num_slices=64", "moco-v3.dim=16",
      "moco-v3.mlp_dim=32", "dino.out_dim=32", "dino.hidden_dim=32", "dino.bottleneck_dim=16",
    ].flatMap { ["--set", $0] }

    /// The loss falls, the seed decides every bit whatever threads there are, and a run that goes on from a step ends
    /// where it did: averages and centers are in its checkpoints.
    @Test(arguments: [
      ("sigreg", ["model.target_encoder=absent"]), ("local,sigreg", ["sigreg.views=1"]), ("moco-v3", []),
      ("local,moco-v3", ["moco-v3.norm=layer"]), ("dino", []), ("local,dino", []),
    ]) func itTrains(tasks: String, settings: [String]) throws {
      try Scratch().checkMethod(tasks, Self.heads + settings.flatMap { ["--set", $0] })
    }

    /// All of them at once; processes that share a step change no bit of it, the center included.
    @Test func theNumberOfProcessesChangesNoBit() throws {
      let scratch = try Scratch()
      let words =
        ["pretrain", "--batch", "4", "--tasks", "local,sigreg,moco-v3,dino", "--steps", "4"]
        + ["--set", "training.accumulation=2", "--set", "run.evaluations=none"] + Self.heads + Scratch.small
      var weights: [Data] = []
      for ranks in [0, 2] {
        let outcome = try RunnerProcess(words + ["--out", "run-\(ranks)"], in: scratch.path, ranks: ranks)
          .wait()
        #expect(outcome.status == 0, "\(outcome.everything)")
        weights.append(try scratch.bytes("run-\(ranks)/checkpoints/step-000004/model.safetensors"))
      }
      #expect(weights[0] == weights[1] && weights[0].count > 10_000)
      #expect(String(decoding: weights[0].prefix(100_000), as: UTF8.self).contains("tasks.dino.center"))
    }

    /// A micro-batch of one radiograph has nothing to be compared with, and a model without what a method needs is no
    /// model for it: both are refused before anything begins.
    @Test(arguments: [
      ("sigreg", 1, ""), ("moco-v3", 1, ""), ("local,dino", 1, ""), ("moco-v3", 4, "frozen"),
      ("dino", 4, "absent"),
    ]) func whatCannotBeIsRefused(tasks: String, batch: Int, mode: String) throws {
      let scratch = try Scratch()
      let outcome = try scratch.pretrain(
        ["--tasks", tasks, "--out", "run"] + (mode.isEmpty ? [] : ["--set", "model.target_encoder=\(mode)"]),
        batch: batch)
      let expected =
        mode.isEmpty
        ? ["batch_size = 1", "compares the radiographs of a micro-batch", "give --batch 2 or more"]
        : ["is for a target encoder that is \"ema\"", "model.target_encoder is \"\(mode)\""]
      #expect(outcome.status != 0)
      for sentence in expected { #expect(outcome.errors.contains(sentence), "\(outcome.everything)") }
      #expect(!scratch.has("run"))
    }

    /// What is out of range is refused before anything begins.
    @Test(arguments: [
      ("sigreg.lambda=2", "number from 0.0 to 1.0"), ("sigreg.num_points=1", "integer from 3 to 1001"),
      ("moco-v3.T=0", "number from 0.001 to 100.0"), ("moco-v3.norm=group", "one of \"batch\", \"layer\""),
      ("dino.teacher_temp=0", "number from 0.001 to 100.0"),
      ("dino.center_momentum=1.5", "number from 0.0 to 1.0"),
    ]) func optionsOutOfRangeAreRefused(setting: String, allowed: String) throws {
      let scratch = try Scratch()
      let outcome = try scratch.pretrain([
        "--tasks", "sigreg,moco-v3,dino", "--set", setting, "--out", "run", "--dry-run",
      ])
      #expect(outcome.status == 2 && outcome.errors.contains(allowed), "\(outcome.everything)")
    }
  }
}
