import CFaults

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
