import CoreTensor
import Foundation
import WorldModel

/// One thing that a plugin promises, and whether it keeps it.
public struct TaskCheck: Sendable, Equatable, Codable {
  /// What is promised, as a sentence without its full stop.
  public let promise: String
  /// How it is broken; nil where it is kept.
  public let problem: String?

  public init(promise: String, problem: String?) { (self.promise, self.problem) = (promise, problem) }

  public var isKept: Bool { problem == nil }
}

/// Holds a task against every promise of the protocols, on a small model that is made for it. A plugin's own tests
/// call it, and `chex-runner plugins check` does.
///
///     @Test func keepsEveryPromise() {
///       #expect(checkTask(RotationTask.definition).filter { !$0.isKept } == [])
///     }
///
/// - Parameters:
///   - definition: as the plugin registers it.
///   - options: values other than the defaults.
///   - alongside: other tasks; with every subset of them the unified loss must work.
/// - Returns: one result for each promise, in a fixed order. A promise whose trial throws is broken. A trap ends the
///   process: nothing can be caught of it.
public func checkTask(
  _ definition: TaskDefinition, options: [String: OptionValue] = [:], alongside: [TaskDefinition] = []
) -> [TaskCheck] {
  let check = Checker(plugin: "task \"\(definition.name)\"")
  let trial = TaskTrial(definition, options: options, alongside: alongside)
  return Compute.$backend.withValue(CPUBackend(.float32)) {
    [
      check("options are declared, explained and validated", trial.options),
      check("proposed frames lie on the radiograph, the same each time", trial.frames),
      check("a draw depends on seed, step and sample alone", trial.draws),
      check("supervisions name patches and views that exist, the same for every sample", trial.supervisions),
      check("edits keep an image's size, and its pixels in [0, 1]", trial.edits),
      check("numbers of patches have one row for each patch of the target", trial.patchNumbers),
      check("latents apply to any number of tokens", trial.latents),
      check("latents give the same in any order of the plugins", trial.orders),
      check("every parameter in use is shown to visitors", trial.visits),
      check("gradients reach every parameter that the task owns", trial.reach),
      check("gradients agree with finite differences", trial.finiteDifferences),
      check("the loss is finite and deterministic with every subset of the other tasks", trial.subsets),
      check("a resumed run ends with the same bits", trial.resume),
      check("what the task says of itself stands on one line", trial.words),
    ]
  }
}

/// Holds a data source against the promises of `RadiographSource`.
/// - Parameters:
///   - definition: as the plugin registers it.
///   - options: values other than the defaults.
///   - seed: of the run.
public func checkDataSource(
  _ definition: DataSourceDefinition, options: [String: OptionValue] = [:], seed: UInt64 = 0
) -> [TaskCheck] {
  let check = Checker(plugin: "data source \"\(definition.name)\"")
  let trial = DataTrial(definition, options: options, seed: seed)
  return [
    check("options are declared, explained and validated", trial.options),
    check("records are unique, and their findings are named", trial.records),
    check("radiographs are grey in [0, 1], and the same for any thread and order", trial.radiographs),
  ]
}

/// Holds an evaluation against the promises of `Evaluation`, or of `ModelEvaluation`.
/// - Parameters:
///   - definition: as the plugin registers it.
///   - options: values other than the defaults.
///   - tasks: of the model that it is tried on, where it evaluates models; the model has as many patches as they need.
public func checkEvaluation(
  _ definition: EvaluationDefinition, options: [String: OptionValue] = [:], tasks: [TaskDefinition] = []
) -> [TaskCheck] {
  let check = Checker(plugin: "evaluation \"\(definition.name)\"")
  let trial = EvaluationTrial(definition: definition, given: options, tasks: tasks)
  return [
    check("options are declared, explained and validated", trial.options),
    check("metrics are finite and the same each time", trial.metrics),
    check("metrics keep their keys, each its own, and tables show none but them", trial.keys),
    check("presets and examples name what there is", trial.command),
  ]
}

