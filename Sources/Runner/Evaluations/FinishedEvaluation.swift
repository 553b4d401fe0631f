import Console
import CoreTensor
import Foundation
import Runs
import Training
import WorldModel

/// The folder of an evaluation that is done, and the models that it kept.
package struct FinishedEvaluation {
  package let path: String
  /// Name of the plugin.
  package let evaluation: String
  /// Its options, as they were.
  package let options: [String: OptionValue]
  /// The run's folder, as it was called then, and steps that it had trained.
  package let run: String
  package let step: Int
  /// Names of kept models, without what begins them all: `fraction-0.1`.
  package let models: [String]

  private struct Request: Decodable {
    let evaluation: String
    let options: [String: OptionValue]
  }
  private struct Report: Decodable {
    let run: String
    let step: Int
  }

  /// - Throws: `EvaluationError` where the folder is none of a finished evaluation.
  package init(_ path: String) throws {
    func decoded<Content: Decodable>(_ name: String, _ what: String) throws -> Content {
      let file = path + "/" + name
      guard access(file, F_OK) == 0 else {
        throw EvaluationError(
          "\(path): expected the folder of \(what), found no \(name); give RUN/evaluations/… or the --out of "
            + "the command that trained it")
      }
      do { return try JSONDecoder().decode(Content.self, from: Data(try DurableFile.read(file))) } catch {
        throw EvaluationError(
          "\(file): expected what an evaluation wrote, found other text; "
            + "give the folder of one that trained a model")
      }
    }
    let request: Request = try decoded(EvaluationFolder.requestName, "an evaluation")
    let report: Report = try decoded(EvaluationFolder.metricsName, "a finished evaluation")
    (self.path, evaluation, options) = (path, request.evaluation, request.options)
    (run, step) = (report.run, report.step)
    let (begin, end) = (EvaluationDefinition.keptModel, EvaluationFolder.stateEnding)
    models = try Folder.names(path).filter { $0.hasPrefix(begin) && $0.hasSuffix(end) }.sorted()
      .map { String($0.dropFirst(begin.count).dropLast(end.count)) }
  }

  /// Whether a folder is an evaluation's.
  package static func isFolder(_ path: String) -> Bool {
    access(path + "/" + EvaluationFolder.requestName, F_OK) == 0
  }

  /// The run's folder.
  /// - Parameter moved: where the user says that it is; nil for where it was.
  /// - Throws: `EvaluationError` where it is not there.
  package func runFolder(_ moved: String?) throws -> String {
    // Where both were moved together the run is the folder that the evaluation lies in.
    let around = path + "/../.."
    let folder = moved ?? (Folder.exists(run) ? run : Folder.exists(around + "/checkpoints") ? around : run)
    guard Folder.exists(folder) else {
      throw EvaluationError(
        "\(path): its run was \(folder), which is not there; name the run's folder with --run")
    }
    return folder
  }

  /// Of a model's file.
  package func checksum(of model: String) throws -> String { try DurableFile.seal(of: file(model)).crc32 }

  /// Makes what uses a model.
  /// - Parameters:
  ///   - model: one of `models`; nil for the only one.
  ///   - setup: of the run, with the evaluation's plugin among those loaded.
  /// - Throws: `EvaluationError` where there is none of that name, or several and none is named.
  package func predictor(_ model: String?, _ setup: RunSetup) throws -> any RadiographPredictor {
    let definition = try setup.evaluation(evaluation)
    guard let make = definition.makePredictor else {
      throw EvaluationError(
        "\(path): \(definition.commandName) keeps no model that could be used again; "
          + "give the folder of one that fine-tunes")
    }
    let state = try EvaluationFolder.state(file(try chosen(model)))
    let given = options.filter { name, _ in definition.options.contains { $0.name == name } }
    return try PluginCode("evaluation \"\(evaluation)\"", "predict").run {
      try make(Options(definition.options, given: given), state, setup.networks, setup.shape.encoder)
    }
  }

  /// The model that is meant.
  package func chosen(_ model: String?) throws -> String {
    guard let first = models.first else {
      throw EvaluationError(
        "\(path): expected a model that the evaluation kept, found none; of folds give \(path)/fold-1, else fine-tune "
          + "again with this version")
    }
    guard let model else {
      guard models.count == 1 else {
        throw EvaluationError(
          "\(path): holds models of \(models.joined(separator: ", ")); name one with --model")
      }
      return first
    }
    guard models.contains(model) else {
      throw EvaluationError(
        "--model \(model): \(path) has no such model; it has \(models.joined(separator: ", "))")
    }
    return model
  }

  private func file(_ model: String) -> String {
    path + "/" + EvaluationDefinition.keptModel + model + EvaluationFolder.stateEnding
  }
}
