/// What is made of many noisy values before they are drawn.
package enum Smoothing {
  /// The straight line that fits each point's neighbours best, taken at the point: a running mean that neither lags
  /// nor jumps at the ends. Neighbours are about a fortieth of all points. Points that are not finite are left out.
  static func mean(_ points: [Point]) -> [Point] {
    let finite = points.filter { $0.y.isFinite }
    let reach = min(finite.count / 80, 200)
    guard reach > 1 else { return finite }
    var sums = [(y: 0.0, moment: 0.0)]
    for (index, point) in finite.enumerated() {
      let last = sums[sums.count - 1]
      sums.append((last.y + point.y, last.moment + Double(index) * point.y))
    }
    return finite.indices.map { index in
      let (first, end) = (max(0, index - reach), min(finite.count, index + reach + 1))
      let count = Double(end - first)
      let middle = Double(first + end - 1) / 2
      let mean = (sums[end].y - sums[first].y) / count
      let moment = sums[end].moment - sums[first].moment - middle * mean * count
      let slope = moment / (count * (count * count - 1) / 12)
      return Point(finite[index].x, mean + slope * (Double(index) - middle))
    }
  }

  /// The values that the axis must reach: all of them, but of many noisy ones not the outermost hundredth.
  static func shown(_ line: LineChart.Series) -> [Double] {
    let values = line.points.map(\.y).filter(\.isFinite)
    guard line.isSmoothed, values.count >= 200 else { return values }
    let ordered = values.sorted()
    let cut = values.count / 200
    return Array(ordered[cut..<(values.count - cut)]) + mean(line.points).map(\.y)
  }

  /// A line of places on a canvas with at most four points in each column (the first, the lowest, the highest, the
  /// last), which looks the same and is drawn at once, however many points there are.
  /// - Parameter columnWidth: in pixels.
  package static func thinned(_ places: [Point], columnWidth: Double = 1) -> [Point] {
    var result: [Point] = []
    var start = places.startIndex
    while start < places.endIndex {
      let column = column(places[start], columnWidth)
      var end = start + 1
      while end < places.endIndex, let own = column, Self.column(places[end], columnWidth) == own { end += 1 }
      if end - start <= 4 {
        result += places[start..<end]
      } else {
        let part = start..<end
        let low = part.min { places[$0].y < places[$1].y }!
        let high = part.max { places[$0].y < places[$1].y }!
        result += Set([start, low, high, end - 1]).sorted().map { places[$0] }
      }
      start = end
    }
    return result
  }

  /// Columns from the left; nil for what is drawn nowhere.
  private static func column(_ place: Point, _ width: Double) -> Int? {
    place.isFinite && abs(place.x) < 1e6 ? Int((place.x / width).rounded(.down)) : nil
  }
}
