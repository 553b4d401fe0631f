import Foundation
import Testing

extension EndToEnd {
  /// Other people's methods that hide patches, trained as a user would: tasks that the registry has, not enabled.
  @Suite struct MaskedTasks {
    private static let decoder = ["embed_dim=32", "depth=1", "num_heads=2"].flatMap {
      ["--set", "mae.decoder_\($0)"]
    }
    private func train(_ scratch: Scratch, _ tasks: String, _ words: [String] = [], out: String) throws {
      try scratch.trainMethod(tasks, Self.decoder + words, out: out)
    }

    /// The loss falls, the seed decides every bit whatever threads there are, and a branch of a step ends where the run
    /// did.
    @Test(arguments: ["mae", "local,mae", "visible", "local,visible", "simmim", "local,simmim"])
    func itTrains(tasks: String) throws {
      try Scratch().checkMethod(tasks, Self.decoder)
    }

    /// The teacher's features are what is predicted, whether or not its folder is still there.
    @Test(arguments: ["frozen-teacher", "local,frozen-teacher"]) func aTeacherStays(tasks: String) throws {
      let scratch = try Scratch()
      try train(scratch, "mae", out: "teacher")
      let teacher = ["--set", "frozen-teacher.teacher=teacher"]
      try train(scratch, tasks, teacher, out: "run")
      let settings = try scratch.text("run/config.toml")
      #expect(
        settings.contains("target_encoder = \"frozen\"") && settings.contains("# from task frozen-teacher"))
      let losses = try scratch.losses(of: "run")
      #expect(losses.suffix(3).reduce(0, +) < losses.prefix(3).reduce(0, +), "\(losses)")
      // The target encoder is the teacher's to the bit, and the student began with its own seed's weights.
      for (run, part, name) in [
        ("teacher", "target", "a"), ("run", "target", "b"), ("run", "context", "c"),
      ] {
        let outcome = try scratch.run(["weights", "export", run, "--out", name, "--encoder", part])
        #expect(outcome.status == 0, "\(outcome.everything)")
      }
      func weights(_ name: String) throws -> Data { try scratch.bytes(name + "/model.safetensors") }
      #expect(try weights("a") == weights("b"))
      #expect(try weights("b") != weights("c"))
      // Without the teacher's folder the run goes on to the same bits.
      let expected = try scratch.bytes("run/" + Scratch.lastModel)
      try FileManager.default.moveItem(
        atPath: scratch.path + "/teacher", toPath: scratch.path + "/elsewhere")
      try FileManager.default.removeItem(atPath: scratch.path + "/run/checkpoints/step-000012")
      let resumed = try scratch.run(["resume", "run", "--plugins", Repository.plugins])
      #expect(resumed.status == 0, "\(resumed.everything)")
      #expect(try scratch.bytes("run/" + Scratch.lastModel) == expected)
    }

    /// A teacher that is not named, not there, or of other sizes is refused in words, and leaves no folder.
    @Test func teachersThatDoNotFitAreRefused() throws {
      let scratch = try Scratch()
      try train(scratch, "mae", out: "teacher")
      for (words, expected) in [
        ([], "give --set frozen-teacher.teacher=RUN"),
        (["--set", "frozen-teacher.teacher=nowhere"], "nowhere"),
        (
          ["--set", "frozen-teacher.teacher=teacher", "--set", "model.heads=8"],
          "another width, depth and heads than this run's"
        ),
        (
          ["--set", "frozen-teacher.teacher=teacher", "--set", "model.mlp_ratio=2"],
          "another mlp_ratio than this run's, whose target encoder it is to be: expected 2.0, found 4.0"
        ),
        (
          ["--set", "frozen-teacher.teacher=teacher", "--set", "model.target_encoder=ema"],
          "task \"frozen-teacher\" is for a target encoder that is \"frozen\""
        ),
      ] as [([String], String)] {
        let outcome = try scratch.pretrain(["--tasks", "frozen-teacher", "--out", "run"] + words)
        #expect(outcome.status != 0 && outcome.errors.contains(expected), "\(outcome.everything)")
        #expect(!scratch.has("run"))
      }
      try train(scratch, "frozen-teacher", ["--set", "frozen-teacher.teacher=teacher"], out: "student")
      let branch = try scratch.run([
        "resume", "student", "--step", "8", "--set", "frozen-teacher.teacher=other", "--out", "branch",
        "--plugins", Repository.plugins,
      ])
      #expect(
        branch.status != 0 && branch.errors.contains("a branch goes on with the target encoder"),
        "\(branch.everything)")
    }

    /// All of them at once; processes that share a step change no bit of it.
    @Test func theNumberOfProcessesChangesNoBit() throws {
      let scratch = try Scratch()
      try train(scratch, "mae", out: "teacher")
      let words =
        ["pretrain", "--batch", "4", "--tasks", "local,mae,visible,frozen-teacher,simmim", "--steps", "4"]
        + ["--set", "frozen-teacher.teacher=teacher", "--set", "training.accumulation=2"]
        + ["--set", "run.evaluations=none"] + Self.decoder + Scratch.small
      var weights: [Data] = []
      for ranks in [0, 2] {
        let outcome = try RunnerProcess(words + ["--out", "run-\(ranks)"], in: scratch.path, ranks: ranks)
          .wait()
        #expect(outcome.status == 0, "\(outcome.everything)")
        weights.append(try scratch.bytes("run-\(ranks)/checkpoints/step-000004/model.safetensors"))
      }
      #expect(weights[0] == weights[1] && weights[0].count > 10_000)
    }

    /// What is out of range is refused before anything begins.
    @Test(arguments: [
      ("mae.mask_ratio=1", "number from 0.05 to 0.99"), ("mae.decoder_depth=0", "integer from 1 to 64"),
      ("visible.lambda=-1", "number from 0.0 to 1000.0"), ("visible.loss_exp=3", "integer from 1 to 2"),
      ("frozen-teacher.mask_ratio=0", "number from 0.05 to 0.99"),
      ("simmim.mask_patch_size=1", "integer from 2 to 2048"),
    ]) func optionsOutOfRangeAreRefused(setting: String, allowed: String) throws {
      let scratch = try Scratch()
      let outcome = try scratch.pretrain([
        "--tasks", "local,mae,visible,simmim", "--set", setting, "--out", "run", "--dry-run",
      ])
      #expect(outcome.status == 2 && outcome.errors.contains(allowed), "\(outcome.everything)")
    }
  }
}
