import CKernels

/// What kernels and products may use of the processor, in ascending order; each holds the ones before it.
public enum InstructionSet: String, Sendable, Codable, CaseIterable {
  /// What every processor has. Products are our own kernels', as with AVX2.
  case portable
  case avx2
  /// Products are oneDNN's from here on.
  case avx512
  /// Products and attention of bfloat16 in hardware.
  case avx512BFloat16 = "avx512_bf16"

  /// The best that this processor has.
  public static var best: InstructionSet { InstructionSet(chex_best_instructions()) }
  /// What is used: the best, or what `CHEX_INSTRUCTIONS` named when the process began. Set it before anything
  /// computes, never while something does; more than the best is the best.
  public static var current: InstructionSet {
    get { InstructionSet(chex_current_instructions()) }
    set { chex_use_instructions(chex_instructions(UInt32(newValue.place))) }
  }
  /// Those that this processor can execute.
  public static var executable: [InstructionSet] { Array(allCases[...best.place]) }

  private var place: Int { Self.allCases.firstIndex(of: self)! }
  private init(_ code: chex_instructions) { self = Self.allCases[Int(code.rawValue)] }

  /// Every variable that `environment` may hold.
  public static let environmentNames = [
    "CHEX_INSTRUCTIONS", "OPENBLAS_CORETYPE", "ONEDNN_MAX_CPU_ISA", "JSIMD_FORCESSE2", "GLIBC_TUNABLES",
  ]

  /// The environment of a process in which every library is held to this set, as on a processor that has no more:
  /// our kernels, OpenBLAS, oneDNN, libjpeg-turbo and the C library. Libraries read it when they are loaded. Empty for
  /// the best of this processor.
  public var environment: [String: String] {
    guard place < Self.best.place else { return [:] }
    var variables = ["CHEX_INSTRUCTIONS": rawValue]
    switch self {
    case .portable:
      variables["OPENBLAS_CORETYPE"] = "Prescott"
      variables["ONEDNN_MAX_CPU_ISA"] = "SSE41"
      variables["JSIMD_FORCESSE2"] = "1"
      variables["GLIBC_TUNABLES"] = "glibc.cpu.hwcaps=-AVX2,-FMA,-AVX512F"
    case .avx2:
      variables["OPENBLAS_CORETYPE"] = "Haswell"
      variables["ONEDNN_MAX_CPU_ISA"] = "AVX2"
      variables["GLIBC_TUNABLES"] = "glibc.cpu.hwcaps=-AVX512F"
    case .avx512, .avx512BFloat16:
      variables["OPENBLAS_CORETYPE"] = "SkylakeX"
      variables["ONEDNN_MAX_CPU_ISA"] = "AVX512_CORE"
    }
    return variables
  }
}
