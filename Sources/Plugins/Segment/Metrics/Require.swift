/// Ends the process where `condition` does not hold, and says why; unlike `precondition`, in release builds too.
/// - Parameters:
///   - condition: what the caller promised.
///   - sentence: what was expected and what was found.
@inline(__always)
func require(_ condition: @autoclosure () -> Bool, _ sentence: @autoclosure () -> String) {
  if !condition() { fatalError(sentence()) }
}
