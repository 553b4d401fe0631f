import Foundation
import Testing

extension EndToEnd {
  @Suite struct Seeing {
    @Test func onePageOfOneRadiograph() throws {
      let scratch = try Scratch()
      let trained = try scratch.pretrain(["--tasks", "local,global", "--steps", "2", "--out", "run"])
      #expect(trained.status == 0, "\(trained.everything)")
      let words = ["explain", "run", "--plugins", Repository.plugins, "--bank", "12"]
      let outcome = try scratch.run(words + ["--radiograph", "phantom-0-3", "--json"])
      #expect(outcome.status == 0, "\(outcome.everything)")
      let report: [String: Any] = try parsed(outcome.output)
      #expect(report["radiograph"] as? String == "phantom-0-3" && report["compared"] as? Int == 12)
      let parts = try #require(report["parts"] as? [[String: Any]])
      #expect(parts.map { $0["evaluation"] as? String } == ["probe", "imagine", "pca", "surprise"])
      #expect(parts.allSatisfy { $0["problem"] == nil }, "\(parts)")
      let folder = "run/explanations/phantom-0-3"
      let page = try scratch.text("\(folder)/explained.html")
      for part in [
        "phantom-0-3", "The nearest radiographs of other patients", "no truth", "data:image/png;base64",
      ] {
        #expect(page.contains(part), "\(part)")
      }
      #expect(!page.contains("src=\"http"))
      for part in parts {
        let picture = try #require(part["picture"] as? String)
        #expect(scratch.has("\(folder)/\(picture)"))
      }
      // Nothing that is there is overwritten.
      let again = try scratch.run(words + ["--radiograph", "phantom-0-3"])
      #expect(again.status == 1 && again.errors.contains(folder), "\(again.everything)")
      // A file beside the run's radiographs.
      #expect(
        try scratch.run(["phantom", "--plugins", Repository.plugins, "--count", "1", "--out", "drawn"]).status
          == 0)
      let file = try scratch.run(
        words + ["--radiograph", "drawn/images/phantom-0-0.png", "--with", "probe", "--out", "page"])
      #expect(file.status == 0 && scratch.has("page/probe.png"), "\(file.everything)")
      // One of the run's radiographs has the name of the file without its folders and ending.
      #expect(file.output.contains("of drawn/images/phantom-0-0.png") && !scratch.has("page/pca.png"))
    }

    @Test func whatCannotBeExplainedIsRefused() throws {
      let scratch = try Scratch()
      #expect(try scratch.pretrain(["--tasks", "local", "--steps", "1", "--out", "run"]).status == 0)
      try scratch.write(Data("no picture".utf8), "text.png")
      let words = ["explain", "run", "--plugins", Repository.plugins, "--out", "page"]
      let refusals = [
        ([], Int32(2), "--radiograph NAME is required"),
        (["--radiograph", "nobody"], 1, "expected a file, or the name of one of"),
        (["--radiograph", "text.png"], 1, "text.png"),
        (["--radiograph", "phantom-0-3", "--with", "sensitivity"], 1, "something to show of one radiograph"),
        (["--radiograph", "phantom-0-3", "--bank", "1"], 2, "--bank"),
      ]
      for (given, status, text) in refusals {
        let outcome = try scratch.run(words + given)
        #expect(outcome.status == status && outcome.errors.contains(text), "\(given): \(outcome.everything)")
        #expect(!scratch.has("page"), "\(given) left a folder")
      }
    }

    @Test func landmarksAreFoundAndPredictionsDecoded() throws {
      let scratch = try Scratch()
      #expect(try scratch.pretrain(["--tasks", "local,domain", "--steps", "2", "--out", "run"]).status == 0)
      let found = try scratch.run([
        "correspondence", "run", "--plugins", Repository.plugins, "--images", "4", "--searched", "3",
        "--pixels", "16", "--enlargements", "1", "--resamples", "20",
      ])
      #expect(found.status == 0, "\(found.everything)")
      for part in ["aortic arch", "windows of pixels", "trained, best reading", "PCK@5%"] {
        #expect(found.output.contains(part), "\(part): \(found.output)")
      }
      #expect(scratch.has("run/evaluations/correspondence/trained.png"))
      let decoded = try scratch.run([
        "imagine", "decoder", "run", "--plugins", Repository.plugins, "--steps", "3", "--width", "16",
        "--depth", "1", "--resamples", "20",
      ])
      #expect(decoded.status == 0, "\(decoded.everything)")
      #expect(decoded.output.contains("hidden part of the view"), "\(decoded.output)")
      #expect(scratch.has("run/evaluations/imagine-decoder/decoded.png"))
    }
  }
}
