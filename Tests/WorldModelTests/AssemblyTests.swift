import CoreTensor
import Testing
import WorldModel

/// What sets of tasks propose together (spec section 5 and 10).
@Suite struct AssemblyTests {
  @Test(arguments: subsets) func everySubsetProposesItsSupervisions(_ names: [String]) throws {
    let (local, global, domain) = (
      names.contains("local"), names.contains("global"), names.contains("domain")
    )
    let assembly = TaskAssembly(tasks: try TaskPlugins.make(names), views: ViewSettings())
    let views = global ? 2 : 1
    #expect(assembly.viewCount == views)
    let (plan, drawn) = try samples(assembly, scope())
    var expected: [(Int, Int)] = local || domain ? (0..<views).map { ($0, $0) } : []
    if global { expected += [(0, 1), (1, 0)] }
    for sample in drawn {
      #expect(sample.supervisions.map { [$0.context, $0.target] } == expected.map { [$0.0, $0.1] })
      for (supervision, latents) in zip(sample.supervisions, sample.latents) {
        let own = supervision.context == supervision.target
        let hides = own && local
        #expect(supervision.patches == (hides ? .hidden(context: supervision.context) : .all))
        #expect(latents.map(\.latent) == (own ? [] : ["offset"]) + (domain ? ["policy_net"] : []))
        #expect(latents.allSatisfy { $0.numbers.count == ($0.latent == "offset" ? 6 : 4) })
        if domain {
          let action = sample.record["domain.a\(supervision.context + 1)"]
          #expect(latents.last?.numbers.map(Double.init) == action)
        }
      }
    }
    let batch = try plan.collate(drawn)
    #expect(batch.supervisions.map(\.name) == expected.map { "z\($0.0 + 1)\($0.1 + 1)" })
    #expect(batch.contexts.count == views && batch.targets.count == views)
    #expect(batch.contexts.allSatisfy { ($0.visible != nil) == local })
    for prediction in batch.supervisions {
      let hides = local && prediction.context == prediction.target
      #expect(prediction.patches.allSatisfy { ($0.count < 64) == hides })
      let visible = batch.contexts[prediction.context].visible
      for (sample, patches) in prediction.patches.enumerated() where hides {
        #expect(Set(patches).isDisjoint(with: visible?[sample] ?? patches))
      }
    }
  }

  @Test func theOrderOfTasksChangesNothing() throws {
    let first = try batch(TaskPlugins.make(["local", "global", "domain"]))
    for order in [
      ["domain", "local", "global"], ["global", "domain", "local"], ["domain", "global", "local"],
    ] {
      let other = try batch(TaskPlugins.make(order))
      #expect(other.contexts.map(\.visible) == first.contexts.map(\.visible))
      #expect(other.contexts.map(\.images.values) == first.contexts.map(\.images.values))
      #expect(other.targets.map(\.values) == first.targets.map(\.values))
      #expect(other.supervisions.map(\.name) == first.supervisions.map(\.name))
      #expect(other.supervisions.map(\.patches) == first.supervisions.map(\.patches))
      for (a, b) in zip(other.supervisions, first.supervisions) {
        let told = [a, b].map { prediction in
          Dictionary(uniqueKeysWithValues: prediction.latents.map { ($0.name, $0.numbers.values) })
        }
        #expect(told[0] == told[1])
      }
    }
  }

  @Test func naiveMakesAnAssemblyForEachTask() throws {
    let tasks = try TaskPlugins.make(["local", "global", "domain"])
    let naive = TaskAssembly.assemblies(tasks: tasks, views: ViewSettings(), naive: true)
    #expect(naive.map(\.label) == ["local.", "global.", "domain."])
    let joined = try batch(tasks, naive: true)
    #expect(joined.supervisions.map(\.name) == ["local.z11", "global.z12", "global.z21", "domain.z11"])
    #expect(joined.supervisions.map(\.group) == [0, 1, 1, 2])
    #expect(joined.supervisions.map { [$0.context, $0.target] } == [[0, 0], [1, 2], [2, 1], [3, 3]])
    let told = joined.supervisions.map { $0.latents.map(\.name) }
    #expect(told == [[], ["offset"], ["offset"], ["policy_net"]])
    #expect(joined.contexts.count == 4 && joined.targets.count == 4)
    // Each assembly draws its own views.
    #expect(joined.targets[0].values != joined.targets[3].values)
    let output = try model(tasks)(joined, reduction: .sum)
    let terms = output.terms.map(\.value)
    #expect(abs(output.objective.scalar - terms.reduce(0, +)) < 1e-5)
    #expect(abs(output.loss - (terms[0] + (terms[1] + terms[2]) / 2 + terms[3])) < 1e-5)
    #expect(TaskAssembly.assemblies(tasks: [tasks[0]], views: ViewSettings(), naive: true)[0].label == "")
  }

  @Test func latentsAreSwitchedOffByOption() throws {
    let off: [String: OptionValue] = ["latent": .boolean(false)]
    let tasks = try TaskPlugins.make(["local", "global", "domain"], ["global": off, "domain": off])
    #expect(try batch(tasks).supervisions.allSatisfy { $0.latents.isEmpty })
    #expect(model(tasks).latents.isEmpty)
    let one = try TaskPlugins.make(["global", "domain"], ["domain": off])
    #expect(try batch(one).supervisions.map { $0.latents.map(\.name) } == [[], [], ["offset"], ["offset"]])
  }

  @Test func publishedBehaviourDiffersWhereItShould() throws {
    let names = ["local", "global", "domain"]
    for compatibility in Compatibility.allCases {
      let published = compatibility == .published
      let tasks = try TaskPlugins.make(names, compatibility: compatibility)
      let (plan, drawn) = try samples(TaskAssembly(tasks: tasks, views: ViewSettings()), scope(batch: 8))
      let batch = try plan.collate(drawn)
      for prediction in batch.supervisions {
        let numbers = try #require(prediction.latents.first { $0.name == "policy_net" }?.numbers)
        #expect(numbers.shape == [8, published ? 5 : 4])
        if published { #expect((0..<8).allSatisfy { numbers.values[5 * $0 + 4] == 0 }) }
      }
      // z11, z22, z12, z21
      let patches = batch.supervisions.map(\.patches)
      let all = Array(repeating: Array(0..<64), count: 8)
      #expect(patches[2] == (published ? patches[1] : all) && patches[3] == (published ? patches[0] : all))
      let masks = [0, 1].map { view in drawn.map { $0.contexts[view].hidden } }
      #expect(masks[0] != masks[1])
      #expect((Set(masks[0]) == Set(masks[1])) == published)
      let visible = [0, 1].map { view in Set(drawn.map { $0.contexts[view].visible }) }
      #expect((visible[0] == visible[1]) == published)
    }
    let alone = try batch(TaskPlugins.make(["global"], compatibility: .published))
    #expect(alone.supervisions.allSatisfy { $0.patches.allSatisfy { $0.count == 64 } })
  }
}
