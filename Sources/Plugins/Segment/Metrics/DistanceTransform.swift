import Imaging

/// Exact Euclidean distance transform with anisotropic spacing, in time linear in pixels.
///
/// Separable, after Felzenszwalb and Huttenlocher, "Distance Transforms of Sampled Functions" (2012): the nearest
/// pixel of each column by two sweeps, then the lower envelope of parabolas along each row. SciPy's
/// `distance_transform_edt` of the mask's complement.
public enum DistanceTransform {
  /// Distance from each pixel's centre to that of the nearest true pixel, in millimetres: `mask.rows` x
  /// `mask.columns`, row-major; 0 on true pixels, infinite everywhere where the mask is empty.
  /// - Parameters:
  ///   - mask: what distances lead to.
  ///   - spacing: default pixels of 1 mm.
  public static func distances(to mask: Mask, spacing: PixelSpacing = .one) -> [Double] {
    let rowOffsets = rowOffsets(mask)
    var distances = [Double](repeating: .infinity, count: mask.pixels.count)
    var envelope = LowerEnvelope(columns: mask.columns, spacing: spacing)
    for row in 0..<mask.rows {
      let range = row * mask.columns..<(row + 1) * mask.columns
      envelope.build(rowOffsets[range])
      envelope.write(into: &distances, at: range.lowerBound)
    }
    return distances
  }

  /// Rows to the nearest true pixel of the same column; -1 where the column has none.
  private static func rowOffsets(_ mask: Mask) -> [Int] {
    let columns = mask.columns
    var offsets = mask.pixels.map { $0 ? 0 : -1 }
    for place in offsets.indices.dropFirst(columns) where offsets[place] < 0 {
      let above = offsets[place - columns]
      offsets[place] = above < 0 ? -1 : above + 1
    }
    for place in offsets.indices.dropLast(columns).reversed() {
      let below = offsets[place + columns]
      if below >= 0 && (offsets[place] < 0 || below + 1 < offsets[place]) { offsets[place] = below + 1 }
    }
    return offsets
  }
}

/// The least of the squared distances from the pixels of a row to the nearest true pixel of each column. As functions
/// of the pixel's column these are parabolas of one width, so that any two meet in one place.
private struct LowerEnvelope {
  private let spacing: PixelSpacing
  /// Of the current row, by column: the squared distance to the column's nearest true pixel from its own place in
  /// the row.
  private var heights: [Double]
  /// Columns whose parabolas are part of the envelope, from left to right.
  private var vertices: [Int] = []
  /// From which place on each of them is the lowest, in columns.
  private var starts: [Double] = []

  init(columns: Int, spacing: PixelSpacing) {
    self.spacing = spacing
    heights = [Double](repeating: 0, count: columns)
    vertices.reserveCapacity(columns)
    starts.reserveCapacity(columns)
  }

  mutating func build(_ rowOffsets: ArraySlice<Int>) {
    vertices.removeAll(keepingCapacity: true)
    starts.removeAll(keepingCapacity: true)
    for (column, offset) in rowOffsets.enumerated() where offset >= 0 {
      let height = Double(offset) * spacing.row
      heights[column] = height * height
      var start = -Double.infinity
      while let last = vertices.last {
        start = intersection(last, column)
        if start >= starts[starts.count - 1] { break }
        vertices.removeLast()
        starts.removeLast()
        start = -.infinity
      }
      vertices.append(column)
      starts.append(start)
    }
  }

  /// Where the parabola of the right column becomes the lower one.
  private func intersection(_ left: Int, _ right: Int) -> Double {
    let width = Double(right - left) * spacing.column * spacing.column
    return Double(left + right) / 2 + (heights[right] - heights[left]) / (2 * width)
  }

  private func square(_ vertex: Int, _ column: Int) -> Double {
    let across = Double(column - vertex) * spacing.column
    return heights[vertex] + across * across
  }

  func write(into distances: inout [Double], at start: Int) {
    guard !vertices.isEmpty else { return }
    var part = 0
    for column in heights.indices {
      // Distances are compared, not intersections, whose rounding could choose the farther of two pixels. Of equally far
      // ones the left is kept, as in SciPy: where their distances differ by rounding alone, a tolerance of just that
      // distance then lets the same in.
      while part + 1 < vertices.count,
        square(vertices[part + 1], column) < square(vertices[part], column)
      { part += 1 }
      distances[start + column] = square(vertices[part], column).squareRoot()
    }
  }
}