/// Holds a codec against the promises of `ImageCodec`.
/// - Parameters:
///   - definition: as the plugin registers it.
///   - options: values other than the defaults.
///   - sample: a file of the format; without one, only what needs none is tried.
public func checkCodec(
  _ definition: CodecDefinition, options: [String: OptionValue] = [:], sample: [UInt8]? = nil
) -> [TaskCheck] {
  let check = Checker(plugin: "codec \"\(definition.name)\"")
  let trial = CodecTrial(definition: definition, given: options, sample: sample)
  let always = [
    check("options are declared, explained and validated", trial.options),
    check("the format has a name, and endings in lower case", trial.names),
    check("bytes of no image are refused in words", trial.strangers),
  ]
  guard sample != nil else { return always }
  return always + [
    check("the sample decodes to its header's size, within [0, 1], the same each time", trial.image),
    check("damaged copies of the sample are decoded or refused in words", trial.damage),
  ]
}

/// Holds a backend against the promises of `Backend` and `Device`, beside the processor's backend.
/// - Parameters:
///   - definition: as the plugin registers it.
///   - options: values other than the defaults.
public func checkBackend(
  _ definition: BackendDefinition, options: [String: OptionValue] = [:]
) -> [TaskCheck] {
  let check = Checker(plugin: "backend \"\(definition.name)\"")
  let trial = BackendTrial(definition: definition, given: options)
  return [
    check("options are declared, explained and validated", trial.options),
    check("memory keeps what it was given", trial.memory),
    check("primitives agree with the processor", trial.primitives),
    check("operations and their gradients agree with the processor", trial.operations),
    check(
      "three steps of a small model agree with the processor, and give the same bits twice", trial.training),
    check("a step that is not finite changes nothing", trial.refusal),
  ]
}

/// Holds a communicator against the promises of `Communicator`, among all processes that were started together; each of
/// them calls this.
/// - Parameters:
///   - definition: as the plugin registers it.
///   - options: values other than the defaults.
///   - launch: how this process is numbered; nil where it is the only one, which tries little.
public func checkCommunicator(
  _ definition: CommunicatorDefinition, options: [String: OptionValue] = [:], launch: LaunchEnvironment? = nil
) -> [TaskCheck] {
  let check = Checker(plugin: "communicator \"\(definition.name)\"")
  let trial = CommunicatorTrial(definition, given: options, launch: launch)
  let among = "among \(launch?.size ?? 1) process\(launch == nil ? "" : "es")"
  return [
    check("rank and size are the launcher's, \(among)", trial.place),
    check("broadcasts reach every rank, bit for bit", trial.broadcast),
    check("what is gathered comes in the order of ranks, bit for bit", trial.gather),
    check("what is exchanged reaches the rank that it is for, bit for bit", trial.exchange),
    check("many calls keep their order", trial.order),
    check("gradients of gathered features come back to their ranks", trial.gradients),
    check("a step that ranks share has the bits of one process", trial.training),
  ]
}

/// Holds families of checkpoints against the promises of `WeightsFamily`, on small models that are written as their
/// files and read again.
/// - Parameters:
///   - definition: as the plugin registers it.
///   - options: values other than the defaults.
public func checkWeights(
  _ definition: WeightsDefinition, options: [String: OptionValue] = [:]
) -> [TaskCheck] {
  let check = Checker(plugin: "weights \"\(definition.name)\"")
  let trial = WeightsTrial(definition: definition, given: options)
  return [
    check("options are declared, explained and validated", trial.options),
    check("families have names, each its own, and say what they are", trial.words),
    check("a file of a family's names is recognised by that family alone", trial.recognition),
    check("files of other names are not recognised", trial.strangers),
    check("each tensor is one parameter, and each parameter is found where it is written", trial.names),
    check("sizes are read off shapes", trial.sizes),
    check("what is written reads back to the same bits", trial.identity),
    check("exports hold what they should, under names that a file can have", trial.exports),
  ]
}

