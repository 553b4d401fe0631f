import CoreTensor
import Layers

/// A part of a model or of its training that a run chooses by name. Any plugin may register some beside what it is; a
/// plugin of `kind = "component"` has nothing else. Options are settings in a table of the component's name.
public enum ComponentDefinition: Sendable {
  /// Chosen by `model.encoder`.
  case encoder(EncoderDefinition)
  /// Chosen by `model.predictor`.
  case predictor(PredictorDefinition)
  /// Chosen by `training.optimizer`.
  case optimizer(OptimizerDefinition)
  /// Chosen by `training.schedule`.
  case schedule(ScheduleDefinition)

  public var name: String { header.name }
  public var summary: String { header.summary }
  public var options: [OptionDeclaration] { header.options }
  /// What it is: `"encoder"`.
  public var role: String {
    switch self {
    case .encoder: "encoder"
    case .predictor: "predictor"
    case .optimizer: "optimizer"
    case .schedule: "schedule"
    }
  }

  private var header: ComponentHeader {
    switch self {
    case .encoder(let definition): definition.header
    case .predictor(let definition): definition.header
    case .optimizer(let definition): definition.header
    case .schedule(let definition): definition.header
    }
  }
}

/// What every component says of itself.
struct ComponentHeader: Sendable {
  let name: String
  let summary: String
  let options: [OptionDeclaration]
}

/// An encoder as a plugin registers it.
public struct EncoderDefinition: Sendable {
  let header: ComponentHeader
  public typealias Maker = @Sendable (VisionTransformerShape, inout Initializer) -> any ImageEncoder
  /// Throws where the options do not fit together.
  public let make: @Sendable (Options) throws -> Maker

  /// - Parameters:
  ///   - name: as `model.encoder` gives it.
  ///   - summary: one line.
  ///   - options: that it takes.
  ///   - make: gives what makes an encoder of the run's sizes, which is called twice with the same random numbers.
  public init(
    name: String, summary: String, options: [OptionDeclaration] = [],
    make: @escaping @Sendable (Options) throws -> Maker
  ) {
    header = ComponentHeader(name: name, summary: summary, options: options)
    self.make = make
  }
}

/// A predictor as a plugin registers it.
public struct PredictorDefinition: Sendable {
  let header: ComponentHeader
  public typealias Maker = @Sendable (PredictorShape, inout Initializer) -> any Predictor
  /// Throws where the options do not fit together.
  public let make: @Sendable (Options) throws -> Maker

  public init(
    name: String, summary: String, options: [OptionDeclaration] = [],
    make: @escaping @Sendable (Options) throws -> Maker
  ) {
    header = ComponentHeader(name: name, summary: summary, options: options)
    self.make = make
  }
}

/// What an optimiser is made from.
public struct OptimizerRequest {
  /// In the model's order.
  public let parameters: [Parameter]
  /// What follows a parameter by moving average, by the parameter's identity.
  public let followers: [ObjectIdentifier: Parameter]
  /// `training.weight_decay`, for parameters of two and more dimensions.
  public let weightDecay: Double
  /// `training.clip_norm`; 0 = never.
  public let clipNorm: Double

  public init(
    parameters: [Parameter], followers: [ObjectIdentifier: Parameter], weightDecay: Double, clipNorm: Double
  ) {
    (self.parameters, self.followers) = (parameters, followers)
    (self.weightDecay, self.clipNorm) = (weightDecay, clipNorm)
  }
}

/// An optimiser as a plugin registers it.
public struct OptimizerDefinition: Sendable {
  let header: ComponentHeader
  public let make: @Sendable (Options, OptimizerRequest) throws -> any Optimizer

  public init(
    name: String, summary: String, options: [OptionDeclaration] = [],
    make: @escaping @Sendable (Options, OptimizerRequest) throws -> any Optimizer
  ) {
    header = ComponentHeader(name: name, summary: summary, options: options)
    self.make = make
  }
}

/// What a schedule is made from: the run's length and the settings of `[training]`.
public struct ScheduleRequest: Sendable, Equatable {
  /// Optimiser steps of the run, and those before the peak.
  public let totalSteps: Int
  public let warmupSteps: Int
  /// The peak, and the schedule's end.
  public let learningRate: Double
  public let finalLearningRate: Double
  /// Of the target encoder at the first step, and at the schedule's end.
  public let momentumStart: Double
  public let momentumEnd: Double

  public init(
    totalSteps: Int, warmupSteps: Int, learningRate: Double, finalLearningRate: Double, momentumStart: Double,
    momentumEnd: Double
  ) {
    (self.totalSteps, self.warmupSteps) = (totalSteps, warmupSteps)
    (self.learningRate, self.finalLearningRate) = (learningRate, finalLearningRate)
    (self.momentumStart, self.momentumEnd) = (momentumStart, momentumEnd)
  }
}

/// A schedule as a plugin registers it.
public struct ScheduleDefinition: Sendable {
  let header: ComponentHeader
  public let make: @Sendable (Options, ScheduleRequest) throws -> any Schedule

  public init(
    name: String, summary: String, options: [OptionDeclaration] = [],
    make: @escaping @Sendable (Options, ScheduleRequest) throws -> any Schedule
  ) {
    header = ComponentHeader(name: name, summary: summary, options: options)
    self.make = make
  }
}
