import Console

/// A setting that cannot be used: where it was written, which it is, what is wrong, and what would be right.
public struct SettingsError: UsageProblem, Sendable, Equatable, CustomStringConvertible {
  /// Where it was written: `"run.toml:12"`, `"--epochs"`, `"preset quick"`.
  public let place: String
  /// Which setting: `"[training] epochs"`.
  public let subject: String
  public let problem: String
  /// What is allowed or what to do instead.
  public let remedy: String

  public init(place: String, subject: String, problem: String, remedy: String) {
    self.place = place
    self.subject = subject
    self.problem = problem
    self.remedy = remedy
  }

  public var description: String {
    let head = [place, subject].filter { !$0.isEmpty }.joined(separator: ": ")
    return (head.isEmpty ? "" : head + ": ") + "\(problem); \(remedy)"
  }
}
