import NeuralNetworks

/// Families of other people's checkpoints as a plugin registers them: `kind = "weights"` in `plugins.toml`.
/// `chex-runner weights import` asks the families of every enabled plugin whether a file is theirs.
public struct WeightsDefinition: Sendable {
  public let name: String
  public let summary: String
  public let options: [OptionDeclaration]
  /// Makes the families, each of a name of its own. Throws where the options do not fit together.
  public let make: @Sendable (Options) throws -> [any WeightsFamily]

  /// - Parameters:
  ///   - name: of the plugin; families have names of their own.
  ///   - summary: one line.
  ///   - options: that the plugin takes; default none.
  ///   - make: gives the families; throws a sentence where the options do not fit together.
  public init(
    name: String, summary: String, options: [OptionDeclaration] = [],
    make: @escaping @Sendable (Options) throws -> [any WeightsFamily]
  ) {
    self.name = name
    self.summary = summary
    self.options = options
    self.make = make
  }
}

/// Checkpoints that name their tensors alike: how they are known, which parameter of a model each tensor is, and how a
/// model is written as one of them. Files are opened by the program; a family sees names, shapes and numbers.
public protocol WeightsFamily: Sendable {
  /// What `--family` and `--as` call it: ASCII letters, digits, `-` and `_`.
  var name: String { get }
  /// What the files hold, in a line.
  var summary: String { get }
  /// What reports call the layout of names: `vision transformer`.
  var layout: String { get }

  /// Whether a file is of this family, by its names alone. Exactly one family may say so of a file.
  func recognizes(_ file: any WeightsContents) -> Bool

  /// Which parameter of the model each tensor of a recognised file is. Parameters are called `encoder.*`,
  /// `target_encoder.*` and `predictor.*`, those of tasks as the tasks name them. What the model must have and the file
  /// lacks is found later, by comparison with the model.
  /// - Throws: `WeightsFileError` where the file contradicts itself.
  func names(of file: any WeightsContents) throws -> WeightsNames

  /// What must be done to the file's numbers for the same predictions, beside what other sizes of image and patch ask
  /// for. The default is nil: nothing.
  /// - Parameters: names, file: as for `sizes`; heads: of the model that the numbers go to.
  /// - Throws: `WeightsFileError`.
  func conversion(of names: WeightsNames, in file: any WeightsContents, heads: Int) throws
    -> WeightsConversion?

  /// Sizes of the model, read off the shapes of its tensors. The default reads those of a vision transformer and of the
  /// predictor beside it.
  /// - Parameters:
  ///   - names: as `names(of:)` gave them, perhaps without the predictor, which the user then does without.
  ///   - file: where they lie.
  ///   - heads: attention heads as the user says them; nil where weights and configuration must tell.
  /// - Throws: `WeightsFileError` where a tensor that tells a size is missing or has another form.
  func sizes(of names: WeightsNames, in file: any WeightsContents, heads: Int?) throws -> WeightsSizes

  /// Settings of a run that suit the file beside the sizes, which the program sets itself. What the user set stays, and
  /// settings of tasks that the run does not use are left out. The default has none.
  /// - Parameters:
  ///   - names: as for `sizes`.
  ///   - file: where they lie.
  ///   - sizes: as `sizes` gave them.
  ///   - given: what the user set, as `table.key`.
  /// - Throws: `WeightsFileError`.
  func settings(
    for names: WeightsNames, in file: any WeightsContents, sizes: WeightsSizes, given: Set<String>
  ) throws -> [WeightsSetting]

  /// What to tell the user of a tensor that his model has no place for. The default is nil.
  /// - Parameter parameter: as `names(of:)` called it.
  func remedy(forUnexpected parameter: String) -> String?

  /// Where files of the family hold a parameter of the model: the keys of each tensor whose rows, one after another, it
  /// is; empty where they do not hold it. `names(of:)` must give the parameter those tensors.
  /// - Parameters:
  ///   - parameter: by the model's name.
  ///   - encoder: that it is of, or that its model has: names may depend on its parts.
  func places(of parameter: String, in encoder: VisionTransformerConfiguration) -> [[String]]

  /// A parameter as files of the family hold it, before its rows are divided among their places: `conversion` undoes what
  /// is done to its numbers, and the program adds the row that a table of positions has for a class token to the token. The
  /// default changes nothing.
  /// - Parameters:
  ///   - parameter: as the model has it.
  ///   - encoder: that it is of, or that its model has.
  func written(
    _ parameter: ExportedModel.Parameter, in encoder: VisionTransformerConfiguration
  ) -> ExportedModel.Parameter

  /// What the family's encoders have beside the plain one's parts, for those who try the family. The default is nothing.
  var example: EncoderDesign { get }

  /// What `weights export --as NAME` writes of a run. Nil where the family is only read, which is the default.
  var exports: WeightsScope? { get }

  /// What of an encoder no file of the family holds, such as `model.positions = "rotary"`: messages put it between `cannot
  /// hold` and the families that do. Nil where a file holds it all, which is the default for every encoder.
  func refusal(of encoder: VisionTransformerConfiguration) -> String?

  /// What stands beside the tensors of an export. The default is nothing but safetensors.
  func companions(of model: ExportedModel) throws -> WeightsCompanions
}

extension WeightsFamily {
  public func conversion(
    of names: WeightsNames, in file: any WeightsContents, heads: Int
  ) throws -> WeightsConversion? { nil }
  public func sizes(
    of names: WeightsNames, in file: any WeightsContents, heads: Int?
  ) throws -> WeightsSizes {
    try WeightsSizes(names, file, heads: heads)
  }
  public func settings(
    for names: WeightsNames, in file: any WeightsContents, sizes: WeightsSizes, given: Set<String>
  ) throws -> [WeightsSetting] { [] }
  public func remedy(forUnexpected parameter: String) -> String? { nil }
  public func written(
    _ parameter: ExportedModel.Parameter, in encoder: VisionTransformerConfiguration
  ) -> ExportedModel.Parameter { parameter }
  public var example: EncoderDesign { .plain }
  public func refusal(of encoder: VisionTransformerConfiguration) -> String? { nil }
  public var exports: WeightsScope? { nil }
  public func companions(of model: ExportedModel) throws -> WeightsCompanions { WeightsCompanions() }
}

/// What is done to numbers of a file once they have the model's shape.
public struct WeightsConversion: Sendable {
  /// A line for the report.
  public let note: String
  /// From a parameter's numbers, its name and its shape to other numbers, as many.
  public let apply: @Sendable (_ values: [Float], _ parameter: String, _ shape: [Int]) -> [Float]

  /// - Parameters:
  ///   - note: a line for the report, which says what and why.
  ///   - apply: is called for every parameter; gives those back that it does not concern.
  public init(
    note: String,
    apply: @escaping @Sendable (_ values: [Float], _ parameter: String, _ shape: [Int]) -> [Float]
  ) {
    (self.note, self.apply) = (note, apply)
  }
}

/// A setting of a run that suits a file of weights.
public struct WeightsSetting: Sendable, Equatable {
  public let table: String
  public let key: String
  public let value: OptionValue
  /// Why, as reports say it in parentheses; nil where it needs no words.
  public let reason: String?

  /// - Parameters: table, key: `run` and `tasks` of `run.tasks`; value: of the setting's type; reason: default none.
  public init(_ table: String, _ key: String, _ value: OptionValue, reason: String? = nil) {
    (self.table, self.key, self.value, self.reason) = (table, key, value, reason)
  }
}
