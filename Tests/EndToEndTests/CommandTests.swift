import CoreTensor
import Foundation
import Testing

extension EndToEnd {
  /// Commands besides training.
  @Suite struct OtherCommands {
    @Test func phantomExport() throws {
      let scratch = try Scratch()
      let words = [
        "phantom", "--count", "10", "--size", "64", "--out", "images", "--plugins", Repository.plugins,
      ]
      let outcome = try scratch.run(words)
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(try scratch.names("images/images").count == 10)
      let masks = try scratch.names("images/masks")
      #expect(masks.count >= 10 && masks.allSatisfy { $0.hasSuffix(".png") })
      let labels = try scratch.text("images/labels.csv").split(separator: "\n")
      #expect(labels.first == "file,patient_id,labels" && labels.count == 11)
      #expect(Set(labels.dropFirst().map { $0.split(separator: ",")[1] }).count == 5)
      let landmarks = try scratch.text("images/landmarks.csv").split(separator: "\n")
      #expect(landmarks.first == "file,landmark,row,column" && landmarks.count > 10)
      let again = try scratch.run(words)
      #expect(again.status == 1 && again.errors.contains("give another --out"))
      for source in ["images/images", "images/labels.csv"] {
        let read = try scratch.pretrain(
          [
            "--data", source, "--steps", "3", "--out", "run-\(source.count)",
          ], batch: 2)
        #expect(read.status == 0, "\(read.errors)")
        #expect(!scratch.has("run-\(source.count)/skipped.txt"))
      }
    }

    /// Radiographs of any source become files that a run reads, with the truth that the source knows.
    @Test func radiographsOfAnySourceAreWritten() throws {
      let scratch = try Scratch()
      let plugins = ["--plugins", Repository.plugins]
      let made = try scratch.run(
        ["data", "write", "--set", "phantom.images=6", "--set", "phantom.size=64", "--out", "made"] + plugins)
      #expect(made.status == 0, "\(made.errors)")
      #expect(made.output.contains("6 radiographs in made: images/, masks/, labels.csv, landmarks.csv"))
      let again = try scratch.run(
        ["data", "write", "--data", "made/labels.csv", "--set", "data.limit=4", "--out", "again"] + plugins)
      #expect(
        again.status == 0 && again.output.contains("4 radiographs in again: images/, labels.csv"),
        "\(again.everything)")
      let radiographs = try scratch.names("again/images")
      #expect(radiographs.count == 4)
      let first = try #require(radiographs.sorted().first)
      #expect(try scratch.bytes("again/images/\(first)").count > 100)
      let labels = try scratch.text("again/labels.csv").split(separator: "\n")
      #expect(labels.count == 5 && labels[0] == "file,patient_id,labels")
      #expect(try scratch.run(["data", "write"] + plugins).errors.contains("--out DIR is required"))
    }

