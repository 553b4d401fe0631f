extension Array {
  /// `count` of the elements at equal distances, in order; all of them where there are no more.
  public func equallySpaced(_ count: Int) -> [Element] {
    let chosen = Swift.min(count, self.count)
    return (0..<chosen).map { self[$0 * self.count / chosen] }
  }
}
