import NeuralNetworks

/// How much of a model an export holds.
public enum WeightsScope: String, Sendable, Codable {
  /// One encoder, a vision transformer, whose parameters are called `encoder.*` whichever of a run's it is.
  case encoder
  /// Every parameter and table of the model.
  case model
}

/// A model that is exported.
public struct ExportedModel: Sendable {
  /// A parameter or table: its name in the model, and its numbers in row-major order.
  public struct Parameter: Sendable {
    public let name: String
    public let shape: [Int]
    public let values: [Float]

    public init(name: String, shape: [Int], values: [Float]) {
      (self.name, self.shape, self.values) = (name, shape, values)
    }
  }

  public let shape: WorldModelConfiguration
  /// In the model's order.
  public let parameters: [Parameter]
  /// Name of the run and steps that it has trained.
  public let run: String
  public let step: Int
  /// `target` or `context` where one encoder is exported; nil for the whole model.
  public let encoder: String?

  public init(
    shape: WorldModelConfiguration, parameters: [Parameter], run: String, step: Int, encoder: String?
  ) {
    (self.shape, self.parameters) = (shape, parameters)
    (self.run, self.step, self.encoder) = (run, step, encoder)
  }
}

/// What an export holds beside the model's parameters.
public struct WeightsCompanions: Sendable {
  /// Tensors, by the file's names, that other programs ask for and the model has not, such as a mask token. Import leaves
  /// them out.
  public let tensors: [ExportedModel.Parameter]
  /// Metadata of the safetensors file.
  public let metadata: [String: String]
  /// Other files of the folder.
  public let files: [(name: String, text: String)]
  /// How the folder is opened elsewhere, where `FOLDER` stands for its path; shown to the user.
  public let usage: String?

  /// - Parameters:
  ///   - tensors: default none.
  ///   - metadata: default none.
  ///   - files: default none.
  ///   - usage: default none.
  public init(
    tensors: [ExportedModel.Parameter] = [], metadata: [String: String] = [:],
    files: [(name: String, text: String)] = [], usage: String? = nil
  ) {
    (self.tensors, self.metadata, self.files, self.usage) = (tensors, metadata, files, usage)
  }
}

/// A tensor of an export.
public struct WrittenTensor: Sendable {
  /// Keys that lead to it: one in safetensors.
  public let path: [String]
  public let shape: [Int]
  /// In row-major order.
  public let values: [Float]
}

/// A parameter that a family cannot write: what is wrong with its places or its numbers.
public struct WeightsWritingError: Error, CustomStringConvertible {
  public let description: String
}

extension WeightsFamily {
  /// A parameter as files of the family hold it: one tensor, or its rows in equal shares; none where they do not hold it.
  /// - Parameters:
  ///   - parameter: as the model has it.
  ///   - encoder: that it is of, or that its model has.
  /// - Throws: `WeightsWritingError` where its rows do not divide among its places, or its numbers are not those of its shape.
  public func tensors(
    of parameter: ExportedModel.Parameter, in encoder: VisionTransformerConfiguration
  ) throws -> [WrittenTensor] {
    let places = places(of: parameter.name, in: encoder)
    guard !places.isEmpty else { return [] }
    let whole = written(parameter, in: encoder)
    guard let all = whole.shape.first, all % places.count == 0,
      whole.values.count == whole.shape.reduce(1, *)
    else {
      throw WeightsWritingError(
        description:
          "\(parameter.name) of \(parameter.shape) is written to \(places.count) places as \(whole.values.count) numbers; "
          + "expected as many as \(whole.shape) has, in equal shares of rows")
    }
    let (rows, count) = (all / places.count, whole.values.count / places.count)
    return places.enumerated().map { index, place in
      WrittenTensor(
        path: place, shape: [rows] + whole.shape.dropFirst(),
        values: Array(whole.values[index * count..<(index + 1) * count]))
    }
  }
}
