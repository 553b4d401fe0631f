import WorldModel

/// What a plugin adds, as `kind` in `plugins.toml` says it.
public enum PluginKind: String, Sendable, CaseIterable, Codable {
  /// A world-modelling task.
  case task
  /// A source of radiographs.
  case data
  /// An evaluation of frozen features.
  case evaluation
  /// A file format of radiographs.
  case codec
  /// A device that computes.
  case backend
  /// What moves tensors between the processes of one run.
  case communicator
  /// Families of other people's checkpoints.
  case weights
  /// Encoders, predictors, optimisers or schedules, and nothing else.
  case component
}

/// What a plugin registered.
public enum PluginDefinition: Sendable {
  case task(TaskDefinition)
  case data(DataSourceDefinition)
  case evaluation(EvaluationDefinition)
  case codec(CodecDefinition)
  case backend(BackendDefinition)
  case communicator(CommunicatorDefinition)
  case weights(WeightsDefinition)
  case component(ComponentDefinition)

  public var kind: PluginKind {
    switch self {
    case .task: .task
    case .data: .data
    case .evaluation: .evaluation
    case .codec: .codec
    case .backend: .backend
    case .communicator: .communicator
    case .weights: .weights
    case .component: .component
    }
  }
  public var name: String {
    switch self {
    case .task(let definition): definition.name
    case .data(let definition): definition.name
    case .evaluation(let definition): definition.name
    case .codec(let definition): definition.name
    case .backend(let definition): definition.name
    case .communicator(let definition): definition.name
    case .weights(let definition): definition.name
    case .component(let definition): definition.name
    }
  }
  public var summary: String {
    switch self {
    case .task(let definition): definition.summary
    case .data(let definition): definition.summary
    case .evaluation(let definition): definition.summary
    case .codec(let definition): definition.summary
    case .backend(let definition): definition.summary
    case .communicator(let definition): definition.summary
    case .weights(let definition): definition.summary
    case .component(let definition): definition.summary
    }
  }
  public var options: [OptionDeclaration] {
    switch self {
    case .task(let definition): definition.options
    case .data(let definition): definition.options
    case .evaluation(let definition): definition.options
    case .codec(let definition): definition.options
    case .backend(let definition): definition.options
    case .communicator(let definition): definition.options
    case .weights(let definition): definition.options
    case .component(let definition): definition.options
    }
  }
}

/// An option that `plugins.toml` sets.
public struct GivenOption: Sendable, Equatable {
  /// As its declaration accepted it.
  public let value: OptionValue
  /// Line of `plugins.toml`.
  public let line: Int

  public init(value: OptionValue, line: Int) {
    self.value = value
    self.line = line
  }
}

/// A plugin that passed every check.
public struct LoadedPlugin: Sendable {
  public let name: String
  public let kind: PluginKind
  /// As the plugin states it.
  public let version: String
  /// The file that was loaded.
  public let libraryPath: String
  /// Whether `plugins.toml` turns it on.
  public let enabled: Bool
  public let definition: PluginDefinition
  /// What a run may choose by name of what the plugin brings beside.
  public let components: [ComponentDefinition]
  /// What `[plugin.options]` sets, by name.
  public let given: [String: GivenOption]

  /// Every declared option: as given, else by default.
  public var options: Options { Options(definition.options, given: given.mapValues(\.value)) }
}
