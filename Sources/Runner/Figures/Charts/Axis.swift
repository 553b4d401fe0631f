import Foundation

/// One axis of a chart: which values it shows, where they lie and which it names.
public struct Axis: Sendable, Equatable {
  public let isLogarithmic: Bool
  /// First and last value that the axis shows.
  public let low: Double
  public let high: Double
  /// Round values that are named, ascending.
  public let ticks: [Double]

  /// - Parameters:
  ///   - values: what must be shown; those that are not finite (or not positive on a logarithmic axis) are left out.
  ///   - tickCount: about how many values to name.
  ///   - isTight: ends at the values themselves rather than at the next round ones.
  public init(
    showing values: [Double], isLogarithmic: Bool = false, tickCount: Int = 6, isTight: Bool = false
  ) {
    self.isLogarithmic = isLogarithmic
    let usable = values.filter { $0.isFinite && (!isLogarithmic || $0 > 0) }
    let (least, most) = Self.spread(usable, isLogarithmic: isLogarithmic)
    let ticks =
      isLogarithmic
      ? Self.logarithmicTicks(least, most, count: tickCount) : Self.linearTicks(least, most, count: tickCount)
    if isTight || isLogarithmic {
      (low, high) = (least, most)
    } else {
      (low, high) = (min(least, ticks.first ?? least), max(most, ticks.last ?? most))
    }
    let (low, high) = (low, high)
    let slack = (high - low) * 1e-9
    self.ticks = ticks.filter { $0 >= low - slack && $0 <= high + slack }
  }

  /// 0 at `low`, 1 at `high`; nil where the axis has no place for the value.
  public func position(of value: Double) -> Double? {
    guard value.isFinite, !isLogarithmic || value > 0 else { return nil }
    return isLogarithmic
      ? (log(value) - log(low)) / (log(high) - log(low)) : (value - low) / (high - low)
  }

  /// A tick's value in the fewest digits that tell it from its neighbours.
  public func label(of tick: Double) -> String {
    if tick == 0 { return "0" }
    let size = abs(tick)
    if size >= 1e5 && size < 1e6 && size.truncatingRemainder(dividingBy: 1000) == 0 {
      return "\(Int(tick / 1000))k"
    }
    if size >= 1e6 || size < 1e-3 {
      let exponent = Int(log10(size).rounded(.down))
      let factor = tick / pow(10, Double(exponent))
      return Self.trimmed(factor, digits: 2) + "e\(exponent)"
    }
    let step = zip(ticks, ticks.dropFirst()).map { $1 - $0 }.min() ?? size
    let digits = max(0, Int((-log10(isLogarithmic ? size : step)).rounded(.up)))
    return isLogarithmic ? Self.trimmed(tick, digits: digits + 1) : String(format: "%.\(digits)f", tick)
  }

  private static func trimmed(_ value: Double, digits: Int) -> String {
    var text = String(format: "%.\(digits)f", value)
    guard text.contains(".") else { return text }
    while text.hasSuffix("0") { text.removeLast() }
    if text.hasSuffix(".") { text.removeLast() }
    return text
  }

  /// Least and most with room where all values are one.
  private static func spread(_ values: [Double], isLogarithmic: Bool) -> (Double, Double) {
    guard let least = values.min(), let most = values.max() else { return isLogarithmic ? (0.1, 1) : (0, 1) }
    if isLogarithmic {
      return most / least > 1.05 ? (least / 1.05, most * 1.05) : (least / 1.5, most * 1.5)
    }
    if most - least > abs(most) * 1e-9 { return (least, most) }
    let room = least == 0 ? 1 : abs(least) * 0.1
    return (least - room, most + room)
  }

  /// Multiples of 1, 2 or 5 times a power of ten that enclose the range.
  static func linearTicks(_ low: Double, _ high: Double, count: Int) -> [Double] {
    let rough = (high - low) / Double(max(count - 1, 1))
    let power = pow(10, log10(rough).rounded(.down))
    let step = [1.0, 2, 5, 10].map { $0 * power }.first { $0 >= rough * 0.999 } ?? 10 * power
    let first = (low / step + 1e-9).rounded(.down)
    let last = (high / step - 1e-9).rounded(.up)
    guard first.isFinite, last.isFinite, last - first < 1000 else { return [low, high] }
    return stride(from: first, through: last, by: 1).map { $0 * step }
  }

  /// Powers of ten, with twos and fives between them where few powers fit.
  static func logarithmicTicks(_ low: Double, _ high: Double, count: Int) -> [Double] {
    let decades = Int(log10(low).rounded(.down))...Int(log10(high).rounded(.up))
    for factors in [[1.0], [1, 3], [1, 2, 5], [1, 2, 3, 4, 5, 6, 7, 8, 9]] {
      let ticks = decades.flatMap { decade in factors.map { $0 * pow(10, Double(decade)) } }
        .filter { $0 >= low && $0 <= high }
      if ticks.count >= min(3, count) {
        let stride = max(1, (ticks.count + count - 1) / count)
        return ticks.enumerated().filter { $0.offset % stride == 0 }.map(\.element)
      }
    }
    return linearTicks(low, high, count: count).filter { $0 > 0 }
  }
}
