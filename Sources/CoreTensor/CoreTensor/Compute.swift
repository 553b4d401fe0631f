import CFaults
import CKernels
import COpenBLAS
import Foundation

/// The process's compute settings.
public enum Compute {
  /// Where numeric primitives run: the processor, in float32, unless `$backend.withValue` says otherwise.
  @TaskLocal public static var backend: any Backend = CPUBackend.shared

  /// Where new tensors are made: the current backend's device.
  public static var device: any Device { backend.device }

  /// The backend that computes an operation: the current one where the operands live on its device, else the one that
  /// their own device has. For operations that a plugin makes, too.
  /// - Parameters:
  ///   - operation: its name, for the error.
  ///   - operands: all of them; nil is none.
  /// - Precondition: all operands live on one device.
  public static func backend(_ operation: @autoclosure () -> String, _ operands: Tensor?...) -> any Backend {
    backend(operation(), operands)
  }

  static func backend(_ operation: @autoclosure () -> String, _ operands: [Tensor?]) -> any Backend {
    let current = backend
    var device: (any Device)?
    for case let operand? in operands {
      let own = operand.storage.device
      guard let first = device else {
        device = own
        continue
      }
      require(
        own === first,
        "\(operation()): one operand lives on \(first.name), another, of shape \(operand.shape), on \(own.name); move one "
          + "of them with moved(to:)")
    }
    guard let device, device !== current.device else { return current }
    return device.backend
  }

  /// Threads that operations use, the caller's included. Default: all cores.
  public static var threads: Int {
    get { Int(chex_threads()) }
    set { chex_set_threads(Int32(newValue)) }
  }

  /// Runs `body` for chunks `0..<count` on the pool's threads; returns when all are done. The same chunks are made
  /// whatever the number of threads, so that results do not depend on it.
  public static func parallel(_ count: Int, _ body: @Sendable (Int) -> Void) {
    withoutActuallyEscaping(body) { body in
      var call = ParallelCall(body: body, running: chex_running())
      withUnsafeMutablePointer(to: &call) { pointer in
        chex_parallel(
          count,
          { context, chunk in context!.assumingMemoryBound(to: ParallelCall.self).pointee(chunk) },
          pointer)
      }
    }
  }

  /// `body` of each index in `0..<count` on the pool's threads, in order of indices.
  public static func map<Value: Sendable>(_ count: Int, _ body: @Sendable (Int) -> Value) -> [Value] {
    [Value](unsafeUninitializedCapacity: count) { buffer, initialized in
      // Each index is written once, by one thread.
      nonisolated(unsafe) let slots = buffer.baseAddress
      parallel(count) { (slots! + $0).initialize(to: body($0)) }
      initialized = count
    }
  }

  private struct ParallelCall {
    let body: @Sendable (Int) -> Void
    /// The plugin's code that asked for it, whose the chunks are on every thread.
    let running: UnsafePointer<CChar>?

    func callAsFunction(_ chunk: Int) {
      let outer = chex_running()
      chex_set_running(running)
      body(chunk)
      chex_set_running(outer)
    }
  }

  /// Divides `count` items into ranges of at most `grain` and runs `body` for each.
  public static func ranges(_ count: Int, grain: Int, _ body: @Sendable (Range<Int>) -> Void) {
    let grain = max(grain, 1)
    parallel((count + grain - 1) / grain) { chunk in
      body(chunk * grain..<min(count, (chunk + 1) * grain))
    }
  }

  /// Divides `count` items into `parts` ranges, or as many as there are items, that differ by one item at most, and
  /// runs `body` for each.
  public static func parts(_ count: Int, into parts: Int, _ body: @Sendable (Range<Int>) -> Void) {
    let parts = min(parts, count)
    parallel(parts) { part in body(count * part / parts..<count * (part + 1) / parts) }
  }

  /// Floating-point operations a second of multiplications and additions in registers, on all threads, measured for a
  /// moment: the most that products could reach.
  public static func registerRate() -> Double {
    let parts = threads
    let began = ContinuousClock.now
    let counts: [Double] = map(parts) { _ in
      // A factor and a term, with which no number grows out of range.
      var numbers: [Float] = [0.5, 1]
      return chex_multiply_in_registers(4_000_000, &numbers)
    }
    let operations = counts.reduce(0.0) { $0 + $1 }
    let seconds = (ContinuousClock.now - began) / .seconds(1)
    return operations / seconds
  }

  /// What the matrix libraries say of themselves: version, instructions, threading.
  public static var libraryDescription: String {
    let blas = String(cString: openblas_get_config()) + ", kernel " + String(cString: openblas_get_corename())
    return "oneDNN \(String(cString: chex_onednn_description())); \(blas)"
  }
}
