/// What a metric, a probe or a neighbour search refuses to judge.
public enum MetricError: Error, Sendable, Equatable, CustomStringConvertible {
  /// A score, distance or feature that is NaN or infinite: which row, and which column where there are several.
  case notFinite(what: String, row: Int, column: Int?, value: String)
  /// Lists that should be of one length.
  case lengths(what: String, expected: Int, found: Int)
  /// A number outside the range that it must lie in: a class, or the index of a true candidate.
  case outOfRange(what: String, row: Int, value: Int, range: Range<Int>)

  public var description: String {
    switch self {
    case .notFinite(let what, let row, let column, let value):
      let place = column.map { ", column \($0)" } ?? ""
      return "\(what): row \(row)\(place): expected a finite number, found \(value); nothing ranks with it, "
        + "so look at the model or file that it came from"
    case .lengths(let what, let expected, let found):
      return "\(what): expected \(expected), one for each row, found \(found)"
    case .outOfRange(let what, let row, let value, let range):
      return
        "\(what): row \(row): expected an integer from \(range.lowerBound) to \(range.upperBound - 1), found \(value)"
    }
  }

  static func checkLength(_ what: String, expected: Int, found: Int) throws {
    guard expected == found else { throw MetricError.lengths(what: what, expected: expected, found: found) }
  }
}
