/// An error that lies in what was typed or written by the user: the program exits with 2, not 1.
public protocol UsageProblem: Error {}

/// A command line that cannot be understood: what is wrong, where, and what would be right.
public struct UsageError: UsageProblem, Sendable, Equatable, CustomStringConvertible {
  public let description: String
  public init(_ description: String) { self.description = description }
}
