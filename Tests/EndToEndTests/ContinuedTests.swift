import Foundation
import Testing

extension EndToEnd {
  /// Runs that begin with another's encoder (`--from`).
  @Suite struct Continued {
    private func encoder(_ scratch: Scratch, of run: String, _ part: String) throws -> Data {
      let out = "\(run)-\(part)"
      let outcome = try scratch.run(["weights", "export", run, "--out", out, "--encoder", part])
      #expect(outcome.status == 0, "\(outcome.everything)")
      return try scratch.bytes(out + "/model.safetensors")
    }

    /// A frozen encoder is the other's to the bit; without `--from`, and once it may learn, it is not. The settings of the
    /// model are the other run's, and a run that goes on needs the other no more.
    @Test func theEncoderIsTheOthers() throws {
      let scratch = try Scratch()
      try scratch.trainMethod("local", ["--set", "model.class_token=true"], out: "first")
      let expected = try encoder(scratch, of: "first", "target")
      let frozen = ["--set", "training.frozen_encoder_steps=100"]
      try scratch.trainMethod("local", ["--from", "first"] + frozen, out: "frozen")
      for part in ["target", "context"] {
        #expect(try encoder(scratch, of: "frozen", part) == expected, "\(part)")
      }
      #expect(try scratch.text("frozen/config.toml").contains("class_token = true"))
      #expect(try scratch.text("frozen/run.log").contains("begins with the encoder of first"))
      try scratch.trainMethod("local", ["--set", "model.class_token=true"] + frozen, out: "fresh")
      #expect(try encoder(scratch, of: "fresh", "context") != expected)
      try scratch.trainMethod("local", ["--from", "first"], out: "learning")
      #expect(try encoder(scratch, of: "learning", "context") != expected)
      let last = try scratch.bytes("learning/" + Scratch.lastModel)
      for name in ["first", "learning/checkpoints/step-000012"] {
        try FileManager.default.removeItem(atPath: scratch.path + "/" + name)
      }
      let resumed = try scratch.run(["resume", "learning", "--plugins", Repository.plugins])
      #expect(resumed.status == 0, "\(resumed.everything)")
      #expect(try scratch.bytes("learning/" + Scratch.lastModel) == last)
    }

    @Test func anotherSizeOfImageIsTakenAndWhatIsNoRunRefused() throws {
      let scratch = try Scratch()
      try scratch.trainMethod("local", [], out: "first")
      var larger = Scratch.small
      larger[try #require(larger.firstIndex(of: "--image-size")) + 1] = "96"
      let outcome = try scratch.run(
        [
          "pretrain", "--batch", "8", "--tasks", "local", "--steps", "2", "--from", "first", "--out",
          "larger",
        ]
          + ["--set", "run.evaluations=none"] + larger)
      #expect(outcome.status == 0, "\(outcome.everything)")
      for (words, expected) in [
        (["--from", "nowhere"], "nowhere"),
        (["--from", "first", "--set", "model.registers=2"], "--from first"),
        (["--set", "training.layer_decay=2"], "layer_decay"),
      ] {
        let outcome = try scratch.pretrain(["--tasks", "local", "--steps", "2", "--out", "refused"] + words)
        #expect(outcome.status != 0 && outcome.errors.contains(expected), "\(outcome.everything)")
        #expect(!scratch.has("refused"))
      }
    }
  }
}