    /// A data plugin's command has the plugin's options as flags.
    @Test func optionsOfADataPluginAreFlags() throws {
      let scratch = try Scratch()
      let plugins = ["--plugins", Repository.plugins]
      let help = try scratch.run(["phantom", "--help"] + plugins).output
      for flag in ["--count N", "--size N", "--finding-rate X", "--seed N", "--out, -o DIR"] {
        #expect(help.contains(flag), "\(help)")
      }
      for (words, problem) in [
        (["--count", "none"], "--count: expected integer from 1 to 1000000, found \"none\""),
        (["--size", "9"], "--size: expected integer from 64 to 1024"),
        (["--images", "3"], "phantom has no flag --images"),
      ] {
        let outcome = try scratch.run(["phantom", "--out", "images"] + words + plugins)
        #expect(outcome.status == 2 && outcome.errors.contains(problem), "\(outcome.everything)")
      }
      let unknown = try scratch.run(["phantm"] + plugins)
      #expect(
        unknown.status == 2 && unknown.errors.contains("did you mean phantom?"), "\(unknown.everything)")
    }

    @Test func listOfPlugins() throws {
      let scratch = try Scratch()
      let table = try scratch.run(["plugins", "--plugins", Repository.plugins])
      #expect(table.status == 0, "\(table.errors)")
      for word in ["local", "global", "domain", "phantom", "local.blocks"] {
        #expect(table.output.contains(word))
      }
      let rows: [[String: Any]] = try parsed(
        scratch.run(["plugins", "--json", "--plugins", Repository.plugins]).output)
      #expect(
        rows.map { $0["name"] as? String } == [
          "local", "global", "domain", "mae", "visible", "frozen-teacher", "simmim", "sigreg", "moco-v3",
          "dino", "phantom", "dicom",
          "probe",
          "imagine", "imagine-decoder",
          "imagine-rcdm", "correspondence", "sensitivity", "pca", "surprise", "finetune",
          "finetune-segment",
          "torch", "public-weights", "mpi", "c10d",
        ])
      #expect(rows.allSatisfy { $0["problem"] == nil })
      #expect(
        rows.filter { (($0["options"] as? [Any]) ?? []).isEmpty }.map { $0["kind"] as? String }
          == ["weights", "communicator", "communicator"]
      )
      let text = "[[plugin]]\nname = \"ghost\"\nkind = \"task\"\nlibrary = \"GhostTask\"\nenabled = true\n"
      try scratch.write(Data(text.utf8), "plugins.toml")
      let ghost = try scratch.run(["plugins"])
      #expect(ghost.status == 1 && ghost.output.contains("GhostTask"))
    }

    @Test func doctor() throws {
      let scratch = try Scratch()
      let words = ["doctor", "--plugins", Repository.plugins]
      let outcome = try scratch.run(words)
      #expect(outcome.status == 0, "\(outcome.everything)")
      for word in ["processor", "BLAS", "libCoreTensor", "plugin local"] {
        #expect(outcome.output.contains(word))
      }
      let rows: [[String: String]] = try parsed(scratch.run(words + ["--json"]).output)
      #expect(rows.contains { $0["name"] == "registry" && $0["value"] == Repository.plugins })
      let unwell = try scratch.run(["doctor", "--plugins", "none.toml"])
      #expect(unwell.status == 1 && unwell.output.contains("none.toml"))
    }

    /// Every library that has kernels for several processors says that it is held back, not ours alone.
    @Test func instructionsHoldLibrariesToo() throws {
      let words = ["doctor", "--plugins", Repository.plugins, "--json", "--instructions"]
      let rows: [[String: String]] = try parsed(Scratch().run(words + ["portable"]).output)
      func finding(_ name: String) -> String { rows.first { $0["name"] == name }?["value"] ?? "" }
      #expect(finding("instructions").hasPrefix("portable, of portable"))
      #expect(finding("matrix libraries").contains("kernel Prescott"))
      #expect(finding("matrix libraries").contains(", sse41"))
      let lines = try Scratch().run(["doctor", "--lesser-sets"]).output.split(separator: "\n")
      #expect(lines.count == InstructionSet.executable.count - 1)
      for line in lines { #expect(line.contains("CHEX_INSTRUCTIONS=\(line.prefix { $0 != " " }) ")) }
    }

    @Test func helpOfEveryCommand() throws {
      let scratch = try Scratch()
      let general = try scratch.run(["--help"])
      #expect(general.status == 0)
      for name in [
        "pretrain", "resume", "plugins", "phantom", "probe", "features", "verify", "replay", "bench",
        "doctor",
      ] {
        #expect(general.output.contains("  \(name) "))
        let outcome = try scratch.run([name, "--help"])
        #expect(outcome.status == 0 && outcome.errors.isEmpty)
        #expect(
          outcome.output.contains("chex-runner \(name): ") && outcome.output.contains("Usage: chex-runner"))
      }
    }

    /// Examples of commands that want a run are typed where there is none: what they lack is the run, no word is unknown.
    @Test(arguments: [
      "probe", "imagine", "imagine decoder", "sensitivity", "correspondence", "pca", "surprise", "explain",
      "finetune classify",
      "finetune segment",
      "predict", "weights export",
    ])
    func examplesCanBeTyped(name: String) throws {
      let scratch = try Scratch()
      let words = name.split(separator: " ").map(String.init)
      let help = try scratch.run(words + ["--help", "--plugins", Repository.plugins])
      let examples = help.output.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
        .filter { $0.hasPrefix("chex-runner \(name) ") }
      #expect(!examples.isEmpty, "\(help.everything)")
      for example in examples {
        // What stands between quotation marks is one word.
        let own = example.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
          .flatMap { $0 % 2 == 1 ? [$1] : $1.split(separator: " ") }.dropFirst().map(String.init)
        let outcome = try scratch.run(own + ["--plugins", Repository.plugins])
        #expect(outcome.status == 1, "\(example): \(outcome.everything)")
      }
    }

    /// A benchmark of a very small model.
    private func bench(_ what: String, _ more: String = "") throws -> RunnerProcess.Outcome {
      let words =
        "bench \(what) --tasks global,domain --model tiny --batch 1 --image 32 --patch 8 --targets 6 --steps 1 --json "
        + "\(more) --plugins"
      return try Scratch().run(words.split(separator: " ").map(String.init) + [Repository.plugins])
    }

    @Test func profileOfAStep() throws {
      let outcome = try bench("step", "--profile --precision bf16")
      #expect(outcome.status == 0, "\(outcome.errors)")
      let result: [String: Any] = try parsed(outcome.output)
      let rows = try #require(result["rows"] as? [[String: Any]])
      let times = rows.compactMap { $0["milliseconds"] as? Double }
      let whole = try #require(result["milliseconds"] as? Double)
      #expect(abs(times.reduce(0, +) - whole) < 1e-6 * whole && times.allSatisfy { $0 > 0 })
      let names = rows.compactMap { $0["operation"] as? String }
      for name in ["product, forward", "product, weight gradient", "attention", "AdamW and moving average"] {
        #expect(names.contains(name))
      }
      #expect(names.last == "between operations" && Set(names).count == names.count)
    }

    @Test func ceilingOfProducts() throws {
      let outcome = try bench("ceiling")
      #expect(outcome.status == 0, "\(outcome.errors)")
      let result: [String: Any] = try parsed(outcome.output)
      let rows = try #require(result["rows"] as? [[String: Any]])
      // Of the patch embedding: 16 patches of two whole views, 6 of two contexts, 192 values each.
      let embeddings = rows.filter {
        $0["k"] as? Int == 192 && $0["n"] as? Int == 192 && $0["m"] as? Int == 32
      }
      #expect(!embeddings.isEmpty && rows.allSatisfy { $0["gigaflops_per_second"] as? Double ?? 0 > 0 })
      let (share, ceiling) = (result["share"] as? Double, result["ceiling_gigaflops_per_second"] as? Double)
      #expect(try #require(share) > 0 && #require(ceiling) > 0)
    }

    @Test(arguments: ["f32", "bf16"]) func benchOfFrozenFeatures(precision: String) throws {
      let outcome = try bench("encode", "--precision \(precision)")
      #expect(outcome.status == 0, "\(outcome.errors)")
      let result: [String: Any] = try parsed(outcome.output)
      #expect(result["precision"] as? String == precision && result["images_per_second"] as? Double ?? 0 > 0)
    }

    @Test func benchRefuses() throws {
      for (what, more, problem) in [
        ("nothing", "", "expected step, ceiling, encode, operations, images or an evaluation"),
        ("step", "--context 17", "at most the 16 patches"),
        ("step", "--precision f64", "f32, bf16"), ("encode", "--instructions avx1024", "portable, avx2"),
      ] {
        let outcome = try bench(what, more)
        #expect(outcome.status == 2 && outcome.errors.contains(problem), "\(outcome.everything)")
      }
    }

    /// Tasks decide which predictions a step has; the registry's are those that it enables.
    @Test func benchOfChosenTasks() throws {
      let scratch = try Scratch()
      func step(_ words: String) throws -> RunnerProcess.Outcome {
        let sizes = "bench step --model tiny --batch 1 --image 64 --patch 8 --targets 6 --steps 1 --json"
        return try scratch.run(
          "\(sizes) \(words) --plugins".split(separator: " ").map(String.init) + [Repository.plugins])
      }
      func loss(_ words: String) throws -> Double {
        let outcome = try step(words)
        #expect(outcome.status == 0, "\(outcome.errors)")
        let result: [String: Any] = try parsed(outcome.output)
        return try #require(result["loss"] as? Double)
      }
      #expect(try loss("") == loss("--tasks local,global,domain"))
      #expect(try loss("--tasks local") != loss(""))
      let data = try step("--tasks phantom")
      #expect(data.status == 2 && data.errors.contains("\"phantom\", which is a plugin of kind data"))
      #expect(try step("--tasks locl").errors.contains("did you mean \"local\"?"))
    }

    @Test func benchOfAStep() throws {
      let outcome = try bench("step")
      #expect(outcome.status == 0, "\(outcome.errors)")
      let result: [String: Any] = try parsed(outcome.output)
      let keys: Set = [
        "peer", "model", "batch", "precision", "threads", "instructions", "gigaflops_per_second",
        "seconds_per_step", "images_per_second",
        "peak_mib", "loss",
      ]
      #expect(keys.isSubset(of: Set(result.keys)), "\(result.keys)")
      #expect(result["model"] as? String == "tiny" && result["batch"] as? Int == 1)
      #expect((result["loss"] as? Double ?? .nan).isFinite)
    }

    @Test(arguments: ["finetune", "finetune-segment"]) func benchOfFineTuning(name: String) throws {
      let outcome = try bench(name)
      #expect(outcome.status == 0, "\(outcome.errors)")
      let result: [String: Any] = try parsed(outcome.output)
      #expect((result["loss"] as? Double ?? .nan) > 0 && result["peak_mib"] as? Int ?? 0 > 0, "\(result)")
      let probe = try bench("probe")
      #expect(probe.status == 2 && probe.errors.contains("trains nothing that could be timed"))
    }
  }
}
