import Console
import CoreTensor
import Foundation

/// What products multiply: `run.precision` and `--precision`.
public enum Precision: String, Codable, Sendable, CaseIterable {
  /// bfloat16 where the processor multiplies it in hardware, else float32.
  case auto
  case f32
  case bf16

  /// What it comes to on this processor.
  package var elementType: ElementType {
    switch self {
    case .auto: InstructionSet.current == .avx512BFloat16 ? .bfloat16 : .float32
    case .f32: .float32
    case .bf16: .bfloat16
    }
  }

  /// What a device other than the processor is asked for: it knows itself what `auto` comes to.
  package var request: ElementType? {
    switch self {
    case .auto: nil
    case .f32: .float32
    case .bf16: .bfloat16
    }
  }

  /// For a log: what was chosen, and why where that is not plain.
  package var sentence: String {
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

/// Options of commands that compute: where, how many threads, and what they may use of the processor.
package enum ComputeOptions {
  package static let device = CommandOption(
    "--device", .value("NAME[:PLACE]"),
    help: "Where to compute: cpu (the default), or a plugin of kind backend.")
  package static let threads = CommandOption(
    "--threads", .value("N"), help: "Threads that compute; default all cores.")
  package static let instructions = CommandOption(
    "--instructions", .value("SET"),
    help:
      "The most that kernels and libraries may use of the processor: \(InstructionSet.allCases.map(\.rawValue).joined(separator: ", ")); "
      + "default the processor's best, here \(InstructionSet.best.rawValue).")

  /// Sets what was asked for, before anything computes.
  package static func apply(_ arguments: ParsedArguments) throws {
    Compute.threads = try arguments.integer("--threads", in: 1...256) ?? Compute.coreCount
    try applyInstructions(arguments)
  }

  package static func applyInstructions(_ arguments: ParsedArguments) throws {
    if let set = try arguments.choice("--instructions", of: InstructionSet.allCases.map(\.rawValue)) {
      try hold(to: InstructionSet(rawValue: set)!)
    }
  }

  /// Lets nothing in this process use more than `set`. Libraries choose their kernels when they are loaded, so that
  /// the program starts again in the environment that holds them; call it before anything was written.
  /// - Throws: `HoldError` where the program cannot be started again.
  package static func hold(to set: InstructionSet) throws {
    let (wanted, present) = (set.environment, ProcessInfo.processInfo.environment)
    // Without a set in the environment nothing of it is ours to remove.
    let names = present["CHEX_INSTRUCTIONS"] == nil ? Array(wanted.keys) : InstructionSet.environmentNames
    guard names.contains(where: { present[$0] != wanted[$0] }) else {
      InstructionSet.current = set
      return
    }
    for name in names {
      if let value = wanted[name] { setenv(name, value, 1) } else { unsetenv(name) }
    }
    fflush(nil)
    var words: [UnsafeMutablePointer<CChar>?] = CommandLine.arguments.map { strdup($0) }
    words.append(nil)
    execv("/proc/self/exe", &words)
    throw HoldError(
      description:
        "--instructions \(set.rawValue): the program could not be started again: \(String(cString: strerror(errno)));"
        + " set \(wanted.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: " ")) in its environment")
  }

  struct HoldError: Error, CustomStringConvertible { let description: String }
}

extension Compute {
  /// Cores that this process may use.
  package static var coreCount: Int { ProcessInfo.processInfo.activeProcessorCount }
}