/// Holds an encoder, predictor, optimiser or schedule against the promises of its protocol.
/// - Parameters:
///   - definition: as the plugin registers it.
///   - options: values other than the defaults.
public func checkComponent(
  _ definition: ComponentDefinition, options: [String: OptionValue] = [:]
) -> [TaskCheck] {
  let check = Checker(plugin: "\(definition.role) \"\(definition.name)\"")
  let trial = ComponentTrial(definition: definition, given: options)
  let always = check("options are declared, explained and validated", trial.options)
  switch definition {
  case .encoder(let own):
    return [
      always, check("features have their shape, and see listed patches alone", { try trial.features(own) }),
      check("a model with it trains, goes on to the same bits, and every parameter learns", trial.training),
    ]
  case .predictor(let own):
    return [
      always, check("predictions have their shape", { try trial.predictions(own) }),
      check("a model with it trains, goes on to the same bits, and every parameter learns", trial.training),
    ]
  case .optimizer(let own):
    return [
      always, check("a bowl is descended, and averages follow", { try trial.descent(own) }),
      check("a step that is not finite changes nothing", { try trial.refusal(own) }),
      check("a model with it trains, goes on to the same bits, and every parameter learns", trial.training),
    ]
  case .schedule(let own):
    return [always, check("rates and momenta are finite, and no rate is negative", { try trial.rates(own) })]
  }
}

/// Why a promise is broken.
struct Broken: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

private struct Checker {
  let plugin: String

  func callAsFunction(_ promise: String, _ body: () throws -> Void) -> TaskCheck {
    do {
      try PluginCode(plugin, "in the check that \(promise)").run(body)
      return TaskCheck(promise: promise, problem: nil)
    } catch { return TaskCheck(promise: promise, problem: "\(error)") }
  }
}

/// What every kind of plugin promises of its options.
enum OptionTrial {
  /// - Parameter make: makes the plugin's object; may refuse values with an error that says why.
  static func check(_ declarations: [OptionDeclaration], make: (Options) throws -> Void) throws {
    var names: Set<String> = []
    for declaration in declarations {
      guard names.insert(declaration.name).inserted else {
        throw Broken("option \"\(declaration.name)\" is declared twice; remove one")
      }
      guard declaration.accept(declaration.defaultValue) != nil else {
        throw Broken(
          "option \"\(declaration.name)\": default \(declaration.defaultValue.tomlText), allowed is \(declaration.allowed)"
        )
      }
      guard !declaration.help.isEmpty else {
        throw Broken("option \"\(declaration.name)\" has no line of help; give one")
      }
    }
    try make(Options(declarations))
    for declaration in declarations {
      for value in extremes(declaration.kind) {
        do { try make(Options(declarations, given: [declaration.name: value])) } catch {
          guard "\(error)".count >= 20 else {
            throw Broken(
              "option \"\(declaration.name)\" = \(value.tomlText) is allowed, yet refused with \"\(error)\"; say why, "
                + "or narrow the declared range")
          }
        }
      }
    }
  }

  /// Values at the ends of what is allowed.
  private static func extremes(_ kind: OptionKind) -> [OptionValue] {
    switch kind {
    case .integer(_, let range): [.integer(range.lowerBound), .integer(range.upperBound)]
    case .number(_, let range): [.number(range.lowerBound), .number(range.upperBound)]
    case .boolean(let value): [.boolean(!value)]
    case .choice(_, let choices): choices.map(OptionValue.text)
    case .interval(_, let range):
      [range.lowerBound...range.lowerBound, range, range.upperBound...range.upperBound].map {
        .list([.number($0.lowerBound), .number($0.upperBound)])
      }
    case .numbers(_, let range): [.list([]), .list([.number(range.lowerBound), .number(range.upperBound)])]
    case .text, .texts: []
    }
  }
}
