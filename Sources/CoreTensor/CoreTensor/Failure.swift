import CFaults
import Foundation

/// Ends the process where `condition` does not hold, as `precondition` does; but the sentence is kept in release
/// builds, and the plugin whose code ran is named with it. For plugins too.
/// - Parameters:
///   - condition: what the caller promised.
///   - sentence: what was expected and what was found, with its shapes; made only where the condition does not hold.
@inlinable @inline(__always)
public func require(_ condition: @autoclosure () -> Bool, _ sentence: @autoclosure () -> String) {
  if !condition() { fail(sentence()) }
}

/// Ends the process, as `fatalError` does, and says why and in which plugin's code.
@inline(never)
public func fail(_ sentence: String) -> Never { sentence.withCString { chex_fail($0) } }

/// Ends the process with status 1 and one sentence where the system gives no more memory.
/// - Parameters:
///   - bytes: what was asked for.
///   - use: what it was for: `"tensors, beside 2 GB of them"`.
@inline(never)
public func failForWantOfMemory(bytes: Int, for use: String) -> Never {
  let asked = ByteCountFormatter.string(fromByteCount: Int64(bytes), countStyle: .memory)
  let sentence =
    "out of memory: \(asked) asked for \(use), and the system gives no more; a smaller batch (--batch), model or "
    + "image, --checkpoint-activations and fewer --threads need less"
  sentence.withCString { chex_end($0) }
}
