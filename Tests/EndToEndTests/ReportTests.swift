import Foundation
import Testing

extension EndToEnd {
  /// Runs on a page.
  @Suite struct Report {
    @Test func aRunAndTwo() throws {
      let scratch = try Scratch()
      for (name, rate) in [("one", "1e-3"), ("two", "2e-3")] {
        let words = ["--steps", "4", "--learning-rate", rate, "--out", name]
        #expect(try scratch.pretrain(words).status == 0)
      }
      let written = try scratch.run(["report", "one", "--out", "one.html", "--json"])
      #expect(written.status == 0 && written.errors.isEmpty, "\(written.everything)")
      let page = try scratch.text("one.html")
      #expect(page.hasPrefix("<!DOCTYPE html>") && page.hasSuffix("</html>\n"))
      #expect(page.contains("Finished: 4 steps.") && page.contains("data:image/png;base64,"))
      #expect(page.contains("--learning-rate 1e-3 --out one") && !page.contains("://"))
      let json: [String: Any] = try parsed(written.output)
      let run = try #require((json["runs"] as? [[String: Any]])?.first)
      #expect(run["status"] as? String == "finished" && run["steps"] as? Int == 4)
      #expect((run["machines"] as? [String])?.first?.contains("cores to use") == true)
      let data = try #require(run["data"] as? [String: Any])
      #expect((data["list"] as? String)?.count == 16)

      let again = try scratch.run(["report", "one", "--out", "one.html"])
      #expect(again.status == 2 && again.errors.contains("exists already"))
      let both = try scratch.run(["report", "one", "two", "--out", "both.html"])
      #expect(both.status == 0, "\(both.everything)")
      #expect(try scratch.text("both.html").contains("<mark><code>0.002</code></mark>"))
    }

    @Test func whatIsMissingIsNoSuccess() throws {
      let scratch = try Scratch()
      #expect(try scratch.pretrain(["--steps", "4", "--out", "run"]).status == 0)
      try scratch.write(try scratch.bytes("run/batch.png").dropLast(9), "run/batch.png")
      let damaged = try scratch.run(["report", "run", "--out", "damaged.html"])
      #expect(damaged.status == 1 && damaged.errors.contains("run/batch.png: expected a whole PNG picture"))
      #expect(try scratch.text("damaged.html").contains("What could not be read"))
    }

    @Test func wordsThatAreMissingOrWrong() throws {
      let scratch = try Scratch()
      #expect(try scratch.pretrain(["--steps", "2", "--out", "run"]).status == 0)
      for (words, answer) in [
        (["run"], "--out FILE.html is required"), (["run", "--out", "page.pdf"], "ends in .html"),
        (["run", "run", "--json"], "named twice"), ([], "RUN"),
      ] {
        let outcome = try scratch.run(["report"] + words)
        #expect(outcome.status == 2 && outcome.errors.contains(answer), "\(words): \(outcome.everything)")
      }
      let none = try scratch.run(["report", "nowhere", "--json"])
      #expect(none.status == 1 && none.errors.contains("expected the folder of a run"))
    }
  }
}
