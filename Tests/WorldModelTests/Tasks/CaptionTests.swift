import NeuralNetworks
import Testing
import WorldModel

/// What tasks and latents say of themselves, for the batch sheet and for a dry run.
@Suite struct CaptionTests {
  private func assembly(_ names: [String], _ options: [String: [String: OptionValue]] = [:]) throws
    -> TaskAssembly
  {
    TaskAssembly(tasks: try TaskPlugins.make(names, options), views: ViewSettings())
  }

  @Test func contextsSayHowTheyWereChanged() throws {
    let assembly = try assembly(["local", "domain"])
    let (_, drawn) = try samples(assembly, scope(batch: 4))
    for sample in drawn {
      let captions = assembly.captions(of: sample)
      #expect(captions.count == sample.contexts.count)
      for (caption, context) in zip(captions, sample.contexts) {
        let action = try #require(sample.record["domain.a\(context.view + 1)"])
        #expect(caption == "a = " + LatentCaption.text(action))
      }
    }
    let plain = try self.assembly(["local"])
    let (_, masked) = try samples(plain, scope(batch: 1))
    #expect(plain.captions(of: masked[0]).allSatisfy { $0.isEmpty })
  }

  @Test func tasksTellWhatTheyDrew() throws {
    let assembly = try assembly(["local", "global", "domain"], ["domain": ["probability": .number(0)]])
    let (_, drawn) = try samples(assembly, scope(batch: 4))
    let remarks = assembly.remarks(on: drawn.map(\.record))
    #expect(remarks.map(\.task) == ["local", "global", "domain"])
    #expect(remarks[1].text == "predicts all patches of each other crop")
    let hidden = drawn.flatMap(\.contexts).map(\.hidden.count)
    let range = "hides \(hidden.min()!) to \(hidden.max()!) of a context's"
    #expect(remarks[0].text.hasPrefix(range), "\(remarks[0].text)")
    let actions = drawn.flatMap { sample in ["domain.a1", "domain.a2"].compactMap { sample.record[$0] } }
    let blurred = actions.filter { $0 != [1, 1, 1, 0] }
    #expect(remarks[2].text == "changes the appearance of \(blurred.count) of 8 contexts")
  }

  @Test func ablationsAreOdd() throws {
    #expect(try TaskPlugins.make(["local", "global", "domain"]).flatMap(\.oddities).isEmpty)
    let off = try TaskPlugins.make(
      ["global", "domain"], ["global": ["latent": .boolean(false)], "domain": ["latent": .boolean(false)]])
    let oddities = off.flatMap(\.oddities)
    #expect(oddities.count == 2 && oddities.allSatisfy { $0.contains(".latent is off") })
  }

  @Test func latentsCaptionTheirNumbers() {
    let offset = OffsetLatent()
    let same = LatentValue(latent: "offset", numbers: [0.25, -0.5, 0, 0, 0, 0])
    #expect(offset.caption(of: same) == "Δ = 0.25 -0.50")
    let larger = LatentValue(latent: "offset", numbers: [0, 0, 0, 0, 0.6931472, 0])
    #expect(offset.caption(of: larger) == "Δ = 0.00 0.00, size 2.00 1.00")
    let many = LatentValue(latent: "turn", numbers: [1, 2, 3, 4, 5], patchNumbers: [[1, 2]])
    #expect(many.plainCaption == "turn: 1.00 2.00 3.00 4.00 …, 2 numbers a patch")
  }
}
