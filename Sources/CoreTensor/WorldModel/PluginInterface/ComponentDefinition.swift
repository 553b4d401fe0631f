import CoreTensor
import NeuralNetworks

/// A part of a model or of its training that a run chooses by name. Any plugin may register some beside what it is; a
/// plugin of `kind = "component"` has nothing else. Options are settings in a table of the component's name.
///
///     static let definition = ComponentDefinition.schedule(
///       .init(name: "constant", summary: "one learning rate") { _, run in Constant(run) })
public enum ComponentDefinition: Sendable {
  /// Chosen by `model.encoder`.
  case encoder(EncoderDefinition)
  /// Chosen by `model.predictor`.
  case predictor(PredictorDefinition)
  /// Chosen by `training.optimizer`.
  case optimizer(OptimizerDefinition)
  /// Chosen by `training.schedule`.
  case schedule(ScheduleDefinition)

  public var name: String { what.name }
  public var summary: String { what.summary }
  public var options: [OptionDeclaration] { what.options }
  /// What it is: `"encoder"`.
  public var role: String { what.role }

  private var what: (role: String, name: String, summary: String, options: [OptionDeclaration]) {
    switch self {
    case .encoder(let own): ("encoder", own.name, own.summary, own.options)
    case .predictor(let own): ("predictor", own.name, own.summary, own.options)
    case .optimizer(let own): ("optimizer", own.name, own.summary, own.options)
    case .schedule(let own): ("schedule", own.name, own.summary, own.options)
    }
  }
}

/// A component of one role: what it says of itself, and how it is made.
public struct NamedComponent<Make: Sendable>: Sendable {
  public let name: String
  public let summary: String
  public let options: [OptionDeclaration]
  /// Throws where the options do not fit together.
  public let make: Make

  /// - Parameters:
  ///   - name: by which a run chooses it.
  ///   - summary: one line.
  ///   - options: that it takes.
  ///   - make: how it is made.
  public init(name: String, summary: String, options: [OptionDeclaration] = [], make: Make) {
    (self.name, self.summary, self.options, self.make) = (name, summary, options, make)
  }
}

/// From options to what makes encoders of a run's sizes, twice with the same random numbers.
public typealias EncoderDefinition = NamedComponent<@Sendable (Options) throws -> Networks.EncoderMaker>
/// From options to what makes a predictor of a run's sizes.
public typealias PredictorDefinition = NamedComponent<@Sendable (Options) throws -> Networks.PredictorMaker>
/// From options and parameters to their optimiser.
public typealias OptimizerDefinition = NamedComponent<
  @Sendable (Options, OptimizerRequest) throws -> any Optimizer
>
/// From options and a run's length to its schedule.
public typealias ScheduleDefinition = NamedComponent<
  @Sendable (Options, ScheduleRequest) throws -> any Schedule
>

/// What an optimiser is made from.
public struct OptimizerRequest {
  /// In the model's order.
  public let parameters: [Parameter]
  /// What follows a parameter by moving average, by the parameter's identity.
  public let averages: [ObjectIdentifier: Parameter]
  /// `training.weight_decay`, for parameters of two and more dimensions.
  public let weightDecay: Double
  /// `training.clip_norm`; 0 = never.
  public let clipNorm: Double

  public init(
    parameters: [Parameter], averages: [ObjectIdentifier: Parameter], weightDecay: Double, clipNorm: Double
  ) {
    (self.parameters, self.averages) = (parameters, averages)
    (self.weightDecay, self.clipNorm) = (weightDecay, clipNorm)
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
  public let emaDecayStart: Double
  public let emaDecayEnd: Double

  public init(
    totalSteps: Int, warmupSteps: Int, learningRate: Double, finalLearningRate: Double, emaDecayStart: Double,
    emaDecayEnd: Double
  ) {
    (self.totalSteps, self.warmupSteps) = (totalSteps, warmupSteps)
    (self.learningRate, self.finalLearningRate) = (learningRate, finalLearningRate)
    (self.emaDecayStart, self.emaDecayEnd) = (emaDecayStart, emaDecayEnd)
  }
}
