import CKernels
import COpenBLAS
import Foundation

/// The process's compute settings.
public enum Compute {
  /// Where numeric primitives run. The default is the processor with OpenBLAS and the kernels of this package.
  @TaskLocal public static var backend: any Backend = ProcessorBackend.shared

  /// Threads that operations use, the caller's included. Default: all cores.
  public static var threads: Int {
    get { Int(chex_threads()) }
    set { chex_set_threads(Int32(newValue)) }
  }

  /// Runs `body` for chunks `0..<count` on the pool's threads; returns when all are done. The same chunks are made
  /// whatever the number of threads, so that results do not depend on it.
  public static func parallel(_ count: Int, _ body: @Sendable (Int) -> Void) {
    withoutActuallyEscaping(body) { body in
      var call = ParallelCall(body: body)
      withUnsafeMutablePointer(to: &call) { pointer in
        chex_parallel(
          count,
          { context, chunk in context!.assumingMemoryBound(to: ParallelCall.self).pointee.body(chunk) },
          pointer)
      }
    }
  }

  private struct ParallelCall { let body: @Sendable (Int) -> Void }

  /// Divides `count` items into ranges of at most `grain` and runs `body` for each.
  public static func ranges(_ count: Int, grain: Int, _ body: @Sendable (Range<Int>) -> Void) {
    let grain = max(grain, 1)
    parallel((count + grain - 1) / grain) { chunk in
      body(chunk * grain..<min(count, (chunk + 1) * grain))
    }
  }

  /// What the BLAS says of itself: version, threading and the kernel that it chose for this processor.
  public static var blasDescription: String {
    String(cString: openblas_get_config()) + ", kernel " + String(cString: openblas_get_corename())
  }
}
