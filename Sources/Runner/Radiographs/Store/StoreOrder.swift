/// Radiographs of a store in orders that its report wants.
extension StoreIndex {
  /// The smallest, the median and the largest radiograph, by area; nil in a store without one.
  public var sizes: (smallest: StoredRadiograph, median: StoredRadiograph, largest: StoredRadiograph)? {
    let sorted = radiographs.sorted { ($0.width * $0.height, $0.width) < ($1.width * $1.height, $1.width) }
    guard let smallest = sorted.first, let largest = sorted.last else { return nil }
    return (smallest, sorted[sorted.count / 2], largest)
  }

  /// Positions of the radiographs that were cut most, then of those whose border was refused, then of the others in
  /// their order.
  public func mostCut(_ count: Int) -> [Int] {
    func rank(_ radiograph: Int) -> (Double, Int, Int) {
      (-radiographs[radiograph].cutShare, radiographs[radiograph].cropWasRefused ? 0 : 1, radiograph)
    }
    return Array(radiographs.indices.sorted { rank($0) < rank($1) }.prefix(count))
  }
}
