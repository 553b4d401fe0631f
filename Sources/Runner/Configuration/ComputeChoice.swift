import CoreTensor
import Foundation

/// What products multiply: `run.precision` and `--precision`.
public enum Precision: String, Codable, Sendable, CaseIterable {
  /// bfloat16 where the processor multiplies it in hardware, else float32.
  case auto
  case f32
  case bf16

  /// What it comes to on this processor.
  var elementType: ElementType {
    switch self {
    case .auto: InstructionSet.current == .avx512BFloat16 ? .bfloat16 : .float32
    case .f32: .float32
    case .bf16: .bfloat16
    }
  }

  var backend: ProcessorBackend { ProcessorBackend(elementType) }

  /// For a log: what was chosen, and why where that is not plain.
  var sentence: String {
    let inHardware = InstructionSet.current == .avx512BFloat16
    return switch self {
    case .auto where inHardware: "bf16 products (auto: this processor has them in hardware), float32 sums"
    case .auto:
      "f32 (auto: no bf16 products in hardware with \(InstructionSet.current.rawValue) instructions)"
    case .f32: "f32"
    case .bf16 where inHardware: "bf16 products, float32 sums"
    case .bf16:
      "bf16 emulated in float32, which is slow: \(InstructionSet.current.rawValue) instructions have none"
    }
  }
}

/// Options of commands that compute: how many threads, and what they may use of the processor.
enum ComputeOptions {
  static let threads = CommandOption(
    "--threads", .value("N"), help: "Threads that compute; default all cores.")
  static let instructions = CommandOption(
    "--instructions", .value("SET"),
    help:
      "The most that kernels may use: \(InstructionSet.allCases.map(\.rawValue).joined(separator: ", ")); "
      + "default the processor's best, here \(InstructionSet.best.rawValue).")

  /// Sets what was asked for, before anything computes.
  static func apply(_ arguments: ParsedArguments) throws {
    Compute.threads = try arguments.integer("--threads", in: 1...256) ?? Compute.coreCount
    if let set = try arguments.choice("--instructions", of: InstructionSet.allCases.map(\.rawValue)) {
      InstructionSet.current = InstructionSet(rawValue: set)!
    }
  }
}

extension Compute {
  /// Cores that this process may use.
  static var coreCount: Int { ProcessInfo.processInfo.activeProcessorCount }
}
